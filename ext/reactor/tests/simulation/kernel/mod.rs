//! A kernel in memory: descriptors, sockets, processes, epoll(7) and a clock, all by one seed.
//!
//! It keeps to what Linux may do. Each thread has one of its own.

mod calls;
mod datagrams;
mod epoll;
mod faults;
mod link;
mod local;
mod names;
mod network;
mod passed;
mod pipe;
mod processes;
mod queue;
mod sockets;
mod streams;
mod watched;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::random::Random;
use epoll::Epoll;
pub use faults::Faults;
pub use link::{End, Link, State};
use local::Place;
pub use local::{inode, make_socket_file};
pub use network::{Server, outside_ports};
use processes::Process;
use queue::Queue;
use watched::Tree;

/// The lowest number of a descriptor; those below are the real kernel's.
pub const FIRST: i32 = 1 << 20;

/// A turn that makes more calls than that does not end.
const CALLS_PER_TURN: usize = 200_000;

/// What a call gives: a number, or the number of an error.
pub type Answer<T = usize> = Result<T, i32>;

thread_local! {
    static KERNEL: RefCell<Option<Kernel>> = const { RefCell::new(None) };
}

/// Calls `work` with this thread's kernel, where it has one.
pub fn try_with<T>(work: impl FnOnce(&mut Kernel) -> T) -> Option<T> {
    KERNEL.with(|kernel| kernel.borrow_mut().as_mut().map(work))
}

/// A descriptor of the simulated kernel's, as the core takes it.
pub fn borrowed(fd: i32) -> BorrowedFd<'static> {
    // SAFETY: the core makes no call with it that this kernel does not take.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Calls `work` with this thread's kernel.
pub fn with<T>(work: impl FnOnce(&mut Kernel) -> T) -> T {
    try_with(work).expect("a kernel")
}

/// Starts a kernel for this thread, instead of the one that it had.
pub fn boot(kernel: Kernel) {
    KERNEL.with(|cell| *cell.borrow_mut() = Some(kernel));
}

/// Leaves this thread to the real kernel.
pub fn halt() {
    KERNEL.with(|cell| *cell.borrow_mut() = None);
}

/// What a descriptor stands for.
#[derive(Debug)]
pub struct File {
    /// What tells it from all others, as an inode number does.
    serial: u64,
    /// How many descriptors stand for it.
    references: usize,
    kind: Kind,
    /// The epoll files that watch it, each with the number by which it was added.
    watchers: Vec<(usize, i32)>,
}

#[derive(Debug)]
enum Kind {
    Epoll(Epoll),
    Event(u64),
    Reader(usize),
    Writer(usize),
    /// A socket that is neither bound nor connected yet, with the port that it is bound to.
    Unconnected(Option<u16>),
    /// A Unix-domain socket that is not connected, and what it is bound to.
    Local(Option<Place>),
    /// A link, and which of its ends.
    Stream(usize, usize),
    Datagrams(datagrams::Socket),
    /// A process, by its number.
    Process(i32),
    Inotify(watched::Inotify),
    Listener {
        port: u16,
        /// What it is bound to, where that is a file: the port stands for it then.
        place: Option<Place>,
        backlog: Vec<usize>,
    },
}

/// The state of the whole system.
#[derive(Debug)]
pub struct Kernel {
    pub random: Random,
    pub clock: Duration,
    pub faults: Faults,
    pub links: Vec<Link>,
    /// Links on which something may happen yet.
    pub live: Vec<usize>,
    /// Links whose connect is to be answered.
    connecting: Vec<(usize, u16)>,
    /// Links to servers outside, which these have not seen yet.
    pub arrived: Vec<usize>,
    pub servers: BTreeMap<u16, Server>,
    files: Vec<Option<File>>,
    descriptors: Vec<Option<usize>>,
    pipes: Vec<Queue>,
    /// Processes by their numbers.
    processes: BTreeMap<i32, Process>,
    /// What the next child is to have open.
    child_input: Option<i32>,
    /// Ports that stand for listeners, by the numbers of their files.
    places: BTreeMap<u64, u16>,
    tree: Tree,
    /// Whether notices of files were lost.
    pub lost_notices: bool,
    opened: u64,
    pub descriptor_limit: usize,
    /// Whether calls are forbidden that the loop can do without.
    pub is_sandbox: bool,
    next_port: u16,
    /// Whether something could not be made or watched.
    pub may_have_lacked: bool,
    calls: usize,
    turn: u64,
    /// What no program may do, and was done.
    pub misuse: Vec<String>,
}

impl Kernel {
    pub fn new(random: Random, faults: Faults) -> Self {
        Self {
            random,
            clock: Duration::ZERO,
            faults,
            links: Vec::new(),
            live: Vec::new(),
            connecting: Vec::new(),
            arrived: Vec::new(),
            servers: BTreeMap::new(),
            files: Vec::new(),
            descriptors: Vec::new(),
            pipes: Vec::new(),
            processes: BTreeMap::new(),
            child_input: None,
            places: BTreeMap::new(),
            tree: Tree::default(),
            lost_notices: false,
            opened: 0,
            descriptor_limit: 1024,
            is_sandbox: false,
            next_port: 20_000,
            may_have_lacked: false,
            calls: 0,
            turn: 0,
            misuse: Vec::new(),
        }
    }

    /// How many descriptors are open.
    pub fn open_count(&self) -> usize {
        self.descriptors.iter().flatten().count()
    }

    /// What they stand for.
    pub fn open_files(&self) -> Vec<String> {
        let files = self.descriptors.iter().flatten();
        files
            .map(|file| format!("{:?}", self.files[*file]))
            .collect()
    }

    /// A turn begins, which may make so many calls.
    pub fn begin_turn(&mut self) {
        self.calls = 0;
        self.turn += 1;
    }

    fn count_call(&mut self) -> Answer<()> {
        self.calls += 1;
        if self.calls == CALLS_PER_TURN {
            self.misuse.push("a turn that does not end".into());
        }
        match self.calls < CALLS_PER_TURN {
            true => Ok(()),
            false => Err(libc::EIO),
        }
    }

    fn chance(&mut self, per_mille: usize) -> bool {
        per_mille > 0 && self.random.chance(per_mille)
    }

    /// Fails as signals make calls fail.
    fn may_interrupt(&mut self) -> Answer<()> {
        match self.chance(self.faults.interrupted) {
            true => Err(libc::EINTR),
            false => Ok(()),
        }
    }

    /// Fails as calls do that make something, where there is no room for it.
    fn may_lack(&mut self) -> Answer<()> {
        if !self.chance(self.faults.shortage) {
            return Ok(());
        }
        self.may_have_lacked = true;
        let errors = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
        Err(errors[self.random.below(errors.len())])
    }

    // ---- descriptors

    fn open(&mut self, kind: Kind) -> Answer<i32> {
        if self.open_count() >= self.descriptor_limit {
            self.may_have_lacked = true;
            return Err(libc::EMFILE);
        }
        let file = self.add_file(kind);
        self.refer(file)
    }

    /// An open file that nobody has a descriptor of yet.
    fn add_file(&mut self, kind: Kind) -> usize {
        self.opened += 1;
        let file = File {
            serial: self.opened,
            references: 0,
            kind,
            watchers: Vec::new(),
        };
        let index = match self.files.iter().position(Option::is_none) {
            Some(free) => free,
            None => {
                self.files.push(None);
                self.files.len() - 1
            }
        };
        self.files[index] = Some(file);
        index
    }

    /// The lowest free number, for a file.
    fn refer(&mut self, file: usize) -> Answer<i32> {
        let number = match self.descriptors.iter().position(Option::is_none) {
            Some(free) => free,
            None => {
                self.descriptors.push(None);
                self.descriptors.len() - 1
            }
        };
        self.descriptors[number] = Some(file);
        self.file_mut(file).references += 1;
        Ok(FIRST + number as i32)
    }

    fn file_of(&self, fd: i32) -> Answer {
        let number = usize::try_from(fd - FIRST).map_err(|_| libc::EBADF)?;
        let file = self.descriptors.get(number).copied().flatten();
        file.ok_or(libc::EBADF)
    }

    fn file_mut(&mut self, file: usize) -> &mut File {
        self.files[file].as_mut().expect("an open file")
    }

    fn kind_of(&mut self, fd: i32) -> Answer<&mut Kind> {
        let file = self.file_of(fd)?;
        Ok(&mut self.file_mut(file).kind)
    }

    /// What tells an open file from all others.
    pub fn serial_of(&mut self, fd: i32) -> Answer<u64> {
        let file = self.file_of(fd)?;
        Ok(self.file_mut(file).serial)
    }

    /// The link of a socket, and which of its ends that is.
    pub fn end_of(&mut self, fd: i32) -> Answer<(usize, usize)> {
        match self.kind_of(fd)? {
            Kind::Stream(link, side) => Ok((*link, *side)),
            Kind::Unconnected(_) | Kind::Local(_) | Kind::Listener { .. } => Err(libc::ENOTCONN),
            _ => Err(libc::ENOTSOCK),
        }
    }

    fn duplicate(&mut self, fd: i32) -> Answer<i32> {
        let file = self.file_of(fd)?;
        if self.open_count() >= self.descriptor_limit {
            self.may_have_lacked = true;
            return Err(libc::EMFILE);
        }
        self.refer(file)
    }

    pub fn close(&mut self, fd: i32) -> Answer {
        let Ok(file) = self.file_of(fd) else {
            self.misuse
                .push(format!("close of {fd}, which is not open"));
            return Err(libc::EBADF);
        };
        self.descriptors[(fd - FIRST) as usize] = None;
        self.unrefer(file);
        Ok(0)
    }

    /// One less has a file open.
    fn unrefer(&mut self, file: usize) {
        let entry = self.file_mut(file);
        entry.references -= 1;
        if entry.references == 0 {
            if let Some(file_entry) = self.files[file].take() {
                self.forget_watched(file, &file_entry.watchers);
                self.release(file, file_entry.kind);
            }
        }
    }

    fn release(&mut self, file: usize, kind: Kind) {
        match kind {
            Kind::Stream(link, side) => self.close_end(link, side),
            Kind::Listener {
                port,
                place,
                backlog,
            } => {
                self.servers.remove(&port);
                if let Some(place) = &place {
                    self.forget_place(place);
                }
                backlog.into_iter().for_each(|link| self.reset(link, 1));
            }
            Kind::Epoll(epoll) => self.forget_epoll(file, &epoll),
            Kind::Reader(pipe) | Kind::Writer(pipe) => self.pipes[pipe].clear(),
            Kind::Event(_)
            | Kind::Unconnected(_)
            | Kind::Local(_)
            | Kind::Datagrams(_)
            | Kind::Process(_)
            | Kind::Inotify(_) => {}
        }
    }
}
