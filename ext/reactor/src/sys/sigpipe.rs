//! SIGPIPE, kept away from calls that have no flag for that.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Makes a call that writes. Where the reader is gone it fails with EPIPE and raises no signal.
pub(crate) fn without<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let signal = only_sigpipe();
    let mut before = MaybeUninit::uninit();
    // SAFETY: both point to sets of signals, of which the second is written only.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &signal, before.as_mut_ptr()) };
    let result = call();
    if matches!(&result, Err(error) if error.raw_os_error() == Some(libc::EPIPE)) {
        take(&signal);
    }
    // SAFETY: the first call filled the set; none is asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    result
}

fn only_sigpipe() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset makes a whole set of it, to which sigaddset adds.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        set.assume_init()
    }
}

/// Takes the signal that was raised for this thread while it was blocked.
fn take(signal: &libc::sigset_t) {
    let at_once = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: all point to what they should; nothing is asked about the signal.
    while unsafe { libc::sigtimedwait(signal, ptr::null_mut(), &at_once) } < 0
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    static SIGNALS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn count(_signal: libc::c_int) {
        SIGNALS.fetch_add(1, Ordering::SeqCst);
    }

    fn write_to_nobody() -> io::Result<()> {
        let (mut near, far) = UnixStream::pair()?;
        drop(far);
        // SAFETY: one byte is there to be sent.
        match unsafe { libc::send(near.as_raw_fd(), b"x".as_ptr().cast(), 1, 0) } {
            -1 => Err(io::Error::last_os_error()),
            _ => near.flush(),
        }
    }

    #[test]
    fn a_broken_pipe_is_an_error_and_no_signal() {
        // SAFETY: the handler does nothing that is not allowed in one.
        unsafe { libc::signal(libc::SIGPIPE, count as *const () as libc::sighandler_t) };
        let broken = |result: io::Result<()>| result.unwrap_err().raw_os_error();
        assert_eq!(broken(without(write_to_nobody)), Some(libc::EPIPE));
        assert_eq!(SIGNALS.load(Ordering::SeqCst), 0);
        assert_eq!(broken(write_to_nobody()), Some(libc::EPIPE));
        assert_eq!(SIGNALS.load(Ordering::SeqCst), 1);
    }
}
