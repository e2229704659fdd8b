//! Chunks that take their time, fail, or both; in paused time.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use super::*;

/// What becomes of one chunk.
#[derive(Clone, Copy)]
enum Fate {
    Done,
    Refused,
    Lost,
}

/// How many chunks began, are under way and were so at the most.
#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    under_way: AtomicUsize,
    most: AtomicUsize,
    ended: AtomicUsize,
}

fn error(kind: KojiErrorKind) -> KojiError {
    KojiError { method: "tagBuild", kind }
}

async fn chunk(
    counts: &Counts,
    number: usize,
    took: u64,
    fate: Fate,
) -> Result<Vec<usize>, KojiError> {
    counts.begun.fetch_add(1, SeqCst);
    let now = counts.under_way.fetch_add(1, SeqCst) + 1;
    counts.most.fetch_max(now, SeqCst);
    tokio::time::sleep(Duration::from_millis(took)).await;
    counts.under_way.fetch_sub(1, SeqCst);
    counts.ended.fetch_add(1, SeqCst);
    match fate {
        Fate::Done => Ok(vec![2 * number, 2 * number + 1]),
        Fate::Refused => Err(error(KojiErrorKind::Unavailable("offline".to_owned()))),
        Fate::Lost => Err(error(KojiErrorKind::NoAnswer("cut".to_owned()))),
    }
}

async fn run(counts: &Counts, side_by_side: usize, fates: &[(u64, Fate)]) -> Gathered<usize> {
    let chunks = fates.iter().enumerate();
    gather(
        side_by_side,
        chunks.map(|(number, (took, fate))| chunk(counts, number, *took, *fate)).collect(),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn results_stand_in_the_order_of_the_calls_whichever_chunk_ends_first() {
    let counts = Counts::default();
    let fates = [(30, Fate::Done), (10, Fate::Done), (20, Fate::Done)];
    let gathered = run(&counts, 3, &fates).await;
    assert_eq!(gathered.results, [0, 1, 2, 3, 4, 5]);
    assert!(gathered.fault.is_none());
}

#[tokio::test(start_paused = true)]
async fn no_more_chunks_than_allowed_are_under_way() {
    let counts = Counts::default();
    run(&counts, 2, &[(10, Fate::Done); 7]).await;
    assert_eq!((counts.most.load(SeqCst), counts.ended.load(SeqCst)), (2, 7));
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_none_is_begun_and_those_under_way_end() {
    let counts = Counts::default();
    let fates = [
        (40, Fate::Done),
        (10, Fate::Refused),
        (60, Fate::Done),
        (60, Fate::Done),
        (60, Fate::Done),
    ];
    let gathered = run(&counts, 2, &fates).await;
    assert_eq!(gathered.results, [0, 1]);
    assert_eq!((counts.begun.load(SeqCst), counts.ended.load(SeqCst)), (2, 2));
    let fault = after_some(gathered.fault.unwrap(), gathered.results.len());
    assert_eq!(fault.retry(), Retry::Look, "some took effect, so the caller must look");
    assert_eq!(
        fault.kind.to_string(),
        "no answer from the hub: after 2 were done: the hub is not available: offline"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_done_after_a_failed_chunk_counts_too() {
    let counts = Counts::default();
    let gathered = run(&counts, 2, &[(10, Fate::Refused), (40, Fate::Done)]).await;
    assert_eq!(gathered.results.len(), 2);
    let fault = after_some(gathered.fault.unwrap(), gathered.results.len());
    assert_eq!(fault.retry(), Retry::Look);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_may_have_run_says_more_than_one_that_did_not() {
    for fates in [[(10, Fate::Refused), (20, Fate::Lost)], [(10, Fate::Lost), (20, Fate::Refused)]]
    {
        let gathered = run(&Counts::default(), 2, &fates).await;
        assert_eq!(gathered.fault.unwrap().retry(), Retry::Look);
    }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_ran_the_fault_stays_what_it_was() {
    let gathered = run(&Counts::default(), 2, &[(10, Fate::Refused), (10, Fate::Refused)]).await;
    let fault = after_some(gathered.fault.unwrap(), gathered.results.len());
    assert_eq!(fault.retry(), Retry::Later);
}

#[test]
fn many_calls_are_cut_into_equal_parts_for_as_few_rounds_as_there_can_be() {
    assert_eq!(fair(0, 4), MIN_BULK, "no chunk at all");
    assert_eq!(fair(90, 4), MIN_BULK, "few are one call");
    assert_eq!(fair(500, 4), 125, "one round of four");
    assert_eq!(fair(2_000, 4), MAX_BULK, "one full round");
    assert_eq!(fair(2_262, 4), 283, "two rounds, eight calls");
    assert_eq!(fair(20_000, 4), MAX_BULK, "ten full rounds");
    assert_eq!(fair(2_262, 1), 453, "one after the other");
}
