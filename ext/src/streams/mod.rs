//! What streams do for each message: without Ruby's frames, and without an Array of the arguments.

mod reading;
mod state;
mod writing;

use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value};

pub(crate) fn init(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    state::init(ruby)?;
    reading::init(module.define_module("StreamRead")?)?;
    writing::init(module.define_module("StreamWrite")?)?;
    let names = ("StreamState", "StreamRead", "StreamWrite");
    module
        .funcall::<_, _, Value>("private_constant", names)
        .map(drop)
}
