//! Noticing that this process is a fork of the one that made a reactor.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);
static CHILDREN: AtomicU64 = AtomicU64::new(0);

extern "C" fn count_fork() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

extern "C" fn count_child() {
    CHILDREN.fetch_add(1, Ordering::Relaxed);
}

/// A number that differs between a process and the children it forks from now on.
///
/// Reading it costs no system call, unlike `getpid(2)`.
pub(crate) fn generation() -> u64 {
    watch();
    GENERATION.load(Ordering::Relaxed)
}

/// The same for those who have asked for it before, which need not see that it is counted.
#[inline(always)]
pub(crate) fn generation_again() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// How many children this process has forked since the first call of this or [`generation`].
pub(crate) fn children() -> u64 {
    watch();
    CHILDREN.load(Ordering::Relaxed)
}

fn watch() {
    static HANDLERS: Once = Once::new();
    HANDLERS.call_once(|| {
        // SAFETY: the handlers only touch an atomic, which is allowed in a forked child. A failure
        // (ENOMEM) leaves forks unnoticed, which is no worse than having no handlers.
        unsafe { libc::pthread_atfork(None, Some(count_child), Some(count_fork)) };
    });
}
