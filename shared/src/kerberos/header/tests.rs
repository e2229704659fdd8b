use http::{HeaderMap, HeaderValue, header};

use super::{Said, said, shown};

fn headers(values: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn an_offer_is_found_among_other_schemes_and_in_any_case() {
    assert_eq!(said(&headers(&[])), Said::Nothing);
    assert_eq!(said(&headers(&["Basic realm=\"x\""])), Said::Nothing);
    assert_eq!(said(&headers(&["Basic realm=\"x\"", "negotiate"])), Said::Offered);
}

#[test]
fn a_token_is_read_and_what_is_none_is_an_offer() {
    assert_eq!(said(&headers(&["Negotiate YWJj"])), Said::Token(b"abc".to_vec()));
    assert_eq!(said(&headers(&["Negotiate", "Negotiate YWJj"])), Said::Token(b"abc".to_vec()));
    assert_eq!(said(&headers(&["Negotiate ???"])), Said::Offered);
}

#[test]
fn a_token_of_ours_is_not_shown_by_debug() {
    let value = shown(b"abc");
    assert_eq!(value.to_str().unwrap(), "Negotiate YWJj");
    assert_eq!(format!("{value:?}"), "Sensitive");
}
