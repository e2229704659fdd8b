use super::{Link, Repository};

fn git(text: &str) -> Repository {
    match Link::parse(text, None).unwrap() {
        Link::Git(repository) => repository,
        other @ (Link::File(_) | Link::Web(_)) => panic!("{other:?} is no repository"),
    }
}

fn refused(text: &str) -> String {
    Link::parse(text, None).unwrap_err().to_string()
}

#[test]
fn a_link_is_cut_at_the_first_hash_and_main_is_the_ref_of_none() {
    let repository = git("https://example.org/config.git");
    assert_eq!(repository.reference, "main");
    assert_eq!(repository.names, ["elnbuildsync_dynamic.yaml", "distrobaker.yaml"]);
    let repository = git("https://example.org/config.git#production");
    assert_eq!(repository.reference, "production");
    assert_eq!(
        (repository.address.as_str(), repository.protocol),
        ("https://example.org/config.git", "https")
    );
    assert_eq!(git("https://example.org/config.yaml#main").reference, "main");
    assert!(refused("https://example.org/a.git#main#other").contains("`main#other`"));
}

#[test]
fn the_address_of_a_yaml_file_without_a_ref_is_that_file() {
    for text in ["https://example.org/raw/dynamic.yaml", "http://127.0.0.1:8000/dynamic.yml"] {
        assert!(matches!(Link::parse(text, None).unwrap(), Link::Web(_)), "{text}");
    }
}

#[test]
fn only_ways_that_keep_what_is_sent_are_taken() {
    for (text, protocol) in [
        ("/srv/config", "file"),
        ("file:///srv/config#v1", "file"),
        ("ssh://git@example.org/config#main", "ssh"),
        ("git@example.org:team/config.git#main", "ssh"),
        ("http://localhost:3000/config", "http"),
        ("http://[::1]:3000/config", "http"),
    ] {
        assert_eq!(git(text).protocol, protocol, "{text}");
    }
    insta::assert_snapshot!(refused("http://example.org/config"), @"`http` is only taken on this machine: use `https`");
    insta::assert_snapshot!(refused("git://example.org/config"), @"`git` is no way to a repository: use `https`, `ssh` or `file`");
    insta::assert_snapshot!(refused("ext::sh -c id"), @"`ext` is no way to a repository: use `https`, `ssh` or `file`");
    insta::assert_snapshot!(refused("--upload-pack=id"), @"an address is expected before `#`");
    insta::assert_snapshot!(refused("config"), @"an address such as `https://host/path.git#branch`, `ssh://git@host/path`, `git@host:path` or `/path` is expected");
    insta::assert_snapshot!(refused("ssh://git:hunter2@example.org/config"), @"ssh takes no password from an address: use a key");
}

#[test]
fn a_ref_that_git_could_take_for_something_else_is_refused() {
    for bad in ["", "-x", "a..b", "a b", "main:x", "v1^{}", "refs/*", "/main", "a/"] {
        let error = refused(&format!("https://example.org/config#{bad}"));
        assert!(error.contains("is no branch, tag or commit id"), "{bad}: {error}");
    }
    assert_eq!(git("https://example.org/config#release/2026-11").reference, "release/2026-11");
}

#[test]
fn credentials_are_taken_out_of_what_is_shown() {
    let link = Link::parse("https://ebs:hunter%202@example.org/config#main", None).unwrap();
    assert_eq!(link.to_string(), "https://example.org/config#main");
    assert!(!format!("{link:?}").contains("hunter"), "{link:?}");
    let Link::Git(repository) = link else { panic!("no repository") };
    // `ebs:hunter 2`
    assert_eq!(repository.login.unwrap().header(), "Basic ZWJzOmh1bnRlciAy");
    let token = git("https://token@example.org/config");
    assert_eq!(token.login.unwrap().header(), "Basic dG9rZW46");
    assert!(!refused("http://ebs:hunter2@example.org/config").contains("hunter2"));
}

#[test]
fn the_file_in_a_repository_can_have_another_name() {
    let link = Link::parse("/srv/config", Some("dynamic.yaml")).unwrap();
    let Link::Git(repository) = link else { panic!("no repository") };
    assert_eq!(repository.names, ["dynamic.yaml"]);
    for bad in ["", "a/b.yaml", "-x", "a b"] {
        assert!(Link::parse("/srv/config", Some(bad)).is_err(), "{bad}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_link_panic_or_show_a_password(text in "[ -~]{0,40}", end in "[a-z%#@:/]{0,12}") {
        let _ = Link::parse(&text, None);
        if let Ok(link) = Link::parse(&format!("https://u:hunter2@{end}"), None) {
            assert!(!link.to_string().contains("hunter2") && !format!("{link:?}").contains("hunter2"));
        }
    }
}
