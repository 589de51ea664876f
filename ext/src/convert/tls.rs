//! What concerns TLS.

use std::path::PathBuf;

use em_reactor::Choice;
use em_reactor::tls::{Identity, Role};
use magnus::prelude::*;
use magnus::{Error, RArray, RHash, RString, Ruby, Symbol, TryConvert, Value};

use crate::errors;

/// The end of a connection that it is to be: `:client`, `:server`, or nil for the natural one.
pub(crate) fn role(ruby: &Ruby, value: Value) -> Result<Option<Role>, Error> {
    let Some(name) = Option::<Symbol>::try_convert(value)? else {
        return Ok(None);
    };
    match &*name.name()? {
        "client" => Ok(Some(Role::Client)),
        "server" => Ok(Some(Role::Server)),
        other => Err(errors::argument(ruby, format!("unknown role: {other}"))),
    }
}

/// A text; an empty one is none.
pub(crate) fn text(ruby: &Ruby, value: Value) -> Result<Option<String>, Error> {
    if value.is_nil() {
        return Ok(None);
    }
    super::text(ruby, value).map(|text| (!text.is_empty()).then_some(text))
}

/// A path; an empty one is none.
pub(crate) fn path(ruby: &Ruby, value: Value) -> Result<Option<PathBuf>, Error> {
    if value.is_nil() {
        return Ok(None);
    }
    super::path(ruby, value).map(|path| (!path.as_os_str().is_empty()).then_some(path))
}

/// The bytes of a String; an empty one is none.
pub(crate) fn pem(value: Value) -> Result<Option<Vec<u8>>, Error> {
    let Some(string) = Option::<RString>::try_convert(value)? else {
        return Ok(None);
    };
    Ok(Some(super::bytes(string)).filter(|bytes| !bytes.is_empty()))
}

/// The names of protocols, in order of preference.
pub(crate) fn protocols(value: Value) -> Result<Vec<Vec<u8>>, Error> {
    let Some(names) = Option::<RArray>::try_convert(value)? else {
        return Ok(Vec::new());
    };
    names
        .into_iter()
        .map(|name| RString::try_convert(name).map(super::bytes))
        .collect()
}

/// A Hash of host names to Hashes of the names that `start_tls` has for a key and its certificate.
pub(crate) fn identities(ruby: &Ruby, value: Value) -> Result<Vec<(String, Identity)>, Error> {
    let Some(by_host) = Option::<RHash>::try_convert(value)? else {
        return Ok(Vec::new());
    };
    let mut identities = Vec::new();
    by_host.foreach(|host: Value, options: RHash| {
        identities.push((super::text(ruby, host)?, identity(ruby, options)?));
        Ok(magnus::r_hash::ForEach::Continue)
    })?;
    Ok(identities)
}

/// A Hash of the names that `start_tls` has for a key and its certificate.
fn identity(ruby: &Ruby, options: RHash) -> Result<Identity, Error> {
    let option = |name: &str| {
        options
            .get(ruby.to_symbol(name))
            .unwrap_or(ruby.qnil().as_value())
    };
    Ok(Identity {
        private_key_file: path(ruby, option("private_key_file"))?,
        private_key: pem(option("private_key"))?,
        private_key_pass: pem(option("private_key_pass"))?,
        cert_chain_file: path(ruby, option("cert_chain_file"))?,
        cert: pem(option("cert"))?,
    })
}

/// What a connection's `ssl_certificate_for` answered: an identity, or nil for the default one.
pub(crate) fn choice(ruby: &Ruby, answer: Value) -> Result<Choice, Error> {
    Ok(match Option::<RHash>::try_convert(answer)? {
        Some(options) => Choice::Present(identity(ruby, options)?),
        None => Choice::Default,
    })
}
