//! Why nobody has logged in, by what they can do.

use ebs_shared::queue::QueueError;

use super::provider::ProviderError;

/// Nobody has logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// There is no room for more. Try later.
    #[error("too many people are logged in or about to be")]
    Full,
    /// The store does not answer. Try later.
    #[error("failed to keep or find a login")]
    Away(#[from] QueueError),
    /// This login is not under way: unknown, over, or begun in another browser. Begin again.
    #[error("no such login is under way in this browser")]
    Unknown,
    /// The provider says that they have not logged in.
    #[error("the identity provider says `{0}`")]
    Denied(String),
    /// The provider does not say who they are.
    #[error("failed to learn who logs in")]
    Provider(#[from] ProviderError),
    /// It says so in a way that cannot stand in an audit.
    #[error("the identity provider gives a name that cannot be used")]
    Name,
}
