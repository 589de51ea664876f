//! Processes that are watched for their end.

use std::collections::BTreeMap;

use em_reactor::{Id, Reason};

use super::Program;
use crate::kernel;

/// Processes that run, and watches of them.
#[derive(Debug, Default)]
pub(super) struct Processes {
    pub(super) running: Vec<i32>,
    watches: BTreeMap<Id, Watch>,
}

#[derive(Debug)]
struct Watch {
    pid: i32,
    told: bool,
    ended: bool,
}

impl Program {
    pub(super) fn act_by_processes(&mut self) {
        let running = &mut self.processes.running;
        running.retain(|pid| !kernel::with(|kernel| kernel.has_ended(*pid)));
        let Some(pid) = self.random.pick(running) else {
            let pid = kernel::with(|kernel| kernel.start_process());
            return self.processes.running.push(pid);
        };
        match self.random.below(10) {
            0 => {
                let pid = kernel::with(|kernel| kernel.start_process());
                self.processes.running.push(pid);
            }
            1..=3 => self.watch_process(pid),
            4 | 5 => self.wait_for_exit(pid),
            6 => self.unwatch_process(),
            _ => self.end_process(pid),
        }
    }

    fn end_process(&mut self, pid: i32) {
        let status = match self.random.chance(500) {
            true => self.random.below(256) << 8,
            false => self.random.between(1, 15),
        } as i32;
        self.trace(|| format!("process {pid} ends: {status}"));
        self.processes.running.retain(|other| *other != pid);
        kernel::with(|kernel| kernel.end_process(pid, status));
    }

    fn watch_process(&mut self, pid: i32) {
        let result = self.reactor.watch_process(pid);
        self.trace(|| format!("process {pid} is watched: {result:?}"));
        let Ok(id) = result else { return };
        assert!(self.names.insert(id), "{id:?} is used again");
        let watch = Watch {
            pid,
            told: false,
            ended: false,
        };
        self.processes.watches.insert(id, watch);
    }

    fn unwatch_process(&mut self) {
        let ids: Vec<Id> = self.processes.watches.keys().copied().collect();
        if let Some(id) = self.random.pick(&ids) {
            self.end_process_watch(id);
        }
    }

    fn end_process_watch(&mut self, id: Id) {
        self.trace(|| format!("{id:?} is watched no more"));
        let watch = self.processes.watches.get_mut(&id).expect("a watch");
        watch.ended = true;
        self.reactor.unwatch_process(id).expect("a watch");
    }

    pub(super) fn end_process_watches(&mut self) {
        for id in self.processes.watches.keys().copied().collect::<Vec<_>>() {
            self.end_process_watch(id);
        }
    }

    /// All watches are about to end.
    pub(super) fn note_end_of_process_watches(&mut self) {
        let watches = self.processes.watches.values_mut();
        watches.for_each(|watch| watch.ended = true);
    }

    pub(super) fn process_exited(&mut self, id: Id) {
        let watch = self.processes.watches.get_mut(&id).expect("a watch");
        assert!(
            !watch.told && !watch.ended,
            "the end of {id:?} is told twice"
        );
        watch.told = true;
        let has_ended = kernel::with(|kernel| kernel.has_ended(watch.pid));
        assert!(has_ended, "{id:?} has not ended");
    }

    /// Whether it is the watch of a process that has ended.
    pub(super) fn process_watch_ended(&mut self, id: Id, reason: Option<&Reason>) -> bool {
        let Some(watch) = self.processes.watches.remove(&id) else {
            return false;
        };
        let may_lack = kernel::with(|kernel| kernel.may_have_lacked);
        let is_right = watch.told || watch.ended || may_lack;
        assert!(is_right, "{id:?} ends by itself: {reason:?}");
        self.reactor.release(id);
        true
    }

    pub(super) fn count_process_watches(&self) -> usize {
        self.processes.watches.len()
    }

    pub(super) fn check_processes_at_rest(&self) {
        for (id, watch) in &self.processes.watches {
            let has_ended = kernel::with(|kernel| kernel.has_ended(watch.pid));
            assert!(!has_ended && !watch.ended, "{id:?} misses the end");
        }
    }
}
