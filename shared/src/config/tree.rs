//! A YAML document as a tree that knows the line of every key and value. Does *not* give scalars a type: the reader knows
//! which type it expects, so `f45`, `1.10` and `no` mean what the key wants.

use std::{borrow::Cow, collections::BTreeMap};

use granit_parser::{Event, Parser, ScalarStyle};

use super::fault::{ConfigError, Notes};

/// The largest file taken, in bytes. The public dynamic file has about 10 KiB.
pub(super) const MAX_BYTES: usize = 1024 * 1024;
/// The deepest nesting taken.
const MAX_DEPTH: usize = 32;
/// Most nodes taken, repetitions by alias counted each time.
const MAX_NODES: usize = 100_000;

/// A value and the line it begins on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a value is, as far as its form tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text or number; `plain` if it stands there without quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) node: Node,
}

/// A document that is no YAML, or too much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) text: String,
}

impl Node {
    /// Whether it is nothing: `key:` without a value, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// A collection that is not closed yet.
enum Open {
    List { line: usize, anchor: usize, items: Vec<Node> },
    Map { line: usize, anchor: usize, entries: Vec<Entry>, key: Option<(String, usize)> },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

/// Reads the one document of a configuration file's text; `file` is named in the fault.
pub(super) fn of_text(file: &str, text: &str) -> Result<Node, ConfigError> {
    parse(text).map_err(|broken| {
        Notes::whole(file, Some(broken.line), format!("no valid YAML: {}", broken.text))
    })
}

/// Reads the one document of a text; an empty text is an empty mapping.
pub(super) fn parse(text: &str) -> Result<Node, Broken> {
    let mut builder = Builder::default();
    let mut documents = 0_u32;
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|e| Broken { line: e.marker().line().max(1), text: e.info() })?;
        let line = span.start.line().max(1);
        match event {
            Event::Scalar(text, style, anchor, _) => builder.scalar(text, style, anchor, line)?,
            Event::SequenceStart(_, anchor, _) => {
                builder.begin(Open::List { line, anchor, items: Vec::new() }, line)?;
            }
            Event::MappingStart(_, anchor, _) => {
                builder.begin(Open::Map { line, anchor, entries: Vec::new(), key: None }, line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.end()?,
            Event::Alias(id) => builder.alias(id, line)?,
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(Broken {
                        line,
                        text: "a second document begins here; one is expected".to_owned(),
                    });
                }
            }
            // Marks without content, and kinds that only other options of the parser produce.
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | _ => {}
        }
    }
    Ok(builder.root.unwrap_or(Node { line: 1, value: Value::Map(Vec::new()) }))
}

impl Builder {
    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        line: usize,
    ) -> Result<(), Broken> {
        let plain = style == ScalarStyle::Plain;
        self.put(Node { line, value: Value::Scalar { text: text.into_owned(), plain } }, anchor)
    }

    fn begin(&mut self, open: Open, line: usize) -> Result<(), Broken> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Broken { line, text: format!("nested deeper than {MAX_DEPTH} levels") });
        }
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return Err(Broken { line, text: "a list or mapping cannot be a key here".to_owned() });
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Broken> {
        match self.open.pop() {
            Some(Open::List { line, anchor, items }) => {
                self.put(Node { line, value: Value::List(items) }, anchor)
            }
            Some(Open::Map { line, anchor, entries, .. }) => {
                self.put(Node { line, value: Value::Map(entries) }, anchor)
            }
            None => Ok(()),
        }
    }

    fn alias(&mut self, id: usize, line: usize) -> Result<(), Broken> {
        match self.anchors.get(&id) {
            Some(node) => {
                let copy = Node { line, ..node.clone() };
                self.nodes += size(&copy);
                self.put(copy, 0)
            }
            None => {
                Err(Broken { line, text: "this alias refers to itself or to nothing".to_owned() })
            }
        }
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Broken> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Broken { line: node.line, text: format!("more than {MAX_NODES} values") });
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some((name, line)) => entries.push(Entry { key: name, line, node }),
                None => *key = Some(key_of(node)?),
            },
        }
        Ok(())
    }
}

fn key_of(node: Node) -> Result<(String, usize), Broken> {
    match node.value {
        Value::Scalar { text, plain } if !(plain && text == "<<") => Ok((text, node.line)),
        Value::Scalar { .. } => Err(Broken {
            line: node.line,
            text: "merge keys (`<<`) are not read; write the keys out".to_owned(),
        }),
        Value::List(_) | Value::Map(_) => Err(Broken {
            line: node.line,
            text: "a list or mapping cannot be a key here".to_owned(),
        }),
    }
}

/// How many values a node holds, itself included.
fn size(node: &Node) -> usize {
    match &node.value {
        Value::Scalar { .. } => 1,
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|entry| size(&entry.node)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests;
