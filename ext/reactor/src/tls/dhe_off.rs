//! What stands in for key exchange over finite fields in a build without it.

use std::path::Path;

use rustls::crypto::SupportedKxGroup;
use rustls::{CipherSuite, Error as RustlsError, SupportedCipherSuite};

use super::error::Error;

pub(super) fn server_groups(
    _path: &Path,
    _pem: &[u8],
) -> Result<Vec<&'static dyn SupportedKxGroup>, Error> {
    Err(Error::BadDhParam("built without the feature `dhe`".into()))
}

pub(super) fn standard_groups(_key_bits: usize) -> Vec<&'static dyn SupportedKxGroup> {
    Vec::new()
}

pub(super) fn client_groups() -> Vec<&'static dyn SupportedKxGroup> {
    Vec::new()
}

pub(super) fn suite(_name: CipherSuite) -> Option<SupportedCipherSuite> {
    None
}

pub(super) fn note_server_params(_signed: &[u8]) -> Result<(), RustlsError> {
    Ok(())
}
