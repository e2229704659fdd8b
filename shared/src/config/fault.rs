//! What is wrong with a configuration file, and where.

use std::{cell::RefCell, fmt};

use serde::Serialize;

/// One thing wrong with a file, or worth a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, as it was named on the command line.
    pub file: String,
    /// The line, from 1; `None` if it is about the file as a whole.
    pub line: Option<usize>,
    /// Where in the document, such as `configuration.koji.profile`; empty for the whole document.
    pub path: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.text)
    }
}

/// A configuration that cannot be used: all its faults, in order of line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} in the configuration:{}", count(faults.len()), listed(faults))]
pub struct ConfigError {
    /// The faults; never empty.
    pub faults: Vec<Fault>,
    /// Warnings found beside them.
    pub warnings: Vec<Fault>,
}

/// A configuration that can be used, and what is worth a warning in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<T> {
    /// The values.
    pub config: T,
    /// Unknown keys in upstream's blocks, and values that are read otherwise than they look.
    pub warnings: Vec<Fault>,
}

fn count(faults: usize) -> String {
    if faults == 1 { "1 fault".to_owned() } else { format!("{faults} faults") }
}

fn listed(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}

/// Collects faults while a file is read, so that all are told together.
#[derive(Debug)]
pub(super) struct Notes {
    file: String,
    faults: RefCell<Vec<Fault>>,
    warnings: RefCell<Vec<Fault>>,
    files: Files,
}

/// Where the files are that a configuration names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// Here: each is read, and one that cannot be is a fault.
    Here,
    /// On another machine: one that cannot be read here is worth a warning.
    Elsewhere,
}

impl Notes {
    pub(super) fn new(file: &str, files: Files) -> Self {
        let (faults, warnings) = (RefCell::default(), RefCell::default());
        Self { file: file.to_owned(), faults, warnings, files }
    }

    /// Notes a fault in a file that the configuration names.
    pub(super) fn named_file(&self, path: &str, line: Option<usize>, text: impl Into<String>) {
        match self.files {
            Files::Here => self.fault(path, line, text),
            Files::Elsewhere => self.warn(path, line, text),
        }
    }

    pub(super) fn fault(&self, path: &str, line: Option<usize>, text: impl Into<String>) {
        self.faults.borrow_mut().push(self.entry(path, line, text.into()));
    }

    pub(super) fn warn(&self, path: &str, line: Option<usize>, text: impl Into<String>) {
        self.warnings.borrow_mut().push(self.entry(path, line, text.into()));
    }

    fn entry(&self, path: &str, line: Option<usize>, text: String) -> Fault {
        Fault { file: self.file.clone(), line, path: path.to_owned(), text }
    }

    /// Whether no fault was noted.
    pub(super) fn clean(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    /// The values with their warnings, or all faults.
    pub(super) fn finish<T>(self, config: Option<T>) -> Result<Loaded<T>, ConfigError> {
        let (mut faults, mut warnings) = (self.faults.into_inner(), self.warnings.into_inner());
        faults.sort_by_key(|fault| fault.line);
        warnings.sort_by_key(|warning| warning.line);
        match config {
            Some(config) if faults.is_empty() => Ok(Loaded { config, warnings }),
            Some(_) | None => Err(ConfigError { faults, warnings }),
        }
    }

    /// One fault about the file as a whole.
    pub(super) fn whole(file: &str, line: Option<usize>, text: String) -> ConfigError {
        let fault = Fault { file: file.to_owned(), line, path: String::new(), text };
        ConfigError { faults: vec![fault], warnings: Vec::new() }
    }
}
