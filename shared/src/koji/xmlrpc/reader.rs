//! Serde's reader over a body: from the text to the row, with nothing in between.

use std::borrow::Cow;

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{BorrowedStrDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    error::{XmlError, shorten},
    lexer::{Lexer, Start, Tag, Token},
};

/// One value whose `value` element was opened, and its type looked at.
pub(super) struct ValueReader<'a, 'de> {
    lexer: &'a mut Lexer<'de>,
    start: Start<'de>,
}

impl<'a, 'de> ValueReader<'a, 'de> {
    /// The value whose `value` element was just opened.
    pub(super) fn begin(lexer: &'a mut Lexer<'de>) -> Result<Self, XmlError> {
        let start = lexer.start()?;
        Ok(Self { lexer, start })
    }
}

/// Hands a text on, borrowed where the body has it in one piece.
fn visit_text<'de, V: Visitor<'de>>(text: Cow<'de, str>, visitor: V) -> Result<V::Value, XmlError> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

impl<'de> Deserializer<'de> for ValueReader<'_, 'de> {
    type Error = XmlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, XmlError> {
        let lexer = self.lexer;
        let tag = match self.start {
            Start::Bare(text) => return visit_text(text, visitor),
            Start::Typed(tag) => tag,
        };
        let value = match tag {
            Tag::Array => {
                lexer.expect_open(Tag::Data, "the data of an array")?;
                let mut elements = Elements { lexer, ended: false };
                let value = visitor.visit_seq(&mut elements)?;
                elements.finish()?;
                lexer.expect_close("the end of an array")?;
                value
            }
            Tag::Struct => {
                let mut members = Members { lexer, ended: false };
                let value = visitor.visit_map(&mut members)?;
                members.finish()?;
                value
            }
            Tag::Int => visitor.visit_i64(integer(&lexer.text()?)?)?,
            Tag::Boolean => visitor.visit_bool(boolean(&lexer.text()?)?)?,
            Tag::Double => visitor.visit_f64(double(&lexer.text()?)?)?,
            Tag::Text | Tag::DateTime | Tag::Base64 => visit_text(lexer.text()?, visitor)?,
            Tag::Nil => {
                lexer.text()?;
                visitor.visit_unit()?
            }
            Tag::MethodResponse
            | Tag::MethodCall
            | Tag::MethodName
            | Tag::Params
            | Tag::Param
            | Tag::Fault
            | Tag::Value
            | Tag::Data
            | Tag::Member
            | Tag::Name
            | Tag::Other => return Err(lexer.unexpected("a type of value")),
        };
        lexer.expect_close("the end of a value")?;
        Ok(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, XmlError> {
        if let Start::Typed(Tag::Nil) = self.start {
            self.lexer.skip_typed()?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, XmlError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, XmlError> {
        if let Start::Typed(_) = self.start {
            self.lexer.skip_typed()?;
        }
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier
    }
}

/// The elements of an array whose `data` was opened.
struct Elements<'a, 'de> {
    lexer: &'a mut Lexer<'de>,
    ended: bool,
}

impl Elements<'_, '_> {
    /// Opens the next element.
    fn advance(&mut self) -> Result<bool, XmlError> {
        if self.ended {
            return Ok(false);
        }
        match self.lexer.next("an element of an array")? {
            Token::Open(Tag::Value) => Ok(true),
            Token::Close => {
                self.ended = true;
                Ok(false)
            }
            Token::Open(_) | Token::End => Err(self.lexer.unexpected("an element of an array")),
        }
    }

    /// A row type that takes fewer elements than there are would lose the rest: an error.
    fn finish(&mut self) -> Result<(), XmlError> {
        if self.advance()? {
            Err(XmlError::custom("an array has more elements than expected"))
        } else {
            Ok(())
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = XmlError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, XmlError> {
        if self.advance()? {
            seed.deserialize(ValueReader::begin(self.lexer)?).map(Some)
        } else {
            Ok(None)
        }
    }
}

/// The members of a struct.
struct Members<'a, 'de> {
    lexer: &'a mut Lexer<'de>,
    ended: bool,
}

impl Members<'_, '_> {
    fn finish(&mut self) -> Result<(), XmlError> {
        if self.ended || self.lexer.member_name()?.is_none() {
            Ok(())
        } else {
            Err(XmlError::custom("a struct has more members than expected"))
        }
    }
}

impl<'de> MapAccess<'de> for &mut Members<'_, 'de> {
    type Error = XmlError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, XmlError> {
        if self.ended {
            return Ok(None);
        }
        match self.lexer.member_name()? {
            None => {
                self.ended = true;
                Ok(None)
            }
            Some(Cow::Borrowed(name)) => {
                seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
            }
            Some(Cow::Owned(name)) => {
                let name: StringDeserializer<XmlError> = name.into_deserializer();
                seed.deserialize(name).map(Some)
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, XmlError> {
        self.lexer.expect_open(Tag::Value, "the value of a member")?;
        let value = seed.deserialize(ValueReader::begin(self.lexer)?)?;
        self.lexer.expect_close("the end of a member")?;
        Ok(value)
    }
}

/// A whole number; one that needs more than 64 bits is an error.
pub(super) fn integer(text: &str) -> Result<i64, XmlError> {
    text.trim()
        .parse()
        .map_err(|_| XmlError::Shape(format!("`{}` is no whole number of 64 bits", shorten(text))))
}

/// `0` or `1`, and the words that some writers use.
pub(super) fn boolean(text: &str) -> Result<bool, XmlError> {
    match text.trim() {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        other => Err(XmlError::Shape(format!("`{}` is no boolean", shorten(other)))),
    }
}

/// A number with a fraction.
pub(super) fn double(text: &str) -> Result<f64, XmlError> {
    text.trim().parse().map_err(|_| XmlError::Shape(format!("`{}` is no number", shorten(text))))
}
