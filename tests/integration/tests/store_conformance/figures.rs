//! How long large commits take. Prints; the only demand is generous.

use std::time::Duration;

use ebs_coordinator::store::{Change, EffectRow, Store};
use ebs_domain::id::BatchId;
use tokio::time::Instant;

use crate::{
    ground::Ground,
    rows::{at, batch, candidate, effect, lead, member, trigger},
};

/// A commit of 5,000 rows that takes longer has lost its bulk statements.
const LIMIT: Duration = Duration::from_secs(10);
const ROWS: usize = 5_000;

pub(crate) async fn figures_of_a_large_batch(ground: &mut Ground) {
    let store = ground.open().await;
    let epoch = lead(&store, &candidate("a-1", "a")).await;
    let effects: Vec<EffectRow> =
        (0..5_000).map(|number| effect(&format!("b1.{number}"), number)).collect();
    let closed =
        effects.iter().map(|row| EffectRow { closed: Some(at(1)), ..row.clone() }).collect();
    let members = || (0..ROWS).map(|number| member(1, number)).collect();
    let steps = [
        ("triggers added", (0..5_000).map(|number| Change::AddTrigger(trigger(number))).collect()),
        ("members inserted", vec![Change::PutBatch(batch(1)), Change::PutMembers(members())]),
        ("members replaced", vec![Change::PutMembers(members())]),
        ("effects inserted", vec![Change::PutEffects(effects)]),
        ("effects closed", vec![Change::PutEffects(closed)]),
    ];
    for (what, changes) in steps {
        let start = Instant::now();
        store.commit(epoch, changes).await.unwrap();
        let took = start.elapsed();
        println!("{ground}: {ROWS} {what} in {took:?}");
        assert!(took < LIMIT, "{what}: {took:?}");
    }
    let start = Instant::now();
    assert_eq!(store.members(BatchId::new(1)).await.unwrap().len(), ROWS);
    println!("{ground}: {ROWS} members read in {:?}", start.elapsed());
    let start = Instant::now();
    for _ in 0..100 {
        store.commit(epoch, vec![Change::PutMembers(vec![member(1, 1)])]).await.unwrap();
    }
    println!("{ground}: a commit of one row in {:?}", start.elapsed() / 100);
}
