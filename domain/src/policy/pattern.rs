//! Patterns over package names, as operators write them for Python's `re.search`. Does *not* match anything but names.

use std::{error::Error as _, fmt};

use fancy_regex::{CompileError, Error, Regex, RegexBuilder};

/// Most steps of backtracking in one search. A name has under a hundred characters; a sane pattern needs a few hundred steps.
const BACKTRACK_LIMIT: usize = 100_000;

/// The longest pattern taken, in bytes.
const MAX_PATTERN_BYTES: usize = 4096;

/// A pattern that is searched for in a name, not anchored: `gcc` also hits `mingw-gcc`.
///
/// Look-around and back-references work. **Source:** Python's `re`, whose spellings are translated where they differ.
#[derive(Clone)]
pub struct Pattern {
    written: String,
    regex: Regex,
}

/// A pattern that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern `{written}` cannot be used: {fault}; {advice}")]
pub struct BadPattern {
    written: String,
    fault: String,
    advice: &'static str,
}

/// A search that used up its steps: the pattern backtracks without end on this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pattern `{pattern}` gave up on `{name}` after {BACKTRACK_LIMIT} steps; remove repetition inside repetition"
)]
pub struct GaveUp {
    /// The pattern.
    pub pattern: String,
    /// The name it was searched for in.
    pub name: String,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// [`BadPattern`], which names the pattern, the fault and a way out.
    pub fn new(written: &str) -> Result<Self, BadPattern> {
        let bad = |fault: String, advice| BadPattern {
            written: written.chars().take(120).collect(),
            fault,
            advice,
        };
        if written.is_empty() {
            return Err(bad("it is empty and would hit every name".to_owned(), "remove it"));
        }
        if written.len() > MAX_PATTERN_BYTES {
            return Err(bad(format!("it is longer than {MAX_PATTERN_BYTES} bytes"), "split it"));
        }
        let ours = translate(written)
            .map_err(|fault| bad(fault.to_owned(), "write the class without it"))?;
        match RegexBuilder::new(&ours).backtrack_limit(BACKTRACK_LIMIT).build() {
            Ok(regex) => Ok(Self { written: written.to_owned(), regex }),
            Err(error) => {
                Err(bad(fault_of(&error), "correct it, or write the names it means one by one"))
            }
        }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether it is found anywhere in `name`.
    ///
    /// # Errors
    ///
    /// [`GaveUp`] if the search used up its steps.
    pub fn hits(&self, name: &str) -> Result<bool, GaveUp> {
        self.regex
            .is_match(name)
            .map_err(|_| GaveUp { pattern: self.written.clone(), name: name.to_owned() })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.written)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// What is wrong, on one line, with the place if it is known.
fn fault_of(error: &Error) -> String {
    if let Error::ParseError(at, fault) = error {
        return format!("{fault}, after {at} bytes");
    }
    if let Error::CompileError(fault) = error
        && let CompileError::InnerError(inner) = fault.as_ref()
    {
        // The inner engine draws a picture over several lines; the one marked `error:` says what is wrong.
        let text = inner.source().map_or_else(|| inner.to_string(), ToString::to_string);
        let line = text.lines().find_map(|line| line.trim().strip_prefix("error: "));
        return line.unwrap_or("the engine refuses it").to_owned();
    }
    error.to_string()
}

/// Python's spelling in ours, where both have the thing and write it differently.
///
/// `\Z` is Python's very end of the text; `{,n}` its `{0,n}`; `\<` and `\>` are plain characters there; and a bracket, `&&` or
/// `~~` inside a class is plain there but an operator here.
fn translate(written: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(written.len() + 8);
    let mut rest = written.chars().peekable();
    // Number of characters since a class began; `None` outside of one.
    let mut class: Option<usize> = None;
    while let Some(c) = rest.next() {
        match (c, class) {
            ('\\', _) => escape(rest.next(), class.is_some(), &mut out),
            ('[', None) => {
                class = Some(0);
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if rest.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
                continue;
            }
            (']', Some(_)) => {
                class = None;
                out.push(']');
            }
            ('-', Some(1..)) if rest.peek() == Some(&'-') => {
                return Err("`--` inside a class means something else here than in Python");
            }
            ('[' | '&' | '~', Some(_)) => out.extend(['\\', c]),
            ('{', None) if rest.peek() == Some(&',') => out.push_str("{0"),
            (_, _) => out.push(c),
        }
        class = class.map(|n| n + 1);
    }
    Ok(out)
}

/// One escape: what follows a backslash.
fn escape(after: Option<char>, in_class: bool, out: &mut String) {
    match after {
        Some('Z') if !in_class => out.push_str("\\z"),
        Some(c @ ('<' | '>')) => out.push(c),
        Some(c) => out.extend(['\\', c]),
        None => out.push('\\'),
    }
}

#[cfg(test)]
mod tests;
