use std::path::Path;

use super::{Guess, Kerberos};
use crate::config::{
    ConfigError, StaticConfig,
    block::{Block, Unknown},
    fault::{Files, Notes},
    parse_static, tree,
};

const EBS: Guess<'_> = Guess { user: Some("ebs"), profile: Some("stg") };

/// The block with this in it; `None` and its faults if it is refused.
fn read(
    text: &str,
    guess: Guess<'_>,
    (built_in, files): (bool, Files),
) -> Result<Kerberos, ConfigError> {
    let tree = tree::of_text("static.yaml", text).unwrap();
    let notes = Notes::new("static.yaml", files);
    let mut block = Block::root(&tree, &notes, Unknown::Refuse);
    let read = Kerberos::read(&mut block, guess, built_in);
    block.close();
    notes.finish(read).map(|loaded| loaded.config)
}

fn here(text: &str, guess: Guess<'_>) -> Result<Kerberos, ConfigError> {
    read(text, guess, (true, Files::Here))
}

fn said(error: &ConfigError) -> String {
    error.faults.iter().map(|fault| format!("{fault}\n")).collect()
}

/// A keytab that can be opened; what is in it is not looked at.
const KEYTAB: &str = "keytab_file: /dev/null";

#[test]
fn the_principal_is_guessed_from_account_and_profile_as_the_python_service_does() {
    let of = |user, profile| {
        let guess = Guess { user: Some(user), profile: Some(profile) };
        here(KEYTAB, guess).unwrap().principal
    };
    assert_eq!(of("ebs", "koji"), "ebs@FEDORAPROJECT.ORG");
    assert_eq!(of("ebs-test", "stg"), "ebs-test@STG.FEDORAPROJECT.ORG");
}

#[test]
fn a_principal_that_cannot_be_guessed_must_be_written() {
    let other = Guess { user: Some("ebs"), profile: Some("cbs") };
    let error = said(&here(KEYTAB, other).unwrap_err());
    assert!(error.contains("principal: required") && error.contains("`cbs`"), "{error}");
    let error = said(&here(KEYTAB, Guess { user: None, ..EBS }).unwrap_err());
    assert!(error.contains("principal: required") && error.contains("NAME@REALM"), "{error}");
    let written = here(&format!("{KEYTAB}\nprincipal: svc/a.example.org@EXAMPLE.ORG"), other);
    assert_eq!(written.unwrap().principal, "svc/a.example.org@EXAMPLE.ORG");
}

#[test]
fn a_principal_without_realm_is_refused_with_its_line() {
    for wrong in ["ebs", "ebs@", "'@EXAMPLE.ORG'", "'e bs@EXAMPLE.ORG'"] {
        let error = here(&format!("{KEYTAB}\nprincipal: {wrong}"), EBS).unwrap_err();
        assert!(
            said(&error).starts_with("static.yaml:2: principal: a principal such as"),
            "{wrong}"
        );
    }
}

#[test]
fn a_keytab_must_be_named_and_readable() {
    let error = said(&here("principal: ebs@EXAMPLE.ORG", EBS).unwrap_err());
    assert!(error.contains("keytab_file: this key is required"), "{error}");
    let error = said(&here("keytab_file: /nowhere/ebs.keytab", EBS).unwrap_err());
    assert!(error.contains("keytab_file: the keytab cannot be read: No such file"), "{error}");
    let elsewhere = read("keytab_file: /nowhere/ebs.keytab", EBS, (true, Files::Elsewhere));
    assert_eq!(elsewhere.unwrap().keytab_file, Path::new("/nowhere/ebs.keytab"));
}

#[test]
fn a_program_built_without_kerberos_says_what_is_missing_and_checks_a_file_for_others_all_the_same()
{
    let error = said(&read(KEYTAB, EBS, (false, Files::Here)).unwrap_err());
    assert!(error.contains("built without Kerberos"), "{error}");
    assert!(
        error.contains("--features gssapi") && error.contains("ebs.bodhi.token_file"),
        "{error}"
    );
    read(KEYTAB, EBS, (false, Files::Elsewhere)).unwrap();
}

/// A static file with these blocks of ours, read for another machine.
fn whole(ours: &str) -> Result<StaticConfig, ConfigError> {
    let text = format!(
        "configuration:\n  koji: {{profile: sim, build_target: eln, stable_tag: eln, username: ebs, scratch_build: false,\n         \
         fail_fast: true}}\n  bodhi: {{staging: false}}\n  open_id_connect: false\n  email: false\nebs:\n  \
         database: {{url: 'sqlite:/x'}}\n{ours}"
    );
    super::super::check_static("static.yaml", &text).map(|loaded| loaded.config)
}

const KERBEROS: &str = "  kerberos: {keytab_file: /etc/ebs.keytab, principal: ebs@EXAMPLE.ORG}\n";
const KOJI: &str = "  koji: {hub_url: 'https://koji.example.org/kojihub'}\n";

#[test]
fn kerberos_that_nobody_uses_is_refused() {
    let own =
        "  koji: {hub_url: 'https://k.example.org/kojihub', certificate_file: /etc/ebs.pem}\n";
    let token = "  bodhi: {url: 'https://b.example.org/', token_file: /etc/token}\n";
    let error = said(&whole(&format!("{KERBEROS}{own}{token}")).unwrap_err());
    assert!(error.contains("ebs.kerberos: nobody is logged in to by it"), "{error}");
    let config = whole(&format!("{KERBEROS}{KOJI}{token}")).unwrap();
    assert_eq!(config.ebs.kerberos.unwrap().principal, "ebs@EXAMPLE.ORG");
}

#[test]
fn bodhi_by_kerberos_needs_an_identity_provider_which_fedoras_profiles_bring() {
    let bodhi = "  bodhi: {url: 'https://b.example.org/'}\n";
    let error = said(&whole(&format!("{KERBEROS}{KOJI}{bodhi}")).unwrap_err());
    assert!(error.contains("ebs.bodhi: logging in to Bodhi by Kerberos needs"), "{error}");
    let named =
        "  bodhi: {url: 'https://b.example.org/', idp_url: 'https://id.example.org/openidc'}\n";
    whole(&format!("{KERBEROS}{KOJI}{named}")).unwrap();
    let stg = "configuration:\n  koji: {profile: stg, build_target: eln, stable_tag: eln, username: ebs, scratch_build: false,\n         \
               fail_fast: true}\n  bodhi: {staging: true}\n  open_id_connect: false\n  email: false\nebs:\n  \
               database: {url: 'sqlite:/x'}\n";
    let config = parse_static("static.yaml", stg).unwrap().config;
    assert_eq!(
        config.ebs.bodhi.idp_url.unwrap().as_str(),
        "https://id.stg.fedoraproject.org/openidc"
    );
    assert_eq!(config.ebs.koji.hub_url.as_str(), "https://koji.stg.fedoraproject.org/kojihub");
}

#[test]
fn a_certificate_excludes_a_password_and_needs_tls() {
    let koji = |keys: &str| {
        whole(&format!("  koji: {{{keys}}}\n  bodhi: {{url: 'https://b.example.org/'}}\n"))
    };
    let https = "hub_url: 'https://k.example.org/kojihub', certificate_file: /etc/ebs.pem";
    let error = said(&koji(&format!("{https}, password_file: /etc/pw")).unwrap_err());
    assert!(error.contains("certificate_file: there are two ways to log in"), "{error}");
    let error = said(
        &koji("hub_url: 'http://k.example.org/kojihub', certificate_file: /etc/ebs.pem")
            .unwrap_err(),
    );
    assert!(error.contains("certificate_file: without TLS"), "{error}");
    let error = said(
        &koji("hub_url: 'https://k.example.org/kojihub', key_file: /etc/ebs.key").unwrap_err(),
    );
    assert!(error.contains("key_file: a key alone"), "{error}");
    let one = koji(https).unwrap().ebs.koji.certificate.unwrap();
    assert_eq!((one.key.as_path(), one.certificate), (Path::new("/etc/ebs.pem"), one.key.clone()));
}
