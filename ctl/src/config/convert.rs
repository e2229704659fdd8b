//! Converting a file, and looking whether what came out can be used.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use anyhow::Context as _;
use ebs_shared::config::{
    ConfigError, Converted, Fault, check_static, convert, parse_dynamic, read_text,
};

use super::arguments::ConvertArguments;

/// Converts; what to print, and whether both files can be used.
pub(super) fn run(arguments: &ConvertArguments, json: bool) -> anyhow::Result<(String, bool)> {
    let file = arguments.file.display().to_string();
    let converted = read_text(&arguments.file).and_then(|text| convert(&file, &text));
    let converted = match converted {
        Ok(converted) => converted,
        Err(error) if json => return Ok((refused(&error)?, false)),
        Err(error) => return Ok((error.to_string(), false)),
    };
    if let (Some(fixed), Some(dynamic)) = (&arguments.static_path, &arguments.dynamic_path) {
        write(fixed, &converted.static_text)?;
        write(dynamic, &converted.dynamic_text)?;
    }
    let faults = faults(arguments, &converted);
    let fine = faults.is_empty();
    let text =
        if json { as_json(&converted, &faults)? } else { words(arguments, &converted, &faults) };
    Ok((text, fine))
}

/// A file that is there is somebody's work.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    written
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// What keeps the written files from being used, at their own lines.
fn faults(arguments: &ConvertArguments, converted: &Converted) -> Vec<Fault> {
    let name = |path: &Option<std::path::PathBuf>, or: &str| {
        path.as_ref().map_or_else(|| or.to_owned(), |path| path.display().to_string())
    };
    let fixed =
        check_static(&name(&arguments.static_path, "the static file"), &converted.static_text);
    let dynamic =
        parse_dynamic(&name(&arguments.dynamic_path, "the dynamic file"), &converted.dynamic_text);
    let mut faults = fixed.err().map(|error| error.faults).unwrap_or_default();
    faults.extend(dynamic.err().map(|error| error.faults).unwrap_or_default());
    faults
}

fn words(arguments: &ConvertArguments, converted: &Converted, faults: &[Fault]) -> String {
    let mut lines = Vec::new();
    match (&arguments.static_path, &arguments.dynamic_path) {
        (Some(fixed), Some(dynamic)) => {
            lines.push(format!("written: {} and {}", fixed.display(), dynamic.display()));
        }
        (_, _) => {
            lines.push(format!("=== the static file ===\n{}", converted.static_text));
            lines.push(format!("=== the dynamic file ===\n{}", converted.dynamic_text));
        }
    }
    let mut part = |heading: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push(format!("{heading}:"));
            lines.extend(items.into_iter().map(|item| format!("  {item}")));
        }
    };
    part("left out", converted.left_out.iter().map(ToString::to_string).collect());
    part("to fill in", converted.fill_in.clone());
    part("to mend before they can be used", faults.iter().map(ToString::to_string).collect());
    lines.join("\n")
}

fn as_json(converted: &Converted, faults: &[Fault]) -> anyhow::Result<String> {
    let whole = serde_json::json!({
        "version": 1, "static": converted.static_text, "dynamic": converted.dynamic_text,
        "left_out": converted.left_out, "fill_in": converted.fill_in, "faults": faults,
    });
    serde_json::to_string_pretty(&whole).context("cannot be written as JSON")
}

fn refused(error: &ConfigError) -> anyhow::Result<String> {
    let whole = serde_json::json!({ "version": 1, "faults": error.faults });
    serde_json::to_string_pretty(&whole).context("cannot be written as JSON")
}
