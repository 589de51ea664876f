//! Ruby strings that the reactor reads in place.

use magnus::gc::Marker;
use magnus::value::Opaque;
use magnus::{RString, Ruby};

use crate::guarded::Guarded;
use crate::roots;

/// Copying fewer bytes costs less than keeping a string. More than Ruby keeps inside of an object,
/// so the bytes stay where they are when objects are moved.
pub(crate) const WORTHWHILE: usize = 16 * 1024;

/// The strings that the reactor has, each in a place of its own.
struct Kept {
    strings: Vec<Option<Opaque<RString>>>,
    free: Vec<usize>,
}

// SAFETY: strings come in with a `&Ruby`; they go, and are marked, with the reactor and in Ruby's
// garbage collection, which have the GVL too.
static KEPT: Guarded<Kept> = unsafe {
    Guarded::new(Kept {
        strings: Vec::new(),
        free: Vec::new(),
    })
};

/// The first bytes of a frozen string that is neither collected nor moved until this is dropped.
pub(crate) struct Shared {
    place: usize,
    bytes: *const [u8],
}

impl Shared {
    /// The first `size` bytes of `data`, as they are now: Ruby copies them when `data` is changed.
    pub(crate) fn new(_ruby: &Ruby, data: RString, size: usize) -> Self {
        let string = RString::new_frozen(data);
        // SAFETY: the slice outlives this call as the string is kept below, and nothing changes it
        // as it is frozen.
        let bytes = unsafe { string.as_slice() };
        let bytes = std::ptr::from_ref(&bytes[..size.min(bytes.len())]);
        let place = KEPT.state().borrow_mut().keep(string);
        Self { place, bytes }
    }
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: see `new`; the string is kept until this is dropped.
        unsafe { &*self.bytes }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        KEPT.state().borrow_mut().let_go(self.place);
    }
}

impl Kept {
    fn keep(&mut self, string: RString) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.strings.push(None);
            self.strings.len() - 1
        });
        self.strings[place] = Some(string.into());
        place
    }

    fn let_go(&mut self, place: usize) {
        self.strings[place] = None;
        self.free.push(place);
    }
}

fn mark(marker: &Marker) {
    for string in KEPT.to_mark().strings.iter().flatten() {
        marker.mark(*string);
    }
}

pub(crate) fn init(ruby: &Ruby) {
    roots::add(ruby, mark);
}
