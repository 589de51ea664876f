//! Starting child processes, signalling them and learning how they ended.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Command, ExitStatus};

pub(crate) use libc::{SIGKILL, SIGTERM};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Socket, Type};

use super::pidfd;
use crate::error::{Error, Result};
use crate::sys::handle::Handle;
use crate::sys::io::retry;

/// What starts a process, for the texts of errors.
pub(crate) const START: &str = "fork";

/// The exit status of a child whose program could not be executed.
const NOT_EXECUTED: i32 = 255;

/// A child of this process.
#[derive(Debug)]
pub(crate) struct Process {
    pid: libc::pid_t,
    /// None where the system has no such thing.
    pidfd: Option<OwnedFd>,
    told: bool,
}

/// Two sockets for the two ends of a connection to a child. The first never blocks.
pub(crate) fn sockets() -> io::Result<(Socket, OwnedFd)> {
    let (near, far) = Socket::pair(Domain::UNIX, Type::STREAM, None)?;
    near.set_nonblocking(true)?;
    Ok((near, far.into()))
}

/// What becomes readable when a process ends, which needs not be a child.
pub(crate) fn watch(pid: i32) -> Result<Handle> {
    let opened = pidfd::open(pid).map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported => Error::Unsupported("watching processes"),
        _ => Error::system("pidfd_open", format!("process {pid}"), error),
    });
    Ok(Handle::from(File::from(opened?)))
}

impl Process {
    /// Starts `program` with the arguments `argv`, the first of which is the name it is told to
    /// have, and with `end` as its standard input and output.
    ///
    /// A program that cannot be executed leaves a child all the same, as fork(2) and execvp(3) do:
    /// one that names it and the reason on standard error, and exits with 255. Fails where there
    /// can be no child.
    pub(crate) fn start(program: &OsStr, argv: &[OsString], end: OwnedFd) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(argv.iter().skip(1));
        if let Some(name) = argv.first() {
            command.arg0(name);
        }
        command.stdin(end.try_clone()?).stdout(end);
        let pid = match spawn(&mut command) {
            Ok(child) => child.id() as libc::pid_t,
            Err(error) if is_shortage(&error) => return Err(error),
            Err(error) => fail(program, &error)?,
        };
        Ok(Self {
            pid,
            pidfd: pidfd::open(pid).ok(),
            told: false,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Whether the system tells when it ends.
    pub(crate) fn is_told_of(&self) -> bool {
        self.told
    }

    /// Has the system tell when it ends, where it can; see [`is_told_of`](Self::is_told_of).
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) {
        if let Some(pidfd) = &self.pidfd {
            let interest = Interest::READABLE;
            let registered = registry.register(&mut SourceFd(&pidfd.as_raw_fd()), token, interest);
            self.told = registered.is_ok();
        }
    }

    /// Has the system tell no more.
    pub(crate) fn deregister(&self, registry: &Registry) {
        if let Some(pidfd) = &self.pidfd {
            let _ = registry.deregister(&mut SourceFd(&pidfd.as_raw_fd()));
        }
    }

    /// How it ended, by which it is reaped; `None` where it still runs. Never waits.
    ///
    /// Fails with ECHILD where somebody else reaped it.
    pub(crate) fn wait(&self) -> io::Result<Option<ExitStatus>> {
        retry(|| match &self.pidfd {
            Some(pidfd) => pidfd::wait(pidfd.as_fd(), self.pid),
            None => wait(self.pid),
        })
    }

    /// Sends a signal; nothing happens where the process has ended.
    pub(crate) fn signal(&self, signal: i32) {
        match &self.pidfd {
            Some(pidfd) => {
                let _ = pidfd::signal(pidfd.as_fd(), self.pid, signal);
            }
            None => kill(self.pid, signal),
        }
    }
}

fn spawn(command: &mut Command) -> io::Result<process::Child> {
    match command.spawn() {
        Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) => {
            // A script without a #! line is run by execvp(3), which std uses only where there is
            // something to do before it.
            // SAFETY: the closure does nothing, which is allowed between fork and exec.
            unsafe { command.pre_exec(|| Ok(())) };
            command.spawn()
        }
        result => result,
    }
}

/// No child could be made, whatever the program.
fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE)
    )
}

/// A child that tells why there is no other, and exits.
fn fail(program: &OsStr, error: &io::Error) -> io::Result<libc::pid_t> {
    let message = format!(
        "{}: {}\n",
        program.to_string_lossy(),
        crate::error::describe(error)
    );
    // SAFETY: the child calls nothing but write and _exit, which are async-signal-safe, and touches
    // no memory but the message.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: as above.
        0 => unsafe {
            libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len());
            libc::_exit(NOT_EXECUTED)
        },
        pid => Ok(pid),
    }
}

/// Sends a signal to a child that was not reaped.
pub(super) fn kill(pid: libc::pid_t, signal: i32) {
    // SAFETY: kill takes two integers.
    unsafe { libc::kill(pid, signal) };
}

/// As [`Process::wait`], by the number of a child that was not reaped.
pub(super) fn wait(pid: libc::pid_t) -> io::Result<Option<ExitStatus>> {
    let mut status = 0;
    // SAFETY: status is writable for an int.
    match unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        _ => Ok(Some(ExitStatus::from_raw(status))),
    }
}
