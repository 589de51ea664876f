//! Memory that is used over and over: a buffer that was written to lately is in the processor's
//! caches.

/// Bytes that are kept for another use.
const KEPT: usize = 1024 * 1024;

/// Buffers that nobody uses at the moment.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    spare: Vec<Vec<u8>>,
    kept: usize,
}

impl Buffers {
    /// An empty buffer, with memory where there is one to be had.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let buffer = self.spare.pop().unwrap_or_default();
        self.kept -= buffer.capacity();
        buffer
    }

    pub(crate) fn put(&mut self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if capacity > 0 && self.kept + capacity <= KEPT {
            buffer.clear();
            self.kept += capacity;
            self.spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_with_its_memory() {
        let mut buffers = Buffers::default();
        let mut buffer = buffers.take();
        assert_eq!(buffer.capacity(), 0);
        buffer.extend_from_slice(&[1; 1000]);
        let memory = buffer.as_ptr();
        buffers.put(buffer);
        let again = buffers.take();
        assert!(again.is_empty() && again.as_ptr() == memory);
        assert_eq!(buffers.kept, 0);
    }

    #[test]
    fn so_much_is_kept_and_no_more() {
        let mut buffers = Buffers::default();
        buffers.put(Vec::with_capacity(KEPT + 1));
        buffers.put(Vec::new());
        assert!(buffers.spare.is_empty());
        for _ in 0..5 {
            buffers.put(Vec::with_capacity(KEPT / 4));
        }
        assert_eq!((buffers.spare.len(), buffers.kept), (4, KEPT));
    }
}
