//! The command line.

use std::net::SocketAddr;

/// What a load is told.
pub struct Options {
    pub address: SocketAddr,
    pub connections: usize,
    pub size: usize,
    /// The size of the answer to a message.
    pub reply: usize,
    pub messages: usize,
}

impl Options {
    /// Reads the address and the `--name value` pairs after it.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let address = arguments.next().ok_or("which address?")?;
        let mut options = Self {
            address: address
                .parse()
                .map_err(|_| format!("no address: {address}"))?,
            connections: 1,
            size: 64,
            reply: 0,
            messages: 1000,
        };
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| format!("{name} wants a value"))?;
            let number = value.parse().map_err(|_| format!("no number: {value}"))?;
            match name.as_str() {
                "--connections" => options.connections = number,
                "--size" => options.size = number,
                "--reply" => options.reply = number,
                "--messages" => options.messages = number,
                _ => return Err(format!("no such option: {name}")),
            }
        }
        if options.reply == 0 {
            options.reply = options.size;
        }
        Ok(options)
    }
}
