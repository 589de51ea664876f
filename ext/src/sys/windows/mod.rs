//! Windows: Ruby's numbers of descriptors are those of its C library, and its error numbers too.
//! Waits of fibers for descriptors are not written for it yet.

pub(crate) mod descriptors;
pub(crate) mod files;
pub(crate) mod latch;
pub(crate) mod limit;
pub(crate) mod queue;
pub(crate) mod transfers;
pub(crate) mod words;

mod gvl;
