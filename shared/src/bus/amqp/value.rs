//! AMQP's tables to JSON and TOML's to AMQP's. Does *not* keep what has no counterpart (it becomes null).

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, FieldArray, FieldTable, ShortString};
use serde_json::{Map, Value};

use super::contract::BusFault;

/// How deep nested headers are read; deeper ones become null.
const MAX_DEPTH: usize = 8;

/// A message's headers as JSON.
pub(super) fn headers(table: &FieldTable) -> Map<String, Value> {
    object(table, 0)
}

fn object(table: &FieldTable, depth: usize) -> Map<String, Value> {
    table.inner().iter().map(|(name, value)| (name.to_string(), json(value, depth + 1))).collect()
}

fn json(value: &AMQPValue, depth: usize) -> Value {
    match value {
        AMQPValue::FieldArray(_) | AMQPValue::FieldTable(_) if depth > MAX_DEPTH => Value::Null,
        AMQPValue::Boolean(flag) => Value::from(*flag),
        AMQPValue::ShortShortInt(number) => Value::from(*number),
        AMQPValue::ShortShortUInt(number) => Value::from(*number),
        AMQPValue::ShortInt(number) => Value::from(*number),
        AMQPValue::ShortUInt(number) => Value::from(*number),
        AMQPValue::LongInt(number) => Value::from(*number),
        AMQPValue::LongUInt(number) => Value::from(*number),
        AMQPValue::LongLongInt(number) => Value::from(*number),
        AMQPValue::Timestamp(number) => Value::from(*number),
        AMQPValue::Float(number) => Value::from(*number),
        AMQPValue::Double(number) => Value::from(*number),
        AMQPValue::ShortString(text) => Value::from(text.as_str()),
        AMQPValue::LongString(text) => {
            Value::from(String::from_utf8_lossy(text.as_bytes()).into_owned())
        }
        AMQPValue::FieldArray(values) => {
            values.as_slice().iter().map(|value| json(value, depth + 1)).collect()
        }
        AMQPValue::FieldTable(table) => Value::Object(object(table, depth)),
        AMQPValue::DecimalValue(_) | AMQPValue::ByteArray(_) | AMQPValue::Void => Value::Null,
    }
}

/// Arguments of a declaration, such as `x-expires`.
pub(super) fn arguments(table: &toml::Table) -> Result<FieldTable, BusFault> {
    let mut fields = BTreeMap::new();
    for (name, value) in table {
        fields.insert(short(name)?, field(value)?);
    }
    Ok(FieldTable::from(fields))
}

/// A name for the wire, which holds 255 bytes.
pub(super) fn short(text: &str) -> Result<ShortString, BusFault> {
    ShortString::try_new(text).map_err(|error| {
        BusFault::Configuration(format!(
            "`{}…`: {error}",
            text.chars().take(40).collect::<String>()
        ))
    })
}

fn field(value: &toml::Value) -> Result<AMQPValue, BusFault> {
    Ok(match value {
        toml::Value::String(text) => AMQPValue::LongString(text.as_str().into()),
        toml::Value::Integer(number) => AMQPValue::LongLongInt(*number),
        toml::Value::Float(number) => AMQPValue::Double(*number),
        toml::Value::Boolean(flag) => AMQPValue::Boolean(*flag),
        toml::Value::Datetime(time) => AMQPValue::LongString(time.to_string().into()),
        toml::Value::Array(values) => {
            let fields = values.iter().map(field).collect::<Result<Vec<_>, _>>()?;
            AMQPValue::FieldArray(FieldArray::from(fields))
        }
        toml::Value::Table(table) => AMQPValue::FieldTable(arguments(table)?),
    })
}
