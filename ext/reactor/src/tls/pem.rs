//! PEM files (RFC 7468, and RFC 1421's headers on the keys of older programs).

use pem::{EncodeConfig, LineEnding, Pem};

use super::der;

/// Every block of `text`; what stands between them is skipped.
pub(super) fn blocks(text: &[u8]) -> Result<Vec<Pem>, String> {
    pem::parse_many(text).map_err(|error| error.to_string())
}

/// The DER of every certificate in `text`.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    blocks(text)?
        .into_iter()
        .filter_map(|block| match block.tag() {
            "CERTIFICATE" | "X509 CERTIFICATE" => Some(Ok(block.into_contents())),
            // OpenSSL's own form: settings of trust follow the certificate.
            "TRUSTED CERTIFICATE" => Some(
                der::first_value(block.contents())
                    .map(<[u8]>::to_vec)
                    .ok_or_else(|| "malformed certificate".to_owned()),
            ),
            _ => None,
        })
        .collect()
}

/// The DER of every revocation list in `text`.
pub(super) fn revocation_lists(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    Ok(blocks(text)?
        .into_iter()
        .filter(|block| block.tag() == "X509 CRL")
        .map(Pem::into_contents)
        .collect())
}

/// One certificate as PEM, byte for byte as OpenSSL writes it.
pub(super) fn encode_certificate(der: &[u8]) -> String {
    pem::encode_config(
        &Pem::new("CERTIFICATE", der),
        EncodeConfig::new().set_line_ending(LineEnding::LF),
    )
}
