//! What went wrong, in words for the owner of the connection.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::calendar::utc;
use super::error::Fault;

/// What kind of failure it is.
pub(super) fn fault(error: &Error) -> Fault {
    let error = match error {
        Error::InvalidCertificate(error) => error,
        Error::NoCertificatesPresented => return Fault::Missing,
        Error::InvalidCertRevocationList(_) => return Fault::Untrusted,
        _ => return Fault::Protocol,
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Fault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Fault::NotYetValid
        }
        CertificateError::UnknownIssuer => Fault::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Fault::NameMismatch
        }
        CertificateError::Revoked => Fault::Revoked,
        _ => Fault::Untrusted,
    }
}

/// The text for a failed handshake or record.
pub(super) fn failure(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::NoCertificatesPresented => "the peer sent no certificate".into(),
        Error::InvalidCertRevocationList(error) => {
            format!("the revocation list is unusable: {error:?}")
        }
        Error::AlertReceived(alert) => format!("the peer refused: {}", self::alert(*alert)),
        Error::NoApplicationProtocol => "no application protocol in common (alpn)".into(),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the peer does not speak TLS".into()
        }
        Error::PeerIncompatible(
            PeerIncompatible::NoCipherSuitesInCommon | PeerIncompatible::NoKxGroupsInCommon,
        ) => "no cipher suite or curve in common".into(),
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::SupportedVersionsExtensionRequired,
        ) => "no protocol version in common".into(),
        error => error.to_string(),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate expired on {}", utc(not_after.as_secs()))
        }
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the certificate is not valid before {}",
            utc(not_before.as_secs())
        ),
        CertificateError::UnknownIssuer => "the certificate's issuer is unknown".into(),
        CertificateError::Revoked => "the certificate was revoked".into(),
        CertificateError::UnknownRevocationStatus => {
            "no revocation list covers an issuer of the certificate".into()
        }
        CertificateError::ExpiredRevocationListContext { next_update, .. } => format!(
            "the revocation list was to be renewed on {}",
            utc(next_update.as_secs())
        ),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let expected = expected.to_str();
            if presented.is_empty() {
                return format!("the certificate names no host, {expected} was expected");
            }
            let presented: Vec<_> = presented.iter().map(|name| plain(name)).collect();
            format!(
                "the certificate is for {}, not for {expected}",
                presented.join(", ")
            )
        }
        CertificateError::BadEncoding => "the certificate is malformed".into(),
        CertificateError::BadSignature => "a signature of the certificate does not match".into(),
        CertificateError::Other(error) => words(&error.0.to_string()),
        error => error.to_string(),
    }
}

/// `MaximumPathDepthExceeded` as words.
fn words(name: &str) -> String {
    let mut words = String::from("the certificate was refused:");
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// `DnsName("a.example")` and `IpAddress(192.0.2.1)` without the decoration.
fn plain(name: &str) -> &str {
    name.split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .unwrap_or(name)
        .trim_matches('"')
}

fn alert(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::HandshakeFailure => "handshake failure",
        AlertDescription::BadCertificate => "bad certificate",
        AlertDescription::UnsupportedCertificate => "unsupported certificate",
        AlertDescription::CertificateRevoked => "certificate revoked",
        AlertDescription::CertificateExpired => "certificate expired",
        AlertDescription::CertificateUnknown => "certificate unknown",
        AlertDescription::CertificateRequired => "certificate required",
        AlertDescription::UnknownCA => "unknown CA",
        AlertDescription::AccessDenied => "access denied",
        AlertDescription::DecodeError => "decode error",
        AlertDescription::DecryptError => "decrypt error",
        AlertDescription::BadRecordMac => "bad record MAC",
        AlertDescription::ProtocolVersion => "protocol version",
        AlertDescription::InsufficientSecurity => "insufficient security",
        AlertDescription::InternalError => "internal error",
        AlertDescription::IllegalParameter => "illegal parameter",
        AlertDescription::UnexpectedMessage => "unexpected message",
        AlertDescription::UnrecognisedName => "unrecognized name",
        AlertDescription::NoApplicationProtocol => "no application protocol",
        AlertDescription::UserCanceled => "user canceled",
        _ => "another alert",
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;

    use super::*;

    #[test]
    fn both_names_of_a_mismatch() {
        let error = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("host.example").unwrap(),
            presented: vec![
                "DnsName(\"a.example\")".into(),
                "IpAddress(192.0.2.1)".into(),
            ],
        };
        assert_eq!(
            failure(&error.into()),
            "the certificate is for a.example, 192.0.2.1, not for host.example"
        );
    }
}
