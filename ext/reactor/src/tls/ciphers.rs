//! Cipher lists in OpenSSL's syntax.

use std::cmp::Reverse;

use rustls::CipherSuite;

/// How a TLS 1.2 suite agrees on keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyExchange {
    Ecdhe,
    Dhe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Authentication {
    Ecdsa,
    Rsa,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    Aes256Gcm,
    Chacha20,
    Aes128Gcm,
}

/// A cipher suite of TLS 1.2 under its OpenSSL name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cipher {
    pub(super) name: &'static str,
    pub(super) suite: CipherSuite,
    pub(super) key_exchange: KeyExchange,
    authentication: Authentication,
    encryption: Encryption,
}

impl Cipher {
    fn bits(&self) -> u16 {
        match self.encryption {
            Encryption::Aes256Gcm | Encryption::Chacha20 => 256,
            Encryption::Aes128Gcm => 128,
        }
    }

    /// Whether `word` of a cipher string names this suite or a set that it is in.
    fn is(&self, word: &str) -> bool {
        use {Authentication::*, Encryption::*, KeyExchange::*};
        match word {
            "ALL" | "HIGH" | "TLSv1.2" => true,
            "kECDHE" | "kEECDH" | "ECDHE" | "EECDH" | "ECDH" => self.key_exchange == Ecdhe,
            "kDHE" | "kEDH" | "DHE" | "EDH" | "DH" => self.key_exchange == Dhe,
            "aRSA" => self.authentication == Rsa,
            "aECDSA" | "ECDSA" => self.authentication == Ecdsa,
            "AES256" => self.encryption == Aes256Gcm,
            "AES128" => self.encryption == Aes128Gcm,
            "AES" | "AESGCM" | "FIPS" => self.encryption != Chacha20,
            "CHACHA20" => self.encryption == Chacha20,
            name => self.name == name,
        }
    }
}

/// The suites in OpenSSL's order of strength.
static CIPHERS: [Cipher; 9] = {
    use {Authentication::*, Encryption::*, KeyExchange::*};
    const fn cipher(
        name: &'static str,
        suite: CipherSuite,
        key_exchange: KeyExchange,
        authentication: Authentication,
        encryption: Encryption,
    ) -> Cipher {
        Cipher {
            name,
            suite,
            key_exchange,
            authentication,
            encryption,
        }
    }
    [
        cipher(
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            Ecdhe,
            Ecdsa,
            Aes256Gcm,
        ),
        cipher(
            "ECDHE-RSA-AES256-GCM-SHA384",
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            Ecdhe,
            Rsa,
            Aes256Gcm,
        ),
        cipher(
            "DHE-RSA-AES256-GCM-SHA384",
            CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
            Dhe,
            Rsa,
            Aes256Gcm,
        ),
        cipher(
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            Ecdhe,
            Ecdsa,
            Chacha20,
        ),
        cipher(
            "ECDHE-RSA-CHACHA20-POLY1305",
            CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            Ecdhe,
            Rsa,
            Chacha20,
        ),
        cipher(
            "DHE-RSA-CHACHA20-POLY1305",
            CipherSuite::TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            Dhe,
            Rsa,
            Chacha20,
        ),
        cipher(
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            Ecdhe,
            Ecdsa,
            Aes128Gcm,
        ),
        cipher(
            "ECDHE-RSA-AES128-GCM-SHA256",
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            Ecdhe,
            Rsa,
            Aes128Gcm,
        ),
        cipher(
            "DHE-RSA-AES128-GCM-SHA256",
            CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
            Dhe,
            Rsa,
            Aes128Gcm,
        ),
    ]
};

/// The TLS 1.2 suites that a cipher string selects, in its order.
///
/// The language is that of `openssl-ciphers(1)`; words for suites that do not exist here select
/// nothing, and so does a string that is nothing but such words.
pub(super) fn select(list: &str) -> Vec<&'static Cipher> {
    let mut selection = Selection {
        active: Vec::new(),
        idle: CIPHERS.iter().collect(),
    };
    let words = list.split([':', ',', ' ', ';']);
    for (position, word) in words.filter(|word| !word.is_empty()).enumerate() {
        selection.apply(word, position == 0);
    }
    selection.active
}

/// The suites to use where no cipher string is given: finite fields last, they are slow.
pub(super) fn default_selection() -> Vec<&'static Cipher> {
    select("ALL:+DHE")
}

struct Selection {
    active: Vec<&'static Cipher>,
    idle: Vec<&'static Cipher>,
}

impl Selection {
    fn apply(&mut self, word: &str, first: bool) {
        if let Some(set) = word.strip_prefix('!') {
            self.active.retain(|cipher| !in_set(cipher, set));
            self.idle.retain(|cipher| !in_set(cipher, set));
        } else if let Some(set) = word.strip_prefix('-') {
            let mut removed = extract(&mut self.active, set);
            removed.append(&mut self.idle);
            self.idle = removed;
        } else if let Some(set) = word.strip_prefix('+') {
            let mut moved = extract(&mut self.active, set);
            self.active.append(&mut moved);
        } else if word == "@STRENGTH" {
            self.active.sort_by_key(|cipher| Reverse(cipher.bits()));
        } else if word == "DEFAULT" {
            if first {
                self.add("ALL");
            }
        } else {
            self.add(word);
        }
    }

    fn add(&mut self, set: &str) {
        let mut added = extract(&mut self.idle, set);
        self.active.append(&mut added);
    }
}

/// Takes the members of `set` out of `ciphers`, in order.
fn extract(ciphers: &mut Vec<&'static Cipher>, set: &str) -> Vec<&'static Cipher> {
    let (members, others) = ciphers.iter().partition(|cipher| in_set(cipher, set));
    *ciphers = others;
    members
}

/// Whether the suite is in every one of the sets that `+` joins.
fn in_set(cipher: &Cipher, set: &str) -> bool {
    set.split('+').all(|word| cipher.is(word))
}

/// The OpenSSL name of a negotiated suite.
pub(super) fn name(suite: CipherSuite) -> Option<&'static str> {
    match suite {
        CipherSuite::TLS13_AES_256_GCM_SHA384 => Some("TLS_AES_256_GCM_SHA384"),
        CipherSuite::TLS13_AES_128_GCM_SHA256 => Some("TLS_AES_128_GCM_SHA256"),
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => Some("TLS_CHACHA20_POLY1305_SHA256"),
        _ => find(suite).map(|cipher| cipher.name),
    }
}

/// The size of a negotiated suite's key.
pub(super) fn bits(suite: CipherSuite) -> Option<u16> {
    match suite {
        CipherSuite::TLS13_AES_256_GCM_SHA384 | CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => {
            Some(256)
        }
        CipherSuite::TLS13_AES_128_GCM_SHA256 => Some(128),
        _ => find(suite).map(Cipher::bits),
    }
}

fn find(suite: CipherSuite) -> Option<&'static Cipher> {
    CIPHERS.iter().find(|cipher| cipher.suite == suite)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `openssl ciphers` of version 3.0 prints, less the suites that are not here; each is
    /// given by its place in [`CIPHERS`].
    #[test]
    fn the_same_selection_as_openssl() {
        for (list, expected) in [
            ("ALL", "012345678"),
            ("DEFAULT", "012345678"),
            ("HIGH", "012345678"),
            ("MEDIUM", ""),
            ("LOW", ""),
            ("EXPORT", ""),
            ("nope", ""),
            ("", ""),
            ("ECDHE", "013467"),
            ("EECDH", "013467"),
            ("kEECDH", "013467"),
            ("kECDHE", "013467"),
            ("ECDH", "013467"),
            ("DHE,EDH", "258"),
            ("DHE:EDH", "258"),
            ("kEDH", "258"),
            ("kDHE", "258"),
            ("DH", "258"),
            ("RSA", ""),
            ("kRSA", ""),
            ("aRSA", "124578"),
            ("ECDSA", "036"),
            ("aECDSA", "036"),
            ("AES256", "012"),
            ("AES128", "678"),
            ("AES", "012678"),
            ("AESGCM", "012678"),
            ("CHACHA20", "345"),
            ("SHA256", ""),
            ("SHA384", ""),
            ("TLSv1.2", "012345678"),
            ("TLSv1", ""),
            ("FIPS", "012678"),
            ("COMPLEMENTOFDEFAULT", ""),
            ("ALL:!ADH:!LOW:!EXP:!DES-CBC3-SHA:@STRENGTH", "012345678"),
            ("HIGH:!aNULL:!MD5", "012345678"),
            ("HIGH:!aNULL:!kRSA:!PSK:!SRP:!MD5:!RC4", "012345678"),
            ("ECDHE+AESGCM:DHE+AESGCM:ECDHE+CHACHA20", "01672834"),
            ("EECDH+AESGCM:EDH+AESGCM:AES256+EECDH:AES256+EDH", "016728"),
            (
                "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
                "71",
            ),
            ("AES128-SHA:DHE-RSA-AES128-GCM-SHA256", "8"),
            ("ALL:-DHE", "013467"),
            ("ALL:-DHE:DHE", "013467258"),
            ("ALL:-AES128:-CHACHA20:ALL", "012345678"),
            ("ALL:+DHE", "013467258"),
            ("ALL:+ECDHE+AES128", "012345867"),
            ("ALL:+AES128:+DHE", "013467258"),
            ("ALL:!DHE:DHE", "013467"),
            ("ALL:!ECDHE+RSA", "012345678"),
            ("ALL:!ECDHE+aRSA", "023568"),
            ("AES128:AES256:@STRENGTH", "012678"),
            ("CHACHA20:AES128:AES256", "345678012"),
            ("@STRENGTH:ALL", "012345678"),
            ("DEFAULT:!DHE", "013467"),
            ("DEFAULT:-ECDHE:ECDHE", "258013467"),
            ("ECDHE:DEFAULT", "013467"),
            ("ALL:@SECLEVEL=1", "012345678"),
            ("ALL:@SECLEVEL=0:!AES256", "345678"),
            ("TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES256-GCM-SHA384", "1"),
            ("ECDHE ALL", "013467258"),
            ("ECDHE;CHACHA20", "0134675"),
            ("!ECDHE:ALL", "258"),
            ("+AES128:ALL", "012345678"),
            ("ecdhe", ""),
            ("AESGCM+aRSA", "1278"),
            ("ECDHE+nope", ""),
            ("!nope:ALL", "012345678"),
            ("ALL:!aRSA", "036"),
            ("TLSv1.2+HIGH:!CHACHA20", "012678"),
        ] {
            let selected: String = select(list)
                .into_iter()
                .filter_map(|one| CIPHERS.iter().position(|cipher| cipher == one))
                .map(|place| place.to_string())
                .collect();
            assert_eq!(selected, expected, "{list:?}");
        }
    }

    #[test]
    fn finite_fields_come_last_by_default() {
        let exchanges: Vec<_> = default_selection()
            .iter()
            .map(|cipher| cipher.key_exchange)
            .collect();
        assert!(exchanges[..6].iter().all(|kx| *kx == KeyExchange::Ecdhe));
        assert!(exchanges[6..].iter().all(|kx| *kx == KeyExchange::Dhe));
    }

    #[test]
    fn odd_strings() {
        for list in [
            "", ":", "!", "-", "+", "@", "++", "é", "!é:ALL", "A\0LL", "ALL+",
        ] {
            select(list);
        }
    }
}
