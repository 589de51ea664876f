//! The fields of a certificate, read without a judgement on them.
//!
//! Certificates of version 1, and those that carry a version of the future, are in use as
//! self-signed identities; the verifying parser refuses them.

use super::calendar::days_since_epoch;
use super::tag;

/// What a certificate says (RFC 5280 section 4.1).
pub(super) struct Certificate<'a> {
    /// As people count them: 1, 2 or 3.
    pub(super) version: u8,
    pub(super) serial: &'a [u8],
    /// The contents of the AlgorithmIdentifier that it is signed by.
    pub(super) signature_algorithm: &'a [u8],
    /// The contents of the issuer's Name.
    pub(super) issuer: &'a [u8],
    /// The contents of the subject's Name.
    pub(super) subject: &'a [u8],
    /// SubjectPublicKeyInfo, with its tag.
    pub(super) public_key_info: &'a [u8],
    /// The contents of the key's AlgorithmIdentifier.
    pub(super) algorithm: &'a [u8],
    /// The key's bits.
    pub(super) public_key: &'a [u8],
    /// Seconds since the epoch.
    pub(super) not_before: i64,
    /// Seconds since the epoch.
    pub(super) not_after: i64,
    /// The contents of Extensions; empty where there are none.
    pub(super) extensions: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads the DER of one certificate; `None` where it is malformed.
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut signed = Reader(Reader(der).take(tag::SEQUENCE)?);
        let mut tbs = Reader(signed.take(tag::SEQUENCE)?);
        let version = match tbs.peek() {
            Some(tag::VERSION) => match Reader(tbs.next()?.contents).take(tag::INTEGER)? {
                [version] => version.checked_add(1)?,
                _ => return None,
            },
            _ => 1,
        };
        let serial = tbs.take(tag::INTEGER)?;
        let signature_algorithm = tbs.take(tag::SEQUENCE)?;
        let issuer = tbs.take(tag::SEQUENCE)?;
        let mut validity = Reader(tbs.take(tag::SEQUENCE)?);
        let not_before = validity.time()?;
        let not_after = validity.time()?;
        let subject = tbs.take(tag::SEQUENCE)?;
        let public_key_info = tbs.next().filter(|value| value.tag == tag::SEQUENCE)?;
        let algorithm = Reader(public_key_info.contents).take(tag::SEQUENCE)?;
        let mut extensions: &[u8] = &[];
        while let Some(value) = tbs.next() {
            if value.tag == tag::EXTENSIONS {
                extensions = Reader(value.contents).take(tag::SEQUENCE)?;
            }
        }
        Some(Self {
            version,
            serial,
            signature_algorithm,
            issuer,
            subject,
            public_key_info: public_key_info.whole,
            algorithm,
            public_key: public_key(public_key_info.whole)?,
            not_before,
            not_after,
            extensions,
        })
    }
}

/// The bits of a SubjectPublicKeyInfo's key.
pub(super) fn public_key(der: &[u8]) -> Option<&[u8]> {
    let mut info = Reader(Reader(der).take(tag::SEQUENCE)?);
    info.take(tag::SEQUENCE)?;
    match info.take(tag::BIT_STRING)?.split_first() {
        Some((0, bits)) => Some(bits),
        _ => None,
    }
}

/// The first value of `der`, without what follows it.
pub(super) fn first_value(der: &[u8]) -> Option<&[u8]> {
    Reader(der).next().map(|value| value.whole)
}

/// The contents of an INTEGER as a number that is not negative.
pub(super) fn number(contents: &[u8]) -> Option<usize> {
    match contents {
        [first, ..] if first & 0x80 == 0 && contents.len() <= size_of::<u32>() => Some(
            contents
                .iter()
                .fold(0, |sum, digit| sum << 8 | usize::from(*digit)),
        ),
        _ => None,
    }
}

/// The integers that a sequence starts with, without leading zeros.
pub(super) fn leading_integers(der: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Reader(Reader(der).take(tag::SEQUENCE)?);
    let mut integers = Vec::new();
    while fields.peek() == Some(tag::INTEGER) {
        let digits = fields.take(tag::INTEGER)?;
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        integers.push(&digits[zeros..]);
    }
    Some(integers)
}

/// One value: its tag, its contents, and both with the length between.
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) contents: &'a [u8],
    whole: &'a [u8],
}

/// Reads values one after the other.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    pub(super) fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let digits = rest.get(..count)?;
                let length = digits
                    .iter()
                    .fold(0u64, |sum, digit| sum << 8 | u64::from(*digit));
                (usize::try_from(length).ok()?, &rest[count..])
            }
            _ => return None,
        };
        let contents = rest.get(..length)?;
        let size = self.0.len() - rest.len() + length;
        let (whole, after) = self.0.split_at(size);
        self.0 = after;
        Some(Value {
            tag,
            contents,
            whole,
        })
    }

    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next()
            .filter(|value| value.tag == tag)
            .map(|value| value.contents)
    }

    fn time(&mut self) -> Option<i64> {
        let value = self.next()?;
        let (year, rest) = match value.tag {
            tag::UTC_TIME => {
                let short = decimal(value.contents.get(..2)?)?;
                let century = if short < 50 { 2000 } else { 1900 };
                (century + short, value.contents.get(2..)?)
            }
            tag::GENERALIZED_TIME => (decimal(value.contents.get(..4)?)?, value.contents.get(4..)?),
            _ => return None,
        };
        let field = |index: usize| decimal(rest.get(index * 2..index * 2 + 2)?);
        let (month, day) = (field(0)?, field(1)?);
        let seconds = match rest.get(8) {
            Some(b'0'..=b'9') => field(4)?,
            _ => 0,
        };
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let days = days_since_epoch(year, month, day);
        Some(((days * 24 + field(2)?) * 60 + field(3)?) * 60 + seconds)
    }
}

fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| match digit {
        b'0'..=b'9' => Some(sum * 10 + i64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let time = |tag, text: &[u8]| {
            let mut der = vec![tag, text.len() as u8];
            der.extend_from_slice(text);
            Reader(&der).time()
        };
        assert_eq!(time(tag::UTC_TIME, b"700101000010Z"), Some(10));
        assert_eq!(time(tag::UTC_TIME, b"7001010001Z"), Some(60));
        assert_eq!(time(tag::UTC_TIME, b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(
            time(tag::GENERALIZED_TIME, b"20500101000000Z"),
            Some(2_524_608_000)
        );
        assert_eq!(time(tag::UTC_TIME, b"701301000000Z"), None);
        assert_eq!(time(tag::UTC_TIME, b"70"), None);
    }

    #[test]
    fn truncated_and_oversized_values() {
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 0x05, 0x01],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0x80],
        ] {
            assert!(Certificate::parse(der).is_none());
        }
    }
}
