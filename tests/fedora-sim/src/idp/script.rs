//! What a run is told about people who log in at services. Pure data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The identity provider's part of the script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleScript {
    /// The services where people log in: names to secrets.
    pub services: BTreeMap<String, String>,
    /// Who sits before the browser.
    pub person: Person,
    /// The RSA key that signs ID tokens, as PKCS#1 in PEM; without one the service's secret signs them.
    pub signing_key: Option<String>,
    /// What goes wrong.
    pub fault: Option<PeopleFault>,
}

/// Somebody with an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// What the provider knows them by.
    pub sub: String,
    /// What they are called.
    pub nickname: Option<String>,
    /// Their groups.
    pub groups: Vec<String>,
}

/// What goes wrong while somebody logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleFault {
    /// They refuse.
    Denied,
    /// The code is refused.
    CodeRefused,
    /// The token endpoint never answers.
    Silent,
    /// It answers what is no JSON.
    Garbage,
    /// Its answer is longer than anybody's.
    Endless,
    /// Its answer has no ID token.
    NoIdToken,
    /// The ID token repeats another nonce.
    WrongNonce,
    /// It is for another service.
    WrongAudience,
    /// It is another issuer's.
    WrongIssuer,
    /// It has ended.
    Expired,
    /// It is signed with the service's secret, whatever else is announced.
    WrongSignature,
    /// The user info is about somebody else.
    WrongSubject,
    /// There is no user info.
    NoUserInfo,
    /// The user info is sent on to another address.
    Redirected,
}
