use tempfile::TempDir;

use super::*;

fn written(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(NAME);
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn the_usual_file_need_not_be_there_and_one_that_is_named_must() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("none.toml");
    assert_eq!(Settings::read(None, Some(&path)).unwrap(), Settings::default());
    assert_eq!(Settings::read(None, None).unwrap(), Settings::default());
    let fault = format!("{:#}", Settings::read(Some(&path), None).unwrap_err());
    assert!(fault.contains("none.toml") && fault.contains("No such file"), "{fault}");
}

#[test]
fn a_token_file_is_looked_for_beside_the_settings_and_the_named_file_counts_alone() {
    let (folder, path) = written("url = 'https://ebs.example.org'\ntoken_file = 'token'\n");
    let (_other, usual) = written("url = 'https://other.example.org'\n");
    let settings = Settings::read(Some(&path), Some(&usual)).unwrap();
    assert_eq!(settings.url, Some("https://ebs.example.org".parse().unwrap()));
    assert_eq!(settings.token_file, Some(folder.path().join("token")));
}

#[test]
fn what_does_not_belong_there_is_named_with_its_line() {
    for (text, what) in [
        ("url = 'https://ebs.example.org'\ntoken = 'secret'\n", "unknown field `token`"),
        ("url = 'no address'\n", "relative URL without a base"),
        ("url: https://ebs.example.org\n", "line 1"),
    ] {
        let (_folder, path) = written(text);
        let fault = format!("{:#}", Settings::read(Some(&path), None).unwrap_err());
        assert!(fault.contains(NAME) && fault.contains(what), "{fault}");
    }
}
