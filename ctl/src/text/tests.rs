use super::age;

#[test]
fn an_age_has_the_largest_unit_that_fits_and_is_never_negative() {
    let of = |seconds: i64| age(seconds * 1000, 0);
    assert_eq!(
        [of(0), of(119), of(120), of(7200), of(172_800)],
        ["0 s", "119 s", "2 min", "2 h", "2 days"]
    );
    assert_eq!(age(0, 5000), "0 s");
}
