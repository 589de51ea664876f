//! Limits of the process.

use std::io;

/// Sets the soft limit of open descriptors where `wanted` is given (raising the hard one where that
/// is needed and allowed), and returns the soft limit in force. See getrlimit(2).
pub fn descriptor_limit(wanted: Option<u64>) -> io::Result<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: limit is a valid rlimit to write to.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let Some(wanted) = wanted else {
        return Ok(limit.rlim_cur);
    };
    limit.rlim_cur = wanted as libc::rlim_t;
    limit.rlim_max = limit.rlim_max.max(limit.rlim_cur);
    // SAFETY: limit is a valid rlimit to read from.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(limit.rlim_cur)
}
