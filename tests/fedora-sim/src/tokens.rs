//! Tokens and codes that the identity provider gave out.

use std::collections::BTreeMap;

/// Tokens and codes given out: to the user they belong to.
#[derive(Clone, Debug, Default)]
pub struct Tokens(pub(crate) BTreeMap<String, String>);
