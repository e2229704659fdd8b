//! The traps of the Python service's static file, each with the message that a person gets instead.

use crate::config::parse_static;

const STATIC: &str = include_str!("../../../../tests/integration/fixtures/config/static.yaml");

fn read(good: &str, bad: &str) -> Result<Vec<String>, String> {
    assert!(STATIC.contains(good), "nothing to replace");
    let lines = |faults: Vec<crate::config::Fault>| -> Vec<String> {
        // All samples lack our own block, and what logs people in.
        let others =
            faults.iter().filter(|fault| !["ebs", "ebs.login"].contains(&fault.path.as_str()));
        others.map(ToString::to_string).collect()
    };
    match parse_static("static.yaml", &STATIC.replacen(good, bad, 1)) {
        Ok(loaded) => Ok(lines(loaded.warnings)),
        Err(error) => Err(lines(error.faults).join("\n")),
    }
}

fn refused(good: &str, bad: &str) -> String {
    read(good, bad).unwrap_err()
}

#[test]
fn a_quoted_boolean_is_not_true() {
    insta::assert_snapshot!(refused("scratch_build: false", "scratch_build: 'no'"), @"static.yaml:4: configuration.koji.scratch_build: a boolean in quotes is text, not a boolean: write no without quotes");
    insta::assert_snapshot!(refused("staging: true", "staging: 'true'"), @"static.yaml:5: configuration.bodhi.staging: a boolean in quotes is text, not a boolean: write true without quotes");
}

#[test]
fn a_number_left_empty_negative_or_in_words_is_refused() {
    insta::assert_snapshot!(refused("batch_size: 400", "batch_size:"), @"static.yaml:5: configuration.bodhi.batch_size: a whole number is expected, found nothing");
    insta::assert_snapshot!(refused("batch_size: 400", "batch_size: -400"), @"static.yaml:5: configuration.bodhi.batch_size: a number from 0 to 4294967295 is expected, found `-400`");
    insta::assert_snapshot!(refused("page_size: 500", "page_size: 0"), @"static.yaml:6: configuration.db.page_size: a number above 0 is expected");
    insta::assert_snapshot!(refused("port: 5432", "port: 99999"), @"static.yaml:6: configuration.db.port: a number from 0 to 65535 is expected, found `99999`");
    insta::assert_snapshot!(refused("warn_timeout: 240", "warn_timeout: 4h"), @"static.yaml:5: configuration.bodhi.warn_timeout: a whole number is expected, found `4h`");
}

#[test]
fn a_list_given_as_one_text_or_left_empty_is_refused() {
    insta::assert_snapshot!(refused("admin_groups: [eln-admins]", "admin_groups: eln-admins"), @"static.yaml:12: configuration.open_id_connect.admin_groups: a list is expected, found `eln-admins`: write it as `[…]`");
    insta::assert_snapshot!(refused("admin_groups: [eln-admins]", "admin_groups:"), @"static.yaml:12: configuration.open_id_connect.admin_groups: a list is expected, found nothing: write `[]` for none");
    insta::assert_snapshot!(refused("recipients: [eln-list@example.org]", "recipients: ['']"), @"static.yaml:14: configuration.email.recipients[0]: a text is expected, found an empty one");
}

#[test]
fn a_block_left_empty_or_of_another_form_is_refused() {
    let email = "{smtp_host: mail.example.org, smtp_port: 587, smtp_username: ebs,\n          \
                 from: ebs@example.org, recipients: [eln-list@example.org]}";
    insta::assert_snapshot!(refused(email, ""), @"static.yaml:13: configuration.email: a mapping, or `false` to do without, is expected, found nothing");
    insta::assert_snapshot!(refused(email, "'false'"), @r#"static.yaml:13: configuration.email: a mapping, or `false` to do without, is expected, found the text "false""#);
    assert_eq!(read(email, "false").unwrap(), Vec::<String>::new());
}

#[test]
fn what_upstream_takes_for_false_in_silence_of_the_file_is_a_warning() {
    insta::assert_snapshot!(read("scratch_build: false, fail_fast: true, ", "").unwrap().join("\n"), @"
    static.yaml:3: configuration.koji.scratch_build: not written: taken for `false`
    static.yaml:3: configuration.koji.fail_fast: not written: taken for `false`
    ");
}

#[test]
fn a_control_block_in_the_static_file_is_a_warning() {
    let control = "  control: {pause: true}\n  bodhi:";
    insta::assert_snapshot!(read("  bodhi:", control).unwrap().join("\n"), @"static.yaml:5: configuration.control: this block belongs into the dynamic file; not used here");
}
