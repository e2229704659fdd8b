//! A value of any type, for what has no row type of its own.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::{
    error::XmlError,
    lexer::{Lexer, Start, Tag, Token},
    reader::{boolean, double, integer},
};

/// A value of XML-RPC.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number, of any width up to 64 bits.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// A number with a fraction.
    Double(f64),
    /// A text.
    Str(String),
    /// Nothing.
    Nil,
    /// Values in a row.
    Array(Vec<Self>),
    /// Named values, in the order they were written.
    Struct(Vec<(String, Self)>),
    /// A date as its text. Koji never writes one of its own.
    DateTime(String),
    /// Bytes as their base64 text. Koji never writes any of its own.
    Base64(String),
}

impl Value {
    /// A struct of these members.
    #[must_use]
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Struct(members.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// The named member of a struct; `None` for anything else.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_struct()?.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The members, if it is a struct.
    #[must_use]
    pub fn as_struct(&self) -> Option<&[(String, Self)]> {
        if let Self::Struct(members) = self { Some(members) } else { None }
    }

    /// The elements, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a whole one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The truth, if it is a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        *self == Self::Nil
    }

    /// Reads the value whose `value` element was just opened, to its end.
    pub(super) fn read(lexer: &mut Lexer<'_>) -> Result<Self, XmlError> {
        let tag = match lexer.start()? {
            Start::Bare(text) => return Ok(Self::Str(text.into_owned())),
            Start::Typed(tag) => tag,
        };
        let value = match tag {
            Tag::Array => Self::Array(read_array(lexer)?),
            Tag::Struct => Self::Struct(read_struct(lexer)?),
            Tag::Int => Self::Int(integer(&lexer.text()?)?),
            Tag::Boolean => Self::Bool(boolean(&lexer.text()?)?),
            Tag::Double => Self::Double(double(&lexer.text()?)?),
            Tag::Text => Self::Str(lexer.text()?.into_owned()),
            Tag::DateTime => Self::DateTime(lexer.text()?.trim().to_owned()),
            Tag::Base64 => Self::Base64(lexer.text()?.trim().to_owned()),
            Tag::Nil => {
                lexer.text()?;
                Self::Nil
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
}

fn read_array(lexer: &mut Lexer<'_>) -> Result<Vec<Value>, XmlError> {
    lexer.expect_open(Tag::Data, "the data of an array")?;
    let mut values = Vec::new();
    loop {
        match lexer.next("an element of an array")? {
            Token::Open(Tag::Value) => values.push(Value::read(lexer)?),
            Token::Close => break,
            Token::Open(_) | Token::End => return Err(lexer.unexpected("an element of an array")),
        }
    }
    lexer.expect_close("the end of an array")?;
    Ok(values)
}

fn read_struct(lexer: &mut Lexer<'_>) -> Result<Vec<(String, Value)>, XmlError> {
    let mut members = Vec::new();
    while let Some(name) = lexer.member_name()? {
        let name = name.into_owned();
        lexer.expect_open(Tag::Value, "the value of a member")?;
        members.push((name, Value::read(lexer)?));
        lexer.expect_close("the end of a member")?;
    }
    Ok(members)
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<Vec<Self>> for Value {
    fn from(values: Vec<Self>) -> Self {
        Self::Array(values)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nil, Into::into)
    }
}

impl<'de> Deserialize<'de> for Value {
    /// Inside a typed row, dates and bytes come as texts.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Double(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Str(text))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = row.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Value::Struct(members))
    }
}
