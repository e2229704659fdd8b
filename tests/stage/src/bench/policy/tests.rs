use super::*;

fn options() -> BenchPolicy {
    BenchPolicy { packages: 40, exclude: 8, skip_tag: 4, ordering: 2, repeat: 1 }
}

#[test]
fn the_file_has_as_many_patterns_of_each_kind_as_were_asked_for() {
    let text = dynamic(&names(40), &options()).unwrap();
    let rules = parse_dynamic("dynamic.yaml", &text).unwrap().config.control.rules;
    assert_eq!((rules.exclude.len(), rules.skip_tag.len(), rules.ordering.len()), (8, 4, 2));
}

#[test]
fn a_refresh_gives_all_components_and_each_is_asked_four_questions() {
    let (names, options) = (names(40), options());
    let text = dynamic(&names, &options).unwrap();
    let policy = refresh(1, &text, &lists(&names).unwrap()).unwrap();
    assert_eq!(policy.components().count(), 40);
    let (asked, excluded) = ask(&policy, &components(&policy).unwrap());
    assert_eq!(asked, 40 * 4 * ASKED);
    assert!(excluded > 0 && excluded < 40, "{excluded}");
}
