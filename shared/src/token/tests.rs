use ebs_domain::time::Timestamp;

use super::{Scope, Token, TokenFault, Tokens, hashed, is_secret, secret};
use crate::clock::System;

/// Noon of 2026-11-22.
const NOON: Timestamp = Timestamp::from_millis(1_795_348_800_000);

const DAY: i64 = 24 * 3600 * 1000;

fn later(days: i64) -> Timestamp {
    Timestamp::from_millis(NOON.millis() + days * DAY)
}

#[test]
fn a_new_token_is_found_by_its_secret_and_by_nothing_else() {
    let (secret, token) = Token::make("alice", Scope::Operate, None, &System).unwrap();
    let (other, _) = Token::make("alice", Scope::Operate, None, &System).unwrap();
    assert_ne!(secret, other);
    assert_eq!(secret.len(), 68);
    let line = token.to_string();
    assert!(!line.contains(&secret[4..]), "the file does not have the secret");
    let tokens: Tokens = format!("# ours\n\n{line}\n").parse().unwrap();
    let found = tokens.find(&secret, NOON).unwrap();
    assert_eq!((found.name(), found.scope()), ("alice", Scope::Operate));
    for wrong in [other.as_str(), "", line.split(' ').nth(2).unwrap(), &secret[..67]] {
        assert_eq!(tokens.find(wrong, NOON), None, "{wrong}");
    }
}

#[test]
fn a_token_lasts_through_its_last_day() {
    let day = "2026-11-23".parse().unwrap();
    let (secret, token) = Token::make("bob", Scope::Read, Some(day), &System).unwrap();
    let tokens: Tokens = token.to_string().parse().unwrap();
    assert!(tokens.find(&secret, later(0)).is_some());
    assert!(tokens.find(&secret, later(1)).is_some());
    assert!(tokens.find(&secret, later(2)).is_none());
}

#[test]
fn the_hash_is_the_usual_sha_256() {
    let line = "a operate ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let tokens: Tokens = line.parse().unwrap();
    assert!(tokens.find("abc", NOON).is_some(), "the test vector of FIPS 180-2");
}

#[test]
fn a_line_that_is_none_is_told_by_its_number_without_its_content() {
    let hash = "0".repeat(64);
    for (line, fault) in [
        ("alice operate".to_owned(), "`NAME SCOPE SHA256 [EXPIRES]` is expected"),
        (format!("alice root {hash}"), "the scope is neither `read` nor `operate`"),
        (format!("alice read {}", &hash[1..]), "the hash has not 64 hexadecimal digits"),
        (format!("alice read {}é", &hash[2..]), "the hash has not 64 hexadecimal digits"),
        (format!("alice read {hash} soon"), "the day of expiry is no `YYYY-MM-DD`"),
        (format!("al/ce read {hash}"), "a name has 1 to 64 letters, digits, `.`, `_`, `-` or `@`"),
    ] {
        let read = format!("\n{line}\n").parse::<Tokens>();
        assert_eq!(read, Err(TokenFault::Line { line: 2, fault }), "{line}");
    }
    let many = format!("a read {hash}\n").repeat(1001);
    assert_eq!(many.parse::<Tokens>(), Err(TokenFault::TooMany));
}

#[test]
fn secrets_are_64_digits_never_the_same_and_kept_as_a_hash() {
    let (one, other) = (secret(&System), secret(&System));
    assert!(is_secret(&one) && is_secret(&other) && one != other);
    assert!(is_secret(&hashed(&one)) && hashed(&one) != one && hashed(&one) != hashed(&other));
    for text in ["", &one[1..], &format!("{one}0"), &one.replace(&one[..1], "G"), "ebs_0123"] {
        assert!(!is_secret(text), "{text}");
    }
}
