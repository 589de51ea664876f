//! TLS.

use em_reactor::tls::{Identity, Parameters, Session, library_version, provider_name};
use magnus::prelude::*;
use magnus::{Error, RHash, RModule, Ruby, TryConvert, Value, function};

use crate::convert::tls::{identities, path, pem, protocols, role, text};
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.const_set("OPENSSL_LIBRARY_VERSION", library_version())?;
    module.const_set("OPENSSL_VERSION", library_version())?;
    module.const_set("OPENSSL_NO_SSL2", true)?;
    module.const_set("OPENSSL_NO_SSL3", true)?;
    module.define_module_function("ssl?", function!(is_ssl, 0))?;
    module.define_module_function("tls_provider", function!(provider_name, 0))?;
    module.define_module_function("set_tls_parms", function!(set_tls_parms, -1))?;
    module.define_module_function("set_tls_options", function!(set_tls_options, 2))?;
    module.define_module_function("start_tls", function!(start_tls, 1))?;
    module.define_module_function("get_peer_cert", function!(get_peer_cert, 1))?;
    module.define_module_function("get_cipher_bits", function!(get_cipher_bits, 1))?;
    module.define_module_function("get_cipher_name", function!(get_cipher_name, 1))?;
    module.define_module_function("get_cipher_protocol", function!(get_cipher_protocol, 1))?;
    module.define_module_function("get_sni_hostname", function!(get_sni_hostname, 1))?;
    module.define_module_function("get_alpn_protocol", function!(get_alpn_protocol, 1))?;
    module.define_module_function("get_ssl_verify_error", function!(get_ssl_verify_error, 1))
}

fn is_ssl() -> bool {
    true
}

/// Sets what `start_tls` is to do: private_key_file, private_key, private_key_pass,
/// cert_chain_file, cert, verify_peer, fail_if_no_peer_cert, sni_hostname, cipher_list, ecdh_curve,
/// dhparam and the protocols' bits, after the signature. Texts may be empty or nil.
fn set_tls_parms(ruby: &Ruby, arguments: &[Value]) -> Result<(), Error> {
    let [
        signature,
        private_key_file,
        private_key,
        private_key_pass,
        cert_chain_file,
        cert,
        verify_peer,
        fail_if_no_peer_cert,
        sni_hostname,
        cipher_list,
        ecdh_curve,
        dhparam,
        protocols,
    ] = *arguments
    else {
        let given = arguments.len();
        let message = format!("wrong number of arguments (given {given}, expected 13)");
        return Err(errors::argument(ruby, message));
    };
    let id = convert::id(signature)?;
    let parameters = Parameters {
        identity: Identity {
            private_key_file: path(ruby, private_key_file)?,
            private_key: pem(private_key)?,
            private_key_pass: pem(private_key_pass)?,
            cert_chain_file: path(ruby, cert_chain_file)?,
            cert: pem(cert)?,
        },
        verify_peer: verify_peer.to_bool(),
        fail_if_no_peer_cert: fail_if_no_peer_cert.to_bool(),
        sni_hostname: text(ruby, sni_hostname)?,
        cipher_list: text(ruby, cipher_list)?,
        ecdh_curve: text(ruby, ecdh_curve)?,
        dhparam: path(ruby, dhparam)?,
        protocols: u32::try_convert(protocols)?,
        ..Parameters::default()
    };
    let set = |i: &mut instance::Instance| i.reactor.set_tls_parameters(id, parameters);
    // An unknown signature is one that is closed: there is nothing to set.
    let _ = instance::change(ruby, set)?;
    Ok(())
}

/// Adds options that go beyond `set_tls_parms`: verify, ca_file, ca_path, ca, crl_file, alpn,
/// certificates (by host name), choose_certificate (a flag: ask the connection's
/// ssl_certificate_for), keylog, and role (:client, :server or nil).
fn set_tls_options(ruby: &Ruby, signature: Value, options: RHash) -> Result<(), Error> {
    let id = convert::id(signature)?;
    let option = |name: &str| {
        options
            .get(ruby.to_symbol(name))
            .unwrap_or(ruby.qnil().as_value())
    };
    let ca_file = path(ruby, option("ca_file"))?;
    let ca_path = path(ruby, option("ca_path"))?;
    let crl_file = path(ruby, option("crl_file"))?;
    let ca = pem(option("ca"))?;
    let alpn = protocols(option("alpn"))?;
    let certificates = identities(ruby, option("certificates"))?;
    let choose_certificate = option("choose_certificate").to_bool();
    let (verify, keylog) = (option("verify").to_bool(), option("keylog").to_bool());
    let role = role(ruby, option("role"))?;
    let add = |parameters: &mut Parameters| {
        parameters.verify = verify;
        parameters.keylog = keylog;
        parameters.ca_file = ca_file;
        parameters.ca_path = ca_path;
        parameters.ca = ca;
        parameters.crl_file = crl_file;
        parameters.alpn = alpn;
        parameters.certificates = certificates;
        parameters.choose_certificate = choose_certificate;
        parameters.role = role;
    };
    let set = |i: &mut instance::Instance| i.reactor.update_tls_parameters(id, add);
    let _ = instance::change(ruby, set)?;
    Ok(())
}

/// Starts TLS with the parameters that are set; nothing for an unknown signature.
fn start_tls(ruby: &Ruby, signature: Value) -> Result<(), Error> {
    let id = convert::id(signature)?;
    match instance::change(ruby, |i| i.reactor.start_tls(id))? {
        Ok(()) | Err(em_reactor::Error::UnknownId(_)) => Ok(()),
        Err(cause) => Err(errors::from(ruby, &cause)),
    }
}

/// What a session answers; nil without one.
fn session<T>(
    ruby: &Ruby,
    signature: Value,
    body: impl FnOnce(&Session) -> Option<T>,
) -> Result<Option<T>, Error> {
    let id = convert::id(signature)?;
    instance::look(ruby, |instance| {
        instance
            .reactor
            .tls_session(id)
            .ok()
            .flatten()
            .and_then(body)
    })
}

fn get_peer_cert(ruby: &Ruby, signature: Value) -> Result<Option<String>, Error> {
    session(ruby, signature, Session::peer_certificate_pem)
}

fn get_cipher_bits(ruby: &Ruby, signature: Value) -> Result<Option<u16>, Error> {
    session(ruby, signature, Session::cipher_bits)
}

fn get_cipher_name(ruby: &Ruby, signature: Value) -> Result<Option<&'static str>, Error> {
    session(ruby, signature, Session::cipher_name)
}

fn get_cipher_protocol(ruby: &Ruby, signature: Value) -> Result<Option<&'static str>, Error> {
    session(ruby, signature, Session::cipher_protocol)
}

fn get_sni_hostname(ruby: &Ruby, signature: Value) -> Result<Option<String>, Error> {
    session(ruby, signature, |s| s.sni_hostname().map(str::to_owned))
}

/// The application protocol that both ends agreed on (RFC 7301).
fn get_alpn_protocol(ruby: &Ruby, signature: Value) -> Result<Option<String>, Error> {
    session(ruby, signature, |s| {
        s.alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned())
    })
}

/// Why TLS failed, as text.
fn get_ssl_verify_error(ruby: &Ruby, signature: Value) -> Result<Option<String>, Error> {
    session(ruby, signature, |s| s.failure().map(str::to_owned))
}
