//! Compares what came out with what must come out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::expect::Expected;

/// Every difference, one line each. `figures` is the JSON of the run.
#[must_use]
pub fn mismatches(
    expected: &Expected,
    ends: &BTreeMap<String, String>,
    figures: &Value,
) -> Vec<String> {
    let mut found = Vec::new();
    for (component, wanted) in &expected.ends {
        let got = ends.get(component).map_or("nothing", String::as_str);
        if got != wanted {
            found.push(format!("{component}: {got}, expected {wanted}"));
        }
    }
    for component in ends.keys().filter(|component| !expected.ends.contains_key(*component)) {
        found.push(format!("{component}: was not expected to be built"));
    }
    for (key, wanted) in &expected.figures {
        let got = figures.get(key).unwrap_or(&Value::Null);
        if got != wanted {
            found.push(format!("{key}: {got}, expected {wanted}"));
        }
    }
    found
}
