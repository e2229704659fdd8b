//! What the hub says no with.

/// Why something is refused: one of Koji's faults.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault {code}: {text}")]
pub struct Refusal {
    /// Koji's number of the kind of fault.
    pub code: i64,
    /// Its text.
    pub text: String,
}

impl Refusal {
    /// A fault of the given kind.
    pub fn new(code: i64, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// Fault 1000, the hub's catch-all.
    pub fn generic(text: impl Into<String>) -> Self {
        Self::new(1000, text)
    }
}
