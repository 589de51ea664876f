//! Limits of the process.

use crate::error::{Error, Result};

/// Unsupported: there is no limit of open descriptors.
pub fn descriptor_limit(_wanted: Option<u64>) -> Result<u64> {
    Err(Error::Unsupported("a limit of open descriptors"))
}
