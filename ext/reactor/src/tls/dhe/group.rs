//! Finite-field groups for key exchange.

use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError};

use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::{FFDHE2048, FFDHE3072, FFDHE4096, FFDHE6144, FFDHE8192, FfdheGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};

use super::power::power;
use crate::tls::provider;

/// Smallest modulus that is accepted, and largest that is computed with, in bytes.
const MODULUS_SIZES: std::ops::RangeInclusive<usize> = 2048 / 8..=8192 / 8;

/// Size of a secret exponent in bytes: twice the strength that any of these groups can have.
const EXPONENT_SIZE: usize = 512 / 8;

/// How many groups one process keeps. rustls wants them to live forever, and servers choose
/// those of clients, so that there has to be an end.
const MOST_GROUPS: usize = 1024;

/// A multiplicative group modulo a prime, under the name it is negotiated by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    p: &'static [u8],
    g: &'static [u8],
    name: NamedGroup,
}

/// RFC 7919's groups, smallest first.
pub(super) static STANDARD: [Group; 5] = [
    Group::standard(NamedGroup::FFDHE2048, &FFDHE2048),
    Group::standard(NamedGroup::FFDHE3072, &FFDHE3072),
    Group::standard(NamedGroup::FFDHE4096, &FFDHE4096),
    Group::standard(NamedGroup::FFDHE6144, &FFDHE6144),
    Group::standard(NamedGroup::FFDHE8192, &FFDHE8192),
];

impl Group {
    const fn standard(name: NamedGroup, group: &FfdheGroup<'static>) -> Self {
        Self {
            p: group.p,
            g: group.g,
            name,
        }
    }

    /// The group of these parameters, big-endian; the same for the same ones.
    pub(super) fn intern(
        p: &[u8],
        g: &[u8],
        name: NamedGroup,
    ) -> Result<&'static Self, &'static str> {
        static GROUPS: Mutex<Vec<&'static Group>> = Mutex::new(Vec::new());

        let (p, g) = (trimmed(p), trimmed(g));
        if p.len() < *MODULUS_SIZES.start() || leading_bit_missing(p) {
            return Err("a Diffie-Hellman prime of less than 2048 bits is not accepted");
        }
        if p.len() > *MODULUS_SIZES.end() {
            return Err("a Diffie-Hellman prime of more than 8192 bits is not accepted");
        }
        if p.last().is_some_and(|digit| digit % 2 == 0) || !is_element(g, p) {
            return Err("malformed Diffie-Hellman group");
        }
        let mut groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = groups
            .iter()
            .find(|group| group.p == p && group.g == g && group.name == name)
        {
            return Ok(group);
        }
        if groups.len() == MOST_GROUPS {
            return Err("too many different Diffie-Hellman groups");
        }
        let group: &'static Self = Box::leak(Box::new(Self {
            p: p.to_vec().leak(),
            g: g.to_vec().leak(),
            name,
        }));
        groups.push(group);
        Ok(group)
    }

    fn exchange(&self) -> Result<Exchange, Error> {
        let mut exponent = [0; EXPONENT_SIZE];
        provider::base()
            .secure_random
            .fill(&mut exponent)
            .map_err(|_| Error::FailedToGetRandomBytes)?;
        Ok(Exchange {
            public: power(self.g, &exponent, self.p),
            exponent,
            p: self.p,
            g: self.g,
            name: self.name,
        })
    }
}

impl SupportedKxGroup for Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(self.exchange()?))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        Some(FfdheGroup {
            p: self.p,
            g: self.g,
        })
    }

    fn name(&self) -> NamedGroup {
        self.name
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_2
    }
}

struct Exchange {
    exponent: [u8; EXPONENT_SIZE],
    public: Vec<u8>,
    p: &'static [u8],
    g: &'static [u8],
    name: NamedGroup,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        if !is_element(trimmed(peer), self.p) {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(power(peer, &self.exponent, self.p)))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        Some(FfdheGroup {
            p: self.p,
            g: self.g,
        })
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        self.name
    }
}

fn leading_bit_missing(p: &[u8]) -> bool {
    p.len() == *MODULUS_SIZES.start() && p.first().is_some_and(|digit| digit & 0x80 == 0)
}

/// Whether 1 < `x` < `p` - 1, which keeps the subgroups of order 1 and 2 out. `p` is odd.
fn is_element(x: &[u8], p: &[u8]) -> bool {
    let below = match x.len().cmp(&p.len()) {
        Ordering::Equal => {
            let (head, last) = (&x[..x.len() - 1], x[x.len() - 1]);
            let (p_head, p_last) = (&p[..p.len() - 1], p[p.len() - 1]);
            head < p_head || head == p_head && last < p_last - 1
        }
        order => order == Ordering::Less,
    };
    below && !matches!(x, [] | [0 | 1])
}

fn trimmed(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_agree() {
        for params in [FFDHE2048, FFDHE4096] {
            let group = Group::intern(params.p, params.g, NamedGroup::FFDHE2048).unwrap();
            let (here, there) = (group.exchange().unwrap(), group.exchange().unwrap());
            let (to_here, to_there) = (there.public.clone(), here.public.clone());
            assert_eq!(
                Box::new(here).complete(&to_here).unwrap().secret_bytes(),
                Box::new(there).complete(&to_there).unwrap().secret_bytes()
            );
        }
    }

    #[test]
    fn the_same_group_is_kept_once() {
        let intern = || Group::intern(FFDHE2048.p, FFDHE2048.g, NamedGroup::FFDHE3072).unwrap();
        assert!(std::ptr::eq(intern(), intern()));
    }

    #[test]
    fn malformed_groups() {
        let mut even = FFDHE2048.p.to_vec();
        even[255] = 0xfe;
        let mut short = FFDHE2048.p.to_vec();
        short[0] = 0x7f;
        for (p, g) in [
            (&[][..], &[2][..]),
            (&FFDHE2048.p[128..], &[2]),
            (&short, &[2]),
            (&even, &[2]),
            (FFDHE2048.p, &[]),
            (FFDHE2048.p, &[1]),
            (FFDHE2048.p, FFDHE2048.p),
            (&[0xff; 1025], &[2]),
        ] {
            assert!(Group::intern(p, g, NamedGroup::FFDHE2048).is_err());
        }
    }

    #[test]
    fn small_subgroups_are_refused() {
        let group = Group::intern(FFDHE2048.p, FFDHE2048.g, NamedGroup::FFDHE2048).unwrap();
        let mut minus_one = FFDHE2048.p.to_vec();
        minus_one[255] -= 1;
        for peer in [
            &[][..],
            &[0; 256],
            &[1],
            &minus_one,
            FFDHE2048.p,
            &[0xff; 300],
        ] {
            let exchange = Box::new(group.exchange().unwrap());
            assert!(exchange.complete(peer).is_err());
        }
    }
}
