//! Private keys, in all the formats that OpenSSL reads.

mod cost;
mod pkcs12;

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockDecryptMut, KeyInit, KeyIvInit};
use des::{Des, TdesEde3};
use md5::{Digest, Md5};
use pem::Pem;
use pkcs8::EncryptedPrivateKeyInfo;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use super::algorithm::dotted;
use super::der::Reader;
use super::error::Error;
use super::pem::blocks;
use super::tag;

/// The first private key in `text`, decrypted by `pass` where it is encrypted.
///
/// Returns `None` where `text` holds no key.
pub(super) fn private_key(
    text: &[u8],
    pass: Option<&[u8]>,
) -> Result<Option<PrivateKeyDer<'static>>, Error> {
    for block in blocks(text).map_err(Error::BadKey)? {
        match block.tag() {
            "PRIVATE KEY" => return Ok(Some(pkcs8_key(block.into_contents()))),
            "ENCRYPTED PRIVATE KEY" => return decrypt_pkcs8(block.contents(), pass).map(Some),
            "RSA PRIVATE KEY" => {
                let der = traditional_key(block, pass)?;
                return Ok(Some(PrivatePkcs1KeyDer::from(der).into()));
            }
            "EC PRIVATE KEY" => {
                let der = traditional_key(block, pass)?;
                return Ok(Some(PrivateSec1KeyDer::from(der).into()));
            }
            "DSA PRIVATE KEY" => return Err(Error::BadKey("DSA keys are not supported".into())),
            _ => {}
        }
    }
    Ok(None)
}

fn pkcs8_key(der: Vec<u8>) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(der).into()
}

/// EncryptedPrivateKeyInfo (RFC 5958 section 3), by PBES2 (RFC 8018) or as PKCS #12 has it.
fn decrypt_pkcs8(der: &[u8], pass: Option<&[u8]>) -> Result<PrivateKeyDer<'static>, Error> {
    let pass = required(pass)?;
    let plain = match pkcs12::Sealed::parse(der) {
        Some(sealed) => sealed.open(pass),
        None => open_pbes2(der, pass)?,
    };
    plain.map(pkcs8_key).ok_or_else(wrong_pass)
}

fn open_pbes2(der: &[u8], pass: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let sealed = EncryptedPrivateKeyInfo::try_from(der).ok();
    let scheme = sealed
        .as_ref()
        .and_then(|sealed| sealed.encryption_algorithm.pbes2());
    let (Some(sealed), Some(scheme)) = (&sealed, scheme) else {
        return Err(Error::BadKey(unsupported_encryption(der)));
    };
    if let Some(excess) = cost::excess(&scheme.kdf) {
        let reason = format!("its encryption takes too much work: {excess}");
        return Err(Error::BadKey(reason));
    }
    let plain = sealed.decrypt(pass).ok();
    Ok(plain.map(|plain| plain.as_bytes().to_vec()))
}

/// What is to be said of a scheme that is not known; its name is what OpenSSL calls it.
fn unsupported_encryption(der: &[u8]) -> String {
    let identifier = || {
        let mut info = Reader(Reader(der).take(tag::SEQUENCE)?);
        Reader(info.take(tag::SEQUENCE)?).take(tag::OBJECT_IDENTIFIER)
    };
    let Some(identifier) = identifier() else {
        return "it is malformed".into();
    };
    let name = match identifier {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13] => "this kind of PBES2",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 1] => "PBE-MD2-DES",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 3] => "PBE-MD5-DES",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 6] => "PBE-MD5-RC2-64",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 10] => "PBE-SHA1-DES",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 11] => "PBE-SHA1-RC2-64",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 1] => "PBE-SHA1-RC4-128",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 2] => "PBE-SHA1-RC4-40",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 5] => "PBE-SHA1-RC2-128",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 6] => "PBE-SHA1-RC2-40",
        other => return format!("encryption by {} is not supported", dotted(other)),
    };
    format!("encryption by {name} is not supported")
}

fn wrong_pass() -> Error {
    Error::BadKey("wrong pass phrase, or damaged".into())
}

/// A key of the form older than PKCS#8, whose encryption is told by PEM headers.
fn traditional_key(block: Pem, pass: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let encrypted = block
        .headers()
        .get("Proc-Type")
        .is_some_and(|kind| kind.contains("ENCRYPTED"));
    if !encrypted {
        return Ok(block.into_contents());
    }
    let pass = required(pass)?;
    let info = block.headers().get("DEK-Info").unwrap_or_default();
    let (cipher, iv) = info.split_once(',').unwrap_or((info, ""));
    let iv = from_hex(iv.trim())
        .filter(|iv| iv.len() >= SALT_SIZE)
        .ok_or_else(|| Error::BadKey("malformed DEK-Info".into()))?;
    let sealed = block.contents();
    let plain = match cipher.trim() {
        "AES-128-CBC" => decrypt_cbc::<Aes128>(sealed, pass, &iv),
        "AES-192-CBC" => decrypt_cbc::<Aes192>(sealed, pass, &iv),
        "AES-256-CBC" => decrypt_cbc::<Aes256>(sealed, pass, &iv),
        "DES-EDE3-CBC" => decrypt_cbc::<TdesEde3>(sealed, pass, &iv),
        "DES-CBC" => decrypt_cbc::<Des>(sealed, pass, &iv),
        other => {
            return Err(Error::BadKey(format!(
                "encryption by {other} is not supported"
            )));
        }
    };
    plain.ok_or_else(wrong_pass)
}

fn required(pass: Option<&[u8]>) -> Result<&[u8], Error> {
    pass.filter(|pass| !pass.is_empty())
        .ok_or_else(|| Error::BadKey("it is encrypted and no pass phrase is given".into()))
}

fn decrypt_cbc<C>(sealed: &[u8], pass: &[u8], iv: &[u8]) -> Option<Vec<u8>>
where
    C: BlockCipher + BlockDecryptMut + KeyInit,
    Decryptor<C>: KeyIvInit,
{
    let key = derive(pass, iv.get(..SALT_SIZE)?, C::key_size());
    Decryptor::<C>::new_from_slices(&key, iv)
        .ok()?
        .decrypt_padded_vec_mut::<Pkcs7>(sealed)
        .ok()
}

/// How much of the initialization vector salts the key.
const SALT_SIZE: usize = 8;

/// The key of a traditional PEM encryption: MD5 over the digest so far, pass phrase and salt.
fn derive(pass: &[u8], salt: &[u8], size: usize) -> Vec<u8> {
    let mut key = Vec::with_capacity(size + 16);
    let mut digest = Vec::new();
    while key.len() < size {
        let mut hash = Md5::new();
        hash.update(&digest);
        hash.update(pass);
        hash.update(salt);
        digest = hash.finalize().to_vec();
        key.extend_from_slice(&digest);
    }
    key.truncate(size);
    key
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() % 2 != 0 || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key() {
        assert_eq!(private_key(b"", None), Ok(None));
        assert_eq!(private_key(b"no pem at all", Some(b"x")), Ok(None));
    }

    #[test]
    fn malformed_headers() {
        for info in [
            "",
            "AES-128-CBC",
            "AES-128-CBC,00",
            "AES-128-CBC,zz",
            "RC2-CBC,0011223344556677",
        ] {
            let text = format!(
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: {info}\n\n\
                 AAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n"
            );
            assert!(matches!(
                private_key(text.as_bytes(), Some(b"pass")),
                Err(Error::BadKey(_))
            ));
        }
    }
}
