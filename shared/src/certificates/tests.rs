use std::fs;

use tempfile::TempDir;

use super::*;

/// Two certificates made with `openssl req -x509 -newkey ed25519 -nodes`, valid until these seconds.
const FIRST: &str = include_str!("tests/first.pem");
const SECOND: &str = include_str!("tests/second.pem");

fn of(text: &str) -> Result<Vec<i64>, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("some.pem");
    fs::write(&path, text).unwrap();
    let ends = ends(&path).map(|ends| ends.into_iter().map(Timestamp::millis).collect());
    ends.map_err(|fault| fault.why)
}

#[test]
fn each_certificate_of_a_file_says_until_when_it_is_valid() {
    let (first, second) = (of(FIRST).unwrap(), of(SECOND).unwrap());
    assert_eq!(first, [1_830_445_488_000]);
    assert_eq!(second, [1_865_005_488_000]);
    assert_eq!(of(&format!("{FIRST}{SECOND}")).unwrap(), [1_830_445_488_000, 1_865_005_488_000]);
}

#[test]
fn a_file_without_a_certificate_is_refused() {
    assert_eq!(of("").unwrap_err(), "there is none");
    assert_eq!(of("no PEM at all\n").unwrap_err(), "there is none");
    let cut: String = FIRST.lines().take(3).collect::<Vec<_>>().join("\n");
    assert!(of(&cut).is_err());
    let spoilt = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(of(spoilt).is_err());
    assert!(
        ends(Path::new("/nowhere/ca.pem")).unwrap_err().to_string().contains("/nowhere/ca.pem")
    );
    assert!(of(&"x".repeat(1024 * 1024 + 1)).unwrap_err().contains("1 MiB"));
}
