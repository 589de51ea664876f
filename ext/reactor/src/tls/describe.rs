//! What went wrong, in words for the owner of the connection.

use std::fmt;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::calendar::utc;
use super::error::Fault;
use super::refusal::Refusal;

/// What kind of failure it is.
pub(super) fn fault(error: &Error) -> Fault {
    let error = match error {
        Error::InvalidCertificate(error) => error,
        Error::NoCertificatesPresented => return Fault::Missing,
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

/// The most that is told.
const LONGEST: usize = 300;

/// The text for a failed handshake or record.
pub(super) fn failure(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::NoCertificatesPresented => "the peer sent no certificate".into(),
        Error::AlertReceived(alert) => format!("the peer refused: {}", self::alert(*alert)),
        Error::NoApplicationProtocol => "no application protocol in common (alpn)".into(),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the peer does not speak TLS".into()
        }
        Error::InvalidMessage(error) => {
            format!("the peer sent a malformed message ({})", words(error))
        }
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "the peer sent a message that has no place there".into()
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
        Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
            "no signature algorithm in common".into()
        }
        Error::PeerIncompatible(error) => {
            format!("the peer lacks what is needed ({})", words(error))
        }
        Error::PeerMisbehaved(error) => format!("the peer broke the protocol ({})", words(error)),
        Error::DecryptError => "a record of the peer cannot be decrypted".into(),
        Error::PeerSentOversizedRecord => "the peer sent a record that is too long".into(),
        Error::General(text) => text.clone(),
        _ => "the handshake failed".into(),
    }
}

/// `text` as one line that does nothing to a terminal, and not too long a one.
pub(super) fn one_line(text: &str) -> String {
    let harmless = |letter: char| match letter {
        ' '..='~' => letter,
        letter if letter.is_alphanumeric() => letter,
        _ => '?',
    };
    let mut line: String = text.chars().take(LONGEST).map(harmless).collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push_str("...");
    }
    line
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
            format!(
                "the certificate is for {}, not for {expected}",
                presented.join(", ")
            )
        }
        CertificateError::Expired => "the certificate expired before it was valid".into(),
        CertificateError::BadEncoding => "the certificate is malformed".into(),
        CertificateError::BadSignature => "a signature of the certificate does not match".into(),
        CertificateError::Other(error) => match error.0.downcast_ref::<Refusal>() {
            Some(refusal) => refusal.to_string(),
            None => "the certificate was refused".into(),
        },
        _ => "the certificate was refused".into(),
    }
}

/// The name that Debug gives to a value without fields, as words; of others the name alone.
fn words(value: &impl fmt::Debug) -> String {
    let name = format!("{value:?}");
    let mut words = String::new();
    for letter in name.chars().take_while(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
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
            presented: vec!["a.example".into(), "192.0.2.1".into()],
        };
        assert_eq!(
            failure(&error.into()),
            "the certificate is for a.example, 192.0.2.1, not for host.example"
        );
    }

    #[test]
    fn names_of_faults_as_words() {
        assert_eq!(
            words(&PeerIncompatible::Tls12NotOffered),
            "tls12 not offered"
        );
        assert_eq!(
            words(&InvalidMessage::MissingData("Random")),
            "missing data"
        );
    }

    #[test]
    fn nothing_but_one_line() {
        assert_eq!(
            one_line("a\n\r\0\x1b[1m \u{202e}\u{9b}\u{2028}\u{200b}é"),
            "a????[1m ????é"
        );
        assert_eq!(one_line(&"x".repeat(400)).len(), LONGEST + 3);
        assert_eq!(one_line(&"x".repeat(300)).len(), LONGEST);
    }
}
