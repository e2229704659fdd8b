//! Calls and replies as text, laid out like the real hub does it.

use super::{message::MethodCall, value::Value};

const HEAD: &str = "<?xml version='1.0'?>\n";

/// What is being written.
struct Out {
    text: String,
    /// How a carriage return is written. Ours as a reference, so it arrives; the hub's raw, so it is read as a line end.
    carriage_return: &'static str,
}

/// The body of a call.
#[must_use]
pub fn write_call(call: &MethodCall) -> String {
    let mut out = Out { text: HEAD.to_owned(), carriage_return: "&#13;" };
    out.text.push_str("<methodCall>\n<methodName>");
    push_escaped(&mut out, &call.method);
    out.text.push_str("</methodName>\n<params>\n");
    for param in call.wire_params() {
        out.text.push_str("<param>\n");
        push_value(&mut out, &param);
        out.text.push_str("</param>\n");
    }
    out.text.push_str("</params>\n</methodCall>\n");
    out.text
}

/// The body of a reply.
#[must_use]
pub fn write_reply(value: &Value) -> String {
    let mut out = Out { text: HEAD.to_owned(), carriage_return: "\r" };
    out.text.push_str("<methodResponse>\n<params>\n<param>\n");
    push_value(&mut out, value);
    out.text.push_str("</param>\n</params>\n</methodResponse>\n");
    out.text
}

/// The body of a fault.
#[must_use]
pub fn write_fault(code: i64, text: &str) -> String {
    let mut out = Out { text: HEAD.to_owned(), carriage_return: "\r" };
    out.text.push_str("<methodResponse>\n<fault>\n");
    push_value(
        &mut out,
        &Value::object([("faultCode", code.into()), ("faultString", text.into())]),
    );
    out.text.push_str("</fault>\n</methodResponse>\n");
    out.text
}

fn push_value(out: &mut Out, value: &Value) {
    out.text.push_str("<value>");
    match value {
        // The hub writes no line end after a nil.
        Value::Nil => return out.text.push_str("<nil/></value>"),
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
            out.text.push_str("<array><data>\n");
            for value in values {
                push_value(out, value);
            }
            out.text.push_str("</data></array>");
        }
        Value::Struct(members) => {
            out.text.push_str("<struct>\n");
            for (name, value) in members {
                out.text.push_str("<member>\n");
                push_element(out, "name", name);
                out.text.push('\n');
                push_value(out, value);
                out.text.push_str("</member>\n");
            }
            out.text.push_str("</struct>");
        }
    }
    out.text.push_str("</value>\n");
}

fn push_element(out: &mut Out, name: &str, text: &str) {
    out.text.push('<');
    out.text.push_str(name);
    out.text.push('>');
    push_escaped(out, text);
    out.text.push_str("</");
    out.text.push_str(name);
    out.text.push('>');
}

/// Plain decimal, always with a fraction, as the hub writes it.
fn decimal(number: f64) -> String {
    let text = number.to_string();
    if number.is_finite() && !text.contains('.') { text + ".0" } else { text }
}

/// Escapes what XML demands. What it cannot hold at all becomes the replacement character: the hub would refuse the
/// whole call.
fn push_escaped(out: &mut Out, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.text.push_str("&amp;"),
            '<' => out.text.push_str("&lt;"),
            '>' => out.text.push_str("&gt;"),
            '\t' | '\n' => out.text.push(letter),
            '\r' => out.text.push_str(out.carriage_return),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.text.push('\u{fffd}'),
            _ => out.text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests;
