//! Whole bodies: calls with named arguments, replies, faults, and the elements of a `multiCall`.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    error::XmlError,
    lexer::{Lexer, Tag, Token},
    reader::ValueReader,
    value::Value,
};

/// The member that marks the last argument as the named ones. Source: `koji.encode_args`.
const STARSTAR: &str = "__starstar";

/// A call: a method, its arguments by place, then those by name.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodCall {
    /// The method, with its dots: `repo.request`.
    pub method: Cow<'static, str>,
    /// Arguments by place.
    pub params: Vec<Value>,
    /// Arguments by name; sent as one last struct that is marked.
    pub named: Vec<(String, Value)>,
}

impl MethodCall {
    /// A call without arguments.
    #[must_use]
    pub fn new(method: impl Into<Cow<'static, str>>) -> Self {
        Self { method: method.into(), params: Vec::new(), named: Vec::new() }
    }

    /// With one more argument by place.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.params.push(value.into());
        self
    }

    /// With one more argument by name.
    #[must_use]
    pub fn named(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.named.push((name.to_owned(), value.into()));
        self
    }

    /// All these calls as one `multiCall`.
    #[must_use]
    pub fn multi(calls: &[Self]) -> Self {
        Self::new("multiCall").arg(calls.iter().map(Self::to_element).collect::<Vec<_>>())
    }

    fn to_element(&self) -> Value {
        Value::object([
            ("methodName", Value::Str(self.method.to_string())),
            ("params", self.wire_params().map(Cow::into_owned).collect::<Vec<_>>().into()),
        ])
    }

    /// The call in one element of a `multiCall`; `None` if the element has not that shape.
    #[must_use]
    pub fn from_element(element: &Value) -> Option<Self> {
        let method = element.get("methodName")?.as_str()?.to_owned();
        Some(Self::from_wire(method, element.get("params")?.as_array()?.to_vec()))
    }

    fn from_wire(method: String, mut params: Vec<Value>) -> Self {
        let marked = params.last().and_then(|last| last.get(STARSTAR)).and_then(Value::as_bool)
            == Some(true);
        let named = match params.pop() {
            Some(Value::Struct(members)) if marked => {
                members.into_iter().filter(|(name, _)| name != STARSTAR).collect()
            }
            Some(other) => {
                params.push(other);
                Vec::new()
            }
            None => Vec::new(),
        };
        Self { method: method.into(), params, named }
    }

    /// The arguments as they are sent.
    pub(super) fn wire_params(&self) -> impl Iterator<Item = Cow<'_, Value>> {
        let named = (!self.named.is_empty()).then(|| {
            let mut members = self.named.clone();
            members.push((STARSTAR.to_owned(), Value::Bool(true)));
            Cow::Owned(Value::Struct(members))
        });
        self.params.iter().map(Cow::Borrowed).chain(named)
    }
}

/// A fault as it was written, whole: its text can be long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFault {
    /// Its code.
    pub code: i64,
    /// Its text.
    pub text: String,
}

/// What a reply says.
pub type Reply<T> = Result<T, RawFault>;

/// Reads a reply into a typed value.
///
/// # Errors
///
/// If the body is no reply, or has another shape.
pub fn read_reply<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<Reply<T>, XmlError> {
    reply(body, |lexer| T::deserialize(ValueReader::begin(lexer)?))
}

/// Reads a reply into a value of any type, without loss.
///
/// # Errors
///
/// If the body is no reply.
pub fn read_reply_value(body: &[u8]) -> Result<Reply<Value>, XmlError> {
    reply(body, Value::read)
}

fn reply<'de, T>(
    body: &'de [u8],
    read: impl FnOnce(&mut Lexer<'de>) -> Result<T, XmlError>,
) -> Result<Reply<T>, XmlError> {
    let mut lexer = Lexer::new(body)?;
    lexer.expect_open(Tag::MethodResponse, "a methodResponse")?;
    let answer = match lexer.next("params or a fault")? {
        Token::Open(Tag::Params) => {
            lexer.expect_open(Tag::Param, "a param")?;
            lexer.expect_open(Tag::Value, "a value")?;
            let value = read(&mut lexer)?;
            lexer.expect_close("the end of the one param")?;
            lexer.expect_close("the end of the params")?;
            Ok(value)
        }
        Token::Open(Tag::Fault) => {
            lexer.expect_open(Tag::Value, "a value")?;
            let fault = RawFault::deserialize(ValueReader::begin(&mut lexer)?)?;
            lexer.expect_close("the end of the fault")?;
            Err(fault)
        }
        Token::Open(_) | Token::Close | Token::End => {
            return Err(lexer.unexpected("params or a fault"));
        }
    };
    lexer.expect_close("the end of the reply")?;
    finish(lexer)?;
    Ok(answer)
}

fn finish(mut lexer: Lexer<'_>) -> Result<(), XmlError> {
    if lexer.next("the end of the body")? == Token::End {
        Ok(())
    } else {
        Err(lexer.unexpected("the end of the body"))
    }
}

/// Reads a call, as strictly as the hub: a control character makes it no XML. (Replies are read more kindly: an odd
/// character in one build's fault must not cost us the whole answer.)
///
/// # Errors
///
/// If the body is no call.
pub fn read_call(body: &[u8]) -> Result<MethodCall, XmlError> {
    if let Some(at) =
        body.iter().position(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'))
    {
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        return Err(XmlError::Malformed { at, what: "a control character".to_owned() });
    }
    let mut lexer = Lexer::new(body)?;
    lexer.expect_open(Tag::MethodCall, "a methodCall")?;
    lexer.expect_open(Tag::MethodName, "a methodName")?;
    let method = lexer.text()?.trim().to_owned();
    let mut params = Vec::new();
    match lexer.next("params")? {
        Token::Open(Tag::Params) => {
            loop {
                match lexer.next("a param")? {
                    Token::Open(Tag::Param) => {
                        lexer.expect_open(Tag::Value, "a value")?;
                        params.push(Value::read(&mut lexer)?);
                        lexer.expect_close("the end of a param")?;
                    }
                    Token::Close => break,
                    Token::Open(_) | Token::End => return Err(lexer.unexpected("a param")),
                }
            }
            lexer.expect_close("the end of the call")?;
        }
        Token::Close => {}
        Token::Open(_) | Token::End => return Err(lexer.unexpected("params")),
    }
    finish(lexer)?;
    Ok(MethodCall::from_wire(method, params))
}

impl<'de> Deserialize<'de> for RawFault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The wire's names.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            fault_code: i64,
            fault_string: String,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(Self { code: wire.fault_code, text: wire.fault_string })
    }
}

/// One element of a `multiCall`'s reply: an array of one, or the struct of a fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Each<T>(pub Reply<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EachVisitor(PhantomData)).map(Self)
    }
}

struct EachVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EachVisitor<T> {
    type Value = Reply<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of one value, or a fault")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
        row.next_element()?
            .map(Ok)
            .ok_or_else(|| A::Error::custom("an element of a multiCall is an empty array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut code, mut text) = (None, None);
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match name.as_ref() {
                "faultCode" => code = Some(map.next_value()?),
                "faultString" => text = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match (code, text) {
            (Some(code), Some(text)) => Ok(Err(RawFault { code, text })),
            _ => Err(A::Error::custom("an element of a multiCall is neither a result nor a fault")),
        }
    }
}

/// The reply of a `multiCall` whose calls come in threes, each of its own type.
#[derive(Clone, Debug, PartialEq)]
pub struct Triples<A, B, C>(pub Vec<(Reply<A>, Reply<B>, Reply<C>)>);

impl<'de, A, B, C> Deserialize<'de> for Triples<A, B, C>
where
    A: Deserialize<'de>,
    B: Deserialize<'de>,
    C: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(TriplesVisitor(PhantomData))
    }
}

struct TriplesVisitor<A, B, C>(PhantomData<(A, B, C)>);

impl<'de, A, B, C> Visitor<'de> for TriplesVisitor<A, B, C>
where
    A: Deserialize<'de>,
    B: Deserialize<'de>,
    C: Deserialize<'de>,
{
    type Value = Triples<A, B, C>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("results in threes")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut row: S) -> Result<Self::Value, S::Error> {
        let mut triples = Vec::new();
        while let Some(Each(first)) = row.next_element()? {
            match (row.next_element()?, row.next_element()?) {
                (Some(Each(second)), Some(Each(third))) => triples.push((first, second, third)),
                _ => return Err(S::Error::custom("a multiCall of threes was answered with less")),
            }
        }
        Ok(Triples(triples))
    }
}

#[cfg(test)]
mod tests;
