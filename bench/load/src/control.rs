//! Agreement with whoever started the load on when it begins and ends.

use std::io::{self, Write};

use crate::summary::Summary;

/// Tells that connections stand and are warm; returns when the load is to begin.
pub fn ready() -> io::Result<()> {
    println!("ready");
    io::stdout().flush()?;
    io::stdin().read_line(&mut String::new()).map(drop)
}

/// Tells the result; returns when the connections may be closed.
pub fn done(summary: Summary) -> io::Result<()> {
    println!("{}", summary.into_json());
    io::stdout().flush()?;
    while io::stdin().read_line(&mut String::new())? > 0 {}
    Ok(())
}
