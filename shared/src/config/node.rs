//! Reading one value as the type its key wants. Does *not* know any key.

use std::{path::PathBuf, time::Duration};

use ebs_domain::{id::TagName, policy::Pattern};
use url::Url;

use super::{
    duration,
    fault::Notes,
    tree::{Node, Value},
};

/// Where a value stands, and where its faults go.
#[derive(Clone, Debug)]
pub(super) struct Place<'n> {
    pub(super) path: String,
    pub(super) notes: &'n Notes,
}

impl Place<'_> {
    pub(super) fn fault(&self, node: &Node, text: impl Into<String>) {
        self.notes.fault(&self.path, Some(node.line), text);
    }

    pub(super) fn warn(&self, node: &Node, text: impl Into<String>) {
        self.notes.warn(&self.path, Some(node.line), text);
    }

    pub(super) fn item(&self, suffix: &str) -> Self {
        Self { path: format!("{}{suffix}", self.path), notes: self.notes }
    }
}

/// A type that a value of the file can be read as. A fault is noted, and then there is no value.
pub(super) trait FromNode: Sized {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self>;
}

/// What stands there, for "X expected, found …".
pub(super) fn found(node: &Node) -> String {
    match &node.value {
        _ if node.is_null() => "nothing".to_owned(),
        Value::Scalar { text, plain } => {
            let shown: String = text.chars().take(60).collect();
            if *plain { format!("`{shown}`") } else { format!("the text {shown:?}") }
        }
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}

/// The text of a scalar that is not nothing.
fn scalar<'a>(node: &'a Node, place: &Place<'_>, expected: &str) -> Option<(&'a str, bool)> {
    match &node.value {
        Value::Scalar { text, plain } if !node.is_null() => Some((text, *plain)),
        Value::Scalar { .. } | Value::List(_) | Value::Map(_) => {
            place.fault(node, format!("{expected}, found {}", found(node)));
            None
        }
    }
}

/// The booleans that Python's YAML reader knows; it is YAML 1.1.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

impl FromNode for bool {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let (text, plain) = scalar(node, place, "`true` or `false` is expected")?;
        match boolean(text) {
            Some(value) if plain => Some(value),
            Some(_) => {
                let text = text.to_ascii_lowercase();
                place.fault(
                    node,
                    format!(
                        "a boolean in quotes is text, not a boolean: write {text} without quotes"
                    ),
                );
                None
            }
            None => {
                place.fault(node, format!("`true` or `false` is expected, found {}", found(node)));
                None
            }
        }
    }
}

impl FromNode for String {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let (text, plain) = scalar(node, place, "a text is expected")?;
        let number = text.parse::<f64>().is_ok()
            && text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        let fault = if plain && (boolean(text).is_some() || number) {
            format!(
                "a text is expected, found {}: put it in quotes if it is meant as text",
                found(node)
            )
        } else if text.trim().is_empty() {
            "a text is expected, found an empty one".to_owned()
        } else {
            return Some(text.to_owned());
        };
        place.fault(node, fault);
        None
    }
}

impl FromNode for i64 {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let (text, plain) = scalar(node, place, "a whole number is expected")?;
        match text.parse() {
            Ok(number) => {
                if !plain {
                    place.warn(node, "a number in quotes: read as the number");
                }
                Some(number)
            }
            Err(_) => {
                place.fault(node, format!("a whole number is expected, found {}", found(node)));
                None
            }
        }
    }
}

/// A number that is at least 0 and fits its type.
macro_rules! unsigned {
    ($($number:ty),*) => {$(
        impl FromNode for $number {
            fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
                let number = i64::read(node, place)?;
                let fits = <$number>::try_from(number).ok();
                if fits.is_none() {
                    place.fault(node, format!("a number from 0 to {} is expected, found `{number}`", <$number>::MAX));
                }
                fits
            }
        }
    )*};
}
unsigned!(u16, u32, usize, u64);

impl FromNode for Duration {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let (text, _) = scalar(node, place, duration::EXPECTED)?;
        let span = duration::parse(text);
        if span.is_none() {
            place.fault(node, format!("{}, found {}", duration::EXPECTED, found(node)));
        }
        span
    }
}

/// Reads a text and lets `parse` turn it into a value or a fault.
fn parsed<T>(
    node: &Node,
    place: &Place<'_>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let text = String::read(node, place)?;
    parse(&text).map_err(|fault| place.fault(node, fault)).ok()
}

impl FromNode for Url {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        parsed(node, place, |text| match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
            Ok(_) => Err(format!("an http or https address is expected, found `{text}`")),
            Err(fault) => {
                Err(format!("an http or https address is expected, found `{text}`: {fault}"))
            }
        })
    }
}

impl FromNode for TagName {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        parsed(node, place, |text| {
            text.parse().map_err(|fault: ebs_domain::id::InvalidName| fault.to_string())
        })
    }
}

impl FromNode for PathBuf {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        String::read(node, place).map(Self::from)
    }
}

impl FromNode for Pattern {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        // A pattern such as `2048` is a number to YAML; as a pattern it can only be meant as text.
        let (text, _) = scalar(node, place, "a regular expression is expected")?;
        Self::new(text).map_err(|fault| place.fault(node, fault.to_string())).ok()
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            let way = if node.is_null() { "write `[]` for none" } else { "write it as `[…]`" };
            place.fault(node, format!("a list is expected, found {}: {way}", found(node)));
            return None;
        };
        let read =
            items.iter().enumerate().map(|(n, item)| T::read(item, &place.item(&format!("[{n}]"))));
        read.collect()
    }
}
