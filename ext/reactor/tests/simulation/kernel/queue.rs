//! Bytes on their way.

/// The first in is the first out.
#[derive(Debug, Default)]
pub struct Queue {
    bytes: Vec<u8>,
    taken: usize,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    pub fn push(&mut self, data: &[u8]) {
        self.bytes.extend_from_slice(data);
    }

    /// The next `count` bytes, or as many as there are.
    pub fn peek(&self, count: usize) -> &[u8] {
        &self.bytes[self.taken..][..count.min(self.len())]
    }

    pub fn skip(&mut self, count: usize) {
        self.taken += count.min(self.len());
        if self.taken > self.bytes.len() / 2 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }

    pub fn move_to(&mut self, other: &mut Self, count: usize) -> usize {
        let count = count.min(self.len());
        other.push(self.peek(count));
        self.skip(count);
        count
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
