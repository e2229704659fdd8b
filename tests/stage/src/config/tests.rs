use super::*;
use crate::scenario::Scenario;

fn written(scenario: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario::named(scenario).unwrap();
    let cast = Cast::new(&scenario, 60).unwrap();
    std::fs::read_to_string(write_dynamic(folder.path(), &cast).unwrap()).unwrap()
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
fn what_is_not_renamed_is_on_the_list_and_the_file_names_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario::named("clean").unwrap();
    let cast = Cast::new(&scenario, 60).unwrap();
    let path = write_dynamic(folder.path(), &cast).unwrap();
    point_at_lists(&path, "http://127.0.0.1:9").unwrap();
    let loaded = ebs_shared::config::load_dynamic(&path).unwrap();
    assert_eq!(loaded.warnings, []);
    let lists = loaded.config.autopackagelist.unwrap();
    let (view, source) = (&lists.views[0], &lists.sources[0]);
    assert_eq!(LIST, format!("view-{source}-package-name-list--view-{view}.txt"));
    assert_eq!(lists.content_resolver.as_str(), "http://127.0.0.1:9/resolver");
    let renamed = loaded.config.overrides.len();
    assert_eq!(listed(&scenario, &cast).len() + renamed, 60 + 2);
}

fn standalone() -> Places {
    Places::plain("http://127.0.0.1:1", "sqlite:ebs.sqlite")
}

#[test]
fn a_standalone_configuration_names_no_queue_and_no_broker() {
    let folder = tempfile::tempdir().unwrap();
    let places = standalone();
    let path = write_static(folder.path(), "coordinator", Port::Pages(8080), &places).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(
        !text.contains("redis") && text.contains("enabled: false") && !text.contains("batch_size"),
        "{text}"
    );
}

#[test]
fn a_worker_listens_for_metrics_and_a_coordinator_for_pages() {
    let folder = tempfile::tempdir().unwrap();
    let places = standalone();
    for (port, pages, metrics) in
        [(Port::Pages(8080), 8080, None), (Port::Metrics(9101), 0, Some(9101))]
    {
        let path = write_static(folder.path(), "it", port, &places).unwrap();
        let ebs = ebs_shared::config::load_static(&path).unwrap().config.ebs;
        assert_eq!(ebs.http.listen.port(), pages);
        assert_eq!(ebs.worker.metrics_listen.map(|address| address.port()), metrics);
    }
}

#[test]
fn what_the_broker_sends_ahead_is_the_usual_unless_it_is_said() {
    for (said, expected) in [(None, 10), (Some(1_000), 1_000)] {
        let text = bus("amqp://guest:guest@127.0.0.1:1/%2F", said);
        let read = ebs_shared::bus::config::BusConfig::parse(&text).unwrap();
        assert_eq!(read.prefetch_count, expected);
    }
}
