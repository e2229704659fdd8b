use super::package;

#[test]
fn a_package_is_the_last_part_of_its_sources_path() {
    for (source, name) in [
        ("git+https://src.fedoraproject.org/rpms/bash.git#0123", Some("bash")),
        ("git+https://src.fedoraproject.org/rpms/bash#0123", Some("bash")),
        ("git://pkgs.example.org/rpms/gtk4/?#0123", Some("gtk4")),
        ("cli-build/1234.5678/bash-5-1.src.rpm", Some("bash-5-1.src.rpm")),
        ("", None),
        ("#", None),
    ] {
        assert_eq!(package(source), name, "{source}");
    }
}
