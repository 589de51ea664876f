//! The module functions, a file for each subject.

use magnus::{Error, RModule, Ruby};

mod connections;
mod datagrams;
mod descriptors;
mod files;
mod flow;
mod handlers;
mod machine;
mod mapper;
pub(crate) mod names;
mod passing;
mod processes;
mod proxies;
mod servers;
mod settings;
mod sockets;
mod timers;
pub(crate) mod tls;
mod watchers;

pub(crate) use connections::send_shared;
pub(crate) use flow::set_reading;

/// Defines all of them.
pub(crate) fn init(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    machine::init(module)?;
    timers::init(ruby, module)?;
    servers::init(module)?;
    names::init(module)?;
    connections::init(ruby, module)?;
    flow::init(module)?;
    handlers::init(module)?;
    datagrams::init(module)?;
    descriptors::init(module)?;
    passing::init(module)?;
    processes::init(module)?;
    files::init(module)?;
    mapper::init(ruby, module)?;
    proxies::init(module)?;
    sockets::init(module)?;
    settings::init(module)?;
    tls::init(module)?;
    watchers::init(module)
}
