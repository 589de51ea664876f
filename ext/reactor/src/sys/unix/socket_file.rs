//! The file that stands for a Unix socket.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A socket's file, by its path and what tells it from one that takes its place.
#[derive(Debug, Clone)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    /// The one that bind(2) has just made; `None` where there is none, as for abstract names.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        Some(Self {
            identity: identity(path)?,
            // The program may go elsewhere meanwhile.
            path: std::path::absolute(path).ok()?,
        })
    }

    /// Removes it, unless another has its place.
    pub(crate) fn remove(&self) {
        if identity(&self.path) == Some(self.identity) {
            // Somebody else may be quicker, or may forbid it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
