//! Processes, and descriptors that stand for them: pidfd_open(2).

use super::{Answer, Kernel, Kind};

impl Kernel {
    /// A new process: its number.
    pub fn start_process(&mut self) -> i32 {
        let pid = 1_000 + self.processes.len() as i32;
        self.processes.insert(pid, false);
        pid
    }

    /// A process ends.
    pub fn end_process(&mut self, pid: i32) {
        self.processes.insert(pid, true);
        for file in 0..self.files.len() {
            let kind = self.files[file].as_ref().map(|file| &file.kind);
            if matches!(kind, Some(Kind::Process(other)) if *other == pid) {
                self.wake(Some(file), libc::EPOLLIN);
            }
        }
    }

    pub fn has_ended(&self, pid: i32) -> bool {
        self.processes.get(&pid).copied().unwrap_or(true)
    }

    pub(super) fn pidfd(&mut self, pid: i32) -> Answer<i32> {
        if !self.processes.contains_key(&pid) {
            return Err(libc::ESRCH);
        }
        self.may_lack()?;
        self.open(Kind::Process(pid))
    }
}
