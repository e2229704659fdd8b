use serde_json::json;

use super::*;

#[test]
fn figures_are_summed_over_batches_and_the_newest_end_counts() {
    let status: Status = serde_json::from_value(json!({
        "recent": [
            {"summary": {"components": 1, "builds_failed": {"build": 1}}, "members": [{"component": "a", "state": "succeeded"}]},
            {"summary": {"components": 2, "builds_failed": {"build": 2, "srpm": 1}},
             "members": [{"component": "a", "state": "failed", "class": "build"}]},
        ],
        "something": "new",
    }))
    .unwrap();
    let sum = status.sum();
    assert_eq!((sum.components, sum.builds_failed["build"], sum.builds_failed["srpm"]), (3, 3, 1));
    assert_eq!(status.ends()["a"], "succeeded");
}
