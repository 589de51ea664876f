//! Files that are sent over a connection.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::{Error, Result};
use crate::sys::io::retry;
use crate::sys::{errno, file};

/// Bytes that are read from a file at a time. Smaller files are read when they are queued.
pub(crate) const PIECE: usize = 64 * 1024;

/// The part of an open file that is not read yet.
#[derive(Debug)]
pub(crate) struct FileSource {
    file: File,
    position: u64,
    left: usize,
}

impl FileSource {
    /// Opens a regular file. What is appended to it later is not sent.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let (file, left) = open_regular(path)?;
        Ok(Self {
            file,
            position: 0,
            left,
        })
    }

    /// How many bytes are not read yet.
    pub(crate) fn len(&self) -> usize {
        self.left
    }

    /// The next piece; an empty one at the end. A file that has got shorter fails with EIO.
    pub(crate) fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = vec![0; self.left.min(PIECE)];
        let mut filled = 0;
        while filled < piece.len() {
            let position = self.position + filled as u64;
            match retry(|| file::read_at(&self.file, &mut piece[filled..], position))? {
                0 => return Err(io::Error::from_raw_os_error(errno::EIO)),
                count => filled += count,
            }
        }
        self.position += filled as u64;
        self.left -= filled;
        Ok(piece)
    }
}

/// Opens a file for reading and tells its size. What is no regular file is refused: directories
/// with EISDIR, pipes and devices with ESPIPE.
pub fn open_regular(path: &Path) -> Result<(File, usize)> {
    let refused = |error| Error::system("open", path.display().to_string(), error);
    let file = retry(|| file::open(path)).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    let errno = match usize::try_from(metadata.len()) {
        _ if metadata.is_dir() => errno::EISDIR,
        _ if !metadata.is_file() => errno::ESPIPE,
        Err(_) => errno::EFBIG,
        Ok(size) => return Ok((file, size)),
    };
    Err(refused(io::Error::from_raw_os_error(errno)))
}
