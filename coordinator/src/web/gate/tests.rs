use axum::http::HeaderValue;
use ebs_shared::clock::System;
use ebs_shared::token::Token;

use super::*;

const NOON: Timestamp = Timestamp::from_millis(1_795_348_800_000);

/// A file with a token of each scope and one that has expired; and their secrets.
fn tokens() -> (Known, [String; 3]) {
    let make = |name, scope, day: Option<&str>| {
        Token::make(name, scope, day.map(|day| day.parse().unwrap()), &System).unwrap()
    };
    let made = [
        make("reader", Scope::Read, None),
        make("operator", Scope::Operate, Some("2026-12-31")),
        make("gone", Scope::Operate, Some("2026-11-21")),
    ];
    let lines: Vec<String> = made.iter().map(|(_, token)| token.to_string()).collect();
    (Known::Tokens(lines.join("\n").parse().unwrap()), made.map(|(secret, _)| secret))
}

fn with(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn asked(known: &Known, values: &[&str], need: Scope) -> Result<String, Refusal> {
    admit(&with(values), known, need, NOON).map(|who| who.to_string())
}

#[test]
fn a_valid_token_is_let_in_under_its_name_up_to_its_scope() {
    let (known, [reader, operator, _]) = tokens();
    let (reader, operator) = (format!("Bearer {reader}"), format!("bearer {operator}"));
    assert_eq!(asked(&known, &[&operator], Scope::Operate), Ok("token/operator".to_owned()));
    assert_eq!(asked(&known, &[&operator], Scope::Read), Ok("token/operator".to_owned()));
    assert_eq!(asked(&known, &[&reader], Scope::Read), Ok("token/reader".to_owned()));
    assert_eq!(asked(&known, &[&reader], Scope::Operate), Err(Refusal::Scope));
}

#[test]
fn expired_unknown_malformed_and_overlong_tokens_are_refused_alike() {
    let (known, [reader, operator, gone]) = tokens();
    let long = format!("Bearer {}", "a".repeat(20_000));
    let (gone, basic) = (format!("Bearer {gone}"), format!("Basic {operator}"));
    for value in [&gone, &basic, &long, "Bearer", "Bearer ", "", "Bearer wrong", operator.as_str()]
    {
        assert_eq!(asked(&known, &[value], Scope::Read), Err(Refusal::Refused), "{value}");
    }
    let (one, other) = (format!("Bearer {reader}"), format!("Bearer {operator}"));
    assert_eq!(asked(&known, &[&one, &other], Scope::Read), Err(Refusal::Refused), "two at once");
    assert_eq!(asked(&known, &[], Scope::Read), Err(Refusal::Missing));
}

#[test]
fn without_tokens_nobody_is_let_in() {
    let (_, [_, operator, _]) = tokens();
    let value = format!("Bearer {operator}");
    assert_eq!(asked(&Known::Off, &[&value], Scope::Operate), Err(Refusal::Off));
    assert_eq!(asked(&Known::Unreadable, &[&value], Scope::Operate), Err(Refusal::Unreadable));
    let empty = Known::Tokens(Tokens::default());
    assert_eq!(asked(&empty, &[&value], Scope::Operate), Err(Refusal::Refused));
}

#[test]
fn each_refusal_has_a_code_of_its_own_and_a_sentence() {
    use Refusal::{Cookie, Groups, Missing, Off, Refused, Scope, Sessions, Unreadable};
    let groups = Groups("eln, releng".to_owned());
    let all = [Off, Unreadable, Missing, Refused, Scope, groups, Cookie, Sessions];
    let codes: std::collections::BTreeSet<_> = all.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), all.len());
    assert!(all.iter().all(|refusal| refusal.text().ends_with('.')));
    assert_eq!(Refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(Off.status(), StatusCode::FORBIDDEN);
    assert_eq!(Sessions.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(all[5].text().contains("eln, releng"));
}

fn session(groups: &[&str]) -> Session {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Session { v: 1, user: "alice".parse().unwrap(), groups, until: NOON }
}

#[test]
fn who_is_in_a_group_and_shows_the_session_in_a_header_may_and_nobody_else() {
    let groups = ["eln".to_owned(), "releng".to_owned()];
    let asked = |visit| admit_person(&visit, &groups).map(|who| who.map(|who| who.to_string()));
    assert_eq!(asked(Visit::Header(session(&["eln"]))), Some(Ok("user/alice".to_owned())));
    assert_eq!(asked(Visit::Header(session(&["x", "releng"]))), Some(Ok("user/alice".to_owned())));
    assert_eq!(asked(Visit::Cookie(session(&["eln"]))), Some(Err(Refusal::Cookie)));
    let others = Some(Err(Refusal::Groups("eln, releng".to_owned())));
    for strange in [session(&[]), session(&["ELN", "el", "eln,releng"])] {
        assert_eq!(asked(Visit::Header(strange.clone())), others);
        assert_eq!(asked(Visit::Cookie(strange)), others);
    }
    assert_eq!(asked(Visit::None), None);
    assert_eq!(asked(Visit::Over), Some(Err(Refusal::Refused)));
    assert_eq!(asked(Visit::Unknown), Some(Err(Refusal::Sessions)));
    let nobody = admit_person(&Visit::Header(session(&["eln"])), &[]);
    assert_eq!(nobody, Some(Err(Refusal::Groups(String::new()))), "no group is no admission");
}
