//! Agreement with whoever started the load on when it begins and ends.

use std::io::{self, Write};

use crate::summary::Summary;

/// Tells that connections stand and are warm; measures for each line of the input and tells the result.
/// Returns at the end of the input, when the connections may be closed.
pub fn measure_when_told(mut measure: impl FnMut() -> io::Result<Summary>) -> io::Result<()> {
    tell("ready")?;
    for line in io::stdin().lines() {
        line?;
        tell(&measure()?.into_json())?;
    }
    Ok(())
}

fn tell(line: &str) -> io::Result<()> {
    println!("{line}");
    io::stdout().flush()
}
