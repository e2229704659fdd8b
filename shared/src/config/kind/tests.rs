use super::Kind;
use crate::config::{Loaded, TriggerTag, check_static, parse_dynamic, parse_static};

const STATIC: &str = include_str!("../../../../tests/integration/fixtures/config/static.yaml");
const DYNAMIC: &str = include_str!("../../../../tests/integration/fixtures/config/dynamic.yaml");
const SINGLE: &str = include_str!("../../../../tests/integration/fixtures/config/single.yaml");
const OLD: &str = include_str!("../../../../tests/integration/fixtures/config/distrobaker.yaml");

fn warned<T>(loaded: &Loaded<T>) -> String {
    loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_file_is_follows_from_its_keys() {
    for (text, kind) in [
        (STATIC, Some(Kind::Static)),
        (DYNAMIC, Some(Kind::Dynamic)),
        (SINGLE, Some(Kind::Single)),
        (OLD, Some(Kind::DistroBaker)),
        ("ebs: {}", Some(Kind::Static)),
        ("components: {}", Some(Kind::Dynamic)),
        ("configuration: {control: {}}", Some(Kind::Dynamic)),
        ("configuration: {}", None),
        ("configuration: [koji]", None),
        ("", None),
    ] {
        assert_eq!(Kind::of("file.yaml", text).unwrap(), kind, "{text}");
    }
    assert!(Kind::of("file.yaml", "{").is_err());
}

#[test]
fn the_single_file_loads_as_static_and_as_dynamic() {
    let fixed = parse_static("single.yaml", SINGLE).unwrap();
    insta::assert_snapshot!(warned(&fixed), @"
    single.yaml:2: ebs: this block is missing: hub and Bodhi follow from the profile, Koji is only read (no `ebs.koji.password_file`), and no messages are heard (no `ebs.bus`)
    single.yaml:2: ebs.login: not written: nobody can log in, only tokens are taken; `client_secret_file` is needed here and `ebs.http.public_url`, or `false` for `configuration.open_id_connect`
    single.yaml:25: configuration.open_id_connect.client_secret: a secret stands in this file: whoever may read the file has it; put it into a file of its own
    ");
    assert_eq!(fixed.config.koji.build_target.as_str(), "eln");
    let oidc = fixed.config.open_id_connect.unwrap();
    assert_eq!(oidc.client_secret.as_ref().unwrap().expose(), "no-secret-at-all");
    assert!(!format!("{oidc:?}").contains("no-secret-at-all"));
    let dynamic = parse_dynamic("single.yaml", SINGLE).unwrap();
    assert_eq!(dynamic.warnings, []);
    let TriggerTag::Named(tag) = &dynamic.config.control.trigger_tag else {
        panic!("not the tag that is named")
    };
    assert_eq!(tag.as_str(), "f45");
    assert_eq!(dynamic.config.overrides.len(), 4);
    let orders: Vec<_> = dynamic.config.control.rules.ordering.iter().map(|(_, n)| *n).collect();
    assert_eq!(orders, [0, 1, 1001]);
}

#[test]
fn the_trigger_tag_of_a_single_file_stands_in_one_place() {
    let moved = SINGLE.replace("    trigger_tag: f45\n", "");
    insta::assert_snapshot!(parse_dynamic("single.yaml", &moved).unwrap_err(), @"
    1 fault in the configuration:
      single.yaml:28: configuration.control.trigger_tag: this key is required and missing
    ");
    let moved = moved.replace("    pause: false", "    pause: false\n    trigger_tag: f46");
    assert!(parse_dynamic("single.yaml", &moved).is_ok());
    let both = SINGLE.replace("    pause: false", "    pause: false\n    trigger_tag: f46");
    insta::assert_snapshot!(parse_dynamic("single.yaml", &both).unwrap_err(), @"
    1 fault in the configuration:
      single.yaml:30: configuration.control.trigger_tag: another tag than `koji.trigger_tag` in line 7: remove one
    ");
    let same = SINGLE.replace("    pause: false", "    pause: false\n    trigger_tag: f45");
    assert!(parse_dynamic("single.yaml", &same).is_ok());
}

#[test]
fn upstreams_static_file_loads_without_our_block_and_says_what_follows() {
    let loaded = parse_static("static.yaml", STATIC).unwrap();
    insta::assert_snapshot!(warned(&loaded), @"
    static.yaml:2: ebs: this block is missing: hub and Bodhi follow from the profile, Koji is only read (no `ebs.koji.password_file`), and no messages are heard (no `ebs.bus`)
    static.yaml:2: ebs.login: not written: nobody can log in, only tokens are taken; `client_secret_file` is needed here and `ebs.http.public_url`, or `false` for `configuration.open_id_connect`
    ");
    assert_eq!(loaded.config.ebs.koji.hub_url.host_str(), Some("koji.stg.fedoraproject.org"));
    assert_eq!(loaded.config.ebs.bodhi.url.host_str(), Some("bodhi.stg.fedoraproject.org"));
    let production = STATIC.replace("stg, ", "koji, ").replace("staging: true", "staging: false");
    let loaded = parse_static("static.yaml", &production).unwrap();
    assert_eq!(loaded.config.ebs.koji.hub_url.host_str(), Some("koji.fedoraproject.org"));
    let other = STATIC.replace("stg, ", "centos, ");
    insta::assert_snapshot!(parse_static("static.yaml", &other).unwrap_err(), @"
    1 fault in the configuration:
      static.yaml:2: ebs: this block is required and missing
    ");
}

#[test]
fn distrobakers_form_is_refused_with_the_way_to_convert_it() {
    insta::assert_snapshot!(parse_static("distrobaker.yaml", OLD).unwrap_err(), @"
    1 fault in the configuration:
      distrobaker.yaml: this is DistroBaker's form, with modules and dist-git: `ebsctl config convert FILE` makes the static and the dynamic file of it
    ");
    assert_eq!(
        parse_static("distrobaker.yaml", OLD).unwrap_err(),
        parse_dynamic("distrobaker.yaml", OLD).unwrap_err()
    );
}

#[test]
fn files_on_another_machine_are_a_warning_where_the_configuration_is_only_checked() {
    let text = format!(
        "{STATIC}ebs:\n  koji: {{password_file: /nowhere/koji}}\n  bodhi: {{token_file: /nowhere/bodhi}}\n  bus: \
         {{fedora_messaging_config: /nowhere/bus}}\n  http: {{tokens_file: /nowhere/tokens, public_url: \
         'https://ebs/'}}\n  redis: {{url: \
         'rediss://redis/', authority_file: /nowhere/ca}}\n  login: {{client_secret_file: /nowhere/secret}}\n"
    );
    assert_eq!(parse_static("static.yaml", &text).unwrap_err().faults.len(), 6);
    assert_eq!(check_static("static.yaml", &text).unwrap().warnings.len(), 6);
}
