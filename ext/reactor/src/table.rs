//! A slab with generations: the owner of everything that has an [`Id`].

use std::sync::atomic::{AtomicU64, Ordering};

use crate::id::{Id, Space};

/// The highest generation that tables which are gone have given.
static PAST: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Slot<T> {
    generation: u64,
    value: Option<T>,
}

/// Values by [`Id`], in constant time and without hashing; ids are not used again.
#[derive(Debug)]
pub(crate) struct Table<T> {
    space: Space,
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
    /// What new slots begin with: no name is given that a table before this has given.
    past: u64,
    highest: u64,
}

impl<T> Table<T> {
    pub(crate) fn of(space: Space) -> Self {
        let past = PAST.load(Ordering::Relaxed);
        Self {
            space,
            slots: Vec::new(),
            free: Vec::new(),
            past,
            highest: past,
        }
    }

    /// Stores `value`; `None` when all names are in use.
    pub(crate) fn insert(&mut self, value: T) -> Option<Id> {
        self.insert_with(|_| value)
    }

    /// Stores a value that is to know its own name.
    pub(crate) fn insert_with(&mut self, make: impl FnOnce(Id) -> T) -> Option<Id> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < Id::MAX_SLOTS => {
                self.slots.push(Slot {
                    generation: self.past,
                    value: None,
                });
                self.slots.len() - 1
            }
            None => return None,
        };
        let entry = &mut self.slots[slot];
        entry.generation += 1;
        self.highest = self.highest.max(entry.generation);
        let id = Id::new(self.space, slot, entry.generation);
        entry.value = Some(make(id));
        Some(id)
    }

    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        let slot = self.slots.get(id.slot())?;
        if Id::new(self.space, id.slot(), slot.generation) == id {
            slot.value.as_ref()
        } else {
            None
        }
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.slot())?;
        if Id::new(self.space, id.slot(), slot.generation) == id {
            slot.value.as_mut()
        } else {
            None
        }
    }

    pub(crate) fn remove(&mut self, id: Id) -> Option<T> {
        self.get(id)?;
        let value = self.slots[id.slot()].value.take();
        self.free.push(id.slot());
        value
    }

    /// What is in `slot` now, whatever its name.
    pub(crate) fn at_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.slots.get_mut(slot)?.value.as_mut()
    }

    /// The name of what is in `slot` now.
    fn id_at(&self, slot: usize) -> Option<Id> {
        let entry = self.slots.get(slot)?;
        entry
            .value
            .as_ref()
            .map(|_| Id::new(self.space, slot, entry.generation))
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        (0..self.slots.len()).filter_map(|slot| self.id_at(slot))
    }
}

impl<T> Drop for Table<T> {
    fn drop(&mut self) {
        PAST.fetch_max(self.highest, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_value_is_not_found_under_its_old_name() {
        let mut table = Table::of(Space::Descriptors);
        let first = table.insert("first").unwrap();
        assert_eq!(table.remove(first), Some("first"));
        let second = table.insert("second").unwrap();
        assert_eq!(second.slot(), first.slot());
        assert_ne!(second, first);
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&"second"));
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_table_gives_no_name_of_one_before_it() {
        let mut before = Table::of(Space::Descriptors);
        let mut last = before.insert(()).unwrap();
        for _ in 0..10 {
            before.remove(last);
            last = before.insert(()).unwrap();
        }
        drop(before);
        let mut table = Table::of(Space::Descriptors);
        let id = table.insert(()).unwrap();
        assert_eq!(id.slot(), last.slot());
        assert!(id > last);
        assert!(table.get(last).is_none());
    }

    #[test]
    fn tables_of_different_spaces_share_no_names() {
        let spaces = [Space::Descriptors, Space::FileWatches, Space::Timers];
        let mut tables = spaces.map(Table::of);
        let ids = tables.each_mut().map(|table| table.insert(()).unwrap());
        for (own, table) in tables.iter().enumerate() {
            let known = ids.map(|id| table.get(id).is_some());
            assert_eq!(known, [0, 1, 2].map(|index| index == own));
        }
        assert!(ids.iter().all(|id| id.as_u64() < 1 << 62));
    }

    #[test]
    fn names_are_never_zero_and_foreign_names_name_nothing() {
        let mut table = Table::of(Space::Descriptors);
        let id = table.insert(()).unwrap();
        assert_ne!(id.as_u64(), 0);
        assert!(table.get(Id::from(0)).is_none());
        assert!(table.get(Id::from(u64::MAX)).is_none());
        assert!(table.get_mut(Id::from(12_345_678_901)).is_none());
    }
}
