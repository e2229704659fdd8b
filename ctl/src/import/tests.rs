use std::{fs, path::PathBuf};

use clap::Parser as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    refusal::said,
    rows::{Failed, Waiting},
    *,
};
use crate::{Arguments, paint::shown, verb::Verb};

/// What these words ask for.
fn import(words: &str) -> Import {
    let words = ["ebsctl", "import"].into_iter().chain(words.split_whitespace());
    match Arguments::try_parse_from(words).map(|arguments| arguments.verb) {
        Ok(Verb::Import(import)) => import,
        other => panic!("no import: {other:?}"),
    }
}

fn waiting(component: &str, build: i64, created: i64) -> Waiting {
    Waiting { component: component.to_owned(), build, created }
}

fn failed(source: String) -> Failed {
    Failed { source, created: 1_795_348_800_000 }
}

/// A folder with a URL, so that no configuration is looked at.
fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let url = folder.path().join("url");
    fs::write(&url, "postgres://ebs:s3cret@db.example.org:5433/triggers\nmore\n").unwrap();
    (folder, url)
}

#[test]
fn of_each_component_the_newest_open_trigger_stays_and_the_older_name_it() {
    let rows = Rows::of_open(vec![
        waiting("zsh", 1, 10),
        waiting("bash", 2, 20),
        waiting("zsh", 3, 30),
        waiting("zsh", 2, 40),
    ]);
    assert_eq!(rows.waiting, [waiting("bash", 2, 20), waiting("zsh", 2, 40)]);
    let superseded = [(waiting("zsh", 1, 10), 2), (waiting("zsh", 3, 30), 2)];
    assert_eq!(rows.superseded, superseded);
    assert!(rows.within_limits().is_ok());
}

#[test]
fn more_open_triggers_than_any_service_works_off_are_refused_with_a_way_out() {
    let many = (0..100_000).map(|number| waiting("bash", number, number)).collect();
    let refusal = Rows::of_open(many).within_limits().unwrap_err().to_string();
    assert!(refusal.contains("100000") && refusal.contains("set `completed_at`"), "{refusal}");
}

#[test]
fn rows_go_in_portions_that_a_coordinator_takes_with_what_is_denied_first() {
    let long =
        |number: usize| failed(format!("git+https://example.org/{number}#{}", "a".repeat(900)));
    let rows = Rows {
        waiting: (0..450).map(|number| waiting(&format!("p{number}"), number, 1)).collect(),
        failed: (0..100).map(long).collect(),
        ..Rows::default()
    };
    let bodies: Vec<Value> =
        Portion::cut(&rows).unwrap().iter().map(|portion| portion.body("why", true)).collect();
    let count = |body: &Value, key: &str| body[key].as_array().unwrap().len();
    for body in &bodies {
        assert!(body.to_string().len() < 64 * 1024, "{}", body.to_string().len());
        assert!((1..=200).contains(&(count(body, "triggers") + count(body, "denied"))));
        assert_eq!((&body["reason"], &body["dry_run"]), (&json!("why"), &json!(true)));
    }
    let total = |key: &str| bodies.iter().map(|body| count(body, key)).sum::<usize>();
    assert_eq!((total("triggers"), total("denied")), (450, 100));
    let first = bodies.iter().position(|body| count(body, "triggers") > 0).unwrap();
    assert!(bodies[first + 1..].iter().all(|body| count(body, "denied") == 0));
    assert!(Portion::cut(&Rows::default()).unwrap().is_empty(), "of nothing nothing is asked");
}

#[test]
fn a_database_is_named_without_its_password() {
    let (_folder, url) = folder();
    let words = format!("--reason why --database-url-file {}", url.display());
    let database = Database::of(&import(&words)).unwrap();
    assert_eq!(database.to_string(), "triggers at db.example.org:5433");
    fs::write(&url, "s3cret@db.example.org\n").unwrap();
    let refusal = Database::of(&import(&words)).map(|it| it.to_string()).unwrap_err();
    let refusal = format!("{refusal:#}");
    assert!(refusal.contains("is expected in its first line"), "{refusal}");
    assert!(!refusal.contains("s3cret"), "{refusal}");
}

#[test]
fn a_url_stands_for_the_python_services_files_and_not_beside_them() {
    let words = ["ebsctl", "import", "--reason", "why", "--database-url-file", "url"];
    for other in ["--static-config-file", "--db-pw-file"] {
        let both = words.into_iter().chain([other, "file"]);
        assert!(Arguments::try_parse_from(both).is_err(), "{other}");
    }
    assert!(Arguments::try_parse_from(words).is_ok());
    let usual = import("--reason why");
    assert_eq!(
        usual.static_config_file,
        PathBuf::from("/etc/elnbuildsync/static-config/elnbuildsync.yaml")
    );
    assert_eq!(usual.password_file(), None, "the usual one is optional");
    assert!(import("--reason why --db-pw-file none").password_file().is_some());
}

#[test]
fn a_database_that_is_away_is_told_apart_from_one_that_refuses() {
    let away = sqlx::Error::Io(std::io::Error::other("refused"));
    let away = said(away, "ebs at host:1", "the password in file").to_string();
    assert_eq!(away, "the database ebs at host:1 cannot be reached from here");
    let odd = said(sqlx::Error::RowNotFound, "ebs at host:1", "the password in file");
    assert_eq!(odd.to_string(), "the database ebs at host:1 cannot be read");
    let tls = sqlx::Error::Tls("no".into());
    let tls = said(tls, "ebs at host:1", "the password in file").to_string();
    assert!(tls.contains("--db-ca-file"), "{tls}");
}

#[tokio::test]
async fn what_becomes_of_each_row_is_told_in_words() {
    let (_folder, url) = folder();
    let import = import(&format!("--reason why --database-url-file {}", url.display()));
    let check = Check::of(&import.files()).await.unwrap();
    let database = Database::of(&import).unwrap();
    let open = vec![waiting("bash", 1, 1), waiting("bash", 2, 2)];
    let read =
        Rows { failed: vec![failed("git+…#1".to_owned())], left: 7, ..Rows::of_open(open) };
    let mut report = Report::new(&check, &database, false, &read);
    let answer = json!({
        "request": 12, "result": "done",
        "triggers": [{"asked": "bash 2", "component": "bash", "nvr": "bash-5-2.fc45", "fate": "taken", "why": "it waits"}],
        "denied": [{"asked": "git+…#1", "component": "zsh", "nvr": null, "fate": "refused", "why": "unlisted"}],
    });
    report.add(serde_json::from_value(answer).unwrap());
    assert!(report.fine());
    insta::assert_snapshot!(shown(&report.words(), false), @"
    database triggers at db.example.org:5433:
      ROWS           COME OVER  HERE ALREADY  OVER  NOT USED HERE
      open triggers          1             0     1              0
      failed builds          0             0     0              1
      7 failed builds from before 2026-11-22T12:00:00Z are not read
    open triggers: come over
      ROW     COMPONENT  BUILD          WHY
      bash 2  bash       bash-5-2.fc45  it waits
    open triggers: over
      ROW     COMPONENT  BUILD  WHY
      bash 1  bash       -      superseded by build 2, of which that service heard later
    failed builds: not used here
      ROW      COMPONENT  BUILD  WHY
      git+…#1  zsh        -      unlisted
    requests 12: done
    ");
    report.add(serde_json::from_value(json!({"request": 13})).unwrap());
    assert!(!report.fine());
    assert!(report.words().contains("requests 12, 13: 1 not answered by a leader yet"));
    let told: Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    assert_eq!((&told["requests"], &told["not_read"]), (&json!([12, 13]), &json!(7)));
    assert_eq!(told["triggers"].as_array().unwrap().len(), 2);
}
