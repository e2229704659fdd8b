//! Which configuration a file is, told from its keys. Does *not* judge its values.

use serde::Serialize;

use super::{
    fault::ConfigError,
    tree::{self, Node, Value},
};

/// What a configuration file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The static file.
    Static,
    /// The dynamic file.
    Dynamic,
    /// The one file of March 2026: both at once, with the trigger tag below `koji`.
    Single,
    /// The one file in DistroBaker's form, 2021 to 2026. It is only converted.
    DistroBaker,
}

/// Blocks that only DistroBaker's form has below `configuration`.
const OF_DISTROBAKER: [&str; 6] = ["source", "destination", "trigger", "build", "git", "defaults"];

/// Blocks of the static part, below `configuration`.
pub(super) const OF_STATIC: [&str; 5] = ["koji", "bodhi", "db", "open_id_connect", "email"];

impl Kind {
    /// Tells it from the text; `None` if the keys of several kinds are missing. `file` is named in faults.
    ///
    /// # Errors
    ///
    /// If the text is no YAML.
    pub fn of(file: &str, text: &str) -> Result<Option<Self>, ConfigError> {
        Ok(Self::of_tree(&tree::of_text(file, text)?))
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static configuration",
            Self::Dynamic => "dynamic configuration",
            Self::Single => "single file (static and dynamic)",
            Self::DistroBaker => "single file of DistroBaker's form",
        }
    }

    pub(super) fn of_tree(tree: &Node) -> Option<Self> {
        let inner = value(tree, "configuration");
        let has = |key: &str| inner.is_some_and(|node| value(node, key).is_some());
        let components = value(tree, "components").is_some();
        let of_static = OF_STATIC.iter().any(|key| has(key));
        if !of_static && OF_DISTROBAKER.iter().any(|key| has(key)) {
            Some(Self::DistroBaker)
        } else if of_static && components {
            Some(Self::Single)
        } else if of_static || value(tree, "ebs").is_some() {
            Some(Self::Static)
        } else if components || has("control") {
            Some(Self::Dynamic)
        } else {
            None
        }
    }
}

/// The value of a key, if it is a mapping that has it.
fn value<'t>(node: &'t Node, key: &str) -> Option<&'t Node> {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
        }
        Value::Scalar { .. } | Value::List(_) => None,
    }
}

#[cfg(test)]
mod tests;
