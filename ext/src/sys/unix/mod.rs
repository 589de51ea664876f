//! Unix: Ruby's numbers, strings and errors are the system's.

pub(crate) mod descriptors;
pub(crate) mod files;
pub(crate) mod latch;
pub(crate) mod limit;
pub(crate) mod queue;
pub(crate) mod transfers;
pub(crate) mod words;

mod readable;
