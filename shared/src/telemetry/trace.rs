//! The W3C trace context, as it travels in jobs. Does *not* draw ids: they are passed in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Which trace a piece of work belongs to, and which span caused it.
///
/// Source: W3C Trace Context, section 3.2 ("traceparent header").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Traceparent {
    trace: u128,
    span: u64,
    flags: u8,
}

/// A text is no trace context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no W3C trace context: {0}")]
pub struct InvalidTraceparent(&'static str);

/// The flag that says the caller recorded its span.
const SAMPLED: u8 = 1;
/// The length of version 00, in bytes.
const LENGTH: usize = 55;

impl Traceparent {
    /// A new trace that begins with this span; both are drawn at random by the caller. Ids of zero, which the standard
    /// forbids, become one.
    #[must_use]
    pub fn new(trace: u128, span: u64) -> Self {
        Self { trace: trace.max(1), span: span.max(1), flags: SAMPLED }
    }

    /// The same trace, going on with this span.
    #[must_use]
    pub fn child(self, span: u64) -> Self {
        Self { span: span.max(1), ..self }
    }

    /// The trace's id.
    #[must_use]
    pub fn trace(self) -> u128 {
        self.trace
    }

    /// The span's id.
    #[must_use]
    pub fn span(self) -> u64 {
        self.span
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl FromStr for Traceparent {
    type Err = InvalidTraceparent;

    /// Reads later versions too, as far as they agree with the first.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Rust's own reader would take upper case and a sign.
        let known =
            text.bytes().take(LENGTH).all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
        if !known {
            return Err(InvalidTraceparent(
                "it has other characters than lower-case hexadecimal digits",
            ));
        }
        let mut parts = text.splitn(5, '-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits);
            let part =
                part.ok_or(InvalidTraceparent("a part is missing or has the wrong length"))?;
            u128::from_str_radix(part, 16)
                .map_err(|_| InvalidTraceparent("a part is no hexadecimal number"))
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        if version == 0xff || (version == 0 && text.len() != LENGTH) {
            return Err(InvalidTraceparent(
                "the version is forbidden, or has something after its end",
            ));
        }
        if trace == 0 || span == 0 {
            return Err(InvalidTraceparent("an id is zero"));
        }
        let too_large = |_| InvalidTraceparent("a part is too large");
        let (span, flags) =
            (u64::try_from(span).map_err(too_large)?, u8::try_from(flags).map_err(too_large)?);
        Ok(Self { trace, span, flags: flags & SAMPLED })
    }
}

impl TryFrom<String> for Traceparent {
    type Error = InvalidTraceparent;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Traceparent> for String {
    fn from(context: Traceparent) -> Self {
        context.to_string()
    }
}

#[cfg(test)]
mod tests;
