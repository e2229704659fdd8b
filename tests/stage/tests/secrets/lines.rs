//! What the logs of a run must be like: each line an object, and one trace through all processes.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::scene::Logs;

/// The lines of one log.
fn lines(name: &str, bytes: &[u8]) -> Result<Vec<Value>> {
    let text = String::from_utf8_lossy(bytes);
    let read =
        |line: &str| serde_json::from_str(line).with_context(|| format!("{name}: no JSON: {line}"));
    text.lines().map(read).collect()
}

/// Each line of each log is one JSON object with what each line has.
pub(crate) fn all_are_objects(logs: &Logs) -> Result<()> {
    for (name, bytes) in &logs.files {
        let lines = lines(name, bytes)?;
        ensure!(lines.len() > 3, "{name} has {} lines", lines.len());
        for line in &lines {
            let text = |key: &str| line[key].as_str().is_some_and(|text| !text.is_empty());
            let fine = ["timestamp", "level", "target", "message"].into_iter().all(text);
            ensure!(fine, "{name}: {line}");
        }
    }
    Ok(())
}

/// The trigger, the batch that took it, each worker's jobs, the calls to Koji and Bodhi and the update have one trace id.
pub(crate) fn one_trace(logs: &Logs) -> Result<String> {
    let (mut leader, mut workers) = (Vec::new(), Vec::new());
    for (name, bytes) in &logs.files {
        let lines = lines(name, bytes)?;
        if name.starts_with("worker") { workers.push((name, lines)) } else { leader.extend(lines) }
    }
    let said = |line: &&Value, message: &str| line["message"] == message;
    let trigger = leader.iter().find(|line| said(line, "trigger") && line["answer"] == "pending");
    let trigger = trigger.context("a trigger is logged")?;
    ensure!(trigger["message.id"].is_string(), "the message stands in it: {trigger}");
    let trace = trigger["trace_id"].as_str().context("a trigger has a trace")?;
    ensure!(trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace}");
    for message in ["forming a batch", "phase", "build ended", "group", "batch ended"] {
        let line = leader.iter().find(|line| said(line, message));
        let line = line.with_context(|| format!("`{message}` is logged"))?;
        ensure!(line["trace_id"] == trace && line["batch.id"] == 1, "{line}");
    }
    let update = leader.iter().find(|line| said(line, "group") && line["bodhi.update"] != "");
    ensure!(update.is_some_and(|line| line["trace_id"] == trace), "the update has the trace");
    ensure!(
        leader.iter().any(|line| is_a_call_of(line, "effect") && line["trace_id"] == trace),
        "calls of the leader have it"
    );
    for (name, lines) in &workers {
        let of_jobs: Vec<&Value> = lines.iter().filter(|line| line["job.id"].is_string()).collect();
        ensure!(!of_jobs.is_empty(), "{name} did nothing");
        let traces: BTreeSet<String> =
            of_jobs.iter().map(|line| line["trace_id"].to_string()).collect();
        let all_have = traces.iter().all(|trace| trace.len() == 34);
        ensure!(all_have && traces.contains(&format!("\"{trace}\"")), "{name}: {traces:?}");
        ensure!(of_jobs.iter().any(|line| is_a_call_of(line, "job")), "{name}: no call is logged");
    }
    Ok(trace.to_owned())
}

/// Both programs have sent spans of this trace to the collector, each with spans of its own work.
pub(crate) fn spans_have(logs: &Logs, trace: &str) -> Result<()> {
    // A span begins with its trace's id: field 1, 16 bytes. Source: opentelemetry/proto/trace/v1/trace.proto.
    let mut wanted = vec![0x0a, 16];
    for place in (0..trace.len()).step_by(2) {
        wanted.push(u8::from_str_radix(&trace[place..place + 2], 16)?);
    }
    let has = |body: &[u8], part: &[u8]| body.windows(part.len()).any(|window| window == part);
    for (service, span) in [("ebs-coordinator", "effect"), ("ebs-worker", "job")] {
        let sent = logs.spans.iter().any(|body| {
            has(body, service.as_bytes()) && has(body, span.as_bytes()) && has(body, &wanted)
        });
        ensure!(sent, "no span `{span}` of trace {trace} came from {service}");
    }
    ensure!(!logs.spans.iter().any(|body| has(body, b"hyper")), "the exporter traces itself");
    Ok(())
}

/// Whether a client logged it, within such a span.
fn is_a_call_of(line: &Value, span: &str) -> bool {
    let within =
        line["spans"].as_array().is_some_and(|spans| spans.iter().any(|name| name == span));
    within && line["target"].as_str().is_some_and(|target| target.starts_with("ebs_shared::"))
}
