//! Sockets that are the program's own: the loop only watches them, or has fibers wait for them.

use em_reactor::{Id, Interest, Reason};

use super::Program;
use crate::kernel;

/// The most there are at a time.
const MOST: usize = 4;

/// What a watch may tell of.
pub(super) const KINDS: [Interest; 3] =
    [Interest::READABLE, Interest::WRITABLE, Interest::PRIORITY];

/// A socket, the first end of its link.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) fd: i32,
    pub(super) link: usize,
    /// What tells it from others of the same number.
    pub(super) serial: u64,
    watch: Option<Watch>,
    /// The turn in which it was read or written, or its watch changed.
    pub(super) touched_in: u64,
}

#[derive(Debug)]
struct Watch {
    id: Id,
    wanted: Interest,
    detached: bool,
    /// What was told in a turn, and in which.
    told: (Interest, u64),
}

impl Program {
    pub(super) fn act_by_sockets(&mut self) {
        let count = self.own.len();
        if count == 0 || count < MOST && self.random.chance(100) {
            return self.open_own();
        }
        let index = self.random.below(count);
        match self.random.below(40) {
            0..=4 => self.read_own(index, 0),
            5..=9 => self.write_own(index),
            10..=14 => self.watch_own(index),
            15 => self.unwatch_own(index),
            16 => self.close_own(index, true),
            17 => self.replace_own(index),
            18..=32 => self.wait_for(index),
            33..=35 => self.sleep(),
            _ => self.cancel_wait(),
        }
    }

    fn open_own(&mut self) {
        let Ok(fd) = kernel::with(|kernel| kernel.pair()) else {
            return;
        };
        let (link, serial) = kernel::with(|kernel| {
            let (link, _) = kernel.end_of(fd).expect("a link");
            (link, kernel.serial_of(fd).expect("an open file"))
        });
        self.outside.push((link, 1));
        self.trace(|| format!("link {link} is the program's own, by {fd}"));
        let touched_in = self.turn;
        self.own.push(Own {
            fd,
            link,
            serial,
            watch: None,
            touched_in,
        });
    }

    pub(super) fn read_own(&mut self, index: usize, least: usize) {
        let link = self.own[index].link;
        self.own[index].touched_in = self.turn;
        self.read_outside(link, 0, least);
    }

    fn write_own(&mut self, index: usize) {
        let link = self.own[index].link;
        self.own[index].touched_in = self.turn;
        self.write_outside(link, 0);
    }

    /// Has it be watched, or changes for what.
    fn watch_own(&mut self, index: usize) {
        let kind = self.random.pick(&KINDS).expect("a kind");
        let wanted = self.random.chance(600);
        let fd = self.own[index].fd;
        if self.own[index].watch.is_none() {
            let Ok(id) = self.reactor.watch(kernel::borrowed(fd)) else {
                return;
            };
            assert!(self.names.insert(id), "{id:?} is used again");
            self.own[index].watch = Some(Watch {
                id,
                wanted: Interest::NONE,
                detached: false,
                told: (Interest::NONE, 0),
            });
        }
        self.set_notify(index, kind, wanted);
    }

    fn set_notify(&mut self, index: usize, kind: Interest, wanted: bool) {
        let own = &mut self.own[index];
        own.touched_in = self.turn;
        let fd = own.fd;
        let Some(watch) = own.watch.as_mut().filter(|watch| !watch.detached) else {
            return;
        };
        let result = self.reactor.set_notify(watch.id, kind, wanted);
        let rest = Interest::from_bits(watch.wanted.bits() & !kind.bits());
        if result.is_ok() {
            watch.wanted = if wanted { rest | kind } else { rest };
        }
        assert_eq!(self.reactor.notifies(watch.id).ok(), Some(watch.wanted));
        let id = watch.id;
        self.trace(|| format!("{id:?} of {fd} tells of {kind:?}: {wanted}, {result:?}"));
    }

    fn unwatch_own(&mut self, index: usize) {
        let fd = self.own[index].fd;
        let Some(watch) = self.own[index].watch.as_mut() else {
            return;
        };
        if std::mem::replace(&mut watch.detached, true) {
            return;
        }
        let id = watch.id;
        let number = self.reactor.detach(id).expect("a watch");
        assert_eq!(number, fd, "the descriptor of {id:?}");
        self.trace(|| format!("{id:?} watches {fd} no more"));
    }

    /// Closes one, of which the loop is told before or not. One that is watched stays open.
    pub(super) fn close_own(&mut self, index: usize, is_told: bool) {
        if self.own[index].watch.is_some() {
            return self.unwatch_own(index);
        }
        let Own {
            fd, link, serial, ..
        } = self.own.swap_remove(index);
        self.trace(|| format!("link {link} is closed, which is told: {is_told}"));
        if is_told {
            self.reactor.descriptor_closing(fd);
        }
        self.note_closed(serial, is_told);
        self.close_descriptor(fd);
    }

    /// Closes one without a word, so that another may have its number.
    fn replace_own(&mut self, index: usize) {
        let interest = Interest::READABLE;
        self.wait_for_one(index, interest);
        self.cancel_wait();
        self.close_own(index, false);
        self.open_own();
        self.wait_for_one(self.own.len().saturating_sub(1), interest);
    }

    pub(super) fn close_own_sockets(&mut self) {
        while !self.own.is_empty() {
            self.close_own(0, true);
        }
    }

    /// All watches are about to end.
    pub(super) fn note_end_of_watches(&mut self) {
        let watches = self.own.iter_mut().filter_map(|own| own.watch.as_mut());
        watches.for_each(|watch| watch.detached = true);
    }

    fn find_watch(&mut self, id: Id) -> Option<usize> {
        let is_it = |own: &Own| own.watch.as_ref().is_some_and(|watch| watch.id == id);
        self.own.iter().position(is_it)
    }

    /// A watch tells that its descriptor is ready.
    pub(super) fn watch_told(&mut self, id: Id, kind: Interest) {
        let index = self.find_watch(id).expect("a watch");
        let (fd, link, turn) = (self.own[index].fd, self.own[index].link, self.turn);
        let is_touched = self.own[index].touched_in == turn;
        let watch = self.own[index].watch.as_mut().expect("a watch");
        assert!(
            watch.wanted.has(kind) && !watch.detached,
            "{id:?} tells of {kind:?}"
        );
        let before = if watch.told.1 == turn {
            watch.told.0
        } else {
            Interest::NONE
        };
        assert!(
            !before.has(kind) || is_touched,
            "{id:?} tells of {kind:?} twice in a turn"
        );
        watch.told = (before | kind, turn);
        let ready = kernel::with(|kernel| kernel.poll(fd, u32::from(kind.bits())));
        assert!(ready != 0 || is_touched, "{id:?} is not ready for {kind:?}");
        if !self.is_calm && self.random.chance(500) {
            return;
        }
        match kind {
            Interest::READABLE => {
                let is_end = self.read_to_end(index);
                if is_end {
                    self.set_notify(index, kind, false);
                }
            }
            Interest::WRITABLE => self.write_own(index),
            _ => kernel::with(|kernel| {
                if let Some(urgent) = &mut kernel.links[link].ends[0].urgent {
                    urgent.taken = true;
                }
            }),
        }
    }

    /// Reads all; whether that was the last.
    fn read_to_end(&mut self, index: usize) -> bool {
        self.read_own(index, usize::MAX);
        let link = self.own[index].link;
        kernel::with(|kernel| {
            let end = &mut kernel.links[link].ends[0];
            let is_end = end.fin || end.state == kernel::State::Dead;
            is_end && end.received.len() == 0
        })
    }

    /// Whether it is a watch that has ended.
    pub(super) fn watch_ended(&mut self, id: Id, reason: Option<&Reason>) -> bool {
        let Some(index) = self.find_watch(id) else {
            return false;
        };
        let own = &mut self.own[index];
        let watch = own.watch.take().expect("a watch");
        let may_lack = kernel::with(|kernel| kernel.may_have_lacked);
        assert!(
            watch.detached || may_lack,
            "{id:?} ends by itself: {reason:?}"
        );
        assert!(!self.reactor.release(id), "whose {id:?} is");
        true
    }

    pub(super) fn count_watches(&self) -> usize {
        self.own.iter().filter(|own| own.watch.is_some()).count()
    }

    /// Nothing is to be told for ever.
    pub(super) fn calm_own(&mut self) {
        for index in 0..self.own.len() {
            let watch = self.own[index].watch.as_ref();
            if watch.is_some_and(|watch| watch.wanted.has(Interest::WRITABLE)) {
                self.set_notify(index, Interest::WRITABLE, false);
            }
        }
    }

    pub(super) fn close_all_own(&mut self) {
        for index in 0..self.own.len() {
            self.unwatch_own(index);
        }
    }

    /// What is ready was told.
    pub(super) fn check_own_at_rest(&self) {
        for own in &self.own {
            let Some(watch) = &own.watch else { continue };
            assert!(!watch.detached, "{:?} does not end", watch.id);
            let asked_for = u32::from(watch.wanted.bits());
            let ready = kernel::with(|kernel| kernel.poll(own.fd, asked_for));
            assert_eq!(ready & asked_for, 0, "{:?} does not tell", watch.id);
        }
    }
}
