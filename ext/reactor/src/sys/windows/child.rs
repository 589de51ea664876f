//! Starting child processes, ending them and learning how they ended.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::io::{
    AsRawHandle, AsRawSocket, BorrowedHandle, FromRawHandle, OwnedHandle, OwnedSocket,
};
use std::os::windows::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use mio::{Registry, Token};
use socket2::Socket;
use windows_sys::Win32::Foundation::{FALSE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    GetExitCodeProcess, OpenProcess, PROCESS_SYNCHRONIZE, TerminateProcess, WaitForSingleObject,
};

use super::pair;
use crate::error::{Error, Result};
use crate::sys::handle::Handle;

/// What starts a process, for the texts of errors.
pub(crate) const START: &str = "CreateProcess";

/// There are no signals: each of these ends a process at once, which then has exited with its
/// number, as a shell tells it.
pub(crate) const SIGKILL: i32 = 9;
pub(crate) const SIGTERM: i32 = 15;

/// What a shell adds to the number of a signal.
const BY_SIGNAL: u32 = 128;

/// Two sockets for the two ends of a connection to a child. The first never blocks.
pub(crate) fn sockets() -> io::Result<(Socket, OwnedSocket)> {
    pair::connected()
}

/// What becomes readable when a process ends, which needs not be a child. A thread waits for that.
pub(crate) fn watch(pid: i32) -> Result<Handle> {
    let refused = |error| Error::system("OpenProcess", format!("process {pid}"), error);
    let process = open(pid).map_err(refused)?;
    let (near, far) = pair::connected().map_err(refused)?;
    let wait = move || pair::until_closed(far, &process);
    let thread = thread::Builder::new().name("process watch".into());
    thread.spawn(wait).map_err(refused)?;
    Ok(Handle::from(near))
}

fn open(pid: i32) -> io::Result<OwnedHandle> {
    // SAFETY: it takes three numbers.
    let process = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, FALSE, pid as u32) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: OpenProcess just returned it, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(process) })
}

/// A child of this process.
#[derive(Debug)]
pub(crate) struct Process {
    handle: OwnedHandle,
    pid: u32,
}

impl Process {
    /// Starts `program` with the arguments `argv`, the first of which is dropped: a program has the
    /// name that it is started by. `end` becomes its standard input and output. Fails where the
    /// program cannot be executed.
    pub(crate) fn start(program: &OsStr, argv: &[OsString], end: OwnedSocket) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(argv.iter().skip(1));
        command.stdin(duplicate(&end)?).stdout(duplicate(&end)?);
        let child = command.spawn()?;
        Ok(Self {
            pid: child.id(),
            handle: child.into(),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the system tells when it ends: it does not.
    pub(crate) fn is_told_of(&self) -> bool {
        false
    }

    /// Does nothing; see [`is_told_of`](Self::is_told_of).
    pub(crate) fn register(&mut self, _registry: &Registry, _token: Token) {}

    /// Does nothing.
    pub(crate) fn deregister(&self, _registry: &Registry) {}

    /// How it ended; `None` where it still runs. Never waits.
    pub(crate) fn wait(&self) -> io::Result<Option<ExitStatus>> {
        let process = self.handle.as_raw_handle();
        // SAFETY: the handle is open.
        if unsafe { WaitForSingleObject(process, 0) } != WAIT_OBJECT_0 {
            return Ok(None);
        }
        let mut code = 0;
        // SAFETY: the handle is open, and code is writable.
        match unsafe { GetExitCodeProcess(process, &raw mut code) } {
            FALSE => Err(io::Error::last_os_error()),
            _ => Ok(Some(ExitStatus::from_raw(code))),
        }
    }

    /// Ends it; nothing happens where it has ended, and for signal 0.
    pub(crate) fn signal(&self, signal: i32) {
        if let Ok(number @ 1..) = u32::try_from(signal) {
            // SAFETY: the handle is open.
            unsafe { TerminateProcess(self.handle.as_raw_handle(), BY_SIGNAL + number) };
        }
    }
}

fn duplicate(socket: &OwnedSocket) -> io::Result<Stdio> {
    // SAFETY: a socket is a handle, and this one is open for the whole of the call.
    let handle = unsafe { BorrowedHandle::borrow_raw(socket.as_raw_socket() as _) };
    handle.try_clone_to_owned().map(Stdio::from)
}
