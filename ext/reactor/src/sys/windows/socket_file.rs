//! There are no Unix sockets here.

use std::path::Path;

/// Never made.
#[derive(Debug, Clone)]
pub(crate) struct SocketFile;

impl SocketFile {
    pub(crate) fn at(_path: &Path) -> Option<Self> {
        None
    }

    pub(crate) fn remove(&self) {}
}
