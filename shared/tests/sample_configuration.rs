//! The sample configuration of `deploy/config` can be used, and says all that there is to say: every key that the program asks
//! for stands in it with a comment, and no other. Whether what a comment says is true is not looked at.

#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use ebs_shared::{
    bus::config::BusConfig,
    config::{ConfigError, Fault, Loaded, NO_KERBEROS, parse_dynamic, parse_static},
};
use tempfile::TempDir;

/// A key that no block has.
const STRANGE: &str = "strange_key";

/// Keys that are asked for so that their presence can be refused, or that only older forms have there.
const NOT_FOR_A_SAMPLE: [&str; 2] =
    ["configuration.control", "configuration.open_id_connect.client_secret"];

/// The folders of the two samples.
const SAMPLES: [&str; 2] = ["production", "staging"];

/// Where the sample says that its files are.
const INSTALLED: &str = "/etc/elnbuildsync/";

/// A certificate, for a file that must hold one.
const AUTHORITY: &str = include_str!("../src/certificates/tests/first.pem");

fn folder(sample: &str) -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap().join("deploy/config").join(sample)
}

fn text(sample: &str, file: &str) -> String {
    fs::read_to_string(folder(sample).join(file)).unwrap()
}

/// The same with what is switched off switched on.
fn whole(text: &str) -> String {
    let on = |line: &str| match line.trim_start().strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => {
            format!("{}{key}", &line[..line.len() - line.trim_start().len()])
        }
        Some(_) | None => line.to_owned(),
    };
    text.lines().map(on).collect::<Vec<_>>().join("\n") + "\n"
}

/// One key of a sample.
struct Key {
    path: String,
    line: usize,
    /// How far its own line is set in, and how far what is below it.
    indents: (usize, Option<usize>),
}

/// All keys, in order.
fn keys(text: &str) -> Vec<Key> {
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut found: Vec<Key> = Vec::new();
    for (line, whole) in text.lines().enumerate() {
        let rest = whole.trim_start();
        let Some((key, _)) = rest.split_once(':').filter(|_| !rest.starts_with('#')) else {
            continue;
        };
        let indent = whole.len() - rest.len();
        open.retain(|(outer, _)| *outer < indent);
        if let Some(above) = found.last_mut().filter(|above| above.indents.0 < indent) {
            above.indents.1 = Some(indent);
        }
        open.push((indent, key.trim_matches('\'').to_owned()));
        let path: Vec<&str> = open.iter().map(|(_, key)| key.as_str()).collect();
        found.push(Key { path: path.join("."), line, indents: (indent, None) });
    }
    found
}

/// What the program tells of a text.
fn told<T>(read: Result<Loaded<T>, ConfigError>) -> Vec<Fault> {
    match read {
        Ok(loaded) => loaded.warnings,
        Err(error) => error.faults.into_iter().chain(error.warnings).collect(),
    }
}

/// The keys that the program knows in each block that the text has.
fn known(text: &str, read: impl Fn(&str) -> Vec<Fault>) -> BTreeMap<String, BTreeSet<String>> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for key in keys(text).iter().rev() {
        if let (_, Some(inner)) = key.indents {
            lines.insert(key.line + 1, format!("{}{STRANGE}: 1", " ".repeat(inner)));
        }
    }
    let asked = format!("{STRANGE}: 1\n{}\n", lines.join("\n"));
    let mut known = BTreeMap::new();
    for fault in read(&asked) {
        let Some((_, names)) = fault.text.split_once("known here: ") else { continue };
        let Some(block) = fault.path.strip_suffix(STRANGE) else { continue };
        if fault.text.starts_with("unknown key") {
            let path = |name: &str| format!("{block}{name}");
            known.insert(block.to_owned(), names.split(", ").map(path).collect());
        }
    }
    known
}

/// The keys of the text in one block, which is named with a point at its end.
fn within<'t>(keys: &'t [Key], block: &str) -> BTreeSet<&'t str> {
    let below = |path: &&str| path.strip_prefix(block).is_some_and(|rest| !rest.contains('.'));
    keys.iter().map(|key| key.path.as_str()).filter(below).collect()
}

/// Asserts that each key of the program stands in the text.
fn assert_all_stand_in(text: &str, blocks: usize, read: impl Fn(&str) -> Vec<Fault>) {
    let (known, keys) = (known(text, read), keys(text));
    assert!(known.len() >= blocks, "only these blocks were asked: {:?}", known.keys());
    for (block, names) in &known {
        let own = within(&keys, block);
        let asked = names.iter().map(String::as_str);
        let missing: Vec<&str> =
            asked.filter(|name| !own.contains(name) && !NOT_FOR_A_SAMPLE.contains(name)).collect();
        assert!(missing.is_empty(), "not in the sample: {missing:?}");
    }
}

fn assert_each_has_a_comment(text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    for key in keys(text) {
        let before = key.line.checked_sub(1).and_then(|line| lines.get(line));
        let explained = before.is_some_and(|line| line.trim_start().starts_with("# "));
        assert!(explained, "line {}: no comment before `{}`", key.line + 1, key.path);
    }
}

/// The sample with its files in a folder, as an installation has them.
fn installed(sample: &str) -> (TempDir, String) {
    let root = TempDir::with_prefix("ebs-sample-").unwrap();
    let text = text(sample, "elnbuildsync.yaml");
    for word in text.split_whitespace().filter_map(|word| word.strip_prefix(INSTALLED)) {
        let (path, name) = (root.path().join(word), word.rsplit('/').next().unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let content = match name {
            "tokens" => String::new(),
            "fedora-messaging.toml" => self::text(sample, name),
            certificate if certificate.ends_with(".pem") => AUTHORITY.to_owned(),
            _ => "secret\n".to_owned(),
        };
        fs::write(path, content).unwrap();
    }
    let text = text.replace(INSTALLED, &format!("{}/", root.path().display()));
    (root, text)
}

#[test]
fn the_samples_can_be_used_and_draw_no_warning() {
    for sample in SAMPLES {
        let (_root, text) = installed(sample);
        let said = told(parse_static(sample, &text));
        let said: Vec<&str> = said.iter().map(|fault| fault.text.as_str()).collect();
        // The tests may be built without it.
        let kerberos: &[&str] = if cfg!(feature = "gssapi") { &[] } else { &[NO_KERBEROS] };
        assert_eq!(said, kerberos);
        let dynamic = parse_dynamic(sample, &self::text(sample, "elnbuildsync_dynamic.yaml"));
        assert!(dynamic.unwrap().warnings.is_empty());
        BusConfig::parse(&self::text(sample, "fedora-messaging.toml")).unwrap();
    }
}

#[test]
fn every_key_of_the_program_stands_in_the_samples_with_a_comment_and_no_other() {
    let fixed = |text: &str| told(parse_static("sample", text));
    let dynamic = |text: &str| told(parse_dynamic("sample", text));
    for sample in SAMPLES {
        let text = whole(&text(sample, "elnbuildsync.yaml"));
        assert_each_has_a_comment(&text);
        assert_all_stand_in(&text, 21, fixed);
        let unknown: Vec<_> =
            fixed(&text).into_iter().filter(|fault| fault.text.contains("unknown")).collect();
        assert!(unknown.is_empty(), "{unknown:?}");

        let text = self::text(sample, "elnbuildsync_dynamic.yaml");
        assert_each_has_a_comment(&text);
        assert_all_stand_in(&text, 6, dynamic);
    }
}

#[test]
fn a_key_that_is_left_out_is_missed() {
    let text = whole(&text("production", "elnbuildsync.yaml"));
    let without = text.replace("    job_attempts: 5\n", "");
    let known = known(&without, |text| told(parse_static("sample", text)));
    assert!(known["ebs.limits."].contains("ebs.limits.job_attempts"));
    assert!(!within(&keys(&without), "ebs.limits.").contains("ebs.limits.job_attempts"));
}
