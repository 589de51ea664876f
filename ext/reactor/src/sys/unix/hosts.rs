//! The hosts file, hosts(5).

use std::fs;
use std::os::unix::fs::MetadataExt;

const FILE: &str = "/etc/hosts";

/// What differs when the file has been changed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edition {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// The edition that there is.
pub(crate) fn edition() -> Option<Edition> {
    // One that cannot be read has no names.
    let file = fs::metadata(FILE).ok()?;
    Some(Edition {
        device: file.dev(),
        inode: file.ino(),
        length: file.len(),
        changed: (file.ctime(), file.ctime_nsec()),
    })
}

/// The edition that there is, where it has this name, for any address.
pub(crate) fn edition_with(name: &str) -> Option<Edition> {
    let edition = edition()?;
    lists(&fs::read(FILE).ok()?, name).then_some(edition)
}

#[cfg(test)]
pub(crate) fn another(edition: Edition) -> Edition {
    Edition {
        length: edition.length + 1,
        ..edition
    }
}

fn lists(file: &[u8], name: &str) -> bool {
    let names = |line: &str| {
        let text = line.split('#').next().unwrap_or_default();
        text.split_whitespace()
            .skip(1)
            .any(|one| one.eq_ignore_ascii_case(name))
    };
    String::from_utf8_lossy(file).lines().any(names)
}

#[cfg(test)]
mod tests {
    use super::lists;

    #[test]
    fn names_and_aliases_are_found_and_nothing_else() {
        let file = b"# one\n127.0.0.1\tlocalhost  host.example\n::1 six # seven\n\xff";
        for name in ["localhost", "HOST.example", "six"] {
            assert!(lists(file, name), "{name}");
        }
        for name in ["127.0.0.1", "::1", "seven", "one", "local", ""] {
            assert!(!lists(file, name), "{name}");
        }
    }
}
