//! Configurations that are kept, so that equal parameters are parsed only once.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use super::config::{self, Config};
use super::error::Error;
use super::sources::Sources;

/// How many configurations are kept; the least recently used one goes first.
const CAPACITY: usize = 64;

/// The configuration for `sources`, built once for equal ones.
///
/// Where another thread is at it, or where a fork left the lock taken, the cache is passed by.
pub(super) fn config(sources: Sources) -> Result<Config, Error> {
    static CACHE: OnceLock<Mutex<Cache>> = OnceLock::new();

    match CACHE.get_or_init(Default::default).try_lock() {
        Ok(mut cache) => cache.fetch(sources),
        Err(_) => config::build(&sources),
    }
}

#[derive(Default)]
struct Cache {
    entries: HashMap<Sources, Entry>,
    clock: u64,
}

struct Entry {
    config: Config,
    used: u64,
}

impl Cache {
    fn fetch(&mut self, sources: Sources) -> Result<Config, Error> {
        self.clock += 1;
        if let Some(entry) = self.entries.get_mut(&sources) {
            entry.used = self.clock;
            return Ok(entry.config.clone());
        }
        let config = config::build(&sources)?;
        self.make_room();
        let entry = Entry {
            config: config.clone(),
            used: self.clock,
        };
        self.entries.insert(sources, entry);
        Ok(config)
    }

    fn make_room(&mut self) {
        if self.entries.len() < CAPACITY {
            return;
        }
        let oldest = self
            .entries
            .iter()
            .min_by_key(|(_, entry)| entry.used)
            .map(|(sources, _)| sources.clone());
        if let Some(sources) = oldest {
            self.entries.remove(&sources);
        }
    }
}
