use super::*;

#[test]
fn a_report_is_told_with_its_differences() {
    let body = r#"{"v":1,"account":"other","since":0,"at":3600000,"agreed":7,"waiting":1,"overtaken":0,"different":2,
        "differences":[{"kind":"not_by_us","component":"bash","ours":null,"theirs":{"task":12},"why":"it is excluded by `^b`"}]}"#;
    let report: Report = serde_json::from_str(body).unwrap();
    let text = words(Some(&report));
    for part in ["compared with other", "7 builds agree, 2 differ, 1 have time", "and 1 more"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let row = text.lines().find(|line| line.starts_with("bash")).unwrap();
    for part in ["not_by_us", "12", "it is excluded by `^b`"] {
        assert!(row.contains(part), "{part} is not in {row}");
    }
}

#[test]
fn what_was_never_compared_and_what_is_no_shadow_is_said() {
    let report = Report {
        account: "other".to_owned(),
        fault: Some("Koji is away".to_owned()),
        ..Report::default()
    };
    let text = words(Some(&report));
    assert!(
        text.contains("not compared with other yet") && text.contains("Koji is away"),
        "{text}"
    );
    assert_eq!(words(None), "this service is not in shadow mode: it builds\n");
}
