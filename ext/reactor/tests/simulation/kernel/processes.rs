//! Processes, and descriptors that stand for them: pidfd_open(2). Some are the program's children.

use super::{Answer, Kernel, Kind};

/// A process.
#[derive(Debug, Default)]
pub struct Process {
    /// How it ended, as wait(2) packs it.
    status: Option<i32>,
    is_child: bool,
    is_reaped: bool,
    /// What it has open.
    file: Option<usize>,
    ignores_term: bool,
}

impl Kernel {
    /// A new process: its number.
    pub fn start_process(&mut self) -> i32 {
        let pid = 1_000 + self.processes.len() as i32;
        self.processes.insert(pid, Process::default());
        pid
    }

    /// A child of the program's, which has an open file.
    pub(super) fn spawn(&mut self, fd: i32) -> Answer<i32> {
        let file = self.file_of(fd)?;
        if self.chance(self.faults.shortage) {
            self.may_have_lacked = true;
            return Err(libc::EAGAIN);
        }
        self.file_mut(file).references += 1;
        let child = Process {
            is_child: true,
            file: Some(file),
            ignores_term: self.random.chance(300),
            ..Process::default()
        };
        let pid = self.start_process();
        self.processes.insert(pid, child);
        Ok(pid)
    }

    /// A process ends, by itself or by a signal.
    pub fn end_process(&mut self, pid: i32, status: i32) {
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        if process.status.is_some() {
            return;
        }
        process.status = Some(status);
        if let Some(file) = process.file.take() {
            self.unrefer(file);
        }
        for file in 0..self.files.len() {
            let kind = self.files[file].as_ref().map(|file| &file.kind);
            if matches!(kind, Some(Kind::Process(other)) if *other == pid) {
                self.wake(Some(file), libc::EPOLLIN);
            }
        }
    }

    pub fn has_ended(&self, pid: i32) -> bool {
        self.status_of(pid).is_some()
    }

    /// How a process ended.
    pub fn status_of(&self, pid: i32) -> Option<i32> {
        self.processes.get(&pid).and_then(|process| process.status)
    }

    pub fn is_reaped(&self, pid: i32) -> bool {
        self.processes
            .get(&pid)
            .is_some_and(|process| process.is_reaped)
    }

    /// Children whose end nobody has waited for.
    pub fn unreaped(&self) -> Vec<i32> {
        let children = self.processes.iter();
        let children = children.filter(|(_, process)| process.is_child && !process.is_reaped);
        children.map(|(pid, _)| *pid).collect()
    }

    pub(super) fn knows_process(&self, pid: i32) -> bool {
        self.processes.contains_key(&pid)
    }

    pub(super) fn pidfd(&mut self, pid: i32) -> Answer<i32> {
        let process = self.processes.get(&pid).ok_or(libc::ESRCH)?;
        if process.is_reaped {
            return Err(libc::ESRCH);
        }
        self.may_lack()?;
        self.open(Kind::Process(pid))
    }

    /// The process that a descriptor stands for.
    pub(super) fn process_of(&mut self, fd: i32) -> Answer<i32> {
        match self.kind_of(fd)? {
            Kind::Process(pid) => Ok(*pid),
            _ => Err(libc::EBADF),
        }
    }

    /// How a child ended, by which it is reaped.
    pub fn reap(&mut self, pid: i32) -> Answer<Option<i32>> {
        self.may_interrupt()?;
        let process = self.processes.get_mut(&pid).ok_or(libc::ECHILD)?;
        if !process.is_child || process.is_reaped {
            return Err(libc::ECHILD);
        }
        process.is_reaped = process.status.is_some();
        Ok(process.status)
    }

    /// Sends a signal. The number of one that is reaped may stand for another.
    pub(super) fn signal(&mut self, pid: i32, signal: i32) -> Answer {
        let process = self.processes.get(&pid).ok_or(libc::ESRCH)?;
        if process.is_reaped {
            self.misuse
                .push(format!("signal {signal} for {pid}, reaped"));
            return Err(libc::ESRCH);
        }
        let is_deadly = match signal {
            libc::SIGTERM => !process.ignores_term,
            other => other == libc::SIGKILL,
        };
        if is_deadly {
            self.end_process(pid, signal);
        }
        Ok(0)
    }
}
