//! Lines, moments and spans, as people read them.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

/// Adds a line.
pub(crate) fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{what}");
}

/// A moment, UTC, to the second.
pub(crate) fn moment(millis: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(millis);
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}

/// How long ago something was, in the largest unit that fits.
pub(crate) fn age(now: i64, then: i64) -> String {
    let seconds = now.saturating_sub(then).max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
