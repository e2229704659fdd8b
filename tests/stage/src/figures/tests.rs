use serde_json::{Value, json};

use super::*;

fn run() -> Run {
    Run {
        mode: "demo",
        scenario: "clean".to_owned(),
        seed: 1,
        standalone: true,
        seconds: 1.5,
        coordinator_rss_mb: None,
        worker_rss_mb: None,
    }
}

#[test]
fn every_key_of_the_schema_is_there_and_no_other() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../docs/once.schema.json")).unwrap();
    let mut wanted: Vec<&str> =
        schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let described: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let figures =
        serde_json::to_value(Figures::new(run(), Status::default(), Report::default())).unwrap();
    let keys: Vec<&String> = figures.as_object().unwrap().keys().collect();
    wanted.sort_unstable();
    assert_eq!(keys, wanted);
    assert_eq!(described, wanted);
}

#[test]
fn every_value_has_the_type_that_the_schema_says() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../docs/once.schema.json")).unwrap();
    let figures =
        serde_json::to_value(Figures::new(run(), Status::default(), Report::default())).unwrap();
    for (key, value) in figures.as_object().unwrap() {
        let types = &schema["properties"][key]["type"];
        let fits = |name: &Value| match name.as_str().unwrap() {
            "integer" => value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            other => panic!("{other}"),
        };
        let fits =
            if types.is_array() { types.as_array().unwrap().iter().any(fits) } else { fits(types) };
        assert!(fits, "{key}: {value} is no {types}");
    }
}

#[test]
fn a_held_groups_tag_is_not_left_over_and_an_open_task_is() {
    let status: Status =
        serde_json::from_value(json!({"recent": [{"summary": {"groups_held": 1}}]})).unwrap();
    let report: Report = serde_json::from_value(json!({
        "requests": {"koji multiCall": 3, "bodhi POST": 1},
        "leftovers": {"side_tags": ["one", "two"], "open_tasks": [7]},
    }))
    .unwrap();
    let figures = serde_json::to_value(Figures::new(run(), status, report)).unwrap();
    assert_eq!(figures["side_tags_left"], json!(1));
    assert_eq!(figures["left_over"], json!(["open task 7"]));
    assert_eq!(figures["koji_requests"], json!({"multiCall": 3}));
}
