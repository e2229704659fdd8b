use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn formed(batches: &[(i64, i64)]) -> Formed {
    Formed::of(batches.iter().map(|(id, seconds)| (BatchId::new(*id), at(*seconds))))
}

#[test]
fn what_came_after_the_newest_batch_foresaw_the_next() {
    assert_eq!(Formed::default().foreseen(at(5)), None);
    let formed = formed(&[(2, 20), (1, 10)]);
    assert_eq!(formed.foreseen(at(21)), None);
    // Stored by the very turn that formed the second: it is none of its triggers.
    assert_eq!(formed.foreseen(at(20)), None);
}

#[test]
fn what_a_batch_gave_back_foresaw_that_batch() {
    let mut formed = formed(&[(1, 10), (2, 20)]);
    assert_eq!(formed.foreseen(at(15)), Some(BatchId::new(2)));
    assert_eq!(formed.foreseen(at(5)), Some(BatchId::new(1)));
    formed.add(BatchId::new(3), at(30));
    assert_eq!(formed.foreseen(at(25)), Some(BatchId::new(3)));
}

#[test]
fn of_what_is_older_than_all_that_is_remembered_nothing_is_said() {
    let mut formed = Formed::default();
    for number in 1..=i64::from(MAX_FORMED) + 5 {
        formed.add(BatchId::new(number), at(number * 10));
    }
    assert_eq!(formed.foreseen(at(1)), None);
    assert_eq!(formed.foreseen(at(75)), Some(BatchId::new(8)));
}
