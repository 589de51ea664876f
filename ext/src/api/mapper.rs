//! `EventMachine::FastFileReader::Mapper`: pieces of a file.

use std::cell::RefCell;
use std::fs::File;
use std::io;

use magnus::prelude::*;
use magnus::rb_sys::{FromRawValue, protect};
use magnus::{Error, RModule, Ruby, TryConvert, Value, function, method};

use crate::sys::{files, words};
use crate::{convert, errors};

pub(super) fn init(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let reader = module.define_class("FastFileReader", ruby.class_object())?;
    let mapper = reader.define_class("Mapper", ruby.class_object())?;
    mapper.undef_default_alloc_func();
    mapper.define_singleton_method("new", function!(Mapper::new, 1))?;
    mapper.define_method("size", method!(Mapper::size, 0))?;
    mapper.define_method("get_chunk", method!(Mapper::get_chunk, 2))?;
    mapper.define_method("close", method!(Mapper::close, 0))
}

/// An open file, of the size it had when it was opened.
///
/// It is read by pread(2), not mapped: a mapped file that somebody makes shorter would end the
/// process by SIGBUS, and the bytes are copied once either way.
#[magnus::wrap(class = "EventMachine::FastFileReader::Mapper", free_immediately, size)]
struct Mapper {
    path: String,
    file: RefCell<Option<File>>,
    size: usize,
}

impl Mapper {
    /// Opens a regular file; an Errno exception where it cannot be read.
    fn new(ruby: &Ruby, path: Value) -> Result<Self, Error> {
        let path = convert::path(ruby, path)?;
        let opened = em_reactor::open_regular(&path);
        let (file, size) = opened.map_err(|cause| errors::from(ruby, &cause))?;
        Ok(Self {
            path: path.display().to_string(),
            file: RefCell::new(Some(file)),
            size,
        })
    }

    /// Bytes; also of a file that is closed.
    fn size(&self) -> usize {
        self.size
    }

    /// `length` bytes from `start` on. A RangeError where the file had less when it was opened, EIO
    /// where it has less by now, an IOError where it is closed.
    fn get_chunk(ruby: &Ruby, this: &Self, start: Value, length: Value) -> Result<Value, Error> {
        let (start, length) = this.range(ruby, start, length)?;
        let string = protect(|| {
            // SAFETY: called under protect, with a length that fits: it is a part of the file's.
            unsafe { rb_sys::rb_str_buf_new(length as std::ffi::c_long) }
        })?;
        this.fill(ruby, string, start, length)?;
        // SAFETY: the string was made above.
        Ok(unsafe { Value::from_raw(string) })
    }

    fn close(&self) {
        self.file.take();
    }

    fn range(&self, ruby: &Ruby, start: Value, length: Value) -> Result<(usize, usize), Error> {
        let (start, length) = (i64::try_convert(start)?, i64::try_convert(length)?);
        match (usize::try_from(start), usize::try_from(length)) {
            (Ok(from), Ok(count))
                if from.checked_add(count).is_some_and(|end| end <= self.size) =>
            {
                Ok((from, count))
            }
            _ => Err(Error::new(
                ruby.exception_range_error(),
                format!(
                    "Mapper Range Error: {length} bytes from {start} on, of the {} of {}",
                    self.size, self.path
                ),
            )),
        }
    }

    /// Reads into a new string that has room for `length` bytes.
    fn fill(
        &self,
        ruby: &Ruby,
        string: rb_sys::VALUE,
        start: usize,
        length: usize,
    ) -> Result<(), Error> {
        let file = self.file.borrow();
        let Some(file) = file.as_ref() else {
            let message = format!("No Mapper Chunk: {} is closed", self.path);
            return Err(Error::new(ruby.exception_io_error(), message));
        };
        let mut filled = 0;
        while filled < length {
            // SAFETY: the string has room for length bytes, and nobody else knows it yet.
            let count = unsafe {
                let room = rb_sys::RSTRING_PTR(string).cast_mut().add(filled);
                files::read_at(file, room.cast(), length - filled, start + filled)
            };
            match count {
                Ok(0) => return Err(self.refused(ruby, libc::EIO)),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let errno = error.raw_os_error().map_or(libc::EIO, words::errno);
                    return Err(self.refused(ruby, errno));
                }
            }
        }
        // SAFETY: so many bytes of the string were written above.
        unsafe { rb_sys::rb_str_set_len(string, length as std::ffi::c_long) };
        Ok(())
    }

    fn refused(&self, ruby: &Ruby, errno: i32) -> Error {
        errors::system(ruby, errno, &format!("pread(2) for {}", self.path))
    }
}
