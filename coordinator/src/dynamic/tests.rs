use std::fs;

use ebs_shared::{
    config::source::{Link, SourceErrorKind},
    exchange::HttpExchange,
};
use tempfile::TempDir;

use super::*;

const FILE: &str = "configuration:\n  control: {pause: false, trigger_tag: f45}\ncomponents:\n  overrides: {bash: {}}\n";

fn of(link: Link) -> FromSource {
    let _ = rustls::crypto::ring::default_provider().install_default();
    FromSource::new(Source::new(link, Arc::new(HttpExchange::new().unwrap())))
}

#[tokio::test]
async fn a_file_is_read_as_it_is_now_and_its_faults_are_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dynamic.yaml");
    fs::write(&path, FILE).unwrap();
    let dynamic = of(Link::File(path.clone()));
    let first = dynamic.read().await.unwrap();
    assert!(!first.config.control.pause);
    fs::write(&path, FILE.replace("false", "true")).unwrap();
    let second = dynamic.read().await.unwrap();
    assert!(second.config.control.pause && second.origin != first.origin);
    fs::write(&path, FILE.replace("false", "'false'")).unwrap();
    let error = dynamic.read().await.unwrap_err();
    assert!(!may_pass(&error), "only a person mends the file");
    assert!(error.to_string().contains("dynamic.yaml:2: configuration.control.pause"), "{error}");
}

#[tokio::test]
async fn what_may_pass_by_itself_is_told_from_what_a_person_must_mend() {
    let missing = of(Link::File("/nowhere/dynamic.yaml".into()));
    assert!(!may_pass(&missing.read().await.unwrap_err()));
    let away = of(Link::parse("http://127.0.0.1:1/dynamic.yaml", None).unwrap());
    assert!(may_pass(&away.read().await.unwrap_err()));
    let limit = Duration::from_secs(60);
    let of_git = |kind| SourceError { place: "/srv/config#main".to_owned(), kind }.into();
    assert!(may_pass(&of_git(SourceErrorKind::Slow { step: "fetch", limit })));
    assert!(!may_pass(&of_git(SourceErrorKind::NoRef("main".to_owned()))));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_another_one_is_asked_for_at_once_and_a_missing_one_is_not() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dynamic.yaml");
    fs::write(&path, FILE).unwrap();
    let (ask, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let watch = tokio::spawn(watch_file(path.clone(), Arc::clone(&ask), stop.clone()));
    let asked = async || tokio::time::timeout(LOOK * 3, ask.notified()).await.is_ok();
    assert!(!asked().await, "it is as it was");
    fs::write(&path, FILE.replace("bash", "bash-two")).unwrap();
    assert!(asked().await);
    assert!(!asked().await, "once is enough");
    fs::remove_file(&path).unwrap();
    assert!(!asked().await, "there is nothing to read");
    fs::write(&path, FILE).unwrap();
    assert!(asked().await);
    stop.cancel();
    watch.await.unwrap();
}
