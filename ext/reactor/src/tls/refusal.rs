//! Why a certificate is not believed, where rustls has no word for it.

use std::error;
use std::fmt;
use std::sync::Arc;

use rustls::{CertificateError, OtherError};

/// A reason in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for Refusal {}

impl From<Refusal> for CertificateError {
    fn from(refusal: Refusal) -> Self {
        Self::Other(OtherError(Arc::new(refusal)))
    }
}

/// A refusal in these words.
pub(super) fn refusal(text: impl Into<String>) -> CertificateError {
    Refusal(text.into()).into()
}
