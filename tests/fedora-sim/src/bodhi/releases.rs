//! The releases that Bodhi knows: ELN, and Rawhide, which is pending at the same time.

use serde_json::{Value as Json, json};

/// A release's tags by which builds are found to belong to it, and its object.
pub(super) struct Release {
    pub(super) stable_tag: String,
    pub(super) object: Json,
}

/// All releases; an index into this is stable during a run.
pub(super) fn all(trigger_tag: &str) -> Vec<Release> {
    let number = trigger_tag.trim_start_matches('f');
    vec![
        release(("ELN", "Fedora ELN", "eln", "FEDORA"), "eln", ["eln", "eln"]),
        release(
            (&format!("F{number}"), &format!("Fedora {number}"), number, "FEDORA"),
            "rawhide",
            [&format!("fc{number}"), trigger_tag],
        ),
    ]
}

fn release(
    (name, long_name, version, id_prefix): (&str, &str, &str, &str),
    branch: &str,
    [dist_tag, stable_tag]: [&str; 2],
) -> Release {
    let tag = |end: &str| format!("{stable_tag}-{end}");
    let object = json!({
        "name": name, "long_name": long_name, "version": version, "id_prefix": id_prefix, "branch": branch,
        "dist_tag": dist_tag, "stable_tag": stable_tag, "testing_tag": tag("updates-testing"),
        "candidate_tag": tag("updates-candidate"), "pending_signing_tag": tag("signing-pending"),
        "pending_testing_tag": tag("updates-testing-pending"), "pending_stable_tag": tag("updates-pending"),
        "override_tag": tag("override"), "mail_template": "fedora_errata_template", "state": "pending",
        "composed_by_bodhi": false, "create_automatic_updates": true, "package_manager": "unspecified",
        "testing_repository": null, "released_on": null, "eol": null, "critpath_mandatory_days_in_testing": 14,
        "mandatory_days_in_testing": 0, "critpath_min_karma": 2, "min_karma": 2, "setting_status": null,
    });
    Release { stable_tag: stable_tag.to_owned(), object }
}

/// The release of that name, long name, dist tag, or the word `rawhide`; case does not matter.
pub(super) fn find(trigger_tag: &str, name: &str) -> Option<Json> {
    let matches = |release: &Release| {
        ["name", "long_name", "dist_tag", "branch"].iter().any(|key| {
            release.object[*key].as_str().is_some_and(|text| text.eq_ignore_ascii_case(name))
        })
    };
    all(trigger_tag).into_iter().find(matches).map(|release| release.object)
}
