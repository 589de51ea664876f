//! From causes to Ruby's exceptions.

use std::io::ErrorKind;

use em_reactor::{Error as Cause, tls};
use magnus::prelude::*;
use magnus::{Error, ExceptionClass, RArray, RClass, RHash, RModule, Ruby, Value};

use crate::names;
use crate::sys::words;

/// Defines `ERRNOS`, the Errno classes by number.
pub(crate) fn init(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    module.const_set("ERRNOS", errnos(ruby)?)
}

fn errnos(ruby: &Ruby) -> Result<RHash, Error> {
    let errno: RModule = ruby.class_object().const_get("Errno")?;
    let classes = ruby.hash_new();
    for name in errno.funcall::<_, _, RArray>("constants", ())? {
        let class: RClass = errno.const_get(magnus::Symbol::try_convert(name)?)?;
        let number: Value = class.const_get("Errno")?;
        if classes.get(number).is_none() {
            classes.aset(number, class)?;
        }
    }
    classes.freeze();
    Ok(classes)
}

/// A RuntimeError.
pub(crate) fn runtime(ruby: &Ruby, message: impl Into<String>) -> Error {
    Error::new(ruby.exception_runtime_error(), message.into())
}

/// An ArgumentError.
pub(crate) fn argument(ruby: &Ruby, message: impl Into<String>) -> Error {
    Error::new(ruby.exception_arg_error(), message.into())
}

/// One of the module's own exceptions, which lib/em/errors.rb defines, by name.
pub(crate) fn own(ruby: &Ruby, class: &str, message: impl Into<String>) -> Error {
    match names::module(ruby).and_then(|module| module.const_get(class)) {
        Ok(class) => Error::new::<String>(class, message.into()),
        Err(error) => error,
    }
}

/// The exception for a cause, where no call has its own: an Errno class for the system's refusals,
/// else a RuntimeError.
pub(crate) fn from(ruby: &Ruby, cause: &Cause) -> Error {
    match cause {
        Cause::System { call, subject, .. } => match cause.errno() {
            Some(code) => system(
                ruby,
                words::errno(code),
                &format!("{call}(2) for {subject}"),
            ),
            None => runtime(ruby, cause.to_string()),
        },
        Cause::Unsupported(_) => own(ruby, "Unsupported", cause.to_string()),
        Cause::Tls(fault) => tls(ruby, fault),
        Cause::InvalidPort(_) => argument(ruby, cause.to_string()),
        _ => runtime(ruby, cause.to_string()),
    }
}

/// Keys, certificates and what goes with them are InvalidPrivateKey, as ever; a file that is
/// missing is FileNotFoundException; what else is wrong with trust is BadParams.
fn tls(ruby: &Ruby, fault: &tls::Error) -> Error {
    let class = match fault {
        tls::Error::Io {
            parameter: "dhparam",
            ..
        } => "InvalidPrivateKey",
        tls::Error::Io {
            kind: ErrorKind::NotFound,
            ..
        } => "FileNotFoundException",
        tls::Error::Io {
            parameter: "ca_file" | "ca_path" | "crl_file",
            ..
        } => "BadParams",
        tls::Error::BadTrust(_) | tls::Error::BadAlpn(_) | tls::Error::NoServerName => "BadParams",
        _ => "InvalidPrivateKey",
    };
    own(ruby, class, fault.to_string())
}

/// The class in `EventMachine::CertificateError` for a fault of the peer's certificate.
pub(crate) fn certificate_error(fault: tls::Fault) -> Option<&'static str> {
    Some(match fault {
        tls::Fault::Protocol => return None,
        tls::Fault::Expired => "Expired",
        tls::Fault::NotYetValid => "NotYetValid",
        tls::Fault::UnknownIssuer => "UnknownIssuer",
        tls::Fault::NameMismatch => "NameMismatch",
        tls::Fault::Revoked => "Revoked",
        tls::Fault::Missing => "Missing",
        _ => "Untrusted",
    })
}

/// The Errno exception of a number, as `SystemCallError.new` makes it.
pub(crate) fn system(ruby: &Ruby, errno: i32, context: &str) -> Error {
    let class = ruby
        .class_object()
        .const_get::<_, ExceptionClass>("SystemCallError");
    let made =
        class.and_then(|class| class.funcall::<_, _, magnus::Exception>("new", (context, errno)));
    match made {
        Ok(exception) => exception.into(),
        Err(error) => error,
    }
}
