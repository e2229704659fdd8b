use super::convert;
use crate::config::{Loaded, parse_dynamic, parse_static};

const OLD: &str = include_str!("../../../../tests/integration/fixtures/config/distrobaker.yaml");

fn refused(good: &str, bad: &str) -> String {
    assert!(OLD.contains(good), "nothing to replace");
    convert("distrobaker.yaml", &OLD.replacen(good, bad, 1)).unwrap_err().to_string()
}

#[test]
fn the_converted_files_load_and_say_what_the_old_one_said() {
    let converted = convert("distrobaker.yaml", OLD).unwrap();
    let Loaded { config, warnings } = parse_static("static.yaml", &converted.static_text).unwrap();
    assert_eq!(warnings, []);
    assert_eq!((config.koji.profile.as_str(), config.koji.build_target.as_str()), ("koji", "eln"));
    assert!(config.koji.fail_fast && !config.koji.scratch_build && !config.bodhi.staging);
    assert_eq!(config.bodhi.batch_size, 500);
    assert_eq!(config.ebs.koji.hub_url.as_str(), "https://koji.fedoraproject.org/kojihub");
    let Loaded { config, warnings } =
        parse_dynamic("dynamic.yaml", &converted.dynamic_text).unwrap();
    assert_eq!(warnings, []);
    insta::assert_debug_snapshot!(config.control.rules, @r#"
    Rules {
        exclude: [
            Pattern("^kernel$"),
            Pattern("^mingw-(?!gcc$)"),
            Pattern("it's-quoted"),
        ],
        skip_tag: [
            Pattern("^gcc$"),
            Pattern("^llvm[0-9.]*$"),
        ],
        ordering: [
            (
                Pattern("^ocaml-srpm-macros$"),
                0,
            ),
            (
                Pattern("^ocaml$"),
                1,
            ),
            (
                Pattern("^nettle$"),
                500,
            ),
        ],
    }
    "#);
    let renamed: Vec<_> = config
        .overrides
        .iter()
        .map(|(name, other)| format!("{name}<-{}", other.upstream_name))
        .collect();
    assert_eq!(renamed, ["bash<-bash", "ipa<-freeipa", "restore<-dump", "zsh<-zsh"]);
    let lists = config.autopackagelist.unwrap();
    assert_eq!((lists.views, lists.sources.len()), (vec!["eln".to_owned()], 2));
    assert!(!config.control.pause);
}

#[test]
fn what_is_left_out_is_told_with_its_line_and_reason() {
    let left_out: Vec<_> = convert("distrobaker.yaml", OLD)
        .unwrap()
        .left_out
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(left_out.join("\n"), @"
    distrobaker.yaml:3: configuration.source: left out: sources are not copied between dist-gits
    distrobaker.yaml:9: configuration.destination.scm: left out: sources are not copied between dist-gits
    distrobaker.yaml:10: configuration.destination.cache: left out: sources are not copied between dist-gits
    distrobaker.yaml:12: configuration.destination.mbs: left out: sources are not copied between dist-gits
    distrobaker.yaml:15: configuration.trigger.modules: left out: there are no modules
    distrobaker.yaml:17: configuration.build.prefix: left out: each build comes from where Rawhide's came
    distrobaker.yaml:19: configuration.build.platform: left out: there are no modules
    distrobaker.yaml:22: configuration.git: left out: sources are not copied between dist-gits
    distrobaker.yaml:28: configuration.control.merge: left out: sources are not copied between dist-gits
    distrobaker.yaml:29: configuration.control.strict: left out: sources are not copied between dist-gits
    distrobaker.yaml:46: configuration.control.exclude.modules: left out: there are no modules
    distrobaker.yaml:54: configuration.defaults: left out: sources are not copied between dist-gits
    distrobaker.yaml:63: components.rpms.restore.source: the branch `rawhide` is left out: the commit is that of Rawhide's build
    distrobaker.yaml:64: components.rpms.restore.cache: left out: sources are not copied between dist-gits
    distrobaker.yaml:67: components.modules: left out: there are no modules
    ");
}

#[test]
fn what_a_person_must_fill_in_is_told() {
    let known = convert("distrobaker.yaml", OLD).unwrap();
    insta::assert_snapshot!(known.fill_in.join("\n"), @"
    configuration.koji.stable_tag: taken for the target's name, `eln`
    configuration.koji.username: the account that owns the side tags; asked of Koji if it is missing
    configuration.open_id_connect: written as `false`, so nobody logs in
    configuration.email: written as `false`, so no mail is sent
    ebs.database: written as a file of SQLite
    ebs.koji.password_file, ebs.bodhi.token_file, ebs.bus: not written; without them nothing is built, published or heard
    components.autopackagelist.source: written as `[source, buildroot-source]`; the older form has no such key
    ");
    let other = OLD.replace("profile: koji", "profile: centos");
    let other = convert("distrobaker.yaml", &other).unwrap();
    assert!(other.fill_in.iter().any(|line| line.contains("ebs.koji.hub_url")));
    parse_static("static.yaml", &other.static_text).unwrap();
}

#[test]
fn builds_that_were_switched_off_stay_off() {
    let off = convert("distrobaker.yaml", &OLD.replace("build: true", "build: false")).unwrap();
    assert!(parse_dynamic("dynamic.yaml", &off.dynamic_text).unwrap().config.control.pause);
    assert!(off.left_out.iter().any(|fault| fault.path == "configuration.control.build"));
}

#[test]
fn faults_of_the_old_file_are_told_at_their_lines_in_it() {
    insta::assert_snapshot!(refused("        - ^kernel$", "        - ^kernel("), @"
    1 fault in the configuration:
      distrobaker.yaml:43: configuration.control.exclude.rpms[0]: the pattern `^kernel(` cannot be used: Opening parenthesis without closing parenthesis, after 8 bytes; correct it, or write the names it means one by one
    ");
    insta::assert_snapshot!(refused("    target: eln\n", ""), @"
    1 fault in the configuration:
      distrobaker.yaml:17: configuration.build.target: this key is required and missing
    ");
    insta::assert_snapshot!(refused("^ocaml$: 1", "^ocaml$: first"), @"
    1 fault in the configuration:
      distrobaker.yaml:51: configuration.control.ordering.rpms.^ocaml$: a whole number is expected, found `first`
    ");
}

#[test]
fn a_file_that_is_read_as_it_is_is_not_converted() {
    let single = include_str!("../../../../tests/integration/fixtures/config/single.yaml");
    let fault = convert("single.yaml", single).unwrap_err().to_string();
    assert!(fault.contains("nothing to convert: this is a single file"), "{fault}");
}

proptest::proptest! {
    #[test]
    fn no_text_in_the_old_file_makes_the_written_files_unreadable(name in "[ -~]{1,40}") {
        let text = OLD.replace("        - it's-quoted", &format!("        - '{}'", name.replace('\'', "''")));
        if let Ok(converted) = convert("distrobaker.yaml", &text) {
            let dynamic = parse_dynamic("dynamic.yaml", &converted.dynamic_text).unwrap();
            assert_eq!(dynamic.config.control.rules.exclude[2].as_str(), name);
        }
    }
}
