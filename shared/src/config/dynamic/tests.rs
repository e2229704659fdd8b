//! The traps of the Python service, each with the message that a person gets instead.

use ebs_domain::policy::{Eligibility, Listed, Policy};

use crate::config::{DynamicConfig, parse_dynamic};

const DYNAMIC: &str = include_str!("../../../../tests/integration/fixtures/config/dynamic.yaml");

fn with(good: &str, bad: &str) -> String {
    assert!(DYNAMIC.contains(good), "nothing to replace");
    DYNAMIC.replacen(good, bad, 1)
}

fn refused(good: &str, bad: &str) -> String {
    let error = parse_dynamic("dynamic.yaml", &with(good, bad)).unwrap_err();
    error.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn fine(good: &str, bad: &str) -> DynamicConfig {
    parse_dynamic("dynamic.yaml", &with(good, bad)).unwrap().config
}

/// What this file says of these packages.
fn policy(config: &DynamicConfig, names: &str) -> Policy {
    let listed = names.split_whitespace().map(|name| Listed {
        component: name.parse().unwrap(),
        upstream: name.parse().unwrap(),
        origin: "eln/source".to_owned(),
    });
    Policy::new(1, config.control.rules.clone(), listed.collect::<Vec<_>>())
}

const EXCLUDE: &str = "exclude: ['^kernel$', '^shim', '^mingw-(?!gcc$)', '-epel$']";
const ORDERING: &str =
    "{'^redhat-rpm-config$': 0, '^gcc$': 10, '^annobin$': 20, '^python3\\.\\d+$': 30}";

#[test]
fn a_quoted_boolean_is_no_boolean() {
    insta::assert_snapshot!(refused("pause: false", "pause: 'false'"), @"dynamic.yaml:4: configuration.control.pause: a boolean in quotes is text, not a boolean: write false without quotes");
    insta::assert_snapshot!(refused("pause: false", "pause: 1"), @"dynamic.yaml:4: configuration.control.pause: `true` or `false` is expected, found `1`");
}

#[test]
fn a_list_given_as_one_text_is_not_a_list_of_characters() {
    insta::assert_snapshot!(refused(EXCLUDE, "exclude: kernel"), @"dynamic.yaml:8: configuration.control.exclude: a list is expected, found `kernel`: write it as `[…]`");
    insta::assert_snapshot!(refused(EXCLUDE, "exclude: {'^kernel$': }"), @"dynamic.yaml:8: configuration.control.exclude: a list is expected, found a mapping: write it as `[…]`");
    insta::assert_snapshot!(refused(EXCLUDE, "exclude: [['^kernel$']]"), @"dynamic.yaml:8: configuration.control.exclude[0]: a regular expression is expected, found a list");
}

#[test]
fn a_key_left_empty_says_what_is_written_for_none() {
    for (good, key) in [(EXCLUDE, "exclude"), ("pause: false", "pause")] {
        assert!(refused(good, &format!("{key}:")).contains("found nothing"), "{key}");
    }
    insta::assert_snapshot!(refused(ORDERING, ""), @"dynamic.yaml:9: configuration.control.ordering: a mapping is expected, found nothing: write `{}` for an empty one");
    insta::assert_snapshot!(refused("trigger_tag: rawhide", "trigger_tag:"), @"dynamic.yaml:5: configuration.control.trigger_tag: a text is expected, found nothing");
    insta::assert_snapshot!(refused("view: [eln, eln-extras]", "view:"), @"dynamic.yaml:12: components.autopackagelist.view: a text is expected, found nothing");
    insta::assert_snapshot!(refused("view: [eln, eln-extras]", "view: []"), @"dynamic.yaml:12: components.autopackagelist.view: at least one is expected");
    insta::assert_snapshot!(refused("ipa: {upstream_name: freeipa}", "ipa: {upstream_name: }"), @"dynamic.yaml:15: components.overrides.ipa.upstream_name: a text is expected, found nothing");
}

#[test]
fn an_order_is_a_whole_number() {
    insta::assert_snapshot!(refused("'^gcc$': 10", "'^gcc$': 1.5"), @"dynamic.yaml:9: configuration.control.ordering.^gcc$: a whole number is expected, found `1.5`");
    insta::assert_snapshot!(refused("'^gcc$': 10", "'^gcc$': true"), @"dynamic.yaml:9: configuration.control.ordering.^gcc$: a whole number is expected, found `true`");
    insta::assert_snapshot!(refused("'^gcc$': 10", "'^gcc$':"), @"dynamic.yaml:9: configuration.control.ordering.^gcc$: a whole number is expected, found nothing");
}

#[test]
fn a_status_interval_is_a_time_above_zero_and_no_boolean() {
    insta::assert_snapshot!(refused("status_interval: 300", "status_interval: true"), @"dynamic.yaml:6: configuration.control.status_interval: a time such as `90s`, `15m`, `24h` or a plain number of seconds is expected, found `true`");
    insta::assert_snapshot!(refused("status_interval: 300", "status_interval: 0"), @"dynamic.yaml:6: configuration.control.status_interval: a time above zero is expected");
}

#[test]
fn of_two_patterns_that_hit_the_first_in_the_file_gives_the_order() {
    let first = fine(ORDERING, "{'llvm': 5, '^llvm$': 0}");
    assert_eq!(policy(&first, "llvm").order(&"llvm".parse().unwrap()), 5);
    let other = fine(ORDERING, "{'^llvm$': 0, 'llvm': 5}");
    assert_eq!(policy(&other, "llvm").order(&"llvm".parse().unwrap()), 0);
    assert_eq!(policy(&other, "llvm").order(&"llvm-libs".parse().unwrap()), 5);
}

#[test]
fn one_pattern_twice_in_the_ordering_is_refused() {
    insta::assert_snapshot!(refused("'^annobin$': 20", "'^gcc$': 20"), @"dynamic.yaml:9: configuration.control.ordering.^gcc$: the key is written twice, first in line 9: remove one");
}

#[test]
fn a_look_ahead_is_legal_and_excludes_all_but_what_it_names() {
    let policy = policy(&fine("pause: false", "pause: no"), "mingw-gcc mingw-zlib");
    assert_eq!(policy.eligible(&"mingw-gcc".parse().unwrap()), Eligibility::Yes);
    assert!(matches!(
        policy.eligible(&"mingw-zlib".parse().unwrap()),
        Eligibility::Excluded { .. }
    ));
}

#[test]
fn a_pattern_is_searched_and_one_that_cannot_compile_is_told_with_its_place() {
    let policy = policy(&fine(EXCLUDE, "exclude: [gcc]"), "mingw-gcc");
    assert!(matches!(policy.eligible(&"mingw-gcc".parse().unwrap()), Eligibility::Excluded { .. }));
    insta::assert_snapshot!(refused(EXCLUDE, "exclude: ['*gcc']"), @"dynamic.yaml:8: configuration.control.exclude[0]: the pattern `*gcc` cannot be used: Target of repeat operator is invalid, after 0 bytes; correct it, or write the names it means one by one");
    insta::assert_snapshot!(refused(EXCLUDE, "exclude: ['']"), @"dynamic.yaml:8: configuration.control.exclude[0]: the pattern `` cannot be used: it is empty and would hit every name; remove it");
}

#[test]
fn a_rename_leads_from_one_package_to_one_component() {
    insta::assert_snapshot!(refused("restore: {upstream_name: dump}", "restore: {upstream_name: freeipa}"), @"dynamic.yaml:16: components.overrides.restore: `freeipa` is the upstream name in line 15 already: remove one");
    insta::assert_snapshot!(refused("restore: {upstream_name: dump}", "ipa: {upstream_name: dump}"), @"dynamic.yaml:16: components.overrides.ipa: the key is written twice, first in line 15: remove one");
    insta::assert_snapshot!(refused("restore: {upstream_name: dump}", "restore: {upstream_name: my-only-here}"), @"
    dynamic.yaml:17: components.overrides.my-only-here: `my-only-here` is the upstream name in line 16 already: remove one
    dynamic.yaml:17: components.overrides.restore: its upstream name `my-only-here` is a component of its own below `overrides`
    ");
    insta::assert_snapshot!(refused("restore: {upstream_name: dump}", "restore: {upstream_name: 'a b'}"), @"dynamic.yaml:16: components.overrides.restore.upstream_name: `a b` is no package name: white space, control characters and slashes are not allowed");
}
