//! Files that are read at a position, and the kinds of files.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens for reading. A named pipe without a writer does not hold this up.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.read(true).open(path)
}

/// Reads from `position` on.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, position);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, position);
}

/// Whether there is a Unix socket at `path`.
#[cfg(unix)]
pub(crate) fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// Never one of ours.
#[cfg(windows)]
pub(crate) fn is_socket(_path: &Path) -> bool {
    false
}
