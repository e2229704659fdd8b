//! The body as a row of tags and texts, with the checks that hold everywhere: no document type, bounded depth.

use std::borrow::Cow;

use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};

use super::error::{XmlError, shorten};

/// Most arrays and structs inside one another that are followed.
pub(super) const MAX_DEPTH: usize = 128;

/// Elements that one array or struct inside another one opens: itself, `data` or `member`, and `value`.
const LEVELS_PER_NEST: usize = 3;

/// The elements of XML-RPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    MethodResponse,
    MethodCall,
    MethodName,
    Params,
    Param,
    Fault,
    Value,
    Array,
    Data,
    Struct,
    Member,
    Name,
    /// All widths: Koji writes `int` and `i8` by size, others as they like.
    Int,
    Boolean,
    Double,
    Text,
    Nil,
    DateTime,
    Base64,
    /// Anything else.
    Other,
}

impl Tag {
    fn of(name: &str) -> Self {
        match name {
            "methodResponse" => Self::MethodResponse,
            "methodCall" => Self::MethodCall,
            "methodName" => Self::MethodName,
            "params" => Self::Params,
            "param" => Self::Param,
            "fault" => Self::Fault,
            "value" => Self::Value,
            "array" => Self::Array,
            "data" => Self::Data,
            "struct" => Self::Struct,
            "member" => Self::Member,
            "name" => Self::Name,
            "int" | "i1" | "i2" | "i4" | "i8" | "ex:i1" | "ex:i2" | "ex:i8" => Self::Int,
            "boolean" => Self::Boolean,
            "double" => Self::Double,
            "string" => Self::Text,
            "nil" | "ex:nil" => Self::Nil,
            "dateTime.iso8601" => Self::DateTime,
            "base64" => Self::Base64,
            _ => Self::Other,
        }
    }

    fn nests(self) -> bool {
        matches!(self, Self::Array | Self::Struct)
    }
}

/// What comes next, white space between elements left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open(Tag),
    Close(Tag),
    End,
}

/// How a value begins.
#[derive(Debug)]
pub(super) enum Start<'de> {
    /// With an element that names its type; that element is open now.
    Typed(Tag),
    /// As bare text, which is a string; the value is closed already.
    Bare(Cow<'de, str>),
}

/// The body, and how far it has been read.
pub(super) struct Lexer<'de> {
    xml: Reader<&'de [u8]>,
    depth: usize,
}

/// One event, freed of what XML-RPC does not look at.
enum Piece<'de> {
    Token(Token),
    Text(Cow<'de, str>),
    Char(char),
}

impl<'de> Lexer<'de> {
    /// The body from its start.
    ///
    /// # Errors
    ///
    /// If it is not UTF-8.
    pub(super) fn new(body: &'de [u8]) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(body).map_err(|fault| XmlError::Malformed {
            at: u64::try_from(fault.valid_up_to()).unwrap_or(u64::MAX),
            what: "it is not UTF-8".to_owned(),
        })?;
        let mut xml = Reader::from_str(text);
        xml.config_mut().expand_empty_elements = true;
        Ok(Self { xml, depth: 0 })
    }

    /// An error at this place.
    pub(super) fn unexpected(&self, expected: &'static str) -> XmlError {
        XmlError::Unexpected { at: self.xml.buffer_position(), expected }
    }

    fn malformed(&self, what: &str) -> XmlError {
        XmlError::Malformed { at: self.xml.error_position(), what: shorten(what) }
    }

    fn event(&mut self) -> Result<Event<'de>, XmlError> {
        self.xml.read_event().map_err(|fault| self.malformed(&fault.to_string()))
    }

    fn piece(&mut self) -> Result<Piece<'de>, XmlError> {
        loop {
            return Ok(match self.event()? {
                Event::Start(start) => Piece::Token(self.open(Tag::of(start.name().as_ref()))?),
                Event::End(end) => Piece::Token(self.close(Tag::of(end.name().as_ref()))),
                // Not made with `expand_empty_elements`.
                Event::Empty(_) => return Err(self.malformed("an empty element")),
                Event::Text(text) => Piece::Text(one_line_end(text.into_inner())),
                Event::CData(text) => Piece::Text(one_line_end(text.into_inner())),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(letter)) => Piece::Char(letter),
                    Ok(None) => match resolve_predefined_entity(&reference) {
                        Some(text) => Piece::Text(Cow::Borrowed(text)),
                        None => return Err(self.malformed("an entity that XML does not predefine")),
                    },
                    Err(fault) => return Err(self.malformed(&fault.to_string())),
                },
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
                Event::Eof => Piece::Token(Token::End),
            });
        }
    }

    #[inline]
    fn open(&mut self, tag: Tag) -> Result<Token, XmlError> {
        if tag.nests() {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(XmlError::TooDeep(MAX_DEPTH));
            }
        }
        Ok(Token::Open(tag))
    }

    #[inline]
    fn close(&mut self, tag: Tag) -> Token {
        if tag.nests() {
            self.depth = self.depth.saturating_sub(1);
        }
        Token::Close(tag)
    }

    /// The next tag; text before it must be white space.
    pub(super) fn next(&mut self, expected: &'static str) -> Result<Token, XmlError> {
        loop {
            match self.event()? {
                Event::Start(start) => return self.open(Tag::of(start.name().as_ref())),
                Event::End(end) => return Ok(self.close(Tag::of(end.name().as_ref()))),
                Event::Eof => return Ok(Token::End),
                Event::Text(text) if is_blank(&text) => {}
                Event::CData(text) if is_blank(&text) => {}
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Empty(_) | Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(self.unexpected(expected));
                }
            }
        }
    }

    /// Steps over the opening of this element.
    pub(super) fn expect_open(&mut self, tag: Tag, expected: &'static str) -> Result<(), XmlError> {
        if self.next(expected)? == Token::Open(tag) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    /// Steps over the end of this element.
    pub(super) fn expect_close(
        &mut self,
        tag: Tag,
        expected: &'static str,
    ) -> Result<(), XmlError> {
        if self.next(expected)? == Token::Close(tag) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    /// The text up to the end of the element that is open, which is stepped over.
    pub(super) fn text(&mut self) -> Result<Cow<'de, str>, XmlError> {
        match self.text_until_tag()? {
            (text, Token::Close(_)) => Ok(text),
            (_, Token::Open(_) | Token::End) => {
                Err(self.unexpected("text and the end of its element"))
            }
        }
    }

    fn text_until_tag(&mut self) -> Result<(Cow<'de, str>, Token), XmlError> {
        let mut whole = Cow::Borrowed("");
        loop {
            match self.piece()? {
                Piece::Token(token) => return Ok((whole, token)),
                Piece::Text(text) if whole.is_empty() => whole = text,
                Piece::Text(text) => whole.to_mut().push_str(&text),
                Piece::Char(letter) => whole.to_mut().push(letter),
            }
        }
    }

    /// What follows an open `value`.
    pub(super) fn start(&mut self) -> Result<Start<'de>, XmlError> {
        match self.text_until_tag()? {
            (text, Token::Close(_)) => Ok(Start::Bare(text)),
            (text, Token::Open(tag)) if is_blank(&text) => Ok(Start::Typed(tag)),
            (_, Token::Open(_) | Token::End) => Err(self.unexpected("a value")),
        }
    }

    /// The name of the next member of an open struct, `None` when the struct has ended.
    pub(super) fn member_name(&mut self) -> Result<Option<Cow<'de, str>>, XmlError> {
        match self.next("a member")? {
            Token::Open(Tag::Member) => {
                self.expect_open(Tag::Name, "the name of a member")?;
                Ok(Some(self.text()?))
            }
            Token::Close(_) => Ok(None),
            Token::Open(_) | Token::End => Err(self.unexpected("a member")),
        }
    }

    /// Steps over the rest of a value whose type element, this one, is open, building nothing.
    pub(super) fn skip_typed(&mut self, tag: Tag) -> Result<(), XmlError> {
        // The type element and the value around it. What is inside is not looked at: only its depth is.
        let mut open: usize = 2;
        let most = open + (MAX_DEPTH + 1).saturating_sub(self.depth) * LEVELS_PER_NEST;
        while open > 0 {
            match self.event()? {
                Event::Start(_) => {
                    open += 1;
                    if open > most {
                        return Err(XmlError::TooDeep(MAX_DEPTH));
                    }
                }
                Event::End(_) => open -= 1,
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Eof => return Err(self.unexpected("the end of a value")),
                Event::Text(_)
                | Event::CData(_)
                | Event::GeneralRef(_)
                | Event::Empty(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_) => {}
            }
        }
        self.close(tag);
        Ok(())
    }
}

/// White space as XML has it.
#[inline]
fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// CR LF and CR as LF, which XML demands of every reader. Source: XML 1.0, 2.11.
fn one_line_end(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    }
}
