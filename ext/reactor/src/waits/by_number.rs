//! Registrations by the numbers of their descriptors, which are small and dense.

use super::registrations::Registration;
use crate::sys::handle::RawDescriptor;

#[derive(Debug, Default)]
pub(super) struct ByNumber {
    places: Vec<Option<Box<Registration>>>,
    count: usize,
}

impl ByNumber {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn get_mut(&mut self, fd: RawDescriptor) -> Option<&mut Registration> {
        let place = self.places.get_mut(usize::try_from(fd).ok()?)?;
        place.as_deref_mut()
    }

    /// For a number that the system has accepted.
    pub(super) fn insert(&mut self, fd: RawDescriptor, registration: Registration) {
        let Ok(place) = usize::try_from(fd) else {
            return;
        };
        if self.places.len() <= place {
            self.places.resize_with(place + 1, || None);
        }
        if self.places[place].replace(Box::new(registration)).is_none() {
            self.count += 1;
        }
    }

    pub(super) fn remove(&mut self, fd: RawDescriptor) -> Option<Registration> {
        let place = self.places.get_mut(usize::try_from(fd).ok()?)?;
        let removed = place.take()?;
        self.count -= 1;
        Some(*removed)
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Registration) -> bool) {
        for place in &mut self.places {
            if place.as_deref_mut().is_some_and(|kept| !keep(kept)) {
                *place = None;
                self.count -= 1;
            }
        }
    }
}
