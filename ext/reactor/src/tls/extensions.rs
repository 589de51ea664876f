//! The extensions of a certificate (RFC 5280 section 4.2), as far as they limit what it is good
//! for.

use super::der::Reader;
use super::params::Role;
use super::tag;

/// Bits of keyUsage.
const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_ENCIPHERMENT: u8 = 0x20;
const KEY_AGREEMENT: u8 = 0x08;
const KEY_CERT_SIGN: u8 = 0x04;
const CRL_SIGN: u8 = 0x02;

/// Bits of Netscape's certificate type, which OpenSSL holds to as well.
const NETSCAPE_CLIENT: u8 = 0x80;
const NETSCAPE_SERVER: u8 = 0x40;

/// What a certificate may be used for, and what it says of its issuer.
#[derive(Default)]
pub(super) struct Extensions<'a> {
    pub(super) basic_constraints: Option<BasicConstraints>,
    key_usage: Option<u8>,
    purposes: Option<Vec<&'a [u8]>>,
    netscape_type: Option<u8>,
    pub(super) key_identifier: Option<&'a [u8]>,
    pub(super) authority: Option<Authority<'a>>,
    /// The contents of GeneralNames.
    pub(super) alternative_names: Option<&'a [u8]>,
    /// The contents of NameConstraints.
    pub(super) name_constraints: Option<&'a [u8]>,
    /// Whether it is a proxy certificate (RFC 3820), which nobody may be known by here.
    pub(super) is_proxy: bool,
    /// Whether a critical extension is not known here.
    pub(super) has_unknown_critical: bool,
}

pub(super) struct BasicConstraints {
    pub(super) is_ca: bool,
    /// How many certificates may stand between this one and the last; `None` is any number.
    pub(super) path_length: Option<usize>,
}

/// Which certificate an authorityKeyIdentifier means.
pub(super) struct Authority<'a> {
    pub(super) key_identifier: Option<&'a [u8]>,
    pub(super) serial: Option<&'a [u8]>,
}

impl<'a> Extensions<'a> {
    /// Reads the contents of Extensions; `None` where they are malformed.
    pub(super) fn parse(contents: &'a [u8]) -> Option<Self> {
        let mut found = Self::default();
        let mut list = Reader(contents);
        while !list.is_empty() {
            let mut extension = Reader(list.take(tag::SEQUENCE)?);
            let identifier = extension.take(tag::OBJECT_IDENTIFIER)?;
            let critical = match extension.peek() {
                Some(tag::BOOLEAN) => extension.take(tag::BOOLEAN)? != [0],
                _ => false,
            };
            found.add(identifier, critical, extension.take(tag::OCTET_STRING)?)?;
        }
        Some(found)
    }

    fn add(&mut self, identifier: &[u8], critical: bool, value: &'a [u8]) -> Option<()> {
        let mut value = Reader(value);
        match identifier {
            [0x55, 0x1d, 14] => set(&mut self.key_identifier, value.take(tag::OCTET_STRING)?),
            [0x55, 0x1d, 15] => set(&mut self.key_usage, first_bits(&mut value)?),
            [0x55, 0x1d, 17] => set(&mut self.alternative_names, value.take(tag::SEQUENCE)?),
            [0x55, 0x1d, 19] => set(&mut self.basic_constraints, constraints(&mut value)?),
            [0x55, 0x1d, 30] => set(&mut self.name_constraints, value.take(tag::SEQUENCE)?),
            [0x55, 0x1d, 35] => set(&mut self.authority, authority(&mut value)?),
            [0x55, 0x1d, 37] => set(&mut self.purposes, purposes(&mut value)?),
            // cRLDistributionPoints, and policies, of which none is asked for.
            [0x55, 0x1d, 31 | 32 | 33 | 36 | 54] => Some(()),
            [0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 1, 1] => {
                set(&mut self.netscape_type, first_bits(&mut value)?)
            }
            [0x2b, 6, 1, 5, 5, 7, 1, 14] => {
                self.is_proxy = true;
                Some(())
            }
            _ => {
                self.has_unknown_critical |= critical;
                Some(())
            }
        }
    }

    /// Whether keyUsage lets the key authenticate a peer of this role.
    pub(super) fn may_authenticate(&self, peer: Role) -> bool {
        let (usages, netscape) = match peer {
            Role::Server => (
                DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT,
                NETSCAPE_SERVER,
            ),
            Role::Client => (DIGITAL_SIGNATURE | KEY_AGREEMENT, NETSCAPE_CLIENT),
        };
        self.allows(usages) && self.netscape_type.is_none_or(|bits| bits & netscape != 0)
    }

    /// Whether keyUsage lets the key sign certificates.
    pub(super) fn may_sign_certificates(&self) -> bool {
        self.allows(KEY_CERT_SIGN)
    }

    /// Whether keyUsage lets the key sign revocation lists.
    pub(super) fn may_sign_revocation_lists(&self) -> bool {
        self.allows(CRL_SIGN)
    }

    fn allows(&self, usages: u8) -> bool {
        self.key_usage.is_none_or(|bits| bits & usages != 0)
    }

    /// Whether extendedKeyUsage, where there is one, names peers of this role.
    pub(super) fn is_for(&self, peer: Role) -> bool {
        let wanted = match peer {
            Role::Server => [0x2b, 6, 1, 5, 5, 7, 3, 1],
            Role::Client => [0x2b, 6, 1, 5, 5, 7, 3, 2],
        };
        match &self.purposes {
            Some(purposes) => purposes.iter().any(|purpose| **purpose == wanted),
            None => true,
        }
    }
}

/// A second extension of a kind is malformed.
fn set<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    match slot.replace(value) {
        None => Some(()),
        Some(_) => None,
    }
}

/// The first eight bits of a BIT STRING, the first one highest.
fn first_bits(value: &mut Reader<'_>) -> Option<u8> {
    match value.take(tag::BIT_STRING)? {
        [_, bits, ..] => Some(*bits),
        [_] => Some(0),
        [] => None,
    }
}

fn constraints(value: &mut Reader<'_>) -> Option<BasicConstraints> {
    let mut fields = Reader(value.take(tag::SEQUENCE)?);
    let is_ca = match fields.peek() {
        Some(tag::BOOLEAN) => fields.take(tag::BOOLEAN)? != [0],
        _ => false,
    };
    let path_length = match fields.peek() {
        Some(tag::INTEGER) => match fields.take(tag::INTEGER)? {
            [length @ 0..=0x7f] => Some(usize::from(*length)),
            [0x80..=0xff, ..] | [] => return None,
            // More than any chain has.
            _ => None,
        },
        _ => None,
    };
    Some(BasicConstraints { is_ca, path_length })
}

fn authority<'a>(value: &mut Reader<'a>) -> Option<Authority<'a>> {
    const KEY_IDENTIFIER: u8 = 0x80;
    const SERIAL: u8 = 0x82;

    let mut fields = Reader(value.take(tag::SEQUENCE)?);
    let mut authority = Authority {
        key_identifier: None,
        serial: None,
    };
    while !fields.is_empty() {
        let field = fields.next()?;
        match field.tag {
            KEY_IDENTIFIER => authority.key_identifier = Some(field.contents),
            SERIAL => authority.serial = Some(field.contents),
            _ => {}
        }
    }
    Some(authority)
}

fn purposes<'a>(value: &mut Reader<'a>) -> Option<Vec<&'a [u8]>> {
    let mut list = Reader(value.take(tag::SEQUENCE)?);
    let mut purposes = Vec::new();
    while !list.is_empty() {
        purposes.push(list.take(tag::OBJECT_IDENTIFIER)?);
    }
    Some(purposes)
}
