use super::settings;
use crate::config::{DynamicConfig, parse_dynamic};

fn config(control: &str, lists: &str) -> DynamicConfig {
    let text = format!(
        "configuration:\n  control: {{{control}}}\ncomponents:\n  overrides: {{bash: {{}}}}\n{lists}"
    );
    parse_dynamic("dynamic.yaml", &text).unwrap().config
}

fn lists(views: &str, more: &str) -> String {
    format!("  autopackagelist: {{view: [{views}], source: [source, buildroot-source]{more}}}\n")
}

fn told(before: &DynamicConfig, after: &DynamicConfig) -> String {
    settings(before, after).join("\n")
}

#[test]
fn each_setting_that_differs_has_its_sentence() {
    let before = config("pause: false, trigger_tag: f45", &lists("eln", ""));
    let after = config(
        "pause: true, trigger_tag: rawhide, status_interval: 300",
        &lists("eln-extras", ", content_resolver: 'https://lists.example.org'"),
    );
    assert_eq!(told(&before, &before), "");
    insta::assert_snapshot!(told(&before, &after), @"
    pause: batches are paused
    trigger tag: f45 → rawhide
    status interval: 10m → 5m
    package lists added: eln-extras/source, eln-extras/buildroot-source
    package lists taken away: eln/source, eln/buildroot-source
    package lists come from https://lists.example.org/ instead of https://tiny.distro.builders/
    ");
    assert!(told(&after, &before).starts_with("pause: ended"));
}

#[test]
fn lists_in_another_sequence_are_told_since_the_first_counts() {
    let one = config("pause: false, trigger_tag: f45", &lists("eln, eln-extras", ""));
    let other = config("pause: false, trigger_tag: f45", &lists("eln-extras, eln", ""));
    insta::assert_snapshot!(told(&one, &other), @"package lists in another sequence, and the first that has a name counts: eln-extras/source, eln-extras/buildroot-source, eln/source, eln/buildroot-source");
    let none = config("pause: false, trigger_tag: f45", "");
    insta::assert_snapshot!(told(&one, &none), @"package lists taken away: eln/source, eln/buildroot-source, eln-extras/source, eln-extras/buildroot-source");
}
