//! How much work the encryption of a private key may ask for. A damaged file can ask for hours of it, or for
//! more memory than there is.

use pkcs8::pkcs5::pbes2::Kdf;

use super::pkcs12::MOST_ROUNDS;

/// The most blocks of 128 bytes that scrypt may mix, each of which it may hold: some seconds, and 512 MiB.
const MOST_BLOCKS: u64 = 1 << 22;

/// What a key derivation asks for, where that is too much.
pub(super) fn excess(kdf: &Kdf<'_>) -> Option<String> {
    if let Some(params) = kdf.pbkdf2() {
        let rounds = params.iteration_count;
        return (rounds as usize > MOST_ROUNDS).then(|| format!("{rounds} rounds of PBKDF2"));
    }
    let params = kdf.scrypt()?;
    let (cost, size, parallel) = (
        params.cost_parameter,
        params.block_size,
        params.parallelization,
    );
    let blocks = cost
        .saturating_mul(size.into())
        .saturating_mul(parallel.into());
    (blocks > MOST_BLOCKS).then(|| format!("scrypt with N={cost}, r={size}, p={parallel}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use pkcs8::pkcs5::pbes2::{Pbkdf2Params, ScryptParams};

    use super::*;

    fn scrypt(cost_parameter: u64) -> Option<String> {
        excess(&Kdf::Scrypt(ScryptParams {
            salt: b"salt",
            cost_parameter,
            block_size: 8,
            parallelization: 1,
            key_length: None,
        }))
    }

    fn pbkdf2(rounds: u32) -> Option<String> {
        let params = Pbkdf2Params::hmac_with_sha256(rounds, b"saltsalt").unwrap();
        excess(&Kdf::Pbkdf2(params))
    }

    #[test]
    fn usual_keys_pass() {
        assert_eq!(scrypt(1 << 14), None);
        assert_eq!(scrypt(1 << 19), None);
        assert_eq!(pbkdf2(600_000), None);
        assert_eq!(pbkdf2(10_000_000), None);
    }

    #[test]
    fn hours_of_work_and_memory_for_which_there_is_no_room_do_not() {
        assert_eq!(
            scrypt(1 << 63).as_deref(),
            Some("scrypt with N=9223372036854775808, r=8, p=1")
        );
        assert!(scrypt(1 << 20).is_some());
        assert_eq!(
            pbkdf2(4_000_000_000).as_deref(),
            Some("4000000000 rounds of PBKDF2")
        );
    }
}
