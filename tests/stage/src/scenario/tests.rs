use serde_json::json;

use super::*;

fn expected(name: &str, packages: usize) -> Expected {
    with_seed(name, packages, 1)
}

fn with_seed(name: &str, packages: usize, seed: u64) -> Expected {
    let scenario = Scenario::named(name).unwrap().with_seed(seed);
    let cast = Cast::new(&scenario, packages).unwrap();
    Expected::of(&scenario, &cast)
}

fn figure(expected: &Expected, key: &str) -> serde_json::Value {
    expected.figures[key].clone()
}

#[test]
fn every_scenario_can_be_read_and_played_with_its_least_number_of_packages() {
    for name in Scenario::names() {
        let scenario = Scenario::named(name).unwrap();
        assert_eq!(scenario.name, name);
        let cast = Cast::new(&scenario, scenario.least_packages).unwrap();
        for role in &scenario.roles {
            assert_eq!(cast.playing(&role.name).count(), role.packages, "{name}: {}", role.name);
        }
        assert!(Cast::new(&scenario, scenario.least_packages - 1).is_err());
    }
}

#[test]
fn an_unknown_scenario_is_refused_and_the_known_ones_are_listed() {
    let error = Scenario::named("merry").unwrap_err().to_string();
    assert!(error.contains("merry") && error.contains("vanished-tag"), "{error}");
}

#[test]
fn in_mixed_the_number_of_failures_falls_twice_and_then_stays() {
    let expected = expected("mixed", 60);
    // Two slices of one attempt each, and one in which 7, 5, 4, 4 fail.
    assert_eq!((figure(&expected, "slices"), figure(&expected, "attempts")), (json!(3), json!(6)));
    assert_eq!(figure(&expected, "builds_failed"), json!({ "build": 2, "source": 1, "srpm": 1 }));
    assert_eq!(figure(&expected, "builds_succeeded"), json!(54));
    assert_eq!(figure(&expected, "stable"), json!(54));
    assert_eq!(figure(&expected, "triggers"), json!(64));
}

#[test]
fn in_publishing_each_trouble_meets_another_update() {
    let expected = expected("publishing", 60);
    assert_eq!(figure(&expected, "groups_held"), json!(1));
    assert_eq!(
        figure(&expected, "updates_by_end"),
        json!({ "stable": 5, "obsolete": 1, "unpushed": 1, "gating_failed": 1 })
    );
    assert_eq!(figure(&expected, "stable"), json!(26));
}

#[test]
fn a_figure_or_an_end_that_differs_is_named() {
    let expected = expected("clean", 1);
    let mut ends = expected.ends.clone();
    let figures = serde_json::to_value(&expected.figures).unwrap();
    assert_eq!(mismatches(&expected, &ends, &figures), Vec::<String>::new());
    ends.values_mut().for_each(|end| *end = "timed_out".to_owned());
    ends.insert("uninvited".to_owned(), "succeeded".to_owned());
    let found = mismatches(&expected, &ends, &json!({}));
    assert!(found[0].contains("timed_out, expected succeeded"), "{found:?}");
    assert!(found[1].contains("uninvited"), "{found:?}");
    assert_eq!(found.len(), 2 + expected.figures.len());
}

#[test]
fn the_numbers_in_the_document_are_the_expected_ones() {
    let document = include_str!("../../../../docs/SCENARIOS.md");
    for name in Scenario::names() {
        let (odd, even) = (with_seed(name, 60, 1), with_seed(name, 60, 2));
        let mut rows = vec![row(&format!("`{name}`"), &odd)];
        if odd != even {
            rows.push(row(&format!("`{name}`, even seed"), &even));
        }
        for row in rows {
            assert!(document.contains(&row), "docs/SCENARIOS.md lacks this row:\n{row}");
        }
    }
}

fn row(name: &str, expected: &Expected) -> String {
    let plain =
        |key| figure(expected, key).to_string().replace(['"', '{', '}'], "").replace(',', ", ");
    let cells = [
        "batches",
        "triggers",
        "components",
        "slices",
        "attempts",
        "builds_succeeded",
        "builds_failed",
        "builds_timed_out",
        "builds_cancelled",
        "builds_adopted",
        "updates",
        "updates_by_end",
        "groups_held",
        "stable",
    ];
    format!("| {name} | {} |", cells.map(plain).join(" | "))
}
