//! Modular exponentiation in constant time.

use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::{U2048, U3072, U4096, U6144, U8192, Uint, Word};

/// `base` to the power of `exponent` modulo the odd `modulus`, all big-endian, as many bytes as
/// the modulus has. Takes the same time for every exponent of a size.
pub(super) fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    match modulus.len() * 8 {
        0..=2048 => sized::<{ U2048::LIMBS }>(base, exponent, modulus),
        2049..=3072 => sized::<{ U3072::LIMBS }>(base, exponent, modulus),
        3073..=4096 => sized::<{ U4096::LIMBS }>(base, exponent, modulus),
        4097..=6144 => sized::<{ U6144::LIMBS }>(base, exponent, modulus),
        _ => sized::<{ U8192::LIMBS }>(base, exponent, modulus),
    }
}

fn sized<const LIMBS: usize>(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    let params = DynResidueParams::<LIMBS>::new(&number(modulus));
    let result = DynResidue::new(&number::<LIMBS>(base), params)
        .pow_bounded_exp(&number::<LIMBS>(exponent), exponent.len() * 8)
        .retrieve();
    let digits: Vec<u8> = result
        .to_words()
        .iter()
        .rev()
        .flat_map(|word| word.to_be_bytes())
        .collect();
    digits[digits.len() - modulus.len()..].to_vec()
}

/// A number of at most `LIMBS` words; what exceeds that is cut off at the top.
fn number<const LIMBS: usize>(digits: &[u8]) -> Uint<LIMBS> {
    let mut words = [0; LIMBS];
    for (word, chunk) in words.iter_mut().zip(digits.rchunks(size_of::<Word>())) {
        *word = chunk
            .iter()
            .fold(0, |sum, digit| sum << 8 | Word::from(*digit));
    }
    Uint::from_words(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_in_every_size() {
        for size in [256, 300, 384, 512, 768, 1024] {
            let mut modulus = vec![0; size];
            modulus[size - 1] = 101;
            let mut expected = vec![0; size];
            expected[size - 1] = 7u8.pow(2); // 7 ** 2 = 49, 7 ** 102 = 49 modulo 101
            assert_eq!(power(&[7], &[2], &modulus), expected);
            assert_eq!(power(&[0, 7], &[0, 102], &modulus), expected);
        }
    }
}
