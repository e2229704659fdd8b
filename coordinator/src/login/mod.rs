//! People log in by OpenID Connect: the way to the provider and back, and who has a session. Knows no page and no cookie, and
//! does *not* decide who may do what.

mod error;
mod metrics;
mod open;
mod person;
mod provider;
mod return_to;
mod service;

pub use error::LoginError;
pub use metrics::LoginMetrics;
pub use open::people;
pub use person::{Session, Trip, UserName, VERSION};
pub use provider::{CALL_LIMIT, Provider, ProviderError, ProviderSettings};
pub use return_to::{InvalidReturn, ReturnTo};
pub use service::{Begun, Came, People, SESSION_LIFE, TRIP_LIFE};
