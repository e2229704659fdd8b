//! One case per sentence of the contract.

use std::{sync::Arc, time::Duration};

use ebs_coordinator::store::{
    BatchRow, Candidate, Change, DenyRow, EffectRow, Lease, MemberRow, NewTrigger, Store,
    StoreErrorKind,
};
use ebs_domain::id::{BatchId, BuildId, Epoch, TriggerId};

use crate::{
    ground::Any,
    rows::{
        answer, at, batch, candidate, component, denial, effect, group, lead, member, odd, trigger,
    },
};

/// An open store with a leader.
async fn led(ground: &Any) -> (Arc<dyn Store>, Epoch) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    (store, epoch)
}

async fn is_fenced(store: &dyn Store, epoch: Epoch) -> bool {
    match store.commit(epoch, vec![Change::PutBatch(batch(77))]).await {
        Ok(_) => false,
        Err(error) => matches!(error.kind, StoreErrorKind::Fenced),
    }
}

pub(crate) async fn a_commit_of_an_older_epoch_is_fenced_and_writes_nothing(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let newer = lead(&*store, &candidate("a-2", "a")).await;
    assert!(newer > epoch);
    assert!(is_fenced(&*store, epoch).await);
    assert!(is_fenced(&*store, Epoch::new(newer.get() + 1)).await, "a term that never was");
    assert_eq!(store.open_batch().await.unwrap(), None);
    assert!(!is_fenced(&*store, newer).await);
}

pub(crate) async fn nobody_can_commit_before_somebody_leads(ground: &Any) {
    let store = ground.open().await;
    assert!(is_fenced(&*store, Epoch::new(0)).await);
}

pub(crate) async fn a_second_instance_follows_until_the_lease_runs_out_and_then_leads_in_a_higher_epoch(
    ground: &Any,
) {
    let store = ground.open().await;
    let epoch =
        lead(&*store, &Candidate { ttl: Duration::from_millis(400), ..candidate("a-1", "a") })
            .await;
    let other = candidate("b-1", "b");
    // Waits for the condition, by asking again when the answer says it is worth it.
    let newer = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match store.lead(&other).await.unwrap() {
                Lease::Leading { epoch } => return epoch,
                Lease::Following { leader, remaining } => {
                    assert_eq!(leader, "a");
                    assert!(remaining <= Duration::from_millis(400));
                    tokio::time::sleep(remaining).await;
                }
            }
        }
    });
    let newer = newer.await.unwrap();
    assert!(newer > epoch);
    assert!(is_fenced(&*store, epoch).await);
    let answer = store.lead(&candidate("a-1", "a")).await.unwrap();
    assert!(matches!(answer, Lease::Following { leader, .. } if leader == "b"));
}

pub(crate) async fn a_restart_of_the_same_instance_takes_over_at_once_and_the_old_start_does_not_come_back(
    ground: &Any,
) {
    let (store, epoch) = led(ground).await;
    assert!(lead(&*store, &candidate("a-2", "a")).await > epoch);
    let old = store.lead(&candidate("a-1", "a")).await.unwrap();
    assert!(matches!(old, Lease::Following { leader, .. } if leader == "a"));
}

pub(crate) async fn who_resigns_can_write_no_more_and_the_next_leads_at_once(ground: &Any) {
    let (store, epoch) = led(ground).await;
    store.resign(&candidate("b-1", "b")).await.unwrap();
    assert!(!is_fenced(&*store, epoch).await, "another's resigning changes nothing");
    store.resign(&candidate("a-1", "a")).await.unwrap();
    assert!(is_fenced(&*store, epoch).await);
    assert!(lead(&*store, &candidate("b-1", "b")).await > epoch);
}

pub(crate) async fn the_owner_renews_its_lease_in_the_same_epoch(ground: &Any) {
    let (store, epoch) = led(ground).await;
    assert_eq!(lead(&*store, &candidate("a-1", "a")).await, epoch);
    assert!(epoch.get() > 1_600_000_000_000, "the database's clock in ms: {epoch}");
}

pub(crate) async fn a_closed_effect_stays_as_it_is(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let open = effect("b1.submit.1", 5);
    let closed = EffectRow {
        closed: Some(at(9)),
        outcome: Some("{}".to_owned()),
        due: None,
        ..open.clone()
    };
    let later = EffectRow { run: 2, due: Some(at(99)), ..open.clone() };
    let older = effect("b1.tag.1", 4);
    store.commit(epoch, vec![Change::PutEffects(vec![open.clone(), older.clone()])]).await.unwrap();
    assert_eq!(store.open_effects().await.unwrap(), [older.clone(), open.clone()], "oldest first");

    store.commit(epoch, vec![Change::PutEffects(vec![later.clone()])]).await.unwrap();
    assert_eq!(store.effect(&open.id).await.unwrap(), Some(later.clone()));
    store.commit(epoch, vec![Change::PutEffects(vec![closed.clone()])]).await.unwrap();
    store.commit(epoch, vec![Change::PutEffects(vec![later])]).await.unwrap();
    assert_eq!(store.effect(&open.id).await.unwrap(), Some(closed));
    assert_eq!(store.open_effects().await.unwrap(), [older]);
    assert_eq!(store.effect("b1.nothing").await.unwrap(), None);
}

pub(crate) async fn all_of_a_commit_is_written_or_nothing(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let changes = vec![
        Change::PutMark { name: "first".to_owned(), value: "written".to_owned() },
        Change::PutBatch(batch(1)),
        Change::PutBatch(batch(2)),
    ];
    let error = store.commit(epoch, changes).await.unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::Broken(_)), "{error:?}");
    assert_eq!(store.mark("first").await.unwrap(), None);
    assert_eq!(store.open_batch().await.unwrap(), None);
    store.commit(epoch, vec![Change::PutBatch(batch(2))]).await.unwrap();
}

pub(crate) async fn a_batch_that_lingers_lets_the_next_run_beside_it(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let lingering = |number| BatchRow { lingers: true, ..batch(number) };
    store.commit(epoch, vec![Change::PutBatch(batch(1))]).await.unwrap();
    let changes = vec![Change::PutBatch(lingering(1)), Change::PutBatch(batch(2))];
    store.commit(epoch, changes).await.unwrap();
    assert_eq!(store.open_batch().await.unwrap(), Some(batch(2)));
    store.commit(epoch, vec![Change::PutBatch(lingering(2))]).await.unwrap();
    assert_eq!(store.open_batch().await.unwrap(), None);
    assert_eq!(store.lingering_batches().await.unwrap(), [lingering(1), lingering(2)]);
    let ended = BatchRow { ended: Some(at(50)), ..lingering(1) };
    store.commit(epoch, vec![Change::PutBatch(ended)]).await.unwrap();
    assert_eq!(store.lingering_batches().await.unwrap(), [lingering(2)]);
}

pub(crate) async fn a_second_open_batch_is_refused(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let ended = BatchRow { ended: Some(at(50)), summary: Some("{}".to_owned()), ..batch(1) };
    store.commit(epoch, vec![Change::PutBatch(batch(1))]).await.unwrap();
    store.commit(epoch, vec![Change::PutBatch(batch(2))]).await.unwrap_err();
    store
        .commit(epoch, vec![Change::PutBatch(ended.clone()), Change::PutBatch(batch(2))])
        .await
        .unwrap();
    assert_eq!(store.open_batch().await.unwrap(), Some(batch(2)));
    assert_eq!(store.batch(BatchId::new(1)).await.unwrap(), Some(ended.clone()));
    assert_eq!(store.batch(BatchId::new(3)).await.unwrap(), None);
    assert_eq!(store.recent_batches(5).await.unwrap(), [batch(2), ended]);
    assert_eq!(store.recent_batches(1).await.unwrap(), [batch(2)]);
}

pub(crate) async fn rows_come_back_as_they_were_written(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let full = EffectRow {
        due: Some(at(1)),
        unavailable_since: Some(at(2)),
        last_error: Some("no answer from the hub; \u{1f980} ' \" \\".to_owned()),
        ..effect("b1.full", 1)
    };
    let person = NewTrigger { by_person: true, message: None, ..trigger(3) };
    let told = NewTrigger {
        answer: Some("{}".to_owned()),
        shown: Some("excluded".to_owned()),
        ..trigger(4)
    };
    let changes = vec![
        Change::PutEffects(vec![full.clone()]),
        Change::AddTrigger(person.clone()),
        Change::AddTrigger(told.clone()),
        Change::Deny(denial(1, 7, 10)),
    ];
    let committed = store.commit(epoch, changes).await.unwrap();
    assert_eq!(store.effect("b1.full").await.unwrap(), Some(full));
    let pending = store.pending_triggers(10).await.unwrap();
    assert_eq!(pending.len(), 1, "an answered trigger is not pending");
    assert_eq!(Some(pending[0].id), committed.triggers[0]);
    assert_eq!(pending[0].trigger, person);
    let denied = store.denied(&[denial(1, 7, 10).source], at(0)).await.unwrap();
    assert_eq!(denied, [denial(1, 7, 10)]);
}

pub(crate) async fn members_and_groups_are_replaced_by_their_key(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let built = MemberRow { shown: "succeeded".to_owned(), ..member(1, 2) };
    let changes = vec![
        Change::PutMembers(vec![member(1, 10), member(1, 2), member(2, 2)]),
        Change::PutGroup(group(1, 2, true)),
        Change::PutGroup(group(1, 1, true)),
        Change::PutGroup(group(0, 7, true)),
        Change::PutMembers(vec![built.clone()]),
        Change::PutGroup(group(1, 1, false)),
    ];
    store.commit(epoch, changes).await.unwrap();
    assert_eq!(
        store.members(BatchId::new(1)).await.unwrap(),
        [member(1, 10), built],
        "by component"
    );
    assert_eq!(
        store.groups(BatchId::new(1)).await.unwrap(),
        [group(1, 1, false), group(1, 2, true)]
    );
    assert_eq!(store.open_groups().await.unwrap(), [group(0, 7, true), group(1, 2, true)]);
}

pub(crate) async fn the_same_key_twice_in_one_change_means_the_last(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let built = MemberRow { shown: "succeeded".to_owned(), ..member(1, 2) };
    let changes = vec![Change::PutMembers(vec![member(1, 1), member(1, 2), built.clone()])];
    store.commit(epoch, changes).await.unwrap();
    assert_eq!(store.members(BatchId::new(1)).await.unwrap(), [member(1, 1), built]);
}

pub(crate) async fn a_trigger_of_the_same_tag_and_build_is_not_added_again_but_a_persons_is(
    ground: &Any,
) {
    let (store, epoch) = led(ground).await;
    let again = NewTrigger { message: Some("another".to_owned()), ..trigger(1) };
    let elsewhere = NewTrigger { tag: "elsewhere".to_owned(), message: None, ..trigger(1) };
    let person = NewTrigger { by_person: true, message: None, ..trigger(1) };
    let add = |trigger: &NewTrigger| Change::AddTrigger(trigger.clone());
    let changes = vec![add(&trigger(1)), add(&again), add(&elsewhere), add(&person), add(&person)];
    let committed = store.commit(epoch, changes).await.unwrap();
    let added: Vec<bool> = committed.triggers.iter().map(Option::is_some).collect();
    assert_eq!(added, [true, false, true, true, true]);
    let committed =
        store.commit(epoch, vec![add(&again), add(&person), add(&trigger(2))]).await.unwrap();
    assert_eq!(committed.triggers[0], None);
    assert!(committed.triggers[1] > Some(TriggerId::new(0)));
    assert!(committed.triggers[2] > committed.triggers[1]);
    assert_eq!(store.pending_count().await.unwrap(), (6, Some(at(1))));
}

pub(crate) async fn builds_that_have_triggers_for_a_tag_are_told_but_not_for_those_of_people(
    ground: &Any,
) {
    let (store, epoch) = led(ground).await;
    let last = 1_300;
    add(&*store, epoch, last).await;
    let elsewhere = NewTrigger { tag: "elsewhere".to_owned(), message: None, ..trigger(last + 1) };
    let person = NewTrigger { by_person: true, message: None, ..trigger(last + 2) };
    let answered = NewTrigger { answer: Some("{}".to_owned()), ..trigger(last + 3) };
    let changes = [elsewhere, person, answered].map(Change::AddTrigger).to_vec();
    store.commit(epoch, changes).await.unwrap();
    let asked: Vec<BuildId> = (2..last + 5).map(BuildId::new).collect();
    let known = store.triggered(&"rawhide".parse().unwrap(), &asked).await.unwrap();
    let expected = (2..=last).chain([last + 3]).map(BuildId::new).collect();
    assert_eq!(known, expected);
    assert_eq!(store.triggered(&"rawhide".parse().unwrap(), &[]).await.unwrap().len(), 0);
}

pub(crate) async fn a_tagging_whose_trigger_was_withdrawn_triggers_again_but_not_by_the_same_message(
    ground: &Any,
) {
    let (store, epoch) = led(ground).await;
    let ids = add(&*store, epoch, 1).await;
    let withdraw = vec![Change::AnswerTriggers(vec![answer(ids[0], Some("withdrawn"), Some(1))])];
    store.commit(epoch, withdraw).await.unwrap();
    let tag = "rawhide".parse().unwrap();
    assert_eq!(store.triggered(&tag, &[BuildId::new(1)]).await.unwrap().len(), 0);
    let again = NewTrigger { message: Some("another".to_owned()), ..trigger(1) };
    let third = NewTrigger { message: None, ..trigger(1) };
    let changes = [trigger(1), again, third].map(Change::AddTrigger).to_vec();
    let added = store.commit(epoch, changes).await.unwrap().triggers;
    assert_eq!(added.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(store.triggered(&tag, &[BuildId::new(1)]).await.unwrap().len(), 1);
    let counted = [("pending".to_owned(), 1), ("withdrawn".to_owned(), 1)];
    assert_eq!(shown(&*store).await, counted);
}

pub(crate) async fn a_trigger_of_the_same_message_is_not_added_again(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let same_message = NewTrigger { message: trigger(1).message, ..trigger(2) };
    let changes = vec![Change::AddTrigger(trigger(1)), Change::AddTrigger(same_message)];
    let committed = store.commit(epoch, changes).await.unwrap();
    assert_eq!(committed.triggers[1], None);
}

/// Adds triggers 1 to `last` and says their numbers.
async fn add(store: &dyn Store, epoch: Epoch, last: i64) -> Vec<TriggerId> {
    let changes = (1..=last).map(|number| Change::AddTrigger(trigger(number))).collect();
    store.commit(epoch, changes).await.unwrap().triggers.into_iter().flatten().collect()
}

async fn shown(store: &dyn Store) -> Vec<(String, u64)> {
    store.triggers_by_answer().await.unwrap()
}

pub(crate) async fn a_final_answer_yields_only_to_its_own_batch(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let ids = add(&*store, epoch, 1).await;
    let say = |word, batch| vec![Change::AnswerTriggers(vec![answer(ids[0], word, batch)])];
    let word = async || store.triggers_by_answer().await.unwrap()[0].0.clone();
    store.commit(epoch, say(Some("in_batch"), Some(1))).await.unwrap();
    store.commit(epoch, say(Some("in_batch_2"), Some(2))).await.unwrap();
    store.commit(epoch, say(Some("superseded"), None)).await.unwrap();
    assert_eq!(word().await, "in_batch");
    store.commit(epoch, say(Some("built"), Some(1))).await.unwrap();
    assert_eq!(word().await, "built");
    assert_eq!(
        store.batch_triggers(BatchId::new(1)).await.unwrap()[0].trigger.shown.as_deref(),
        Some("built")
    );
    assert_eq!(store.batch_triggers(BatchId::new(2)).await.unwrap(), []);
}

pub(crate) async fn a_batch_gives_its_triggers_back(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let ids = add(&*store, epoch, 3).await;
    let take = ids.iter().map(|&id| answer(id, Some("in_batch"), Some(1))).collect();
    store.commit(epoch, vec![Change::AnswerTriggers(take)]).await.unwrap();
    assert_eq!(store.pending_count().await.unwrap(), (0, None));
    let back = vec![answer(ids[0], None, Some(1)), answer(ids[1], None, None)];
    store.commit(epoch, vec![Change::AnswerTriggers(back)]).await.unwrap();
    assert_eq!(store.pending_count().await.unwrap(), (2, Some(at(1))));
    let pending: Vec<_> = store
        .pending_triggers(9)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.id, row.batch))
        .collect();
    assert_eq!(pending, [(ids[0], Some(BatchId::new(1))), (ids[1], None)]);
    let take =
        vec![answer(ids[0], Some("in_batch"), Some(2)), answer(ids[1], Some("not_listed"), None)];
    store.commit(epoch, vec![Change::AnswerTriggers(take)]).await.unwrap();
    // Answered by no batch: nothing makes it pending again.
    store
        .commit(epoch, vec![Change::AnswerTriggers(vec![answer(ids[1], None, None)])])
        .await
        .unwrap();
    assert_eq!(shown(&*store).await, [("in_batch".to_owned(), 2), ("not_listed".to_owned(), 1)]);
}

pub(crate) async fn triggers_are_counted_by_answer_and_the_oldest_pending_comes_first(
    ground: &Any,
) {
    let (store, epoch) = led(ground).await;
    assert_eq!(store.pending_count().await.unwrap(), (0, None));
    let changes = [4, 2, 3].map(|number| Change::AddTrigger(trigger(number))).to_vec();
    let ids: Vec<_> =
        store.commit(epoch, changes).await.unwrap().triggers.into_iter().flatten().collect();
    let order: Vec<_> =
        store.pending_triggers(2).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(order, [ids[1], ids[2]]);
    assert_eq!(store.pending_count().await.unwrap(), (3, Some(at(2))));
    let changes = vec![Change::AnswerTriggers(vec![answer(ids[1], Some("excluded"), None)])];
    store.commit(epoch, changes).await.unwrap();
    assert_eq!(shown(&*store).await, [("excluded".to_owned(), 1), ("pending".to_owned(), 2)]);
}

pub(crate) async fn a_denied_source_counts_its_batches_and_keeps_its_first_time(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let changes = vec![
        Change::Deny(denial(1, 1, 10)),
        // The same batch again, as after a commit whose answer was lost.
        Change::Deny(denial(1, 1, 10)),
        Change::Deny(denial(1, 2, 20)),
        Change::Deny(denial(1, 3, 30)),
    ];
    store.commit(epoch, changes).await.unwrap();
    let denied = store.denied(&[denial(1, 1, 1).source], at(0)).await.unwrap();
    let mut expected = denial(1, 3, 30);
    (expected.first, expected.count) = (at(10), 3);
    assert_eq!(denied, [expected]);
}

pub(crate) async fn a_denial_of_no_batch_never_replaces_what_lasts_as_long(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let of_nobody = |number, last| DenyRow { batch: None, task: None, ..denial(number, 1, last) };
    let rows = [
        denial(1, 7, 10),
        of_nobody(1, 10),
        of_nobody(2, 10),
        of_nobody(2, 10),
        // It would have run out before.
        denial(3, 7, 10),
        of_nobody(3, 900),
        of_nobody(4, 10),
        denial(4, 8, 20),
    ];
    store.commit(epoch, rows.map(Change::Deny).into()).await.unwrap();
    let twice = |row: DenyRow| DenyRow { first: at(10), count: 2, ..row };
    for (number, wanted) in [
        (1, denial(1, 7, 10)),
        (2, of_nobody(2, 10)),
        (3, twice(of_nobody(3, 900))),
        (4, twice(denial(4, 8, 20))),
    ] {
        let found = store.denied(&[denial(number, 1, 1).source], at(0)).await.unwrap();
        assert_eq!(found, [wanted]);
    }
}

pub(crate) async fn an_expired_denial_is_not_told(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let rows = [denial(1, 1, 10), denial(2, 1, 500), denial(3, 1, 500)];
    store.commit(epoch, rows.iter().cloned().map(Change::Deny).collect()).await.unwrap();
    // Many sources at once, most of them unknown, one named twice.
    let sources: Vec<_> = (0..2_500)
        .chain([2])
        .filter(|number| *number != 3)
        .map(|n| denial(n, 1, 1).source)
        .collect();
    assert_eq!(store.denied(&sources, at(1_010)).await.unwrap(), [denial(2, 1, 500)]);
    assert_eq!(store.denied(&sources, at(1_009)).await.unwrap().len(), 2);
    assert_eq!(store.denied(&[], at(0)).await.unwrap(), []);
}

pub(crate) async fn the_deny_list_is_told_latest_first_and_what_is_taken_off_is_gone(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let rows = [denial(1, 1, 10), denial(2, 1, 500), denial(3, 1, 700)];
    store.commit(epoch, rows.iter().cloned().map(Change::Deny).collect()).await.unwrap();
    let [first, second, third] = rows;
    let all = store.denials(at(1_010), 9).await.unwrap();
    assert_eq!(all, [third.clone(), second.clone()], "the first has expired");
    assert_eq!(store.denials(at(0), 1).await.unwrap()[0].component, third.component);
    let unknown: Vec<_> = (100..2_500).map(|n| denial(n, 1, 1).source).collect();
    let gone = Change::Undeny([unknown, vec![third.source]].concat());
    store.commit(epoch, vec![gone, Change::Undeny(Vec::new())]).await.unwrap();
    assert_eq!(store.denials(at(0), 9).await.unwrap(), [second, first]);
}

pub(crate) async fn what_became_of_a_component_is_told_newest_first(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let of = |number: i64| NewTrigger { component: component(1), ..trigger(number) };
    let triggers = [of(1), trigger(2), of(3)].map(Change::AddTrigger).to_vec();
    let members = vec![member(7, 1), member(7, 2), member(9, 1), member(8, 1)];
    store.commit(epoch, triggers).await.unwrap();
    store.commit(epoch, vec![Change::PutMembers(members)]).await.unwrap();
    let component = component(1);
    let told = store.component_triggers(&component, 9).await.unwrap();
    let nvrs: Vec<&str> = told.iter().map(|row| row.trigger.nvr.as_str()).collect();
    assert_eq!(nvrs, ["package-3-1-1.fc44", "package-1-1-1.fc44"]);
    let built = store.component_members(&component, 2).await.unwrap();
    assert_eq!(built, [member(9, 1), member(8, 1)]);
    assert_eq!(store.component_triggers(&component, 1).await.unwrap().len(), 1);
}

pub(crate) async fn a_message_that_was_not_understood_is_kept_once_and_cut(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let long = "\u{e9}".repeat(100_000);
    let changes = [odd("1", &long), odd("1", "[]"), odd("2", "")].map(Change::KeepMessage).to_vec();
    store.commit(epoch, changes).await.unwrap();
    assert_eq!(store.odd_messages().await.unwrap(), 2);
}

pub(crate) async fn a_mark_is_the_last_text_written(ground: &Any) {
    let (store, epoch) = led(ground).await;
    assert_eq!(store.mark("caught_up_to").await.unwrap(), None);
    for value in ["1", "2"] {
        let change = Change::PutMark { name: "caught_up_to".to_owned(), value: value.to_owned() };
        store.commit(epoch, vec![change]).await.unwrap();
        assert_eq!(store.mark("caught_up_to").await.unwrap().as_deref(), Some(value));
    }
}

pub(crate) async fn five_thousand_rows_in_one_commit_are_all_there(ground: &Any) {
    let (store, epoch) = led(ground).await;
    let mut changes = vec![
        Change::PutBatch(batch(1)),
        Change::PutMembers((0..5_000).map(|number| member(1, number)).collect()),
        Change::PutEffects(
            (0..5_000).map(|number| effect(&format!("b1.{number}"), number)).collect(),
        ),
    ];
    changes.extend((0..5_000).map(|number| Change::AddTrigger(trigger(number))));
    let ids: Vec<_> =
        store.commit(epoch, changes).await.unwrap().triggers.into_iter().flatten().collect();
    assert_eq!(ids.len(), 5_000);
    assert_eq!(store.members(BatchId::new(1)).await.unwrap().len(), 5_000);
    assert_eq!(store.open_effects().await.unwrap().len(), 5_000);
    let take = ids.iter().map(|&id| answer(id, Some("in_batch"), Some(1))).collect();
    store.commit(epoch, vec![Change::AnswerTriggers(take)]).await.unwrap();
    assert_eq!(store.batch_triggers(BatchId::new(1)).await.unwrap().len(), 5_000);
}
