//! Load generator: drives one server over loopback and prints what it measured as a line of JSON.
//!
//! `load echo ADDRESS --connections N --size BYTES --messages N`: every connection sends a message, waits for
//! it to come back whole, and sends the next, until all messages have been echoed.
//!
//! `--reply BYTES` is the size of the answer where it is another than the message's.
//!
//! `load udp ADDRESS …`: the same with datagrams, one socket for each connection.
//!
//! `load churn ADDRESS --messages N`: connects and closes, one connection after the other.

mod churn;
mod echo;
mod options;
mod summary;
mod udp;

use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().ok_or("which load?")?;
    let options = Options::parse(arguments)?;
    let summary = match kind.as_str() {
        "echo" => echo::run(&options)?,
        "udp" => udp::run(&options)?,
        "churn" => churn::run(&options)?,
        other => return Err(format!("no such load: {other}").into()),
    };
    Ok(summary.into_json())
}
