use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

/// What was written.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that this logs.
fn lines(work: impl FnOnce()) -> Vec<Value> {
    let paper = Paper::default();
    let writer = paper.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .fmt_fields(JsonFields::new())
        .event_format(JsonLines);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
    let written = paper.0.lock().unwrap().clone();
    let text = String::from_utf8(written).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_line_is_one_object_with_time_level_target_and_message() {
    let lines = lines(|| {
        tracing::info!("plain");
        tracing::warn!(error = "two\nlines and a \"quote\"", count = 3_u64, "with fields");
        tracing::debug!(only = true);
    });
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        assert_eq!(line["target"], module_path!());
        assert!(line["message"].is_string(), "{line}");
    }
    assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&"INFO".into(), &"plain".into()));
    assert_eq!(lines[1]["error"], "two\nlines and a \"quote\"");
    assert_eq!(lines[1]["count"], 3);
    assert_eq!((&lines[2]["message"], &lines[2]["only"]), (&"".into(), &true.into()));
}

#[test]
fn what_the_spans_around_say_stands_at_the_top_and_the_innermost_wins() {
    let lines = lines(|| {
        let batch = tracing::error_span!("batch", batch.id = 7, trace_id = "aa").entered();
        let job = tracing::error_span!("job", job.id = "b7.1#1", trace_id = tracing::field::Empty);
        job.record("trace_id", "bb");
        tracing::info!(parent: &batch, "outer");
        let _job = job.entered();
        tracing::info!(nvr = "a-1-1", "inner");
        tracing::info!(batch.id = 8, "own");
    });
    let picked = |line: &Value| {
        let keys = ["batch.id", "job.id", "trace_id", "nvr"];
        keys.map(|key| line[key].to_string()).join(" ")
    };
    assert_eq!(picked(&lines[0]), "7 null \"aa\" null");
    assert_eq!(picked(&lines[1]), "7 \"b7.1#1\" \"bb\" \"a-1-1\"");
    assert_eq!(picked(&lines[2]), "8 \"b7.1#1\" \"bb\" null");
    assert_eq!(lines[1]["spans"], serde_json::json!(["batch", "job"]));
}

#[test]
fn a_field_can_not_take_the_place_of_what_every_line_has() {
    let lines = lines(|| tracing::info!(level = "mine", target = "mine", "said"));
    assert_eq!((&lines[0]["level"], &lines[0]["target"]), (&"INFO".into(), &module_path!().into()));
}
