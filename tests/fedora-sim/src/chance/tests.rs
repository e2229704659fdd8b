use super::*;

#[test]
fn the_same_words_give_the_same_number() {
    assert_eq!(draw(1, &["bash", "1"]), draw(1, &["bash", "1"]));
    assert_ne!(draw(1, &["bash", "1"]), draw(2, &["bash", "1"]));
    assert_ne!(draw(1, &["bash", "1"]), draw(1, &["bash1"]));
}

#[test]
fn a_range_is_kept_and_an_empty_one_is_its_beginning() {
    for n in 0..200 {
        let drawn = between(n, &["x"], 5, 9);
        assert!((5..=9).contains(&drawn));
    }
    assert_eq!(between(1, &["x"], 9, 5), 9);
}

#[test]
fn likelihoods_are_kept_roughly() {
    let hits = (0..10_000).filter(|n| happens(*n, &["lost"], 0.25)).count();
    assert!((2200..2800).contains(&hits), "{hits}");
    assert!(!happens(1, &["x"], 0.0));
    assert!(happens(1, &["x"], 1.0));
}
