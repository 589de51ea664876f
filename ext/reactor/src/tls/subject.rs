//! Names that a subject has beside subjectAltName, where an issuer's constraints on names are about
//! them (RFC 5280 section 4.2.1.10).

use super::der::Reader;
use super::tag;

/// Tags of the two lists of NameConstraints.
const PERMITTED: u8 = 0xa0;
const EXCLUDED: u8 = 0xa1;

/// The contents of the identifiers commonName and emailAddress.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

/// What an issuer says of the names below it.
pub(super) struct Constraints<'a>(Vec<Subtree<'a>>);

struct Subtree<'a> {
    list: u8,
    form: u8,
    base: &'a [u8],
}

impl<'a> Constraints<'a> {
    /// Reads the contents of NameConstraints; `None` where they are malformed.
    pub(super) fn parse(contents: &'a [u8]) -> Option<Self> {
        let (mut lists, mut found) = (Reader(contents), Vec::new());
        while !lists.is_empty() {
            let list = lists.next()?;
            let mut subtrees = Reader(list.contents);
            while !subtrees.is_empty() {
                let name = Reader(subtrees.take(tag::SEQUENCE)?).next()?;
                found.push(Subtree {
                    list: list.tag,
                    form: name.tag,
                    base: name.contents,
                });
            }
        }
        Some(Self(found))
    }

    /// Whether a subject has no e-mail address, or none is limited.
    pub(super) fn allow_subject(&self, subject: &[u8]) -> bool {
        let limited = self.0.iter().any(|subtree| subtree.form == tag::EMAIL);
        !limited || values(subject, EMAIL_ADDRESS).next().is_none()
    }

    /// Whether the common name, which stands in for a host's name where there is no other, may be
    /// given. Names that are no host's may.
    pub(super) fn allow_common_name(&self, subject: &[u8], names: Option<&[u8]>) -> bool {
        if names.is_some_and(|names| has_form(names, tag::DNS)) {
            return true;
        }
        values(subject, COMMON_NAME)
            .filter(|name| looks_like_a_host(name))
            .all(|name| self.allow_host(name))
    }

    fn allow_host(&self, host: &[u8]) -> bool {
        let mut permitted = self.of(PERMITTED).peekable();
        let excluded = self.of(EXCLUDED).any(|base| is_within(host, base));
        let within = permitted.peek().is_none() || permitted.any(|base| is_within(host, base));
        within && !excluded
    }

    fn of(&self, list: u8) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |subtree| subtree.list == list && subtree.form == tag::DNS)
            .map(|subtree| subtree.base)
    }
}

/// Whether `host` is `base` or below it.
fn is_within(host: &[u8], base: &[u8]) -> bool {
    let Some(start) = host.len().checked_sub(base.len()) else {
        return false;
    };
    let (above, end) = host.split_at(start);
    let whole = matches!(above.last(), None | Some(b'.')) || matches!(base, [] | [b'.', ..]);
    whole && end.eq_ignore_ascii_case(base)
}

fn has_form(names: &[u8], form: u8) -> bool {
    let mut names = Reader(names);
    std::iter::from_fn(|| names.next()).any(|name| name.tag == form)
}

/// The values of an attribute of a Name.
fn values<'a>(name: &'a [u8], attribute: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut sets = Reader(name);
    std::iter::from_fn(move || sets.next())
        .flat_map(|set| {
            let mut pairs = Reader(set.contents);
            std::iter::from_fn(move || pairs.next())
        })
        .filter_map(move |pair| {
            let mut pair = Reader(pair.contents);
            (pair.take(tag::OBJECT_IDENTIFIER)? == attribute).then_some(pair.next()?.contents)
        })
}

fn looks_like_a_host(name: &[u8]) -> bool {
    name.contains(&b'.')
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_below_a_base() {
        for (host, base, within) in [
            ("a.test", "a.test", true),
            ("b.a.test", "A.test", true),
            ("b.a.test", ".a.test", true),
            ("a.test", "", true),
            ("ba.test", "a.test", false),
            ("a.test", ".a.test", false),
            ("test", "a.test", false),
        ] {
            assert_eq!(is_within(host.as_bytes(), base.as_bytes()), within);
        }
    }

    #[test]
    fn malformed_constraints() {
        assert!(Constraints::parse(&[]).is_some());
        for contents in [
            &[PERMITTED][..],
            &[PERMITTED, 2, 0x30, 1],
            &[PERMITTED, 1, 0],
        ] {
            assert!(Constraints::parse(contents).is_none());
        }
    }
}
