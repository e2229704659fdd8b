use super::*;
use crate::scenario::Role;

const LINE: &str = "INFO ebs: the tags were compared missing=100 stale=200 duration_ms=1234";

#[test]
fn fields_are_read_from_the_log_with_and_without_colours() {
    let coloured = "\u{1b}[2mthe tags\u{1b}[0m \u{1b}[3mstale\u{1b}[0m\u{1b}[2m=\u{1b}[0m7";
    assert_eq!(whole(LINE, "missing").unwrap(), 100);
    assert_eq!(number_of(LINE, "duration_ms").unwrap(), 1234.0);
    assert_eq!(whole(coloured, "stale").unwrap(), 7);
    assert!(whole(LINE, "triggered").is_err());
}

#[test]
fn what_is_wanted_is_spread_over_all() {
    let part = |name: &usize| Part {
        component: name.to_string(),
        upstream: name.to_string(),
        role: Role::clean(),
    };
    let all: Vec<Part> = (0..100).collect::<Vec<_>>().iter().map(part).collect();
    let names: Vec<String> = wanted(&all, 4).into_iter().map(|part| part.component).collect();
    assert_eq!(names, ["0", "25", "50", "75"]);
}

#[test]
fn only_what_has_come_to_it_is_counted() {
    let counts = |of: &[(&str, u64)]| -> BTreeMap<String, u64> {
        of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    let (before, after) = (counts(&[("a", 1), ("b", 2)]), counts(&[("a", 1), ("b", 5), ("c", 1)]));
    assert_eq!(less(&after, &before), counts(&[("b", 3), ("c", 1)]));
    assert_eq!(sum(&counts(&[("koji build", 2), ("bodhi get", 3)])), 2);
}
