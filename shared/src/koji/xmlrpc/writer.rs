//! Calls and replies as text, laid out like the real hub does it.

use super::{message::MethodCall, value::Value};

const HEAD: &str = "<?xml version='1.0'?>\n";

/// The body of a call.
#[must_use]
pub fn write_call(call: &MethodCall) -> String {
    let mut out = String::from(HEAD);
    out.push_str("<methodCall>\n<methodName>");
    push_escaped(&mut out, &call.method);
    out.push_str("</methodName>\n<params>\n");
    for param in call.wire_params() {
        out.push_str("<param>\n");
        push_value(&mut out, &param);
        out.push_str("</param>\n");
    }
    out.push_str("</params>\n</methodCall>\n");
    out
}

/// The body of a reply.
#[must_use]
pub fn write_reply(value: &Value) -> String {
    let mut out = String::from(HEAD);
    out.push_str("<methodResponse>\n<params>\n<param>\n");
    push_value(&mut out, value);
    out.push_str("</param>\n</params>\n</methodResponse>\n");
    out
}

/// The body of a fault.
#[must_use]
pub fn write_fault(code: i64, text: &str) -> String {
    let mut out = String::from(HEAD);
    out.push_str("<methodResponse>\n<fault>\n");
    push_value(
        &mut out,
        &Value::object([("faultCode", code.into()), ("faultString", text.into())]),
    );
    out.push_str("</fault>\n</methodResponse>\n");
    out
}

fn push_value(out: &mut String, value: &Value) {
    out.push_str("<value>");
    match value {
        // The hub writes no line end after a nil.
        Value::Nil => return out.push_str("<nil/></value>"),
        Value::Int(number) => push_element(
            out,
            if i32::try_from(*number).is_ok() { "int" } else { "i8" },
            &number.to_string(),
        ),
        Value::Bool(truth) => push_element(out, "boolean", if *truth { "1" } else { "0" }),
        Value::Double(number) => push_element(out, "double", &decimal(*number)),
        Value::Str(text) => push_element(out, "string", text),
        Value::DateTime(text) => push_element(out, "dateTime.iso8601", text),
        Value::Base64(text) => push_element(out, "base64", &format!("\n{text}\n")),
        Value::Array(values) => {
            out.push_str("<array><data>\n");
            for value in values {
                push_value(out, value);
            }
            out.push_str("</data></array>");
        }
        Value::Struct(members) => {
            out.push_str("<struct>\n");
            for (name, value) in members {
                out.push_str("<member>\n");
                push_element(out, "name", name);
                out.push('\n');
                push_value(out, value);
                out.push_str("</member>\n");
            }
            out.push_str("</struct>");
        }
    }
    out.push_str("</value>\n");
}

fn push_element(out: &mut String, name: &str, text: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    push_escaped(out, text);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Plain decimal, always with a fraction, as the hub writes it.
fn decimal(number: f64) -> String {
    let text = number.to_string();
    if number.is_finite() && !text.contains('.') { text + ".0" } else { text }
}

/// Escapes what XML demands. A carriage return stays raw, as with the hub, so a reader takes it for a line end. What XML
/// cannot hold at all becomes the replacement character: the hub would refuse the whole call.
fn push_escaped(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(letter),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests;
