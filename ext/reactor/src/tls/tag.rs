//! The tags of what certificates are made of (X.690 section 8, RFC 5280).

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;

/// Fields of TBSCertificate.
pub(super) const VERSION: u8 = 0xa0;
pub(super) const EXTENSIONS: u8 = 0xa3;

/// Choices of GeneralName.
pub(super) const EMAIL: u8 = 0x81;
pub(super) const DNS: u8 = 0x82;
pub(super) const ADDRESS: u8 = 0x87;
