//! The real kernel's calls, for what is its own; and those that have no function of their own.

use libc::{c_int, c_long};

use super::{call, children, fail, is_ours, number};

/// # Safety
///
/// See syscall(2): as the call says that the number stands for.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(
    which: c_long,
    one: c_long,
    two: c_long,
    three: c_long,
    four: c_long,
    five: c_long,
    six: c_long,
) -> c_long {
    if which == libc::SYS_pidfd_open && crate::kernel::try_with(|_| ()).is_some() {
        return c_long::from(number(call(|kernel| kernel.pidfd(one as c_int))));
    }
    if which == libc::SYS_pidfd_send_signal && is_ours(one as c_int) {
        return c_long::from(children::signal(one as c_int, two as c_int));
    }
    // SAFETY: as the caller says.
    match unsafe { enter(which, [one, two, three, four, five, six]) } {
        error @ -4095..=-1 => fail(-error as c_int),
        value => value,
    }
}

/// # Safety
///
/// See syscall(2).
#[cfg(target_arch = "x86_64")]
unsafe fn enter(which: c_long, arguments: [c_long; 6]) -> c_long {
    let mut result = which;
    // SAFETY: as the caller says; the kernel changes these registers and no memory but the call's.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// # Safety
///
/// See syscall(2).
#[cfg(target_arch = "aarch64")]
unsafe fn enter(which: c_long, arguments: [c_long; 6]) -> c_long {
    let mut result = arguments[0];
    // SAFETY: as the caller says; the kernel changes no memory but the call's.
    unsafe {
        std::arch::asm!(
            "svc 0",
            in("x8") which,
            inlateout("x0") result,
            in("x1") arguments[1],
            in("x2") arguments[2],
            in("x3") arguments[3],
            in("x4") arguments[4],
            in("x5") arguments[5],
            options(nostack),
        );
    }
    result
}
