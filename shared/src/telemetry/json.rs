//! A line of the log as one flat JSON object: what machines search for stands at its top, also what the spans around it say.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{JsonFields, Writer},
        time::{FormatTime, SystemTime},
    },
    registry::{LookupSpan, Scope},
};

/// Keys that each line has, in this order. A field of the same name would be hidden, so none of ours has one.
const ALWAYS: [&str; 4] = ["timestamp", "level", "target", "message"];

/// What a library logs through the `log` crate has its real target in this field.
const LOG_TARGET: &str = "log.target";

/// Each line is an object with [`ALWAYS`], `spans` (the names of the spans around it, outermost first), and all fields: the
/// event's own win over those of spans, an inner span's over an outer one's.
pub(super) struct JsonLines;

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (mut fields, mut spans) = (Map::new(), Vec::new());
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            spans.push(Value::from(span.name()));
            if let Some(of_span) = span.extensions().get::<FormattedFields<JsonFields>>() {
                fields.append(&mut read(&of_span.fields));
            }
        }
        let mut own = String::new();
        context.format_fields(Writer::new(&mut own), event)?;
        fields.append(&mut read(&own));
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let target = fields.remove(LOG_TARGET);
        fields.retain(|key, _| !key.starts_with("log."));
        let message = fields.remove("message").unwrap_or_else(|| Value::from(""));
        let target = target.unwrap_or_else(|| Value::from(event.metadata().target()));
        let level = Value::from(event.metadata().level().as_str());
        if !spans.is_empty() {
            fields.insert("spans".to_owned(), Value::from(spans));
        }
        let mut separator = '{';
        for (key, value) in ALWAYS.into_iter().zip([Value::from(time), level, target, message]) {
            write!(writer, "{separator}\"{key}\":{value}")?;
            separator = ',';
        }
        for (key, value) in fields.iter().filter(|(key, _)| !ALWAYS.contains(&key.as_str())) {
            write!(writer, ",{}:{value}", Value::from(key.as_str()))?;
        }
        writeln!(writer, "}}")
    }
}

/// Fields as they were written down; nothing of what is no object.
fn read(written: &str) -> Map<String, Value> {
    serde_json::from_str(written).unwrap_or_default()
}

#[cfg(test)]
mod tests;
