//! The coordinator's program, started with what it cannot run with: it says all that is wrong and ends with 128.

use std::{
    io,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

/// A static file that is as it should be, but for what stands in these places.
fn fixed(folder: &Path, koji: &str, ebs: &str) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    format!(
        "configuration:\n  koji: {{profile: sim, build_target: eln, stable_tag: eln, username: ebs, {koji}, fail_fast: true, \
         wait_repo: true}}\n  bodhi: {{staging: false}}\n  open_id_connect: false\n  email: false\nebs:\n  instance: one\n  \
         koji: {{hub_url: 'http://127.0.0.1:1/kojihub', user: ebs, password_file: {secret}}}\n  bodhi: {{url: \
         'http://127.0.0.1:1/', token_file: {secret}}}\n  database: {{url: 'sqlite:{database}'}}\n  bus: {{enabled: false}}\n  \
         http: {{listen: '127.0.0.1:0'}}\n{ebs}",
        secret = file("secret"),
        database = file("ebs.sqlite"),
    )
}

const SOUND: &str = "scratch_build: false";

const DYNAMIC: &str = "configuration:\n  control: {pause: false, trigger_tag: f45}\ncomponents:\n  overrides:\n    bash: \
                       {upstream_name: bash}\n";

/// Starts the program on these two files; a text of `None` is a file that is missing.
fn start(
    fixed_text: impl Fn(&Path) -> Option<String>,
    dynamic_text: Option<&str>,
) -> io::Result<Output> {
    let folder = TempDir::with_prefix("ebs-start-")?;
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("secret"), "secret\n")?;
    if let Some(text) = fixed_text(folder.path()) {
        std::fs::write(at("static.yaml"), text)?;
    }
    if let Some(text) = dynamic_text {
        std::fs::write(at("dynamic.yaml"), text)?;
    }
    Command::new(env!("CARGO_BIN_EXE_ebs-coordinator"))
        .arg("--static-config-file")
        .arg(at("static.yaml"))
        .arg("--dynamic-config-file")
        .arg(at("dynamic.yaml"))
        .output()
}

/// It ended with 128, without a panic, and said all of this.
fn refused(output: &Output, words: &[&str]) {
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(128), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
}

#[test]
fn an_unknown_key_a_wrong_type_and_a_quoted_boolean_are_all_told_and_end_it() {
    let ebs = "  timers: {lull: soon}\n  limits: {nonsense: 1}\n";
    let output =
        start(|folder| Some(fixed(folder, "scratch_build: 'false'", ebs)), Some(DYNAMIC)).unwrap();
    refused(
        &output,
        &["configuration.koji.scratch_build", "ebs.timers.lull", "ebs.limits.nonsense"],
    );
}

#[test]
fn a_regex_that_cannot_compile_and_a_wrong_type_are_both_told_and_end_it() {
    let dynamic = "configuration:\n  control: {pause: maybe, trigger_tag: f45, exclude: ['^kernel(']}\ncomponents:\n  \
                   overrides:\n    bash: {upstream_name: bash}\n";
    let output = start(|folder| Some(fixed(folder, SOUND, "")), Some(dynamic)).unwrap();
    refused(&output, &["control.pause", "control.exclude", "^kernel("]);
}

#[test]
fn an_empty_package_list_ends_it() {
    for components in ["components: {}\n", "components:\n  overrides: {}\n"] {
        let dynamic =
            format!("configuration:\n  control: {{pause: false, trigger_tag: f45}}\n{components}");
        let output = start(|folder| Some(fixed(folder, SOUND, "")), Some(&dynamic)).unwrap();
        refused(&output, &["components"]);
    }
}

#[test]
fn a_missing_file_is_named_and_ends_it() {
    refused(&start(|_| None, Some(DYNAMIC)).unwrap(), &["static.yaml"]);
    refused(&start(|folder| Some(fixed(folder, SOUND, "")), None).unwrap(), &["dynamic.yaml"]);
}
