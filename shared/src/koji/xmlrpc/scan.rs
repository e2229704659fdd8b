//! XML as far as XML-RPC uses it: a body as a row of tags and texts, all borrowed from it. Does *not* know XML-RPC.
//!
//! Strict where it matters: end tags must match, nesting is bounded, document types are refused, so no entity exists but
//! those of XML itself. Attributes, comments and processing instructions are stepped over without a look inside.

use memchr::{memchr2, memchr3, memmem};

use super::error::XmlError;

/// Most arrays and structs inside one another that are followed.
pub(super) const MAX_DEPTH: usize = 128;

/// Most elements that are open at once: down to the outermost `value`, three for each array or struct inside
/// (itself, `data` or `member`, `value`), and the type of the innermost.
const MAX_OPEN: usize = 4 + 3 * MAX_DEPTH + 1;

/// White space as XML has it.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'de> {
    /// An element of this name is open now.
    Open(&'de str),
    /// The element that was opened last and not closed yet is closed now.
    Close,
    /// Text as it stands there, never empty: its line ends may be of any kind.
    Text(&'de str),
    /// The same from a CDATA section, which may be empty.
    CData(&'de str),
    /// A letter that was written as a reference.
    Char(char),
    /// Nothing more, and nothing is open.
    End,
}

/// A body, and how far it has been read.
pub(super) struct Scanner<'de> {
    /// What is still to be read.
    rest: &'de str,
    /// Bytes of the whole body.
    whole: usize,
    /// Names of the elements that are open, the outermost first.
    open: Vec<&'de str>,
    /// Whether the last of them ends with its own tag, like `<nil/>`.
    empty: bool,
}

impl<'de> Scanner<'de> {
    /// The body from its start.
    pub(super) fn new(body: &'de str) -> Self {
        let rest = body.strip_prefix('\u{feff}').unwrap_or(body);
        Self { rest, whole: body.len(), open: Vec::new(), empty: false }
    }

    /// How far it has been read, in bytes.
    pub(super) fn at(&self) -> u64 {
        u64::try_from(self.whole - self.rest.len()).unwrap_or(u64::MAX)
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    #[cold]
    fn malformed(&self, what: &str) -> XmlError {
        XmlError::Malformed { at: self.at(), what: what.to_owned() }
    }

    /// Steps over so many bytes, and gives them. None if they end inside of a letter, which no caller asks for.
    #[inline]
    fn take(&mut self, bytes: usize) -> Option<&'de str> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    /// Steps over everything up to and with this end, and gives what is before it.
    fn take_to(&mut self, end: &str, unclosed: &str) -> Result<&'de str, XmlError> {
        let found = memmem::find(self.rest.as_bytes(), end.as_bytes());
        let taken = found.and_then(|at| self.take(at)).ok_or_else(|| self.malformed(unclosed))?;
        self.take(end.len());
        Ok(taken)
    }

    /// Steps over white space.
    #[inline]
    pub(super) fn step_over_blanks(&mut self) {
        let blanks = self.rest.bytes().take_while(|byte| is_blank(*byte)).count();
        self.take(blanks);
    }

    /// What comes next, comments and processing instructions left out.
    #[inline]
    pub(super) fn piece(&mut self) -> Result<Piece<'de>, XmlError> {
        loop {
            if self.empty {
                self.empty = false;
                self.open.pop();
                return Ok(Piece::Close);
            }
            return match self.rest.as_bytes() {
                [b'<', b'/', ..] => self.end_tag(),
                [b'<', b'?', ..] => {
                    self.instruction()?;
                    continue;
                }
                [b'<', b'!', ..] => match self.declaration()? {
                    Some(text) => Ok(Piece::CData(text)),
                    None => continue,
                },
                [b'<', ..] => self.start_tag(),
                [b'&', ..] => self.reference(),
                [] if self.open.is_empty() => Ok(Piece::End),
                [] => Err(self.malformed("it is cut off")),
                text => {
                    let bytes = memchr2(b'<', b'&', text).unwrap_or(text.len());
                    Ok(Piece::Text(self.take(bytes).unwrap_or_default()))
                }
            };
        }
    }

    /// At `</`.
    #[inline]
    fn end_tag(&mut self) -> Result<Piece<'de>, XmlError> {
        let name = *self.open.last().ok_or_else(|| self.malformed("an end without a start"))?;
        let after = self.rest.get(2..).and_then(|rest| rest.strip_prefix(name));
        let rest = after.and_then(|after| match after.strip_prefix('>') {
            Some(rest) => Some(rest),
            None => after.trim_start_matches(BLANKS).strip_prefix('>'),
        });
        self.rest =
            rest.ok_or_else(|| self.malformed("not the end of the element that is open"))?;
        self.open.pop();
        Ok(Piece::Close)
    }

    /// At a `<` that begins neither an end tag nor anything else.
    #[inline]
    fn start_tag(&mut self) -> Result<Piece<'de>, XmlError> {
        if self.open.len() == MAX_OPEN {
            return Err(XmlError::TooDeep(MAX_DEPTH));
        }
        let tag = self.rest.get(1..).unwrap_or_default();
        let name = name(tag).ok_or_else(|| self.malformed("not the name of an element"))?;
        let after = tag.get(name.len()..).unwrap_or_default();
        self.rest = match after.as_bytes() {
            [b'>', ..] => after.get(1..).unwrap_or_default(),
            _ => {
                let attributes = attributes(after)
                    .ok_or_else(|| self.malformed("not a tag, or one without end"))?;
                self.empty = attributes.ends_with('/');
                after.get(attributes.len() + 1..).unwrap_or_default()
            }
        };
        self.open.push(name);
        Ok(Piece::Open(name))
    }

    /// At `<?`.
    fn instruction(&mut self) -> Result<(), XmlError> {
        if self.rest.get(2..).and_then(name).is_none() {
            return Err(self.malformed("a processing instruction without a name"));
        }
        self.take_to("?>", "a processing instruction without end").map(drop)
    }

    /// At `<!`; gives the text of a CDATA section, and nothing for a comment.
    fn declaration(&mut self) -> Result<Option<&'de str>, XmlError> {
        if let Some(rest) = self.rest.strip_prefix("<!--") {
            self.rest = rest;
            return self.take_to("-->", "a comment without end").map(|_| None);
        }
        if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
            self.rest = rest;
            return self.take_to("]]>", "a CDATA section without end").map(Some);
        }
        let doctype = self.rest.get(2.."<!DOCTYPE".len());
        if doctype.is_some_and(|word| word.eq_ignore_ascii_case("DOCTYPE")) {
            return Err(XmlError::Doctype);
        }
        Err(self.malformed("not a comment or CDATA section"))
    }

    /// At `&`.
    fn reference(&mut self) -> Result<Piece<'de>, XmlError> {
        let after = self.rest.as_bytes().get(1..).unwrap_or_default();
        let end = memchr3(b';', b'&', b'<', after).unwrap_or(after.len());
        let word = self.rest.get(1..=end).unwrap_or_default();
        let ended = after.get(end) == Some(&b';');
        let letter = ended.then(|| letter(word)).flatten();
        let letter =
            letter.ok_or_else(|| self.malformed("a reference to what XML does not define"))?;
        self.take(end + 2);
        Ok(Piece::Char(letter))
    }
}

/// The name at the start of this text, if there is one that can be a name.
#[inline]
fn name(text: &str) -> Option<&str> {
    let ends = |byte: u8| {
        is_blank(byte)
            || matches!(byte, b'>' | b'/' | b'<' | b'&' | b'=' | b'"' | b'\'' | b'?' | b'!')
    };
    let bytes = text.bytes().position(ends)?;
    if bytes == 0 { None } else { text.get(..bytes) }
}

/// What stands between the name of an element and the `>` of its tag: nothing or white space, what may be attributes,
/// and a `/` if the element is empty. None if it is not that.
fn attributes(text: &str) -> Option<&str> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (_, b'<') => return None,
            (None, b'>') => {
                let attributes = text.get(..at)?;
                let spaced = attributes == "/" || attributes.starts_with(BLANKS);
                return spaced.then_some(attributes);
            }
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// The letter of a reference: by number, or one of the five that XML has names for.
fn letter(word: &str) -> Option<char> {
    let Some(number) = word.strip_prefix('#') else {
        return match word {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => None,
        };
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    // The standard library would take a sign.
    let code = if digits.starts_with('+') { None } else { u32::from_str_radix(digits, radix).ok() };
    code.filter(|code| *code != 0).and_then(char::from_u32)
}

#[inline]
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether there is nothing but white space.
#[inline]
pub(super) fn all_blank(text: &str) -> bool {
    text.bytes().all(is_blank)
}

#[cfg(test)]
mod tests;
