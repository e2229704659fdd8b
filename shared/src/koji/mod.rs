//! The Koji hub: its XML-RPC dialect, its sessions, and the calls we make.

pub mod api;
mod bulk;
mod caller;
mod certificate;
pub mod client;
pub mod error;
pub mod fault;
pub mod limits;
pub mod login;
pub mod metrics;
mod negotiate;
mod rows;
mod sending;
mod session;
pub mod transport;
pub mod xmlrpc;

pub use caller::HubParts;
pub use certificate::CertificateLogin;
pub use negotiate::KerberosLogin;
