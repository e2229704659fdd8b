use super::*;

#[test]
fn outages_locks_and_full_disks_pass() {
    for code in [
        "08006", "40001", "53300", "55P03", "57P01", "57014", "58030", "5", "6", "10", "13", "517",
        "266",
    ] {
        assert!(code_passes(code), "{code}");
    }
}

#[test]
fn wrong_requests_wrong_passwords_and_broken_files_do_not_pass() {
    for code in ["42P01", "28P01", "3D000", "23505", "22021", "11", "26", "14", "2067", "", "x"] {
        assert!(!code_passes(code), "{code}");
    }
}

#[test]
fn a_closed_pool_is_unavailable_and_a_missing_row_is_broken() {
    let unavailable = Fault::from(sqlx::Error::PoolTimedOut).while_trying("read");
    assert!(matches!(unavailable.kind, StoreErrorKind::Unavailable(_)));
    let broken = Fault::from(sqlx::Error::RowNotFound).while_trying("read");
    assert!(matches!(broken.kind, StoreErrorKind::Broken(_)));
    assert_eq!(broken.to_string(), "failed to read in the store");
}
