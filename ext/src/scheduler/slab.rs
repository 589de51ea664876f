//! Values by number, each number given once.

/// A number that names a value: its place, and how many values that place has had.
pub(super) type Tag = u64;

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

pub(super) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(super) fn insert(&mut self, value: T) -> Tag {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                value: None,
            });
            (self.slots.len() - 1) as u32
        });
        let slot = &mut self.slots[place as usize];
        slot.generation = (slot.generation + 1) & (u32::MAX >> 1);
        slot.value = Some(value);
        self.tag(place as usize)
    }

    pub(super) fn get_mut(&mut self, tag: Tag) -> Option<&mut T> {
        let slot = self.slots.get_mut(tag as u32 as usize)?;
        match slot.generation == (tag >> 32) as u32 {
            true => slot.value.as_mut(),
            false => None,
        }
    }

    pub(super) fn get(&self, tag: Tag) -> Option<&T> {
        let slot = self.slots.get(tag as u32 as usize)?;
        match slot.generation == (tag >> 32) as u32 {
            true => slot.value.as_ref(),
            false => None,
        }
    }

    pub(super) fn remove(&mut self, tag: Tag) -> Option<T> {
        self.get_mut(tag)?;
        let place = tag as u32;
        self.free.push(place);
        self.slots[place as usize].value.take()
    }

    pub(super) fn find(&self, is_it: impl Fn(&T) -> bool) -> Option<Tag> {
        let place = self
            .slots
            .iter()
            .position(|slot| slot.value.as_ref().is_some_and(&is_it))?;
        Some(self.tag(place))
    }

    fn tag(&self, place: usize) -> Tag {
        u64::from(self.slots[place].generation) << 32 | place as u64
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
