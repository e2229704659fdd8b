use super::code_of;

#[test]
fn a_code_is_taken_only_with_the_state_that_was_asked_with() {
    assert_eq!(code_of("code=abc_-1%3D&state=s1", "s1").unwrap(), "abc_-1=");
    for text in ["code=abc&state=s2", "code=abc", "Log in", ""] {
        let said = code_of(text, "s1").unwrap_err().to_string();
        assert!(said.contains("not the answer to our question"), "{text}: {said}");
    }
}

#[test]
fn a_refusal_in_place_of_the_code_is_told() {
    let said = code_of("error=access_denied&state=s1", "s1").unwrap_err().to_string();
    assert!(said.contains("access_denied"), "{said}");
    assert!(code_of("state=s1", "s1").unwrap_err().to_string().contains("no code"));
}
