//! How older programs encrypted PKCS#8 keys: by PKCS #12's derivation of keys from pass phrases
//! (RFC 7292 appendix B) and triple DES.

use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, KeyIvInit};
use des::{TdesEde2, TdesEde3};
use sha1::{Digest, Sha1};

use crate::tls::der::{Reader, number};
use crate::tls::tag;

/// The arc of the schemes, as contents.
const SCHEMES: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1];

/// Size of the blocks that SHA-1 works on.
const BLOCK: usize = 64;

/// The most rounds that are done for a key.
const MOST_ROUNDS: usize = 10_000_000;

/// What the derived bytes are for.
const KEY: u8 = 1;
const VECTOR: u8 = 2;

/// An EncryptedPrivateKeyInfo of one of these schemes.
pub(super) struct Sealed<'a> {
    scheme: u8,
    salt: &'a [u8],
    rounds: usize,
    data: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Reads the DER of one; `None` where it is of another scheme, or malformed.
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut info = Reader(Reader(der).take(tag::SEQUENCE)?);
        let mut algorithm = Reader(info.take(tag::SEQUENCE)?);
        let identifier = algorithm.take(tag::OBJECT_IDENTIFIER)?;
        let scheme = match identifier.strip_prefix(&SCHEMES)? {
            [scheme @ (3 | 4)] => *scheme,
            _ => return None,
        };
        let mut params = Reader(algorithm.take(tag::SEQUENCE)?);
        let salt = params.take(tag::OCTET_STRING)?;
        let rounds = number(params.take(tag::INTEGER)?)?;
        Some(Self {
            scheme,
            salt,
            rounds: Some(rounds).filter(|rounds| (1..=MOST_ROUNDS).contains(rounds))?,
            data: info.take(tag::OCTET_STRING)?,
        })
    }

    /// The PrivateKeyInfo; `None` where the pass phrase is not the right one.
    pub(super) fn open(&self, pass: &[u8]) -> Option<Vec<u8>> {
        let vector = self.derive(pass, VECTOR, 8);
        match self.scheme {
            3 => decrypt::<Decryptor<TdesEde3>>(&self.derive(pass, KEY, 24), &vector, self.data),
            _ => decrypt::<Decryptor<TdesEde2>>(&self.derive(pass, KEY, 16), &vector, self.data),
        }
    }

    fn derive(&self, pass: &[u8], purpose: u8, size: usize) -> Vec<u8> {
        let mut input = filled(self.salt);
        input.extend(filled(&wide(pass)));
        let mut derived = Vec::new();
        while derived.len() < size {
            let mut digest = Sha1::new()
                .chain_update([purpose; BLOCK])
                .chain_update(&input)
                .finalize();
            for _ in 1..self.rounds {
                digest = Sha1::digest(digest);
            }
            derived.extend_from_slice(&digest);
            for block in input.chunks_mut(BLOCK) {
                add(block, &digest);
            }
        }
        derived.truncate(size);
        derived
    }
}

fn decrypt<C: KeyIvInit + BlockDecryptMut>(
    key: &[u8],
    vector: &[u8],
    data: &[u8],
) -> Option<Vec<u8>> {
    let cipher = C::new_from_slices(key, vector).ok()?;
    cipher.decrypt_padded_vec_mut::<Pkcs7>(data).ok()
}

/// A pass phrase in UTF-16 with its end; bytes that are not UTF-8 stand for themselves.
fn wide(pass: &[u8]) -> Vec<u8> {
    let units: Vec<u16> = match std::str::from_utf8(pass) {
        Ok(text) => text.encode_utf16().collect(),
        Err(_) => pass.iter().map(|byte| u16::from(*byte)).collect(),
    };
    units
        .iter()
        .chain(&[0])
        .flat_map(|unit| unit.to_be_bytes())
        .collect()
}

/// `bytes` again and again, until the last block is full.
fn filled(bytes: &[u8]) -> Vec<u8> {
    let size = bytes.len().next_multiple_of(BLOCK);
    bytes.iter().copied().cycle().take(size).collect()
}

/// Adds `digest`, repeated to the size of a block, and one to a big-endian number.
fn add(block: &mut [u8], digest: &[u8]) {
    let mut carry = 1;
    for (index, byte) in block.iter_mut().enumerate().rev() {
        let sum = u16::from(*byte) + u16::from(digest[index % digest.len()]) + carry;
        [_, *byte] = sum.to_be_bytes();
        carry = sum >> 8;
    }
}
