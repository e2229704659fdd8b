//! Why something that was tried has no outcome yet.

use ebs_shared::job::Service;

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// Nothing ran: again after a pause.
    Unavailable { service: Service, why: String },
    /// It may have run: look after a pause.
    Unknown { service: Service, why: String },
    /// A look found nothing, and it is too early to create: look again after a pause.
    NotYet { why: String },
}
