//! Names of signature algorithms, and sizes of keys, for what is refused.

use std::ops::RangeInclusive;

use super::der::{Certificate, Reader, leading_integers};
use super::provider::IS_AWS_LC_RS;
use super::tag;

/// The smallest RSA key that signatures are believed of, in bits.
const SMALLEST_RSA: usize = 2048;

/// The sizes of RSA keys that signatures are made with, in bits.
const RSA_SIZES: RangeInclusive<usize> = SMALLEST_RSA..=8192;

/// The arc of PKCS #1, as contents.
const PKCS1: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];

/// The size of an RSA key in bits; `None` for all others.
pub(super) fn rsa_bits(certificate: &Certificate<'_>) -> Option<usize> {
    let identifier = Reader(certificate.algorithm).take(tag::OBJECT_IDENTIFIER)?;
    if !matches!(identifier.strip_prefix(&PKCS1), Some([1 | 10])) {
        return None;
    }
    let modulus = *leading_integers(certificate.public_key)?.first()?;
    let unused = modulus.first()?.leading_zeros();
    Some(modulus.len() * 8 - usize::try_from(unused).ok()?)
}

/// As [`rsa_bits`], of a key that is too small.
pub(super) fn small_rsa(certificate: &Certificate<'_>) -> Option<usize> {
    rsa_bits(certificate).filter(|bits| *bits < SMALLEST_RSA)
}

/// Says so of `whose` key.
pub(super) fn too_small(whose: &str, bits: usize) -> String {
    format!("{whose} has an RSA key of {bits} bits, fewer than {SMALLEST_RSA}")
}

/// Why the key of our own certificate cannot be used.
pub(super) fn key_fault(own: &Certificate<'_>) -> String {
    let mut algorithm = Reader(own.algorithm);
    let identifier = algorithm.take(tag::OBJECT_IDENTIFIER).unwrap_or_default();
    let kind = match identifier {
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] => "a DSA key".into(),
        [0x2b, 0x65, 0x71] => "an Ed448 key".into(),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => match algorithm.take(tag::OBJECT_IDENTIFIER) {
            Some(P256 | P384) | None => return DAMAGED.into(),
            Some(P521) if IS_AWS_LC_RS => return DAMAGED.into(),
            Some(curve) => format!("a key on the curve {}", curve_name(curve)),
        },
        _ => match rsa_bits(own) {
            Some(bits) if !RSA_SIZES.contains(&bits) => format!("an RSA key of {bits} bits"),
            _ => return DAMAGED.into(),
        },
    };
    format!("{kind} is not supported")
}

const DAMAGED: &str = "it is damaged, or of another kind than its certificate says";

/// The contents of identifiers of curves.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
const SECP256K1: &[u8] = &[0x2b, 0x81, 4, 0, 10];

fn curve_name(identifier: &[u8]) -> String {
    match identifier {
        P521 => "secp521r1".into(),
        SECP256K1 => "secp256k1".into(),
        other => dotted(other),
    }
}

/// What an AlgorithmIdentifier with these contents signs with.
pub(super) fn signature_name(contents: &[u8]) -> String {
    let Some(identifier) = Reader(contents).take(tag::OBJECT_IDENTIFIER) else {
        return "a malformed algorithm".into();
    };
    match identifier {
        [prefix @ .., 2] if *prefix == PKCS1 => "MD2",
        [prefix @ .., 4] if *prefix == PKCS1 => "MD5",
        [prefix @ .., 5] if *prefix == PKCS1 => "SHA-1",
        [prefix @ .., 14] if *prefix == PKCS1 => "SHA-224",
        [prefix @ .., 10] if *prefix == PKCS1 => "RSA-PSS with parameters that are not supported",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => "SHA-1",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1] => "SHA-224",
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3] | [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 1 | 2] => "DSA",
        [0x2b, 0x65, 0x71] => "Ed448",
        _ => {
            return format!(
                "an algorithm that is not supported ({})",
                dotted(identifier)
            );
        }
    }
    .into()
}

/// An object identifier's contents as `1.2.840`.
pub(super) fn dotted(identifier: &[u8]) -> String {
    let (mut text, mut arc) = (String::new(), 0u64);
    for byte in identifier {
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        text = match text.as_str() {
            "" => format!("{}.{}", (arc / 40).min(2), arc - (arc / 40).min(2) * 40),
            before => format!("{before}.{arc}"),
        };
        arc = 0;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let named = |oid: &[u8]| {
            let mut der = vec![tag::OBJECT_IDENTIFIER, oid.len() as u8];
            der.extend_from_slice(oid);
            signature_name(&der)
        };
        assert_eq!(
            named(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5]),
            "SHA-1"
        );
        assert_eq!(
            named(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 99]),
            "an algorithm that is not supported (1.2.840.113549.1.1.99)"
        );
        assert_eq!(signature_name(&[]), "a malformed algorithm");
    }

    #[test]
    fn identifiers() {
        assert_eq!(dotted(&[0x55, 0x1d, 0x0f]), "2.5.29.15");
        assert_eq!(dotted(&[0x88, 0x37, 3]), "2.999.3");
        assert_eq!(dotted(&[0xff; 30]), "");
    }
}
