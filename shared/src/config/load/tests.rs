use std::{fs, path::Path, time::Duration};

use super::{load_static, parse_db, parse_dynamic, parse_static};
use crate::config::{ConfigError, Loaded, StaticConfig, TriggerTag};

const STATIC: &str = r"configuration:
  koji: {profile: stg, build_target: eln, stable_tag: eln, username: ebs-test,
         scratch_build: false, fail_fast: true, wait_repo: true, instance: primary}
  bodhi: {batch_size: 400, max_single_batch_size: 600, staging: true, warn_timeout: 240}
  db: {host: db.example.org, port: 5432, name: ebs, driver: postgresql+asyncpg, user: ebs, page_size: 500}
  open_id_connect:
    auth_url: https://id.stg.fedoraproject.org/openidc/Authorization
    token_endpoint: https://id.stg.fedoraproject.org/openidc/Token
    userinfo_endpoint: https://id.stg.fedoraproject.org/openidc/UserInfo
    client_id: ebs-example
    admin_groups: [eln-admins]
  email: {smtp_host: mail.example.org, smtp_port: 587, smtp_username: ebs,
          from: ebs@example.org, recipients: [eln-list@example.org]}
ebs:
  koji: {hub_url: https://koji.example.org/kojihub}
  bodhi: {url: https://bodhi.example.org/}
";

const DYNAMIC: &str = r"configuration:
  control:
    pause: false
    trigger_tag: rawhide
    status_interval: 300
    skip_tag: ['^gcc$', '^binutils$', '^llvm[0-9.]*$', '^selinux-policy$']
    exclude: ['^kernel$', '^shim', '^mingw-(?!gcc$)', '-epel$']
    ordering: {'^redhat-rpm-config$': 0, '^gcc$': 10, '^annobin$': 20, '^python3\.\d+$': 30}
components:
  autopackagelist:
    view: [eln, eln-extras]
    source: [source, buildroot-source]
  overrides:
    ipa: {upstream_name: freeipa}
    restore: {upstream_name: dump}
    my-only-here: {}
";

fn fine(text: &str) -> Loaded<StaticConfig> {
    parse_static("static.yaml", text).unwrap()
}

/// The good static file with one text replaced, which must be refused.
fn refused(good: &str, bad: &str) -> ConfigError {
    assert!(STATIC.contains(good), "nothing to replace");
    parse_static("static.yaml", &STATIC.replacen(good, bad, 1)).unwrap_err()
}

/// The good static file with this put below `ebs`, which must be refused.
fn refused_ebs(more: &str) -> ConfigError {
    parse_static("static.yaml", &format!("{STATIC}{more}")).unwrap_err()
}

fn refused_dynamic(good: &str, bad: &str) -> ConfigError {
    assert!(DYNAMIC.contains(good), "nothing to replace");
    parse_dynamic("dynamic.yaml", &DYNAMIC.replacen(good, bad, 1)).unwrap_err()
}

#[test]
fn the_sample_of_the_reference_is_read_with_its_values_and_our_defaults() {
    let Loaded { config, warnings } = fine(STATIC);
    let warned: Vec<&str> = warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(warned, ["ebs.login"], "only upstream's part of a login is there");
    assert_eq!(config.koji.build_target.as_str(), "eln");
    assert!(config.koji.fail_fast && config.koji.wait_repo);
    assert_eq!((config.bodhi.batch_size, config.bodhi.max_single_batch_size), (400, 600));
    assert_eq!(config.bodhi.warn_timeout, Duration::from_secs(240 * 60));
    assert_eq!(config.email.unwrap().recipients, ["eln-list@example.org"]);
    assert_eq!(config.open_id_connect.unwrap().admin_groups, ["eln-admins"]);
    assert_eq!(config.ebs.database.url, "postgres://ebs@db.example.org:5432/ebs");
    assert_eq!(config.ebs.koji.web_url.as_str(), "https://koji.example.org/koji/");
    assert_eq!(config.ebs.koji.user.as_deref(), Some("ebs-test"));
    assert_eq!(config.ebs.timers.doubt_wait, Duration::from_secs(600));
    assert_eq!(config.ebs.bodhi.post_timeout, Duration::from_secs(200));
    assert_eq!(config.ebs.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.ebs.bus.topic_prefix, "org.fedoraproject.stg");
    assert_eq!(config.ebs.limits.max_open_builds, 500);
}

#[test]
fn the_dynamic_sample_is_read_and_its_ordering_keeps_the_order_of_the_file() {
    let Loaded { config, warnings } = parse_dynamic("dynamic.yaml", DYNAMIC).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(config.control.trigger_tag, TriggerTag::Rawhide);
    let order: Vec<_> =
        config.control.rules.ordering.iter().map(|(p, n)| (p.as_str(), *n)).collect();
    assert_eq!(
        order,
        [("^redhat-rpm-config$", 0), ("^gcc$", 10), ("^annobin$", 20), (r"^python3\.\d+$", 30)]
    );
    let upstream: Vec<_> =
        config.overrides.iter().map(|(c, o)| (c.as_str(), o.upstream_name.as_str())).collect();
    assert_eq!(
        upstream,
        [("ipa", "freeipa"), ("my-only-here", "my-only-here"), ("restore", "dump")]
    );
    assert_eq!(
        config.autopackagelist.unwrap().content_resolver.as_str(),
        "https://tiny.distro.builders/"
    );
}

#[test]
fn times_are_read_with_units_and_single_components_have_their_own() {
    let text = "  timers: {lull: 5s, max_lull: 1m30s, build_timeout: 86400, build_timeouts: {rocsolver: 30h}}\n";
    let timers = fine(&format!("{STATIC}{text}")).config.ebs.timers;
    assert_eq!(timers.lull, Duration::from_secs(5));
    assert_eq!(timers.max_lull, Duration::from_secs(90));
    assert_eq!(
        timers.build_timeout_of(&"rocsolver".parse().unwrap()),
        Duration::from_secs(30 * 3600)
    );
    assert_eq!(timers.build_timeout_of(&"bash".parse().unwrap()), Duration::from_secs(86_400));
}

#[test]
fn an_unknown_key_is_a_warning_in_upstreams_blocks() {
    let text =
        STATIC.replace("page_size: 500", "pagesize: 500").replace("ebs:\n", "extra: 1\nebs:\n");
    let loaded = fine(&text);
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @"
    static.yaml:5: configuration.db.pagesize: unknown key, not used; known here: driver, host, name, page_size, port, user
    static.yaml:14: extra: unknown key, not used; known here: configuration, ebs
    static.yaml:16: ebs.login: not written: nobody can log in, only tokens are taken; `client_secret_file` is needed here and `ebs.http.public_url`, or `false` for `configuration.open_id_connect`
    ");
}

#[test]
fn an_unknown_key_is_a_fault_in_ours() {
    insta::assert_snapshot!(refused_ebs("  redis: {url: redis://127.0.0.1/0, prefx: x}\n  wroker: {}\n"), @"
    2 faults in the configuration:
      static.yaml:17: ebs.redis.prefx: unknown key; known here: authority_file, password_file, prefix, url
      static.yaml:18: ebs.wroker: unknown key; known here: bodhi, bus, database, deny, http, instance, kerberos, koji, limits, lists, login, orphans, redis, retention, shadow, timers, worker
    ");
}

#[test]
fn all_faults_of_a_file_are_told_together_in_order_of_line() {
    let text = "configuration:\n  koji:\n    profile: [koji]\n    build_target: eln target\n    stable_tag:\n  bodhi: {batch_size: many, staging: 'false'}\n  email: {smtp_host: 12}\nebs:\n  koji: {hub_url: koji.example.org, sessions: 0}\n  bodhi: {url: ftp://bodhi.example.org}\n  timers: {lull: soon}\n";
    insta::assert_snapshot!(parse_static("static.yaml", text).unwrap_err(), @"
    15 faults in the configuration:
      static.yaml:2: configuration.open_id_connect: this block is required and missing
      static.yaml:3: configuration.koji.profile: a text is expected, found a list
      static.yaml:4: configuration.koji.build_target: `eln target` is no tag name: white space, control characters and slashes are not allowed
      static.yaml:5: configuration.koji.stable_tag: a text is expected, found nothing
      static.yaml:6: configuration.bodhi.batch_size: a whole number is expected, found `many`
      static.yaml:6: configuration.bodhi.staging: a boolean in quotes is text, not a boolean: write false without quotes
      static.yaml:7: configuration.email.smtp_host: a text is expected, found `12`: put it in quotes if it is meant as text
      static.yaml:7: configuration.email.smtp_port: this key is required and missing
      static.yaml:7: configuration.email.from: this key is required and missing
      static.yaml:7: configuration.email.recipients: this key is required and missing
      static.yaml:9: ebs.koji.hub_url: an http or https address is expected, found `koji.example.org`: relative URL without a base
      static.yaml:9: ebs.koji.sessions: a number above 0 is expected
      static.yaml:9: ebs.database: required, since there is no `configuration.db`
      static.yaml:10: ebs.bodhi.url: an http or https address is expected, found `ftp://bodhi.example.org`
      static.yaml:11: ebs.timers.lull: a time such as `90s`, `15m`, `24h` or a plain number of seconds is expected, found `soon`
    ");
}

#[test]
fn a_wrong_type_is_named_with_what_was_found() {
    insta::assert_snapshot!(refused("port: 5432", "port: [5432]"), @"
    1 fault in the configuration:
      static.yaml:5: configuration.db.port: a whole number is expected, found a list
    ");
    insta::assert_snapshot!(refused("batch_size: 400", "batch_size: -1"), @"
    1 fault in the configuration:
      static.yaml:4: configuration.bodhi.batch_size: a number from 0 to 4294967295 is expected, found `-1`
    ");
    insta::assert_snapshot!(refused("name: ebs,", "name: 2026,"), @"
    1 fault in the configuration:
      static.yaml:5: configuration.db.name: a text is expected, found `2026`: put it in quotes if it is meant as text
    ");
    insta::assert_snapshot!(refused("recipients: [eln-list@example.org]", "recipients: []"), @"
    1 fault in the configuration:
      static.yaml:13: configuration.email.recipients: at least one recipient is expected; write `email: false` for no mail
    ");
    insta::assert_snapshot!(refused("koji: {hub_url: https://koji.example.org/kojihub}", "koji: hub"), @"
    1 fault in the configuration:
      static.yaml:15: ebs.koji: a mapping is expected, found `hub`
    ");
}

#[test]
fn a_quoted_boolean_is_refused_with_a_way_out() {
    insta::assert_snapshot!(refused("fail_fast: true", "fail_fast: \"false\""), @"
    1 fault in the configuration:
      static.yaml:3: configuration.koji.fail_fast: a boolean in quotes is text, not a boolean: write false without quotes
    ");
    insta::assert_snapshot!(refused_dynamic("pause: false", "pause: 'no'"), @"
    1 fault in the configuration:
      dynamic.yaml:3: configuration.control.pause: a boolean in quotes is text, not a boolean: write no without quotes
    ");
}

#[test]
fn booleans_of_yaml_1_1_are_read_as_upstream_reads_them() {
    assert!(!fine(&STATIC.replace("fail_fast: true", "fail_fast: no")).config.koji.fail_fast);
    assert!(
        fine(&STATIC.replace("scratch_build: false", "scratch_build: On"))
            .config
            .koji
            .scratch_build
    );
}

#[test]
fn a_number_in_quotes_is_read_with_a_warning() {
    let loaded = fine(&STATIC.replace("batch_size: 400", "batch_size: '450'"));
    assert_eq!(loaded.config.bodhi.batch_size, 450);
    insta::assert_snapshot!(loaded.warnings[0], @"static.yaml:4: configuration.bodhi.batch_size: a number in quotes: read as the number");
}

#[test]
fn a_pattern_that_cannot_compile_is_named_with_path_line_and_way_out() {
    insta::assert_snapshot!(refused_dynamic("'^shim'", "'^shim('"), @"
    1 fault in the configuration:
      dynamic.yaml:7: configuration.control.exclude[1]: the pattern `^shim(` cannot be used: Opening parenthesis without closing parenthesis, after 6 bytes; correct it, or write the names it means one by one
    ");
    insta::assert_snapshot!(refused_dynamic("'^annobin$': 20", "'[annobin': 20"), @"
    1 fault in the configuration:
      dynamic.yaml:8: configuration.control.ordering.[annobin: the pattern `[annobin` cannot be used: Invalid character class, after 8 bytes; correct it, or write the names it means one by one
    ");
}

#[test]
fn a_null_or_single_text_in_place_of_a_list_is_refused() {
    insta::assert_snapshot!(refused_dynamic("exclude: ['^kernel$', '^shim', '^mingw-(?!gcc$)', '-epel$']", "exclude:"), @"
    1 fault in the configuration:
      dynamic.yaml:7: configuration.control.exclude: a list is expected, found nothing: write `[]` for none
    ");
    insta::assert_snapshot!(refused_dynamic("exclude: ['^kernel$', '^shim', '^mingw-(?!gcc$)', '-epel$']", "exclude: '^kernel$'"), @r#"
    1 fault in the configuration:
      dynamic.yaml:7: configuration.control.exclude: a list is expected, found the text "^kernel$": write it as `[…]`
    "#);
}

#[test]
fn missing_blocks_and_keys_are_named() {
    insta::assert_snapshot!(parse_static("static.yaml", "").unwrap_err(), @"
    2 faults in the configuration:
      static.yaml:1: configuration: this block is required and missing
      static.yaml:1: ebs: this block is required and missing
    ");
    insta::assert_snapshot!(parse_dynamic("dynamic.yaml", "").unwrap_err(), @"
    2 faults in the configuration:
      dynamic.yaml:1: configuration: this block is required and missing
      dynamic.yaml:1: components: this block is required and missing
    ");
    insta::assert_snapshot!(refused_dynamic("    pause: false\n", ""), @"
    1 fault in the configuration:
      dynamic.yaml:3: configuration.control.pause: this key is required and missing
    ");
    insta::assert_snapshot!(refused("profile: stg, ", ""), @"
    1 fault in the configuration:
      static.yaml:2: configuration.koji.profile: this key is required and missing
    ");
}

#[test]
fn an_order_that_is_no_number_is_refused() {
    insta::assert_snapshot!(refused_dynamic("'^gcc$': 10", "'^gcc$': first"), @"
    1 fault in the configuration:
      dynamic.yaml:8: configuration.control.ordering.^gcc$: a whole number is expected, found `first`
    ");
}

#[test]
fn overrides_that_contradict_each_other_are_refused() {
    insta::assert_snapshot!(refused_dynamic("upstream_name: dump", "upstream_name: freeipa"), @"
    1 fault in the configuration:
      dynamic.yaml:15: components.overrides.restore: `freeipa` is the upstream name in line 14 already: remove one
    ");
    insta::assert_snapshot!(refused_dynamic("upstream_name: dump", "upstream_name: ipa"), @"
    1 fault in the configuration:
      dynamic.yaml:15: components.overrides.restore: its upstream name `ipa` is a component of its own below `overrides`
    ");
    insta::assert_snapshot!(refused_dynamic("my-only-here: {}", "my-only-here:"), @"
    1 fault in the configuration:
      dynamic.yaml:16: components.overrides.my-only-here: a mapping is expected, found nothing: write `{}` for an empty one
    ");
}

#[test]
fn a_list_that_is_no_list_of_sources_is_refused() {
    insta::assert_snapshot!(refused_dynamic("[source, buildroot-source]", "binary"), @"
    1 fault in the configuration:
      dynamic.yaml:12: components.autopackagelist.source: `binary` is no list of source packages; there are `source`, `buildroot-source`, `all-source`
    ");
    insta::assert_snapshot!(refused_dynamic("view: [eln, eln-extras]", "view: ../eln"), @"
    1 fault in the configuration:
      dynamic.yaml:11: components.autopackagelist.view: `../eln` is no name of a view: letters, digits and `-_.` are expected
    ");
}

#[test]
fn times_that_contradict_each_other_are_refused() {
    insta::assert_snapshot!(refused_ebs("  timers: {doubt_wait: 200s}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.timers.doubt_wait: 200s is not longer than `ebs.bodhi.post_timeout` (200s): raise this, or lower that
    ");
    insta::assert_snapshot!(refused_ebs("  timers: {lease: 45s}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.timers.lease: 45s is not longer than `ebs.koji.call_timeout` (45s): raise this, or lower that
    ");
    insta::assert_snapshot!(refused_ebs("  timers: {job_lease: 3m}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.timers.job_lease: 3m is not longer than `ebs.bodhi.post_timeout` (200s): raise this, or lower that
    ");
    insta::assert_snapshot!(refused_ebs("  timers:\n    lull: 2m\n    max_lull: 1m\n"), @"
    1 fault in the configuration:
      static.yaml:19: ebs.timers.max_lull: 1m is shorter than `lull` (2m): raise this, or lower that
    ");
    insta::assert_snapshot!(refused_ebs("  timers:\n    poll_min: 10m\n"), @"
    1 fault in the configuration:
      static.yaml:18: ebs.timers.poll_max: 5m is shorter than `poll_min` (10m): raise this, or lower that
    ");
    insta::assert_snapshot!(refused_ebs("  timers: {stable_timeout: 0}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.timers.stable_timeout: a time above zero is expected
    ");
}

#[test]
fn values_that_contradict_the_profile_or_each_other_are_refused() {
    insta::assert_snapshot!(refused("batch_size: 400", "batch_size: 0"), @"
    1 fault in the configuration:
      static.yaml:4: configuration.bodhi.max_single_batch_size: above 0 while `batch_size` is 0 (no limit): set `batch_size`, or remove this
    ");
    insta::assert_snapshot!(refused("staging: true", "staging: false"), @"
    1 fault in the configuration:
      static.yaml:4: configuration.bodhi.staging: `false` contradicts the profile `stg`: change one of them
    ");
    let silent = STATIC.replace("profile: stg", "profile: centos").replace("staging: true, ", "");
    insta::assert_snapshot!(parse_static("static.yaml", &silent).unwrap_err(), @"
    1 fault in the configuration:
      static.yaml:4: configuration.bodhi.staging: this key is required, since the profile `centos` does not tell
    ");
    let production =
        STATIC.replace("profile: stg", "profile: koji").replace("staging: true", "staging: false");
    let text = production.replace("wait_repo: true", "wait_repo: false");
    insta::assert_snapshot!(parse_static("static.yaml", &text).unwrap_err(), @"
    1 fault in the configuration:
      static.yaml:3: configuration.koji.wait_repo: false is refused with profile `koji`: builds would use stale repos; remove it
    ");
}

#[test]
fn a_key_written_twice_is_refused() {
    insta::assert_snapshot!(refused_dynamic("    pause: false\n", "    pause: false\n    pause: true\n"), @"
    1 fault in the configuration:
      dynamic.yaml:4: configuration.control.pause: the key is written twice, first in line 3: remove one
    ");
}

#[test]
fn secrets_do_not_stand_in_the_file() {
    insta::assert_snapshot!(refused("client_id: ebs-example", "client_id: ebs-example\n    client_secret: hunter2"), @"
    1 fault in the configuration:
      static.yaml:11: configuration.open_id_connect.client_secret: a secret must not stand in this file: put it into a file of its own
    ");
    insta::assert_snapshot!(refused_ebs("  database: {url: 'postgres://ebs:hunter2@db/ebs'}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.database.url: a password must not stand in this file: put it into `password_file`
    ");
}

#[test]
fn an_unreadable_secret_file_is_named_with_its_key() {
    insta::assert_snapshot!(refused_ebs("  redis: {url: 'redis://127.0.0.1/', password_file: /nowhere/redis}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.redis.password_file: failed to read the secret file /nowhere/redis: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(refused("url: https://bodhi.example.org/", "url: https://bodhi.example.org/, token_file: /nowhere/token"), @"
    1 fault in the configuration:
      static.yaml:16: ebs.bodhi.token_file: failed to read the secret file /nowhere/token: No such file or directory (os error 2)
    ");
}

#[test]
fn an_enabled_bus_needs_its_file() {
    insta::assert_snapshot!(refused_ebs("  bus: {enabled: true}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.bus.fedora_messaging_config: this key is required while the bus is enabled: name the TOML file, or set `enabled: false`
    ");
    insta::assert_snapshot!(refused_ebs("  bus: {fedora_messaging_config: /nowhere/ebs.toml}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.bus.fedora_messaging_config: there is no file /nowhere/ebs.toml
    ");
    assert!(!fine(&format!("{STATIC}  bus: {{enabled: false}}\n")).config.ebs.bus.enabled);
}

#[test]
fn upstreams_times_are_used_where_ours_are_silent() {
    let text = STATIC.replace("staging: true", "staging: true, stable_timeout: 3600");
    assert_eq!(fine(&text).config.ebs.timers.stable_timeout, Duration::from_secs(3600));
    let both = format!("{text}  timers: {{stable_timeout: 2h}}\n");
    assert_eq!(fine(&both).config.ebs.timers.stable_timeout, Duration::from_secs(7200));
}

#[test]
fn oidc_and_mail_can_be_switched_off_and_must_be_said() {
    let start = STATIC.find("  open_id_connect").unwrap();
    let end = STATIC.find("ebs:\n  koji").unwrap();
    let off =
        format!("{}  open_id_connect: false\n  email: false\n{}", &STATIC[..start], &STATIC[end..]);
    let config = fine(&off).config;
    assert!(config.open_id_connect.is_none() && config.email.is_none());
    let silent = format!("{}{}", &STATIC[..start], &STATIC[end..]);
    insta::assert_snapshot!(parse_static("static.yaml", &silent).unwrap_err(), @"
    2 faults in the configuration:
      static.yaml:2: configuration.open_id_connect: this block is required and missing
      static.yaml:2: configuration.email: this block is required and missing
    ");
}

#[test]
fn a_missing_or_huge_file_is_named() {
    insta::assert_snapshot!(load_static(Path::new("/nowhere/static.yaml")).unwrap_err(), @"
    1 fault in the configuration:
      /nowhere/static.yaml: failed to read the file: No such file or directory (os error 2)
    ");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.yaml");
    fs::write(&path, vec![b'#'; 2_000_000]).unwrap();
    assert!(load_static(&path).unwrap_err().to_string().contains("2000000 bytes, more than"));
}

#[test]
fn broken_yaml_is_one_fault_with_its_line() {
    insta::assert_snapshot!(parse_static("static.yaml", "configuration:\n  koji: {profile: koji\n").unwrap_err(), @"
    1 fault in the configuration:
      static.yaml:2: no valid YAML: unclosed bracket '{'
    ");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[ \\n\\-:{}\\[\\]'\"&*a-c0-9.^$(]{0,80}") {
        let _ = parse_static("static.yaml", &text);
        let _ = parse_dynamic("dynamic.yaml", &format!("configuration: {{control: {text}}}\ncomponents: {text}"));
        let _ = parse_dynamic("dynamic.yaml", &DYNAMIC.replace("['^gcc$', '^binutils$', '^llvm[0-9.]*$', '^selinux-policy$']", &text));
    }
}

#[test]
fn the_file_of_tokens_is_read_at_the_start_and_its_faults_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let http = |path: &Path| format!("{STATIC}  http: {{tokens_file: {}}}\n", path.display());
    fs::write(&path, format!("# ours\nalice operate {}\n", "0".repeat(64))).unwrap();
    let config = fine(&http(&path)).config;
    assert_eq!(config.ebs.http.tokens_file.as_deref(), Some(path.as_path()));
    assert_eq!(config.ebs.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(fine(STATIC).config.ebs.http.tokens_file, None);
    fs::write(&path, "alice secret-in-plain-words\n").unwrap();
    let error = parse_static("static.yaml", &http(&path)).unwrap_err().to_string();
    assert!(error.contains("ebs.http.tokens_file"), "{error}");
    assert!(error.contains("line 1 of the tokens"), "{error}");
    assert!(!error.contains("plain-words"), "{error}");
    let error = parse_static("static.yaml", &http(&folder.path().join("none"))).unwrap_err();
    assert!(error.to_string().contains("cannot read the tokens"), "{error}");
}

#[test]
fn what_is_over_is_kept_for_as_long_as_is_said_within_bounds() {
    let day = Duration::from_secs(86_400);
    assert_eq!(fine(STATIC).config.ebs.retention.history, 365 * day);
    let some =
        fine(&format!("{STATIC}  retention: {{history: 30d, dead: 7d}}\n")).config.ebs.retention;
    assert_eq!((some.history, some.triggers, some.dead), (30 * day, 180 * day, 7 * day));
    // A plain number is one of seconds, here too.
    let text = "  retention: {history: 365, triggers: 6d, audit: 29d, dead: 3651d, denied: 1d}\n";
    insta::assert_snapshot!(refused_ebs(text), @"
    5 faults in the configuration:
      static.yaml:17: ebs.retention.history: 365s is not from 7d to 3650d: write days, such as `90d`
      static.yaml:17: ebs.retention.triggers: 6d is not from 7d to 3650d: write days, such as `90d`
      static.yaml:17: ebs.retention.audit: 29d is not from 30d to 3650d: write days, such as `90d`
      static.yaml:17: ebs.retention.dead: 3651d is not from 7d to 3650d: write days, such as `90d`
      static.yaml:17: ebs.retention.denied: unknown key; known here: audit, dead, history, triggers
    ");
    insta::assert_snapshot!(refused_ebs("  retention: {history: for ever}\n"), @"
    1 fault in the configuration:
      static.yaml:17: ebs.retention.history: a time such as `90s`, `15m`, `24h` or a plain number of seconds is expected, found `for ever`
    ");
}

#[test]
fn an_authority_is_a_file_of_certificates_for_a_connection_by_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("ca.pem"), folder.path().join("bad.pem"));
    fs::write(&good, include_str!("../../certificates/tests/first.pem")).unwrap();
    fs::write(&bad, "no certificate\n").unwrap();
    let redis = |url: &str, path: &Path| {
        format!("{STATIC}  redis: {{url: '{url}', authority_file: {}}}\n", path.display())
    };
    let config = fine(&redis("rediss://127.0.0.1/", &good)).config;
    assert_eq!(config.ebs.redis.unwrap().authority_file, Some(good.clone()));
    let refusal = |text: &str| parse_static("static.yaml", text).unwrap_err().to_string();
    let error = refusal(&redis("redis://127.0.0.1/", &good));
    assert!(error.contains("ebs.redis.authority_file: without TLS nothing is checked"), "{error}");
    let error = refusal(&redis("rediss://127.0.0.1/", &bad));
    assert!(error.contains("there is none"), "{error}");
    let error = refusal(&redis("rediss://127.0.0.1/", Path::new("/nowhere/ca.pem")));
    assert!(error.contains("/nowhere/ca.pem"), "{error}");

    let database = |url: &str, path: &Path| {
        format!("{STATIC}  database: {{url: '{url}', authority_file: {}}}\n", path.display())
    };
    let config = fine(&database("postgres://ebs@db/ebs", &good)).config;
    assert_eq!(config.ebs.database.authority_file, Some(good.clone()));
    let error = refusal(&database("sqlite:ebs.sqlite", &good));
    assert!(error.contains("ebs.database.authority_file"), "{error}");
    let error = refusal(&database("postgres://ebs@db/ebs", &bad));
    assert!(error.contains("there is none"), "{error}");
}

#[test]
fn where_upstreams_database_is_can_be_read_from_a_file_that_cannot_be_used() {
    let broken =
        STATIC.replacen("profile: stg", "profile: elsewhere", 1).replacen("ebs:", "abs:", 1);
    assert!(parse_static("static.yaml", &broken).is_err());
    let db = parse_db("static.yaml", &broken).unwrap();
    assert_eq!((db.host.as_str(), db.port, db.name.as_str()), ("db.example.org", 5432, "ebs"));
    let refusal = |good: &str, bad: &str| {
        assert!(STATIC.contains(good), "nothing to replace");
        parse_db("static.yaml", &STATIC.replacen(good, bad, 1)).unwrap_err().to_string()
    };
    let error = refusal("postgresql+asyncpg", "sqlite");
    assert!(error.contains("configuration.db.driver: `sqlite` is not PostgreSQL's"), "{error}");
    let error = refusal("port: 5432, ", "");
    assert!(error.contains("configuration.db.port: this key is required and missing"), "{error}");
    let error = refusal("  db: {", "  data: {");
    assert!(error.contains("configuration.db: this block is required and missing"), "{error}");
    let error = parse_db("static.yaml", "configuration: [").unwrap_err().to_string();
    assert!(error.contains("static.yaml:1"), "{error}");
}
