//! The body as a row of XML-RPC's tags and texts.

use std::borrow::Cow;

use super::{
    error::XmlError,
    scan::{Piece, Scanner, all_blank},
};

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
}

/// What comes next, white space between elements left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open(Tag),
    /// The innermost open element is closed; the scanner has seen to it that the names are the same.
    Close,
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
    xml: Scanner<'de>,
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
        Ok(Self { xml: Scanner::new(text) })
    }

    /// An error at this place.
    #[cold]
    pub(super) fn unexpected(&self, expected: &'static str) -> XmlError {
        XmlError::Unexpected { at: self.xml.at(), expected }
    }

    /// The next tag; text before it must be white space.
    #[inline]
    pub(super) fn next(&mut self, expected: &'static str) -> Result<Token, XmlError> {
        loop {
            self.xml.step_over_blanks();
            match self.xml.piece()? {
                Piece::Open(name) => return Ok(Token::Open(Tag::of(name))),
                Piece::Close => return Ok(Token::Close),
                Piece::End => return Ok(Token::End),
                Piece::Text(text) | Piece::CData(text) if all_blank(text) => {}
                Piece::Text(_) | Piece::CData(_) | Piece::Char(_) => {
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

    /// Steps over the end of the innermost open element.
    pub(super) fn expect_close(&mut self, expected: &'static str) -> Result<(), XmlError> {
        if self.next(expected)? == Token::Close { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// The text up to the end of the element that is open, which is stepped over.
    #[inline]
    pub(super) fn text(&mut self) -> Result<Cow<'de, str>, XmlError> {
        match self.text_until_tag()? {
            (text, Token::Close) => Ok(text),
            (_, Token::Open(_) | Token::End) => {
                Err(self.unexpected("text and the end of its element"))
            }
        }
    }

    #[inline]
    fn text_until_tag(&mut self) -> Result<(Cow<'de, str>, Token), XmlError> {
        let mut whole = Cow::Borrowed("");
        loop {
            match self.xml.piece()? {
                Piece::Open(name) => return Ok((whole, Token::Open(Tag::of(name)))),
                Piece::Close => return Ok((whole, Token::Close)),
                Piece::End => return Ok((whole, Token::End)),
                Piece::Text(text) | Piece::CData(text) if whole.is_empty() => {
                    whole = one_line_end(text);
                }
                Piece::Text(text) | Piece::CData(text) => {
                    whole.to_mut().push_str(&one_line_end(text));
                }
                Piece::Char(letter) => whole.to_mut().push(letter),
            }
        }
    }

    /// What follows an open `value`.
    #[inline]
    pub(super) fn start(&mut self) -> Result<Start<'de>, XmlError> {
        match self.text_until_tag()? {
            (text, Token::Close) => Ok(Start::Bare(text)),
            (text, Token::Open(tag)) if all_blank(&text) => Ok(Start::Typed(tag)),
            (_, Token::Open(_) | Token::End) => Err(self.unexpected("a value")),
        }
    }

    /// The name of the next member of an open struct, `None` when the struct has ended.
    #[inline]
    pub(super) fn member_name(&mut self) -> Result<Option<Cow<'de, str>>, XmlError> {
        match self.next("a member")? {
            Token::Open(Tag::Member) => {
                self.expect_open(Tag::Name, "the name of a member")?;
                Ok(Some(self.text()?))
            }
            Token::Close => Ok(None),
            Token::Open(_) | Token::End => Err(self.unexpected("a member")),
        }
    }

    /// Steps over the rest of a value whose type element is open, building nothing. What is inside needs to be XML, no more.
    pub(super) fn skip_typed(&mut self) -> Result<(), XmlError> {
        // The type element and the value around it.
        let outside = self.xml.depth().saturating_sub(2);
        while self.xml.depth() > outside {
            self.xml.piece()?;
        }
        Ok(())
    }
}

/// CR LF and CR as LF, which XML demands of every reader. Source: XML 1.0, 2.11.
#[inline]
fn one_line_end(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_some() {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}
