//! Arguments of a call, by place or by name, matched with what the method takes.

use ebs_shared::koji::xmlrpc::Value;

use crate::world::Refusal;

/// A method's arguments by name, absent ones left out.
#[derive(Clone, Debug)]
pub(super) struct Args {
    names: Vec<&'static str>,
    values: Vec<Option<Value>>,
}

static NIL: Value = Value::Nil;

impl Args {
    /// Matches a call's arguments with a signature: names in order, those with a `?` may be left out.
    ///
    /// # Errors
    ///
    /// 1019 with Python's words if they do not fit.
    pub(super) fn bind(
        method: &str,
        signature: &'static str,
        params: &[Value],
        named: &[(String, Value)],
    ) -> Result<Self, Refusal> {
        let wrong =
            |what: String| Err(Refusal::new(1019, format!("RootExports.{method}() {what}")));
        let all: Vec<&'static str> = signature.split_whitespace().collect();
        let names: Vec<&'static str> = all.iter().map(|name| name.trim_end_matches('?')).collect();
        if params.len() > names.len() {
            return wrong(format!(
                "takes {} positional arguments but {} were given",
                names.len() + 1,
                params.len() + 1
            ));
        }
        let mut values: Vec<Option<Value>> = params.iter().cloned().map(Some).collect();
        values.resize(names.len(), None);
        for (name, value) in named {
            let Some(place) = names.iter().position(|known| known == name) else {
                return wrong(format!("got an unexpected keyword argument '{name}'"));
            };
            match values.get_mut(place) {
                Some(slot @ None) => *slot = Some(value.clone()),
                _ => return wrong(format!("got multiple values for argument '{name}'")),
            }
        }
        for (name, value) in all.iter().zip(&values) {
            if value.is_none() && !name.ends_with('?') {
                return wrong(format!("missing 1 required positional argument: '{name}'"));
            }
        }
        Ok(Self { names, values })
    }

    /// An argument; nil if it is absent.
    pub(super) fn get(&self, name: &str) -> &Value {
        let place = self.names.iter().position(|known| *known == name);
        place.and_then(|place| self.values.get(place)).and_then(Option::as_ref).unwrap_or(&NIL)
    }

    /// A truth, as Python takes it; the default if it is absent.
    pub(super) fn truth(&self, name: &str, default: bool) -> bool {
        let place = self.names.iter().position(|known| *known == name);
        match place.and_then(|place| self.values.get(place)).and_then(Option::as_ref) {
            None => default,
            Some(value) => truthy(value),
        }
    }

    /// A text, if it is one.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// A number; a text of digits counts as one.
    ///
    /// # Errors
    ///
    /// 1019 if it is neither.
    pub(super) fn number(&self, name: &str) -> Result<i64, Refusal> {
        number(self.get(name))
    }
}

/// What Python takes for true.
pub(super) fn truthy(value: &Value) -> bool {
    match value {
        Value::Nil => false,
        Value::Bool(truth) => *truth,
        Value::Int(number) => *number != 0,
        Value::Double(number) => *number != 0.0,
        Value::Str(text) | Value::DateTime(text) | Value::Base64(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Struct(members) => !members.is_empty(),
    }
}

/// A whole number, or a text of digits.
///
/// # Errors
///
/// 1019 if it is neither.
pub(super) fn number(value: &Value) -> Result<i64, Refusal> {
    let parsed = match value {
        Value::Int(number) => Some(*number),
        Value::Str(text) => text.parse().ok(),
        _ => None,
    };
    parsed.ok_or_else(|| wrong_type(value, "int"))
}

/// The hub's complaint about a type.
pub(super) fn wrong_type(value: &Value, expected: &str) -> Refusal {
    let text = format!(
        "Invalid type for value '{}': <class '{}'>, expected type <class '{expected}'>",
        plain(value),
        class(value)
    );
    Refusal::new(1019, text)
}

fn class(value: &Value) -> &'static str {
    match value {
        Value::Int(_) => "int",
        Value::Bool(_) => "bool",
        Value::Double(_) => "float",
        Value::Str(_) => "str",
        Value::Nil => "NoneType",
        Value::Array(_) => "list",
        Value::Struct(_) => "dict",
        Value::DateTime(_) => "DateTime",
        Value::Base64(_) => "bytes",
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Str(text) | Value::DateTime(text) | Value::Base64(text) => text.clone(),
        Value::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
        Value::Double(number) => number.to_string(),
        Value::Nil => "None".to_owned(),
        Value::Array(_) => "[…]".to_owned(),
        Value::Struct(_) => "{…}".to_owned(),
    }
}

/// A value as Python shows it in a message: texts in quotes.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::Str(text) => format!("'{text}'"),
        other => plain(other),
    }
}
