use super::*;

fn with(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
    }
    headers
}

#[test]
fn a_cookie_is_found_among_others_and_only_under_the_name_that_fits_the_address() {
    let id = "0123456789abcdef".repeat(4);
    let plain = format!("a=b; ebs_session={id};c=d");
    assert_eq!(Cookie::Session.read(&with(&[&plain]), false), Some(id.as_str()));
    assert_eq!(Cookie::Session.read(&with(&["x=y", &plain]), false), Some(id.as_str()));
    assert_eq!(Cookie::Session.read(&with(&[&plain]), true), None, "anybody could have set it");
    let host = format!("__Host-ebs_session={id}");
    assert_eq!(Cookie::Session.read(&with(&[&host]), true), Some(id.as_str()));
    assert_eq!(Cookie::Login.read(&with(&[&host]), true), None);
}

#[test]
fn what_is_no_secret_of_ours_is_no_cookie() {
    let id = "0123456789abcdef".repeat(4);
    for value in ["", "abc", &id.to_uppercase(), &format!("{id}0"), &format!("\"{id}\"")] {
        let line = format!("ebs_login={value}");
        assert_eq!(Cookie::Login.read(&with(&[&line]), false), None, "{value}");
    }
    assert_eq!(Cookie::Login.read(&with(&["ebs_login"]), false), None);
}

#[test]
fn cookies_are_for_this_site_alone_and_no_script_reads_them() {
    let line = |value: Option<HeaderValue>| value.unwrap().to_str().unwrap().to_owned();
    assert_eq!(
        line(Cookie::Session.set("abc", true)),
        "__Host-ebs_session=abc; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure"
    );
    assert_eq!(
        line(Cookie::Login.set("abc", false)),
        "ebs_login=abc; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"
    );
    assert_eq!(
        line(Cookie::Session.clear(false)),
        "ebs_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    );
}
