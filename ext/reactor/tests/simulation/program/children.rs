//! Child processes, each at the other end of a connection.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;

use super::Program;
use crate::kernel;

/// The most that run at a time.
const MOST: usize = 3;

impl Program {
    pub(super) fn spawn(&mut self) {
        if self.conns_of_children().len() >= MOST {
            return;
        }
        let program = "/nothing/child";
        let result = self
            .reactor
            .spawn(OsStr::new(program), &[OsString::from(program)]);
        self.trace(|| format!("starts a child: {result:?}"));
        let Ok(id) = result else {
            let may_lack = kernel::with(|kernel| kernel.may_have_lacked);
            return assert!(may_lack, "no child: {result:?}");
        };
        let index = self.add_conn(id);
        self.note_link(index);
        let pid = self.reactor.child_pid(id).expect("a child") as i32;
        self.conns[index].child = Some(pid);
        self.trace(|| format!("{id:?} is connected to process {pid}"));
        let (link, side) = self.conns[index].link.expect("a link");
        self.outside.push((link, 1 - side));
        self.processes.running.push(pid);
    }

    /// Connections to children whose end was not told.
    fn conns_of_children(&self) -> Vec<usize> {
        let open = self.by_id.values().copied();
        open.filter(|index| self.conns[*index].child.is_some())
            .collect()
    }

    /// Those that write no more end, for whose end alone their connections wait.
    pub(super) fn end_mute_children(&mut self) {
        for index in self.conns_of_children() {
            let conn = &self.conns[index];
            let (Some((link, side)), Some(pid)) = (conn.link, conn.child) else {
                continue;
            };
            kernel::with(|kernel| {
                if kernel.links[link].ends[1 - side].shut {
                    kernel.end_process(pid, 0);
                }
            });
        }
    }

    /// Whether the child of a connection runs, for whose end that waits.
    pub(super) fn waits_for_child(&self, index: usize) -> bool {
        let runs = |pid| !kernel::with(|kernel| kernel.has_ended(pid));
        let conn = &self.conns[index];
        conn.child.is_some_and(runs) && !conn.detached
    }

    /// A connection to a child ends when that is reaped, whose status is known then.
    pub(super) fn check_child(&mut self, index: usize) {
        let conn = &self.conns[index];
        let (id, Some(pid)) = (conn.id, conn.child) else {
            return;
        };
        let is_reaped = kernel::with(|kernel| kernel.is_reaped(pid));
        if self.left.contains(&pid) {
            return assert!(!is_reaped, "{id:?} was left");
        }
        if conn.detached && !is_reaped {
            return self.left.push(pid);
        }
        assert!(is_reaped, "{id:?} ends before its child, {pid}");
        let status = self.reactor.child_status(id).map(ExitStatusExt::into_raw);
        let ended = kernel::with(|kernel| kernel.status_of(pid));
        assert_eq!(status, ended, "the status of {id:?}");
    }

    /// All ends at once: children that run are the program's to wait for.
    pub(super) fn note_left(&mut self, left: &[u32]) {
        for pid in left.iter().map(|pid| *pid as i32) {
            let is_reaped = kernel::with(|kernel| kernel.is_reaped(pid));
            assert!(!is_reaped, "{pid} is reaped, and left");
            self.left.push(pid);
        }
    }

    /// Those that are left end, and are waited for; there are no others.
    pub(super) fn wait_for_left(&mut self) {
        for pid in std::mem::take(&mut self.left) {
            kernel::with(|kernel| kernel.end_process(pid, 0));
            while kernel::with(|kernel| kernel.reap(pid)) == Err(libc::EINTR) {}
        }
        let unreaped = kernel::with(|kernel| kernel.unreaped());
        assert!(unreaped.is_empty(), "nobody waits for {unreaped:?}");
    }
}
