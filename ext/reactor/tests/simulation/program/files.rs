//! Files that are sent.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use super::Program;

/// The longest: several pieces of what is read at a time, of which the first is read at once.
const MOST: usize = 300_000;

/// A file of this thread's, gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let thread = std::thread::current().id();
        let name = format!("em-simulation-{}-{thread:?}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

impl Program {
    /// Sends a file, which is another's as soon as it is open.
    pub(super) fn send_file(&mut self, index: usize) {
        let conn = &self.conns[index];
        let (id, out) = (conn.id, conn.out);
        if self.wires[out].source.is_some() {
            return;
        }
        let length = self.random.size(MOST);
        let data = self.wires[out].bytes(length);
        let sent = SCRATCH.with_borrow(|scratch| {
            fs::write(&scratch.0, data).expect("a file");
            let sent = self.reactor.send_file(id, &scratch.0);
            fs::remove_file(&scratch.0).expect("a file");
            sent
        });
        self.trace(|| format!("{id:?} sends a file of {length}: {sent:?}"));
        self.note_sent(index, length, sent.unwrap_or(0));
    }
}
