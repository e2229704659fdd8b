//! One mapping of the file, read key by key. Every key that nobody asked for is told at the end.

use std::path::PathBuf;

use super::{
    fault::Notes,
    node::{FromNode, Place, found},
    tree::{Entry, Node, Value},
};
use crate::certificates;

/// What an unknown key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Upstream's block: a newer or older version may know the key. A warning.
    Warn,
    /// Our block: a typing error. A fault.
    Refuse,
}

/// A mapping being read.
#[derive(Debug)]
pub(super) struct Block<'t, 'n> {
    pub(super) place: Place<'n>,
    pub(super) line: usize,
    entries: &'t [Entry],
    unknown: Unknown,
    known: Vec<&'static str>,
    /// It is no mapping at all: a fault that says more than one for each key missing in it.
    void: bool,
}

impl<'t, 'n> Block<'t, 'n> {
    /// The whole document.
    pub(super) fn root(tree: &'t Node, notes: &'n Notes, unknown: Unknown) -> Self {
        Self::of(tree, Place { path: String::new(), notes }, unknown)
    }

    /// A value as a mapping; if it is none, a fault, and every key is absent.
    fn of(node: &'t Node, place: Place<'n>, unknown: Unknown) -> Self {
        let (entries, void): (&[Entry], bool) = match &node.value {
            Value::Map(entries) => (entries, false),
            Value::Scalar { .. } | Value::List(_) => {
                let way = if node.is_null() { ": write `{}` for an empty one" } else { "" };
                place.fault(node, format!("a mapping is expected, found {}{way}", found(node)));
                (&[], true)
            }
        };
        for (n, entry) in entries.iter().enumerate() {
            if let Some(first) = entries[..n].iter().find(|earlier| earlier.key == entry.key) {
                let text =
                    format!("the key is written twice, first in line {}: remove one", first.line);
                place.notes.fault(&join(&place.path, &entry.key), Some(entry.line), text);
            }
        }
        Self { place, line: node.line, entries, unknown, known: Vec::new(), void }
    }

    /// A mapping of upstream's whose key was read by somebody else.
    pub(super) fn warning(node: &'t Node, place: Place<'n>) -> Self {
        Self::of(node, place, Unknown::Warn)
    }

    fn find(&mut self, key: &'static str) -> Option<&'t Entry> {
        self.known.push(key);
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn place_of(&self, key: &str) -> Place<'n> {
        Place { path: join(&self.place.path, key), notes: self.place.notes }
    }

    /// The line of a key, or of the block if it is not written.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.entries.iter().find(|entry| entry.key == key).map_or(self.line, |entry| entry.line)
    }

    /// The value of a key, `None` if it is absent or faulty.
    pub(super) fn get<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        let entry = self.find(key)?;
        T::read(&entry.node, &self.place_of(key))
    }

    /// The value of a key, or `default`.
    pub(super) fn or<T: FromNode>(&mut self, key: &'static str, default: T) -> T {
        self.get(key).unwrap_or(default)
    }

    /// The value of a key that must be there; `None` only after a fault.
    pub(super) fn need<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        if self.find(key).is_none() && !self.void {
            self.fault_at(key, "this key is required and missing");
        }
        self.get(key)
    }

    /// A value as it stands in the file.
    pub(super) fn raw(&mut self, key: &'static str) -> Option<(&'t Node, Place<'n>)> {
        let entry = self.find(key)?;
        Some((&entry.node, self.place_of(key)))
    }

    /// The file of an authority, which must hold a certificate.
    pub(super) fn authority(&mut self) -> Option<PathBuf> {
        let path: PathBuf = self.get("authority_file")?;
        if let Err(fault) = certificates::ends(&path) {
            self.file_fault_at("authority_file", fault.to_string());
        }
        Some(path)
    }

    /// A block below this one, if it is there.
    pub(super) fn sub(&mut self, key: &'static str) -> Option<Block<'t, 'n>> {
        let unknown = self.unknown;
        self.raw(key).map(|(node, place)| Block::of(node, place, unknown))
    }

    /// A block below this one, as if it stood there empty if it does not.
    pub(super) fn sub_or_empty(&mut self, key: &'static str) -> Block<'t, 'n> {
        let empty = Block {
            place: self.place_of(key),
            line: self.line,
            entries: &[],
            unknown: self.unknown,
            known: Vec::new(),
            void: false,
        };
        self.sub(key).unwrap_or(empty)
    }

    /// The same block, whose unknown keys are faults or not.
    pub(super) fn with_unknown(self, unknown: Unknown) -> Self {
        Self { unknown, ..self }
    }

    /// A block below this one that must be there.
    pub(super) fn need_sub(&mut self, key: &'static str) -> Option<Block<'t, 'n>> {
        let sub = self.sub(key);
        if sub.is_none() && !self.void {
            self.fault_at(key, "this block is required and missing");
        }
        sub
    }

    /// All entries of a mapping whose keys are free: each with its place.
    pub(super) fn free(&mut self) -> Vec<(&'t Entry, Place<'n>)> {
        self.unknown = Unknown::Warn;
        let entries = std::mem::take(&mut self.entries);
        entries.iter().map(|entry| (entry, self.place_of(&entry.key))).collect()
    }

    /// Notes a fault at a key, or at the block if the key is not written.
    pub(super) fn fault_at(&self, key: &str, text: impl Into<String>) {
        self.place.notes.fault(&join(&self.place.path, key), Some(self.line_of(key)), text);
    }

    /// Notes a fault in the file that a key names.
    pub(super) fn file_fault_at(&self, key: &str, text: impl Into<String>) {
        self.place.notes.named_file(&join(&self.place.path, key), Some(self.line_of(key)), text);
    }

    /// Notes a warning at a key, or at the block if the key is not written.
    pub(super) fn warn_at(&self, key: &str, text: impl Into<String>) {
        self.place.notes.warn(&join(&self.place.path, key), Some(self.line_of(key)), text);
    }

    /// Ends the reading: tells of every key that was not asked for.
    pub(super) fn close(self) {
        for entry in self.entries {
            if self.known.contains(&entry.key.as_str()) {
                continue;
            }
            let path = join(&self.place.path, &entry.key);
            let mut known = self.known.clone();
            known.sort_unstable();
            known.dedup();
            let known = known.join(", ");
            let (line, notes) = (Some(entry.line), self.place.notes);
            match self.unknown {
                Unknown::Warn => {
                    notes.warn(&path, line, format!("unknown key, not used; known here: {known}"))
                }
                Unknown::Refuse => {
                    notes.fault(&path, line, format!("unknown key; known here: {known}"))
                }
            }
        }
    }
}

fn join(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.to_owned(),
        (path, "") => path.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}
