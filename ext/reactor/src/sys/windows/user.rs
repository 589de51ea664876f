//! The user that the process runs as.

use crate::error::{Error, Result};

/// Unsupported: a process stays its user's.
pub fn become_user(_name: &str) -> Result<()> {
    Err(Error::Unsupported("becoming another user"))
}
