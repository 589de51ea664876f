//! What a sandbox forbids: system calls that a program may not know to be missing.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the helpers are part of the tests")]

mod common;

use common::Loop;
use em_reactor::Event;

/// Has these system calls fail in this thread from now on.
fn forbid(calls: [libc::c_long; 2], errno: i32) {
    let equal = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    let answer = (libc::BPF_RET | libc::BPF_K) as u16;
    let refused = libc::SECCOMP_RET_ERRNO | errno as u32;
    // SAFETY: these only make values; the number of the call is the first of what a filter sees.
    let mut filter = unsafe {
        [
            libc::BPF_STMT((libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, 0),
            libc::BPF_JUMP(equal, calls[0] as u32, 1, 0),
            libc::BPF_JUMP(equal, calls[1] as u32, 0, 1),
            libc::BPF_STMT(answer, refused),
            libc::BPF_STMT(answer, libc::SECCOMP_RET_ALLOW),
        ]
    };
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    let (yes, none): (libc::c_ulong, libc::c_ulong) = (1, 0);
    let mode = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: the filter lives until after the call, which copies it.
    let results = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, yes, none, none, none),
            libc::prctl(libc::PR_SET_SECCOMP, mode, &program),
        ]
    };
    assert_eq!(results, [0, 0], "{}", std::io::Error::last_os_error());
}

fn datagrams_go_one_by_one(errno: i32) {
    forbid([libc::SYS_recvmmsg, libc::SYS_sendmmsg], errno);
    let mut l = Loop::new();
    let any = "127.0.0.1:0".parse().unwrap();
    let server = l.reactor.open_datagram(any).unwrap();
    let address = l.local_address(server);
    let client = l.reactor.open_datagram(any).unwrap();
    let numbers: Vec<u8> = (0..40).collect();
    for number in &numbers {
        l.reactor
            .send_datagram(client, &[*number], address)
            .unwrap();
    }
    l.reactor.flush();
    let mut answered = Vec::new();
    l.run_until(|reactor, seen| {
        match seen.event {
            Event::Data { id, .. } if id == server => {
                reactor.send(server, &seen.data).unwrap();
            }
            Event::Data { .. } => answered.extend_from_slice(&seen.data),
            _ => {}
        }
        answered.len() == numbers.len()
    });
    assert_eq!(answered, numbers);
}

#[test]
fn datagrams_go_one_by_one_where_batches_are_not_implemented() {
    datagrams_go_one_by_one(libc::ENOSYS);
}

#[test]
fn datagrams_go_one_by_one_where_batches_are_not_permitted() {
    datagrams_go_one_by_one(libc::EPERM);
}
