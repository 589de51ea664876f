//! The command line.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the server is.
pub enum Address {
    Inet(SocketAddr),
    Unix(PathBuf),
}

/// What a load is told.
pub struct Options {
    /// `127.0.0.1:80`, or `unix:/path`.
    pub address: Address,
    /// `--connections N`: how many are used.
    pub connections: usize,
    /// `--idle N`: how many more there are that say nothing.
    pub idle: usize,
    /// `--size BYTES` or `--request FILE`: a message.
    pub message: Vec<u8>,
    /// `--reply BYTES`: the size of the answer, where it is another than the message's.
    pub reply: usize,
    /// `--pipeline N`: how many messages go out in one piece, before an answer is awaited.
    pub pipeline: usize,
    /// `--warm-up N`: how many messages go before.
    pub warm_up: usize,
    /// `--messages N`: how many are measured.
    pub messages: usize,
    /// `--rate N`: how many a second.
    pub rate: Option<usize>,
}

impl Options {
    /// Reads the address and the `--name value` pairs after it.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let address = arguments.next().ok_or("which address?")?;
        let mut options = Self {
            address: parse_address(&address)?,
            connections: 1,
            idle: 0,
            message: vec![b'x'; 64],
            reply: 0,
            pipeline: 1,
            warm_up: 0,
            messages: 1000,
            rate: None,
        };
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| format!("{name} wants a value"))?;
            options.set(&name, &value)?;
        }
        if options.reply == 0 {
            options.reply = options.message.len();
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if name == "--request" {
            self.message = fs::read(value).map_err(|error| format!("{value}: {error}"))?;
            return Ok(());
        }
        let number = value.parse().map_err(|_| format!("no number: {value}"))?;
        match name {
            "--connections" => self.connections = number,
            "--idle" => self.idle = number,
            "--size" => self.message = vec![b'x'; number],
            "--reply" => self.reply = number,
            "--pipeline" => self.pipeline = number.max(1),
            "--warm-up" => self.warm_up = number,
            "--messages" => self.messages = number,
            "--rate" => self.rate = Some(number.max(1)),
            _ => return Err(format!("no such option: {name}")),
        }
        Ok(())
    }
}

fn parse_address(text: &str) -> Result<Address, String> {
    match text.strip_prefix("unix:") {
        Some(path) => Ok(Address::Unix(path.into())),
        None => text
            .parse()
            .map(Address::Inet)
            .map_err(|_| format!("no address: {text}")),
    }
}
