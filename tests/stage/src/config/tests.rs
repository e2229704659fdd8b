use super::*;
use crate::scenario::Scenario;

fn written(scenario: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario::named(scenario).unwrap();
    let cast = Cast::new(&scenario, 60).unwrap();
    std::fs::read_to_string(write_dynamic(folder.path(), &scenario, &cast).unwrap()).unwrap()
}

#[test]
fn the_leases_and_doubt_wait_are_longer_than_every_call() {
    for key in ["lease", "job_lease", "doubt_wait"] {
        let (_, millis) = TIMERS.iter().find(|(known, _)| *known == key).unwrap();
        assert!(*millis > CALL_TIMEOUT, "{key}");
    }
}

#[test]
fn roles_become_patterns_and_renamed_packages_name_their_upstream() {
    let text = written("mixed");
    assert_eq!(text.matches(": 10\n").count(), 3);
    assert_eq!(text.matches(": 20\n").count(), 3);
    assert_eq!(text.matches("{upstream_name: 'upstream-").count(), 2);
    assert!(text.contains("exclude: ['^excluded-']"), "{text}");
}

#[test]
fn a_standalone_configuration_names_no_queue_and_no_broker() {
    let folder = tempfile::tempdir().unwrap();
    let places = Places {
        fedora: "http://127.0.0.1:1".to_owned(),
        database: "sqlite:ebs.sqlite".to_owned(),
        database_password: None,
        redis: None,
        broker: None,
        scratch: false,
        drafts: true,
        batch_size: 0,
        concurrency: 4,
        timers: BTreeMap::new(),
    };
    let path = write_static(folder.path(), "coordinator", 8080, &places).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(
        !text.contains("redis") && text.contains("enabled: false") && !text.contains("batch_size"),
        "{text}"
    );
}
