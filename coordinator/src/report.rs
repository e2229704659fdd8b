//! Errors, for people: one line, whole.

use std::{error::Error, fmt::Write as _};

/// An error and all that it came from, in one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing into a text cannot fail.
        let _infallible = write!(text, ": {error}");
        source = error.source();
    }
    text
}
