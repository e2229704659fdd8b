use super::*;
use crate::scenario::Scenario;

#[test]
fn a_moment_depends_on_the_seed_only_and_every_fifth_is_a_merge() {
    let cast = Cast::new(&Scenario::named("clean").unwrap(), 300).unwrap();
    for moment in 0..50 {
        let names = |seed| {
            chosen(&cast, seed, moment).map(|part| part.component.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(1), names(1));
        let size = names(1).len();
        assert!(
            if moment % 5 == 0 { (5..=30).contains(&size) } else { size == 1 },
            "{moment}: {size}"
        );
    }
}

#[test]
fn about_one_package_in_eight_has_some_trouble() {
    let cast = Cast::new(&Scenario::named("clean").unwrap(), 3000).unwrap();
    let troubled = script(&cast, 1)["outcomes"].as_object().unwrap().len();
    assert!((270..=450).contains(&troubled), "{troubled}");
}
