//! The descriptors that are registered for waits, by their numbers.

use std::io;

use mio::{Registry, Token};

use super::Interest;
use super::by_number::ByNumber;
use super::strays::Strays;
use super::watched::Watched;
use crate::id::Id;
use crate::poller::EXIT;
use crate::sys::handle::RawDescriptor;

/// Marks the tokens of waits, which have not the mark of a child's exit.
const WAIT: usize = 1 << (usize::BITS - 1);
/// The bits of a token that hold the number of the descriptor.
const NUMBER: usize = (1 << 30) - 1;

/// Whether a token is that of a descriptor registered for waits.
pub(crate) fn is_wait(token: Token) -> bool {
    token.0 & (WAIT | EXIT) == WAIT
}

/// One for each number.
#[derive(Debug, Default)]
pub(crate) struct Registrations {
    by_number: ByNumber,
    generation: u32,
    /// Waits for files that are gone: others have their numbers.
    pub(super) replaced: Vec<Id>,
    strays: Strays,
    /// Kept for its memory.
    pub(super) woken: Vec<(Id, Interest)>,
}

#[derive(Debug)]
pub(super) struct Registration {
    watched: Watched,
    identity: Option<u64>,
    /// What the system tells of.
    mask: Interest,
    waiting: Vec<(Id, Interest)>,
}

impl Registration {
    fn wanted(&self) -> Interest {
        let all = self.waiting.iter();
        all.fold(Interest::NONE, |wanted, (_, interest)| wanted | *interest)
    }

    fn let_go(&mut self) -> Vec<Id> {
        self.waiting.drain(..).map(|(id, _)| id).collect()
    }
}

impl Registrations {
    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Has the system tell when `fd` is ready. False where it is a file, which is always ready.
    pub(super) fn watch(
        &mut self,
        queue: &Registry,
        fd: RawDescriptor,
        interest: Interest,
        identity: Option<u64>,
    ) -> io::Result<bool> {
        let Some(known) = self.by_number.get_mut(fd) else {
            return self.begin(queue, fd, interest, identity);
        };
        let same = identity.is_some() && identity == known.identity;
        if same && known.mask.has(interest) {
            return Ok(true);
        }
        let mask = known.wanted() | interest | if same { known.mask } else { Interest::NONE };
        if known.watched.is_still(fd) && known.watched.change(queue, mask).is_ok() {
            known.mask = mask;
            known.identity = identity;
            return Ok(true);
        }
        // The number stands for another file now.
        if let Some(mut stale) = self.by_number.remove(fd) {
            self.replaced.append(&mut stale.let_go());
            stale.watched.end(Some(queue));
        }
        self.begin(queue, fd, interest, identity)
    }

    fn begin(
        &mut self,
        queue: &Registry,
        fd: RawDescriptor,
        interest: Interest,
        identity: Option<u64>,
    ) -> io::Result<bool> {
        let token = self.token(fd);
        let Some(watched) = Watched::begin(queue, fd, token, interest)? else {
            return Ok(false);
        };
        let registration = Registration {
            watched,
            identity,
            mask: interest,
            waiting: Vec::new(),
        };
        self.by_number.insert(fd, registration);
        Ok(true)
    }

    /// Tells a registration from those before it of the same number, where there is room for that.
    fn token(&mut self, fd: RawDescriptor) -> Token {
        self.generation = self.generation.wrapping_add(1);
        let generation = (u64::from(self.generation) << 32) as usize & (EXIT - 1);
        Token(WAIT | generation | (fd as usize & NUMBER))
    }

    pub(super) fn enter(&mut self, fd: RawDescriptor, id: Id, interest: Interest) {
        if let Some(registration) = self.by_number.get_mut(fd) {
            registration.waiting.push((id, interest));
        }
    }

    /// The wait is over. Without a queue, as in a forked child, the system is told nothing.
    pub(super) fn leave(&mut self, queue: Option<&Registry>, fd: RawDescriptor, id: Id) {
        let Some(registration) = self.by_number.get_mut(fd) else {
            return;
        };
        let before = registration.waiting.len();
        registration.waiting.retain(|(waiting, _)| *waiting != id);
        // A wait for the file that had the number before leaves nothing here.
        let has_left = registration.waiting.len() < before;
        // A duplicate keeps a file open that its owner may close without a word.
        if has_left && registration.waiting.is_empty() && registration.watched.is_duplicate() {
            self.remove(queue, fd);
        }
    }

    /// Forgets a number, and gives the waits for it.
    pub(super) fn remove(&mut self, queue: Option<&Registry>, fd: RawDescriptor) -> Vec<Id> {
        let Some(mut registration) = self.by_number.remove(fd) else {
            return Vec::new();
        };
        registration.watched.end(queue);
        registration.let_go()
    }

    /// Gives up the number itself, since somebody else is to register it; the waits that cannot go
    /// on are returned.
    pub(super) fn make_way(&mut self, queue: &Registry, fd: RawDescriptor) -> Vec<Id> {
        if self.by_number.is_empty() {
            return Vec::new();
        }
        let token = self.token(fd);
        let Some(registration) = self.by_number.get_mut(fd) else {
            return Vec::new();
        };
        if registration.watched.is_duplicate() {
            return Vec::new();
        }
        let wanted = registration.wanted();
        let was_watched = registration.watched.end(Some(queue));
        if was_watched && !wanted.is_empty() {
            if let Ok(duplicate) = Watched::duplicate(queue, fd, token, wanted) {
                registration.watched = duplicate;
                registration.mask = wanted;
                return Vec::new();
            }
        }
        self.by_number
            .remove(fd)
            .map(|mut registration| registration.let_go())
            .unwrap_or_default()
    }

    /// Whether the queue keeps something that cannot be taken away.
    pub(super) fn have_strays(&self) -> bool {
        self.strays.stay()
    }

    /// Registers all anew, with a queue that is new; the waits for what cannot be are returned.
    pub(super) fn adopt(&mut self, queue: &Registry) -> Vec<Id> {
        let mut lost = Vec::new();
        self.strays = Strays::default();
        self.by_number.retain(|registration| {
            let adopted = registration.watched.adopt(queue, registration.mask).is_ok();
            if !adopted {
                lost.append(&mut registration.let_go());
            }
            adopted
        });
        lost
    }

    /// Gives the waits that an event ends. What the event tells of and nobody waits for is not told
    /// again.
    pub(super) fn ready(
        &mut self,
        queue: &Registry,
        token: Token,
        ready: Interest,
        woken: &mut Vec<(Id, Interest)>,
    ) {
        let fd = (token.0 & NUMBER) as RawDescriptor;
        let known = self.by_number.get_mut(fd);
        let Some(registration) = known.filter(|known| known.watched.token() == token) else {
            return self.strays.note(token);
        };
        let waiting = registration.waiting.iter();
        woken.extend(waiting.filter_map(|&(id, interest)| {
            let met = interest & ready;
            (!met.is_empty()).then_some((id, met))
        }));
        let wanted = registration.wanted();
        if !(wanted & ready).is_empty() {
            return;
        }
        if wanted.is_empty() || registration.watched.change(queue, wanted).is_err() {
            // Errors and hang-ups are told of whatever the mask.
            let lost = self.remove(Some(queue), fd);
            self.replaced.extend(lost);
        } else {
            registration.mask = wanted;
        }
    }
}
