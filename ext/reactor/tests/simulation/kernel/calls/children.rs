//! Child processes: posix_spawn(3), which `std::process::Command` uses, wait(2) and kill(2).

use libc::{c_char, c_int, c_void, id_t, idtype_t, pid_t, siginfo_t};

use super::{call, fail, is_ours, number, status};
use crate::kernel::{Answer, Kernel, try_with};

/// A child has one of our descriptors: which one is kept until there is that child.
///
/// # Safety
///
/// See posix_spawn_file_actions_adddup2(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn posix_spawn_file_actions_adddup2(
    _actions: *mut c_void,
    fd: c_int,
    _other: c_int,
) -> c_int {
    try_with(|kernel| kernel.child_input = Some(fd)).map_or(libc::ENOSYS, |()| 0)
}

/// # Safety
///
/// See posix_spawn(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn posix_spawnp(
    pid: *mut pid_t,
    _file: *const c_char,
    _actions: *const c_void,
    _attributes: *const c_void,
    _argv: *const *mut c_char,
    _envp: *const *mut c_char,
) -> c_int {
    let spawned = call(|kernel| {
        let fd = kernel.child_input.take().ok_or(libc::EBADF)?;
        kernel.spawn(fd)
    });
    match spawned {
        Ok(child) => {
            // SAFETY: callers give room for a number.
            unsafe { *pid = child };
            0
        }
        Err(error) => error,
    }
}

/// # Safety
///
/// See waitid(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn waitid(
    kind: idtype_t,
    id: id_t,
    info: *mut siginfo_t,
    options: c_int,
) -> c_int {
    if kind != libc::P_PIDFD || !is_ours(id as c_int) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_waitid, kind, id, info, options, 0) as c_int };
    }
    let ended = |kernel: &mut Kernel| {
        let pid = kernel.process_of(id as c_int)?;
        Ok(kernel.reap(pid)?.map(|status| (pid, status)))
    };
    status(call(ended).map(|ended| {
        let Some((pid, status)) = ended else { return };
        let (code, value) = match status & 0x7f {
            0 => (libc::CLD_EXITED, status >> 8),
            signal => (libc::CLD_KILLED, signal),
        };
        let fields = [(0, libc::SIGCHLD), (2, code), (4, pid), (6, value)];
        for (index, field) in fields {
            // SAFETY: these are numbers at the start of it, which callers give room for.
            unsafe { info.cast::<c_int>().add(index).write(field) };
        }
    }))
}

/// # Safety
///
/// See waitpid(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t {
    let Some(answer) = of_process(pid, |kernel| kernel.reap(pid)) else {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_wait4, pid, status, options, 0) as pid_t };
    };
    match answer {
        Ok(Some(value)) => {
            // SAFETY: callers give room for a number.
            unsafe { *status = value };
            pid
        }
        Ok(None) => 0,
        Err(error) => fail::<i32>(error),
    }
}

#[unsafe(no_mangle)]
extern "C" fn kill(pid: pid_t, signal: c_int) -> c_int {
    match of_process(pid, |kernel| kernel.signal(pid, signal)) {
        Some(answer) => status(answer),
        // SAFETY: the real call, with the caller's arguments.
        None => unsafe { libc::syscall(libc::SYS_kill, pid, signal) as c_int },
    }
}

/// Sends a signal by a descriptor of ours.
pub(super) fn signal(fd: c_int, signal: c_int) -> c_int {
    number(call(|kernel| {
        let pid = kernel.process_of(fd)?;
        kernel.signal(pid, signal).map(|_| 0)
    }))
}

/// Calls this thread's kernel, where it has the process.
fn of_process<T>(pid: pid_t, work: impl FnOnce(&mut Kernel) -> Answer<T>) -> Option<Answer<T>> {
    let is_known = try_with(|kernel| kernel.knows_process(pid));
    is_known.unwrap_or(false).then(|| call(work))
}
