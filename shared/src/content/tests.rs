use super::{ContentErrorKind, address, names, on_list, snapshot};
use crate::config::parse_dynamic;

#[test]
fn the_address_is_made_of_base_source_and_view() {
    let base = "https://tiny.distro.builders".parse().unwrap();
    let url = address(&base, "eln", "buildroot-source");
    assert_eq!(
        url.as_str(),
        "https://tiny.distro.builders/view-buildroot-source-package-name-list--view-eln.txt"
    );
    let base = "http://127.0.0.1:1/lists/".parse().unwrap();
    assert_eq!(
        address(&base, "eln", "source").as_str(),
        "http://127.0.0.1:1/lists/view-source-package-name-list--view-eln.txt"
    );
}

#[test]
fn a_list_is_one_name_a_line_without_a_newline_at_the_end() {
    let names: Vec<_> =
        names("bash\nlibstdc++\r\npython3.14").unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["bash", "libstdc++", "python3.14"]);
}

#[test]
fn an_empty_list_is_an_error_and_so_is_a_page() {
    assert!(matches!(names(""), Err(ContentErrorKind::Empty)));
    assert!(matches!(names("\n"), Err(ContentErrorKind::Empty)));
    assert!(matches!(names("bash\n<html>\n"), Err(ContentErrorKind::NoName { line: 2, .. })));
}

#[test]
fn an_override_counts_before_the_lists() {
    let text = "configuration:\n  control: {pause: false, trigger_tag: f46, exclude: ['^kernel$']}\ncomponents:\n  overrides:\n    ipa: {upstream_name: freeipa}\n";
    let config = parse_dynamic("dynamic.yaml", text).unwrap().config;
    let listed = names("bash\nfreeipa\nipa\nkernel").unwrap();
    let policy = snapshot(3, &config, on_list("eln/source", &listed).collect());
    assert_eq!(policy.component_of(&"freeipa".parse().unwrap()), Some("ipa".parse().unwrap()));
    assert_eq!(policy.components().count(), 3);
    assert_eq!(policy.origin(&"ipa".parse().unwrap()), Some("override"));
}
