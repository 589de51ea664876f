//! Load generator: drives one server over loopback and prints what it measured as a line of JSON.
//!
//! `load echo ADDRESS …`: messages over streams, each answered by as many bytes as are told. `load udp
//! ADDRESS …`: the same with datagrams. `load churn ADDRESS …`: connections that are opened and closed.
//!
//! Without `--rate` as fast as the server answers, one message under way on each connection; with it at
//! scheduled instants, from which latencies are measured, so that a server that falls behind is not spared.
//!
//! It connects, warms up and prints `ready`. For each line of its input it measures and prints the result;
//! its connections it keeps until the input ends. See `options.rs` for what it is told.

mod churn;
mod client;
mod closed;
mod control;
mod fleet;
mod open;
mod options;
mod socket;
mod summary;

use std::process::ExitCode;

use fleet::Fleet;
use options::Options;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().ok_or("which load?")?;
    let options = Options::parse(arguments)?;
    match kind.as_str() {
        "echo" => drive(&options, false),
        "udp" => drive(&options, true),
        "churn" => churn(&options),
        other => Err(format!("no such load: {other}").into()),
    }
}

fn drive(options: &Options, datagrams: bool) -> Result<(), Box<dyn std::error::Error>> {
    let mut fleet = Fleet::connect(options, datagrams)?;
    closed::run(&mut fleet, options.warm_up)?;
    control::measure_when_told(|| match options.rate {
        None => closed::run(&mut fleet, options.messages),
        Some(rate) => open::run(&mut fleet, options.messages, rate),
    })?;
    Ok(())
}

fn churn(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    churn::run(options, options.warm_up, None)?;
    control::measure_when_told(|| churn::run(options, options.messages, options.rate))?;
    Ok(())
}
