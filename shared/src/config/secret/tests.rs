use std::fs;

use super::SecretText;

#[test]
fn a_secret_is_the_first_line_without_trailing_space_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, "hunter 2 \t\r\nsecond line\n").unwrap();
    let secret = SecretText::read(&path).unwrap();
    assert_eq!(secret.expose(), "hunter 2");
    assert_eq!(format!("{secret:?}"), "SecretText(…)");
}

#[test]
fn a_missing_or_empty_or_huge_secret_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let why = || {
        let error = SecretText::read(&path).unwrap_err();
        assert!(error.to_string().contains("password"));
        error.kind.to_string()
    };
    assert_eq!(why(), "No such file or directory (os error 2)");
    fs::write(&path, "\nsecond line\n").unwrap();
    assert_eq!(why(), "its first line is empty");
    fs::write(&path, vec![b'x'; 70_000]).unwrap();
    assert_eq!(why(), "it is longer than 64 KiB");
}
