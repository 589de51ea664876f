//! Noticing that this process is a fork of the one that made a reactor.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);

extern "C" fn count_fork() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// A number that differs between a process and the children it forks from now on.
///
/// Reading it costs no system call, unlike `getpid(2)`.
pub(crate) fn generation() -> u64 {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(|| {
        // SAFETY: count_fork only touches an atomic, which is allowed in a forked child. A failure
        // (ENOMEM) leaves forks unnoticed, which is no worse than having no handler.
        unsafe { libc::pthread_atfork(None, None, Some(count_fork)) };
    });
    GENERATION.load(Ordering::Relaxed)
}
