use super::ScmUrl;

#[test]
fn a_source_needs_a_scheme_and_a_commit_and_the_error_says_which_is_missing() {
    for (text, says) in [
        ("/srv/x.src.rpm", "no scheme"),
        ("git+https://src.example.org/rpms/bash", "no commit"),
        ("git+https://src.example.org/rpms/bash#", "no commit"),
        ("git+https://src.example.org/rpms/ba sh#1", "white space"),
    ] {
        let error = text.parse::<ScmUrl>().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn the_commit_is_what_follows_the_last_hash() {
    let url: ScmUrl = "git+https://src.example.org/rpms/bash#5c1d".parse().unwrap();
    assert_eq!(url.commit(), "5c1d");
}
