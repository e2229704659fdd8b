use uuid::Uuid;

use super::{Component, TagName, Token};

#[test]
fn a_name_with_white_space_or_a_slash_or_without_letters_is_refused_and_named() {
    for text in ["", "two words", "a/b", "new\nline"] {
        let error = text.parse::<Component>().unwrap_err().to_string();
        assert!(error.contains("is no component name"), "{error}");
    }
    assert!("x".repeat(257).parse::<TagName>().is_err());
}

#[test]
fn a_token_is_the_same_for_the_same_build_and_differs_by_component_attempt_and_batch() {
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let zlib: Component = "zlib".parse().unwrap();
    let bash: Component = "bash".parse().unwrap();
    let token = Token::derive(one, &zlib, 1);
    assert_eq!(token, Token::derive(one, &zlib, 1));
    assert_ne!(token, Token::derive(one, &zlib, 2));
    assert_ne!(token, Token::derive(one, &bash, 1));
    assert_ne!(token, Token::derive(two, &zlib, 1));
    assert_eq!(token.to_string().parse::<Token>().unwrap(), token);
}
