//! How many connections a listener takes at a time. The rest wait in its backlog.

use std::collections::HashMap;

use super::Reactor;
use crate::base::{Base, Phase};
use crate::descriptor::{Descriptor, Kind};
use crate::error::Result;
use crate::id::Id;

/// The listeners with a limit.
pub(super) type Admissions = HashMap<Id, Admission>;

/// The limit of a listener, and how many of its connections there are.
#[derive(Debug)]
pub(super) struct Admission {
    limit: usize,
    open: usize,
}

impl Reactor {
    /// Has a listener take a connection only while it has fewer than `limit`; `None` for any
    /// number. A connection counts until it is released. Those that are there stay.
    pub fn set_connection_limit(&mut self, listener: Id, limit: Option<usize>) -> Result<()> {
        self.expect_listener(listener, "set_max_connections")?;
        match limit {
            Some(limit) => {
                let open = self.accepted_by(listener);
                self.admissions.insert(listener, Admission { limit, open });
            }
            None => {
                self.admissions.remove(&listener);
            }
        }
        self.enqueue(listener);
        Ok(())
    }

    /// Has a listener take no connection until it is to again, unless it stops. Says whether that
    /// changed anything.
    pub fn set_accepting(&mut self, listener: Id, accepts: bool) -> Result<bool> {
        self.expect_listener(listener, "pause_server")?;
        self.set_paused(listener, !accepts)
    }

    fn expect_listener(&self, id: Id, operation: &'static str) -> Result<()> {
        match &self.descriptor(id)?.kind {
            Kind::Listener(_) => Ok(()),
            kind => Base::wrong_kind(operation, kind.name()),
        }
    }

    fn accepted_by(&self, listener: Id) -> usize {
        let came_by = |one: &Descriptor| listener_of(one) == Some(listener);
        let ids = self.descriptors.ids();
        ids.filter(|id| self.descriptors.get(*id).is_some_and(came_by))
            .count()
    }

    /// Whether a listener leaves what comes in its backlog for now.
    pub(super) fn admits_nobody(&self, listener: Id) -> bool {
        let descriptor = self.descriptors.get(listener);
        let is_paused = descriptor.is_some_and(|d| d.base.paused && d.base.phase == Phase::Open);
        let admission = self.admissions.get(&listener);
        is_paused || admission.is_some_and(|admission| admission.open >= admission.limit)
    }

    pub(super) fn admitted(&mut self, listener: Id) {
        if let Some(admission) = self.admissions.get_mut(&listener) {
            admission.open += 1;
        }
    }

    /// A descriptor is released.
    pub(super) fn departed(&mut self, id: Id, descriptor: &Descriptor) {
        if self.admissions.is_empty() {
            return;
        }
        self.admissions.remove(&id);
        let Some(listener) = listener_of(descriptor) else {
            return;
        };
        if let Some(admission) = self.admissions.get_mut(&listener) {
            admission.open = admission.open.saturating_sub(1);
            self.enqueue(listener);
        }
    }
}

fn listener_of(descriptor: &Descriptor) -> Option<Id> {
    descriptor.as_stream().and_then(|stream| stream.listener())
}
