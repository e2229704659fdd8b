//! Tokens and codes that the identity provider gave out.

use std::collections::BTreeMap;

use crate::idp::script::Person;

/// Tokens and codes given out: to the user they belong to.
#[derive(Clone, Debug, Default)]
pub struct Tokens(pub(crate) BTreeMap<String, String>);

/// What the provider remembers of people who log in at services.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    /// Codes that nobody has brought yet.
    pub(crate) codes: BTreeMap<String, Asked>,
    /// Access tokens.
    pub(crate) tokens: BTreeMap<String, Person>,
    /// How many codes there were.
    pub(crate) given: u64,
}

/// What a service asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) service: String,
    pub(crate) back: String,
    pub(crate) nonce: String,
    pub(crate) challenge: String,
}
