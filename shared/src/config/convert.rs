//! From a file in DistroBaker's form to a static and a dynamic one. Guesses nothing silently: what has no place in them, and what
//! a person must fill in, is told.

mod old;
mod write;

use super::{
    block::{Block, Unknown},
    fault::{ConfigError, Fault, Files, Notes},
    kind::Kind,
    tree,
};
use old::Old;

/// What became of a file in DistroBaker's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The static file.
    pub static_text: String,
    /// The dynamic file.
    pub dynamic_text: String,
    /// What has no place in them, in order of line.
    pub left_out: Vec<Fault>,
    /// What a person must look at, each beginning with its key path.
    pub fill_in: Vec<String>,
}

/// Converts a file; `file` is named in faults.
///
/// # Errors
///
/// All faults of the text together; also if it is of another form.
pub fn convert(file: &str, text: &str) -> Result<Converted, ConfigError> {
    let tree = tree::of_text(file, text)?;
    if let Some(kind) = Kind::of_tree(&tree).filter(|kind| *kind != Kind::DistroBaker) {
        let text = format!("nothing to convert: this is a {}, which is read as it is", kind.name());
        return Err(Notes::whole(file, None, text));
    }
    let notes = Notes::new(file, Files::Elsewhere);
    let old = Old::read(Block::root(&tree, &notes, Unknown::Warn));
    if old.is_none() && notes.clean() {
        notes.fault("", None, "a value is missing");
    }
    let loaded = notes.finish(old)?;
    Ok(Converted {
        static_text: write::static_file(file, &loaded.config),
        dynamic_text: write::dynamic_file(file, &loaded.config),
        fill_in: write::fill_in(&loaded.config),
        left_out: loaded.warnings,
    })
}

#[cfg(test)]
mod tests;
