//! The hosts file, hosts(5).

use std::fs;

const FILE: &str = "/etc/hosts";

/// Whether it has this name, for any address.
pub(crate) fn has(name: &str) -> bool {
    // One that cannot be read has none.
    lists(&fs::read(FILE).unwrap_or_default(), name)
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
