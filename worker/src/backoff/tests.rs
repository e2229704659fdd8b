use std::time::Duration;

use ebs_shared::clock::Chance;
use uuid::Uuid;

use super::Backoff;

struct Fixed(f64);

impl Chance for Fixed {
    fn uuid(&self) -> Uuid {
        Uuid::nil()
    }

    fn fraction(&self) -> f64 {
        self.0
    }
}

#[test]
fn waits_double_up_to_a_cap_and_begin_anew() {
    let mut backoff = Backoff::default();
    let waits: Vec<u128> = (0..9).map(|_| backoff.next(&Fixed(0.0)).as_millis()).collect();
    assert_eq!(waits, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    backoff.reset();
    assert_eq!(backoff.next(&Fixed(0.0)), Duration::from_millis(50));
    assert!(backoff.next(&Fixed(0.999)) < Duration::from_millis(200));
}
