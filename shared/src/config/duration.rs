//! Spans of time as people write them: `90`, `90s`, `15m`, `1h30m`, `250ms`.

use std::time::Duration;

/// Units, in milliseconds. Longer ones first would not matter: the whole unit is compared.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// What can be written, for faults.
pub(super) const EXPECTED: &str =
    "a time such as `90s`, `15m`, `24h` or a plain number of seconds is expected";

/// Reads a span; `None` if the text is none, or longer than a thousand years.
pub(super) fn parse(text: &str) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(1000 * 366 * 86_400);
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let span = Duration::from_secs(text.parse().ok()?);
        return (span <= LONGEST).then_some(span);
    }
    let mut millis = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..letters])?;
        millis = millis.checked_add(number.checked_mul(*unit)?)?;
        rest = rest[letters..].trim_start();
    }
    let span = Duration::from_millis(millis);
    (span <= LONGEST).then_some(span)
}

/// A span as people write it; `None` if the text is none, or longer than a thousand years.
#[must_use]
pub fn span(text: &str) -> Option<Duration> {
    parse(text)
}

/// A span as it is best written, for faults.
pub(super) fn show(span: Duration) -> String {
    let millis = span.as_millis();
    let fits = |unit: u64| millis != 0 && millis.is_multiple_of(u128::from(unit));
    let unit = UNITS.iter().rev().find(|(_, unit)| fits(*unit));
    let (name, unit) = unit.copied().unwrap_or(("s", 1000));
    format!("{}{name}", millis / u128::from(unit))
}

#[cfg(test)]
mod tests;
