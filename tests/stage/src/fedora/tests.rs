use super::*;

#[test]
fn the_script_of_a_role_is_keyed_by_its_upstream_name() {
    let scenario = Scenario::named("mixed").unwrap();
    let cast = Cast::new(&scenario, 60).unwrap();
    let script = script(&scenario, &cast, 7);
    let part = cast.playing("fails_twice").next().unwrap();
    assert_eq!(script["outcomes"][&part.upstream], json!(["fail_build", "fail_build", "succeed"]));
    assert_eq!(script["seed"], json!(7));
    assert!(script.get("updates").is_none());
}

#[test]
fn the_ready_line_is_found_among_others() {
    let printed =
        "warming up\n{\"control\":\"http://127.0.0.1:8\",\"url\":\"http://127.0.0.1:9/\"}\n";
    let places = ("http://127.0.0.1:9".to_owned(), "http://127.0.0.1:8".to_owned());
    assert_eq!(ready(printed), Some(places));
    assert_eq!(ready("not yet"), None);
}

#[test]
fn a_commit_has_forty_digits_and_differs_by_package_and_release() {
    assert_eq!(commit("zstd", 2).len(), 40);
    assert_ne!(commit("zstd", 2), commit("zstd", 3));
    assert_ne!(commit("zstd", 2), commit("zlib", 2));
}
