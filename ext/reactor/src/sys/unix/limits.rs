//! Limits of the process.

use std::io;

use crate::error::{Error, Result};

/// Sets the soft limit of open descriptors where `wanted` is given, and returns the one in force.
/// The hard limit is raised where that is needed and allowed; where it is not, it is as far as this
/// goes. See getrlimit(2).
///
/// Unsupported on Windows, which has no such limit.
pub fn descriptor_limit(wanted: Option<u64>) -> Result<u64> {
    let mut limit = get().map_err(|error| Error::system("getrlimit", "descriptors", error))?;
    if let Some(wanted) = wanted {
        let describe = |error| Error::system("setrlimit", format!("{wanted} descriptors"), error);
        limit = raise(limit, wanted).map_err(describe)?;
    }
    #[allow(clippy::unnecessary_cast, reason = "rlim_t is signed on FreeBSD")]
    Ok(limit.rlim_cur as u64)
}

fn raise(limit: libc::rlimit, wanted: u64) -> io::Result<libc::rlimit> {
    #[allow(clippy::unnecessary_cast, reason = "rlim_t is signed on FreeBSD")]
    let soft = wanted.min(libc::RLIM_INFINITY as u64) as libc::rlim_t;
    let hard = limit.rlim_max;
    let raised = libc::rlimit {
        rlim_cur: soft,
        rlim_max: hard.max(soft),
    };
    match set(&raised) {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            let furthest = libc::rlimit {
                rlim_cur: hard,
                rlim_max: hard,
            };
            set(&furthest).map(|()| furthest)
        }
        result => result.map(|()| raised),
    }
}

fn get() -> io::Result<libc::rlimit> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: limit is a valid rlimit to write to.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } == 0 {
        Ok(limit)
    } else {
        Err(io::Error::last_os_error())
    }
}

fn set(limit: &libc::rlimit) -> io::Result<()> {
    // SAFETY: limit is a valid rlimit to read from.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, limit) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
