//! Families of addresses.

/// The addresses that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Of both kinds, in the system's order of preference (RFC 6724).
    Any,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}
