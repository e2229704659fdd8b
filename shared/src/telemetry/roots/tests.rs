use super::*;

fn root(hub: &str) -> TraceRoot {
    TraceRoot::of(&hub.parse().unwrap())
}

fn eln() -> TagName {
    "eln".parse().unwrap()
}

#[test]
fn the_trace_of_a_batch_is_known_from_hub_target_and_number() {
    let root = root("https://koji.example.org/kojihub");
    let seventh = root.batch(&eln(), BatchId::new(7));
    // Written down: another program, or another version of this one, must come to the same.
    assert_eq!(seventh.to_string(), "e722eade0a3757b8b7742596d95a608e");
    assert_eq!(root.batch(&eln(), BatchId::new(7)), seventh);
}

#[test]
fn another_hub_target_or_number_is_another_trace() {
    let one = root("https://koji.example.org/kojihub");
    let other = root("https://koji.stg.example.org/kojihub");
    let rawhide: TagName = "rawhide".parse().unwrap();
    let mut all = vec![
        one.batch(&eln(), BatchId::new(1)),
        one.batch(&eln(), BatchId::new(11)),
        one.batch(&rawhide, BatchId::new(1)),
        other.batch(&eln(), BatchId::new(1)),
        one.other("batch eln 1"),
    ];
    all.sort_by_key(ToString::to_string);
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn work_within_a_trace_keeps_its_id_and_has_a_span_of_its_own() {
    let trace = root("https://koji.example.org/kojihub").batch(&eln(), BatchId::new(1));
    let (one, other) = (trace.parent("b1.1#1"), trace.parent("b1.1#2"));
    assert_eq!((TraceId::from(one), TraceId::from(other)), (trace, trace));
    assert_ne!(one.span(), other.span());
    assert_eq!(one, trace.parent("b1.1#1"));
    assert_eq!(one.to_string()[3..35], trace.to_string());
}
