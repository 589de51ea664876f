//! Limits of the process.

use std::io;

/// Sets the soft limit of open descriptors where `wanted` is given, and returns the one in force. The
/// hard limit is raised where that is needed and allowed; where it is not, it is as far as this goes.
/// See getrlimit(2).
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
    let hard = limit.rlim_max;
    limit.rlim_cur = wanted as libc::rlim_t;
    limit.rlim_max = hard.max(limit.rlim_cur);
    match set(&limit) {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            let limit = libc::rlimit {
                rlim_cur: hard,
                rlim_max: hard,
            };
            set(&limit).map(|()| hard)
        }
        result => result.map(|()| limit.rlim_cur),
    }
}

fn set(limit: &libc::rlimit) -> io::Result<()> {
    // SAFETY: limit is a valid rlimit to read from.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, limit) };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
