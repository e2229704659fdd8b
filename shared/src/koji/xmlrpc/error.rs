//! Why a body could not be read. Never holds more than a few words of it.

use std::fmt;

use serde::de;

/// The longest text of an error, in characters: a body can be 60 MB, a log line cannot.
const MAX_TEXT: usize = 200;

/// A body that is no XML-RPC of Koji's kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not well-formed XML, or cut off.
    #[error("the body is no well-formed XML at byte {at}: {what}")]
    Malformed {
        /// Where, in bytes from the start.
        at: u64,
        /// What is wrong, shortened.
        what: String,
    },
    /// XML, but not what XML-RPC has in this place; a web page, for instance.
    #[error("the body is no XML-RPC at byte {at}: expected {expected}")]
    Unexpected {
        /// Where, in bytes from the start.
        at: u64,
        /// What should stand there.
        expected: &'static str,
    },
    /// A document type: refused, since it can define entities.
    #[error("the body has a document type, which is refused")]
    Doctype,
    /// Arrays and structs nested deeper than we follow.
    #[error("the body is nested deeper than {0} levels")]
    TooDeep(usize),
    /// XML-RPC, but not of the shape that the caller asked for.
    #[error("the body has another shape than expected: {0}")]
    Shape(String),
}

impl de::Error for XmlError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Shape(shorten(&message.to_string()))
    }
}

/// The first part of a text.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
