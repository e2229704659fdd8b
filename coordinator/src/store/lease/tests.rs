use super::*;

fn held() -> Held {
    Held { epoch: 500, owner: "a-1".into(), instance: "a".into(), expires: 2_000 }
}

fn candidate(owner: &str, instance: &str) -> Candidate {
    Candidate { owner: owner.into(), instance: instance.into(), ttl: Duration::from_secs(60) }
}

#[test]
fn the_owner_renews_in_its_epoch_even_when_the_lease_had_run_out() {
    for now in [1_000, 9_000] {
        assert_eq!(
            decide(&held(), &candidate("a-1", "a"), now, true),
            Decision::Has { epoch: 500, new: false }
        );
    }
}

#[test]
fn another_instance_waits_until_the_lease_runs_out() {
    assert_eq!(
        decide(&held(), &candidate("b-1", "b"), 1_999, false),
        Decision::Waits { remaining: 1 }
    );
    assert_eq!(
        decide(&held(), &candidate("b-1", "b"), 2_000, false),
        Decision::Has { epoch: 2_000, new: true }
    );
}

#[test]
fn a_new_start_of_the_same_instance_takes_over_at_once_and_the_old_one_does_not_snatch_it_back() {
    assert_eq!(
        decide(&held(), &candidate("a-2", "a"), 1_000, false),
        Decision::Has { epoch: 1_000, new: true }
    );
    assert_eq!(
        decide(&held(), &candidate("a-0", "a"), 1_000, true),
        Decision::Waits { remaining: 1_000 }
    );
    assert_eq!(
        decide(&held(), &candidate("a-0", "a"), 2_000, true),
        Decision::Has { epoch: 2_000, new: true }
    );
}

#[test]
fn the_epoch_rises_though_the_clock_was_set_back() {
    assert_eq!(
        decide(&held(), &candidate("a-2", "a"), 7, false),
        Decision::Has { epoch: 501, new: true }
    );
}
