use super::*;

#[test]
fn only_a_path_of_this_site_is_returned_to() {
    for path in [
        "/",
        "/trigger",
        "/trigger?show_token=1",
        "/control/pause#top",
        "/a//b",
        "/?next=https://elsewhere.example.org/",
        "/%5Celsewhere.example.org",
        "/%0d%0aSet-Cookie:a=b",
        "/:80",
    ] {
        assert_eq!(path.parse::<ReturnTo>().map(String::from), Ok(path.to_owned()));
    }
    let long = format!("/{}", "a".repeat(MAX_BYTES));
    for other in [
        "",
        "trigger",
        "?a=1",
        "//elsewhere.example.org",
        "///elsewhere.example.org",
        "/\\elsewhere.example.org",
        "\\\\elsewhere.example.org",
        "/a\\b",
        "https://elsewhere.example.org/",
        "https:/elsewhere.example.org",
        "javascript:alert(1)",
        " /trigger",
        "/\t/elsewhere.example.org",
        "/trigger\r\nSet-Cookie: a=b",
        "/trigger\n",
        "/trigger\0",
        "/tr\u{ef}gger",
        "/a b",
        "/\u{7f}",
        &long,
    ] {
        assert_eq!(other.parse::<ReturnTo>(), Err(InvalidReturn), "{other:?}");
    }
}

#[test]
fn what_was_stored_is_examined_again_when_it_is_read() {
    let read = serde_json::from_str::<ReturnTo>;
    assert_eq!(read("\"/trigger\"").unwrap().as_str(), "/trigger");
    assert!(read("\"//elsewhere.example.org\"").is_err());
    assert_eq!(ReturnTo::default().as_str(), "/");
}
