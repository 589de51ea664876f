//! How much work the encryption of a private key may ask for. A damaged file can ask scrypt for
//! hours of it, and for more memory than there is. (Rounds of PBKDF2 are limited where they are
//! read.)

use pkcs8::pkcs5::pbes2::Kdf;

/// The most blocks of 128 bytes that scrypt may mix, each of which it may hold: some seconds, and
/// 512 MiB.
const MOST_BLOCKS: u64 = 1 << 22;

/// What a key derivation asks for, where that is too much.
pub(super) fn excess(kdf: &Kdf<'_>) -> Option<String> {
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
mod tests {
    use pkcs8::pkcs5::pbes2::ScryptParams;

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

    #[test]
    fn usual_keys_pass() {
        assert_eq!(scrypt(1 << 14), None);
        assert_eq!(scrypt(1 << 19), None);
    }

    #[test]
    fn hours_of_work_and_memory_for_which_there_is_no_room_do_not() {
        assert!(scrypt(1 << 20).is_some());
        assert_eq!(
            scrypt(1 << 63).as_deref(),
            Some("scrypt with N=9223372036854775808, r=8, p=1")
        );
    }
}
