//! Waits of fibers: for the program's own sockets, for time, and for processes.

use std::collections::BTreeMap;
use std::time::Duration;

use em_reactor::{Begun, Id, Interest, Outcome};

use super::Program;
use super::sockets::Own;
use crate::kernel;

/// The most there are at a time.
const MOST: usize = 30;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Time,
    /// A descriptor: which open file it stood for, and for what that is waited for.
    Descriptor(u64, Interest),
    Process(i32),
}

#[derive(Debug)]
struct Wait {
    id: Id,
    cause: Cause,
    due: Option<Duration>,
    /// Whether its descriptor was closed, and the loop was told so.
    closed: bool,
    told: bool,
}

/// Waits by their tags.
#[derive(Debug, Default)]
pub(super) struct Waits {
    open: BTreeMap<u64, Wait>,
    made: u64,
    /// Descriptors that were closed, of some of which the loop was not told.
    closed: usize,
}

impl Program {
    pub(super) fn wait_for(&mut self, index: usize) {
        let interest = Interest::from_bits(self.random.between(1, 7) as u8);
        self.wait_for_one(index, interest);
    }

    pub(super) fn wait_for_one(&mut self, index: usize, interest: Interest) {
        if self.waits.open.len() >= MOST || index >= self.own.len() {
            return;
        }
        let Own { fd, serial, .. } = self.own[index];
        let identity = self.random.chance(600).then_some(serial);
        let limit = self.random.chance(500).then(|| self.a_while());
        let (now, tag) = (self.now(), self.waits.made);
        let begun = self.reactor.wait(
            kernel::borrowed(fd),
            interest,
            identity,
            tag,
            limit.map(|limit| (now, limit)),
        );
        self.trace(|| format!("wait {tag} for {fd}, {interest:?}, {limit:?}: {begun:?}"));
        match begun {
            Ok(Begun::Waiting(id)) => {
                self.note_wait(id, Cause::Descriptor(serial, interest), limit);
            }
            Ok(Begun::Ready) => panic!("{fd} is no file"),
            Err(_) => {}
        }
    }

    pub(super) fn sleep(&mut self) {
        let (now, tag, limit) = (self.now(), self.waits.made, self.a_while());
        let id = self.reactor.sleep(tag, now, limit).expect("a wait");
        self.trace(|| format!("wait {tag} for {limit:?}"));
        self.note_wait(id, Cause::Time, Some(limit));
    }

    pub(super) fn wait_for_exit(&mut self, pid: i32) {
        let tag = self.waits.made;
        let begun = self.reactor.wait_for_exit(pid, tag);
        self.trace(|| format!("wait {tag} for process {pid}: {begun:?}"));
        if let Ok(id) = begun {
            self.note_wait(id, Cause::Process(pid), None);
        }
    }

    fn a_while(&mut self) -> Duration {
        Duration::from_micros(self.random.size(5_000_000) as u64)
    }

    fn note_wait(&mut self, id: Id, cause: Cause, limit: Option<Duration>) {
        assert!(self.names.insert(id), "{id:?} is used again");
        let wait = Wait {
            id,
            cause,
            due: limit.map(|limit| self.clock() + limit),
            closed: false,
            told: false,
        };
        self.waits.open.insert(self.waits.made, wait);
        self.waits.made += 1;
    }

    pub(super) fn cancel_wait(&mut self) {
        let tags: Vec<u64> = self.waits.open.keys().copied().collect();
        if let Some(tag) = self.random.pick(&tags) {
            self.end_wait(tag);
        }
    }

    fn end_wait(&mut self, tag: u64) {
        let wait = self.waits.open.remove(&tag).expect("a wait");
        let is_open = self.reactor.cancel_wait(wait.id);
        self.trace(|| format!("wait {tag} ends: {is_open}"));
        if !is_open {
            // It was over, which is told yet.
            self.waits.open.insert(tag, wait);
        }
    }

    pub(super) fn end_waits(&mut self) {
        for tag in self.waits.open.keys().copied().collect::<Vec<_>>() {
            self.end_wait(tag);
        }
    }

    /// An open file is about to be closed, of which the loop was told or not.
    pub(super) fn note_closed(&mut self, serial: u64, is_told: bool) {
        self.waits.closed += 1;
        for wait in self.waits.open.values_mut() {
            let is_it = matches!(wait.cause, Cause::Descriptor(of, _) if of == serial);
            wait.closed |= is_it;
            wait.told |= is_it && is_told;
        }
    }

    /// Takes what is told of waits.
    pub(super) fn take_woken(&mut self) {
        while let Some((tag, outcome)) = self.reactor.next_woken() {
            self.steps += 1;
            self.trace(|| format!("wait {tag} is over: {outcome:?}"));
            let wait = self.waits.open.remove(&tag);
            let wait = wait.unwrap_or_else(|| panic!("wait {tag} is over twice"));
            self.check_outcome(tag, &wait, outcome);
        }
    }

    fn check_outcome(&self, tag: u64, wait: &Wait, outcome: Outcome) {
        match (outcome, wait.cause) {
            (Outcome::TimedOut, _) => {
                let due = wait.due.expect("a time");
                assert!(due <= self.clock(), "wait {tag} is over too early");
            }
            (Outcome::Closed, _) => {
                let may_lack = kernel::with(|kernel| kernel.may_have_lacked);
                assert!(
                    wait.closed || may_lack,
                    "wait {tag} is for an open descriptor"
                );
            }
            (Outcome::Ready(_), Cause::Time) => panic!("wait {tag} is for nothing but time"),
            (Outcome::Ready(_), Cause::Process(pid)) => {
                let has_ended = kernel::with(|kernel| kernel.has_ended(pid));
                assert!(has_ended, "process {pid} has not ended");
            }
            (Outcome::Ready(ready), Cause::Descriptor(serial, interest)) => {
                let is_asked_for = !ready.is_empty() && interest.has(ready);
                assert!(is_asked_for, "wait {tag} is over by {ready:?}");
                self.check_ready(tag, serial, ready);
            }
        }
    }

    fn check_ready(&self, tag: u64, serial: u64, ready: Interest) {
        let own = self.own.iter().find(|own| own.serial == serial);
        let Some(own) = own.filter(|own| own.touched_in != self.turn) else {
            return;
        };
        let found = kernel::with(|kernel| kernel.poll(own.fd, u32::from(ready.bits())));
        assert_ne!(found, 0, "wait {tag} is over by {ready:?}, which is not so");
    }

    /// What is yet waited for has not come.
    pub(super) fn check_waits_at_rest(&self) {
        for (tag, wait) in &self.waits.open {
            let is_due = wait.due.is_some_and(|due| due <= self.clock());
            assert!(!is_due && !wait.told, "wait {tag} has no end");
            match wait.cause {
                Cause::Process(pid) => {
                    let has_ended = kernel::with(|kernel| kernel.has_ended(pid));
                    assert!(!has_ended, "wait {tag} misses the end of {pid}");
                }
                Cause::Descriptor(serial, interest) => {
                    let Some(own) = self.own.iter().find(|own| own.serial == serial) else {
                        continue;
                    };
                    let bits = u32::from(interest.bits());
                    let ready = kernel::with(|kernel| kernel.poll(own.fd, bits));
                    assert_eq!(ready, 0, "wait {tag} misses what it is for");
                }
                Cause::Time => {}
            }
        }
        assert_eq!(self.reactor.wait_count(), self.waits.open.len(), "waits");
    }

    /// No wait is left, and no more registrations than of what was closed without a word.
    pub(super) fn check_waits_at_end(&self) {
        let (waits, registrations) = (self.reactor.wait_count(), self.reactor.registration_count());
        assert_eq!(waits, 0, "waits that are left");
        assert!(
            registrations <= self.waits.closed,
            "registrations for waits"
        );
    }
}
