use http::{HeaderMap, HeaderValue, header};

use super::Jar;

fn set(cookies: &[&'static str]) -> HeaderMap {
    cookies.iter().map(|cookie| (header::SET_COOKIE, HeaderValue::from_static(cookie))).collect()
}

#[test]
fn cookies_go_back_byte_for_byte() {
    let mut jar = Jar::default();
    jar.take_over(&set(&[
        "auth_tkt=00c2ln%3D%3D!userid_type:b64unicode; Domain=bodhi.example.org; Max-Age=1209600; secure",
        "session=AAAA_b-c; Path=/; SameSite=Lax",
        "other=1; Path=/",
    ]));
    assert_eq!(
        jar.headers()[header::COOKIE],
        "auth_tkt=00c2ln%3D%3D!userid_type:b64unicode; session=AAAA_b-c"
    );
    assert_eq!(
        jar.login().headers()[header::COOKIE],
        "auth_tkt=00c2ln%3D%3D!userid_type:b64unicode"
    );
}

#[test]
fn a_renewed_session_replaces_the_old_one_and_an_empty_cookie_ends_it() {
    let mut jar = Jar::default();
    jar.take_over(&set(&["auth_tkt=a", "session=one"]));
    jar.take_over(&set(&["session=two; Path=/"]));
    assert_eq!(jar.headers()[header::COOKIE], "auth_tkt=a; session=two");
    jar.take_over(&set(&["auth_tkt=; Max-Age=0"]));
    assert!(!jar.logged_in());
    assert_eq!(jar.headers()[header::COOKIE], "session=two");
}

#[test]
fn an_odd_cookie_changes_nothing() {
    let mut jar = Jar::default();
    jar.take_over(&set(&["", "session", "=x", ";"]));
    assert!(jar.headers().is_empty());
}
