//! `./dev bench parse`: reading a `listTagged` reply as long as Rawhide's. No process but this one.

use std::{fmt::Write as _, io::Write as _};

use anyhow::{Context, bail};
use ebs_shared::koji::xmlrpc::read_reply;
use quick_xml::events::Event;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::table::median;
use crate::options::BenchParse;

/// The members that are kept of each row: twelve of twenty-six, more than any call of ours keeps.
#[derive(Debug, Deserialize)]
struct Row {
    build_id: u64,
    package_id: u64,
    package_name: String,
    name: String,
    version: String,
    release: String,
    nvr: String,
    epoch: Option<i64>,
    tag_name: String,
    owner_name: String,
    create_event: u64,
    draft: bool,
}

/// Reads such a reply some times and prints one JSON object: median time, and the memory that it took above the body.
/// Between the readings, quick-xml alone steps over the same body, as a measure of the machine: no reader built on it could
/// be faster.
///
/// # Errors
///
/// The reply cannot be read.
pub fn parse(options: &BenchParse) -> anyhow::Result<()> {
    let body = reply(options.rows)?;
    let (mut seconds, mut floor) = (Vec::new(), Vec::new());
    let mut above_mb: f64 = 0.0;
    for _ in 0..options.repeat {
        let began = Instant::now();
        step_over(&body)?;
        floor.push(began.elapsed().as_secs_f64());
        let before = begin_peak();
        let began = Instant::now();
        let rows = match read_reply::<Vec<Row>>(body.as_bytes()) {
            Ok(Ok(rows)) => rows,
            Ok(Err(fault)) => bail!("a fault: {}", fault.text),
            Err(error) => return Err(error).context("read the reply"),
        };
        seconds.push(began.elapsed().as_secs_f64());
        above_mb = above_mb.max(memory_mb("VmHWM:") - before);
        let held: usize = rows.iter().map(Row::size).sum();
        if rows.len() != usize::try_from(options.rows)? || held == 0 {
            bail!("{} rows of {} were read", rows.len(), options.rows);
        }
    }
    let (median, floor_median) = (median(&mut seconds), median(&mut floor));
    let line = json!({
        "version": 1, "rows": options.rows, "body_bytes": body.len(), "seconds": median, "seconds_all": seconds,
        "floor_seconds": floor_median, "floor_seconds_all": floor, "memory_above_body_mb": above_mb,
    });
    writeln!(std::io::stdout(), "{line}").context("print the figures")
}

/// What quick-xml needs alone, with nothing built of it.
fn step_over(body: &str) -> anyhow::Result<()> {
    let mut xml = quick_xml::Reader::from_str(body);
    xml.config_mut().expand_empty_elements = true;
    while !matches!(xml.read_event().context("step over the reply")?, Event::Eof) {}
    Ok(())
}

impl Row {
    /// Something of every member, so that none is left unread.
    fn size(&self) -> usize {
        let texts = [&self.package_name, &self.name, &self.version, &self.release, &self.nvr];
        let numbers = [self.build_id, self.package_id, self.create_event];
        texts.iter().map(|text| text.len()).sum::<usize>()
            + self.tag_name.len()
            + self.owner_name.len()
            + numbers.iter().filter(|number| **number > 0).count()
            + usize::from(self.draft)
            + usize::from(self.epoch.is_some())
    }
}

/// Rows with the members of the recorded reply, in the hub's form.
fn reply(rows: u32) -> anyhow::Result<String> {
    let mut text = String::from(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n",
    );
    for row in 1..=rows {
        write_row(&mut text, row)?;
    }
    text.push_str("</data></array></value>\n</param>\n</params>\n</methodResponse>\n");
    Ok(text)
}

fn write_row(text: &mut String, row: u32) -> std::fmt::Result {
    let name = format!("package-number-{row}");
    let strings = [
        ("package_name", name.clone()),
        ("name", name.clone()),
        ("version", format!("1.{}", row % 90)),
        ("release", "3.fc45".to_owned()),
        ("nvr", format!("{name}-1.{}-3.fc45", row % 90)),
        ("tag_name", "f45".to_owned()),
        ("owner_name", "releng".to_owned()),
        ("volume_name", "DEFAULT".to_owned()),
        ("creation_time", "2026-05-07 11:22:33.456789".to_owned()),
        ("completion_time", "2026-05-07 11:52:33.456789".to_owned()),
        ("start_time", "2026-05-07 11:22:33.456789".to_owned()),
        ("source", format!("git+https://src.example.org/rpms/{name}#0123456789abcdef0123")),
    ];
    let numbers = [
        "id",
        "build_id",
        "package_id",
        "tag_id",
        "owner_id",
        "task_id",
        "state",
        "volume_id",
        "creation_event_id",
        "create_event",
    ];
    text.push_str("<value><struct>\n");
    for (key, value) in strings {
        member(text, key, &format!("<string>{value}</string>"))?;
    }
    for key in numbers {
        member(text, key, &format!("<int>{}</int>", 100_000 + row))?;
    }
    for key in ["epoch", "cg_id", "promoter_id"] {
        member(text, key, "<nil/>")?;
    }
    member(text, "draft", "<boolean>0</boolean>")?;
    text.push_str("</struct></value>\n");
    Ok(())
}

fn member(text: &mut String, key: &str, value: &str) -> std::fmt::Result {
    writeln!(text, "<member>\n<name>{key}</name>\n<value>{value}</value>\n</member>")
}

/// Forgets the highest mark of memory and tells what is held now, in MB.
fn begin_peak() -> f64 {
    // Where the system refuses, the mark is that of the whole run: larger, never smaller.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    memory_mb("VmRSS:")
}

fn memory_mb(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kb: u32 =
        line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    (f64::from(kb) / 102.4).round() / 10.0
}

#[cfg(test)]
mod tests;
