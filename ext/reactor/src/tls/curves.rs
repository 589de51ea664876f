//! Groups for key exchange, by the names that OpenSSL, NIST and SECG use.

use rustls::crypto::SupportedKxGroup;

use super::error::Error;
use super::provider::kx_group;

/// The group that OpenSSL, NIST or SECG calls `name`.
pub(super) fn by_name(name: &str) -> Result<&'static dyn SupportedKxGroup, Error> {
    Ok(match name {
        "prime256v1" | "secp256r1" | "P-256" => kx_group::SECP256R1,
        "secp384r1" | "P-384" => kx_group::SECP384R1,
        #[cfg(feature = "aws-lc-rs")]
        "secp521r1" | "P-521" => p521::GROUP,
        "X25519" => kx_group::X25519,
        _ => return Err(Error::BadCurve(name.to_owned())),
    })
}

/// Every elliptic curve, best first.
pub(super) fn classical() -> impl Iterator<Item = &'static dyn SupportedKxGroup> {
    [
        kx_group::X25519,
        kx_group::SECP256R1,
        kx_group::SECP384R1,
        #[cfg(feature = "aws-lc-rs")]
        p521::GROUP,
    ]
    .into_iter()
}

/// Key exchange on secp521r1, which rustls does not come with.
#[cfg(feature = "aws-lc-rs")]
mod p521 {
    use aws_lc_rs::agreement::{
        ECDH_P521, EphemeralPrivateKey, PublicKey, UnparsedPublicKey, agree_ephemeral,
    };
    use aws_lc_rs::rand::SystemRandom;
    use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
    use rustls::ffdhe_groups::FfdheGroup;
    use rustls::{Error, NamedGroup, PeerMisbehaved};

    pub(super) static GROUP: &dyn SupportedKxGroup = &P521;

    /// The only form of point that TLS 1.3 knows (RFC 8446 section 4.2.8.2).
    const UNCOMPRESSED: u8 = 4;

    #[derive(Debug)]
    struct P521;

    impl SupportedKxGroup for P521 {
        fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
            let private = EphemeralPrivateKey::generate(&ECDH_P521, &SystemRandom::new())
                .map_err(|_| Error::FailedToGetRandomBytes)?;
            let public = private
                .compute_public_key()
                .map_err(|_| Error::FailedToGetRandomBytes)?;
            Ok(Box::new(Exchange { private, public }))
        }

        fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
            None
        }

        fn name(&self) -> NamedGroup {
            NamedGroup::secp521r1
        }
    }

    struct Exchange {
        private: EphemeralPrivateKey,
        public: PublicKey,
    }

    impl ActiveKeyExchange for Exchange {
        fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
            let invalid = Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare);
            if peer.first() != Some(&UNCOMPRESSED) {
                return Err(invalid);
            }
            let peer = UnparsedPublicKey::new(&ECDH_P521, peer);
            agree_ephemeral(self.private, peer, invalid, |secret| {
                Ok(SharedSecret::from(secret))
            })
        }

        fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
            None
        }

        fn pub_key(&self) -> &[u8] {
            self.public.as_ref()
        }

        fn group(&self) -> NamedGroup {
            NamedGroup::secp521r1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["prime256v1", "secp384r1", "X25519", "P-256"] {
            assert!(by_name(name).is_ok());
        }
        #[cfg(feature = "aws-lc-rs")]
        assert!(by_name("secp521r1").is_ok());
        for name in ["", "nope", "prime256v1\0", "PRIME256V1"] {
            assert_eq!(by_name(name).err(), Some(Error::BadCurve(name.into())));
        }
    }
}
