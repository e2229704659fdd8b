use super::*;

#[test]
fn phases_are_read_from_the_log_with_and_without_colours() {
    assert_eq!(phase(r#"INFO ebs: phase batch.id=1 phase="building""#), Some("building"));
    assert_eq!(phase("\u{1b}[3mphase\u{1b}[0m phase=done\u{1b}[0m"), Some("done"));
    assert_eq!(phase("INFO ebs: build ended"), None);
}

#[test]
fn a_batch_ends_with_its_last_phase() {
    let mut phases = Phases::begin();
    for line in ["phase=\"building\"", "phase=\"cleaning\""] {
        phases.note(line);
        assert!(!phases.ended);
    }
    phases.note("phase=\"done\"");
    assert!(phases.ended);
    let names: Vec<&str> = phases.took.keys().map(String::as_str).collect();
    assert_eq!(names, ["building", "cleaning", "preparing"]);
}
