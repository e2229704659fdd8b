//! The invariants about people and about reconcile see what must not be.

use std::collections::BTreeSet;

use anyhow::Result;
use ebs_coordinator::{
    store::{AuditRow, BatchRow, Change, MemberRow, NewTrigger, TriggerRow},
    wish::{WantedBuild, Wish},
};
use ebs_domain::{
    batch::Operation,
    id::{BatchId, BuildId, RequestId, TriggerId},
    time::Timestamp,
    trigger::{Answer, Cause},
};
use ebs_shared::queue::Depths;
use ebs_simulation::{invariants, lacking, memory::Rows, observed::Observed, player::Order};
use fedora_sim::{control::Report, script::Script, world::World};

const SOURCE: &str = "git+https://src.example.org/rpms/alpha#1";

fn observed(rows: Rows, orders: Vec<Order>) -> Observed {
    let world = World::new(Script::default(), &ebs_simulation::time::Wall::new());
    Observed {
        rows,
        report: world.read(Report::of),
        announced: Vec::new(),
        unacknowledged: 0,
        acknowledged_too_early: Vec::new(),
        now: Timestamp::from_millis(0),
        well: None,
        window: 1,
        queue: Depths::default(),
        removed_by_others: BTreeSet::new(),
        lacking: Vec::new(),
        reconciles: false,
        orders,
        forgotten_too_early: Vec::new(),
        ended: Vec::new(),
    }
}

/// The names of what does not hold.
fn broken(rows: &Rows, orders: &[Order]) -> Vec<String> {
    let observed = observed(rows.clone(), orders.to_vec());
    let found = invariants::broken(invariants::ALWAYS, &observed);
    found.iter().filter_map(|text| Some(text.split_once(':')?.0.to_owned())).collect()
}

fn order(rows: &mut Rows, wish: Wish, result: &str) -> Order {
    let id = RequestId::new(1);
    let why = "the first".to_owned();
    let row = AuditRow {
        id,
        who: "olga".to_owned(),
        asked: Timestamp::from_millis(0),
        action: wish.word().to_owned(),
        subject: wish.subject().to_owned(),
        why: why.clone(),
        done: Some(Timestamp::from_millis(0)),
        result: Some(result.to_owned()),
    };
    rows.audit.insert(id, row);
    Order { id, word: "it", wish, why, tag: None }
}

fn trigger(component: &str, cause: &Cause, answer: Option<&Answer>) -> Result<NewTrigger> {
    Ok(NewTrigger {
        component: component.parse()?,
        tag: "f45".to_owned(),
        build: BuildId::new(1),
        nvr: format!("{component}-1-1.fc45"),
        cause: serde_json::to_string(cause)?,
        by_person: cause.is_deliberate(),
        message: None,
        created: Timestamp::from_millis(0),
        answer: answer.map(serde_json::to_string).transpose()?,
        shown: answer.map(|answer| answer.word().to_owned()),
    })
}

fn insert(rows: &mut Rows, trigger: NewTrigger) {
    let id = TriggerId::new(i64::try_from(rows.triggers.len()).unwrap_or(0) + 1);
    rows.triggers.insert(id, TriggerRow { id, trigger, batch: None });
}

/// A component of batch 1 that was taken out.
fn taken_out() -> Result<Rows> {
    let mut rows = Rows::default();
    let state = serde_json::json!({
        "rawhide": 1, "rawhide_nvr": "alpha-1-1.fc45", "source": SOURCE, "order": 1000, "seed": true, "trigger": 1,
        "failures": 0, "dropped": true, "build": { "build": "ended", "attempt": 1, "task": 7, "end": { "end": "dropped" } },
        "since": 0,
    });
    let (batch, component, shown) = (BatchId::new(1), "alpha".parse()?, "dropped".to_owned());
    let row = MemberRow { batch, component, state: state.to_string(), shown };
    rows.members.insert((batch, row.component.clone()), row);
    let dropped = Answer::Dropped { batch };
    insert(&mut rows, trigger("alpha", &Cause::Message, Some(&dropped))?);
    Ok(rows)
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_out_by_nobodys_word_is_seen() -> Result<()> {
    let both = ["invariant_only_operators_take_out", "invariant_only_operators_drop_triggers"];
    let mut rows = taken_out()?;
    assert_eq!(broken(&rows, &[]), both);
    let drop = Operation::Drop { component: "alpha".parse()? };
    let wish = Wish::on_batch(BatchId::new(1), drop);
    let refused = order(&mut rows, wish.clone(), "refused: it has ended");
    assert_eq!(broken(&rows, &[refused]), both);
    let done = order(&mut rows, wish, "done");
    assert!(broken(&rows, &[done]).is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_carried_out_twice_or_though_refused_is_seen() -> Result<()> {
    let once = ["invariant_a_request_is_carried_out_once"];
    let build = WantedBuild {
        component: "alpha".parse()?,
        tag: "f45".parse()?,
        build: BuildId::new(1),
        nvr: "alpha-1-1.fc45".to_owned(),
    };
    let wish =
        Wish::Trigger { what: "alpha".to_owned(), builds: vec![build], force: false, again: false };
    let mut rows = Rows::default();
    let done = [order(&mut rows, wish.clone(), "done")];
    assert_eq!(broken(&rows, &done), once, "nothing was triggered");
    let cause = Cause::Person {
        who: "olga".to_owned(),
        why: "the first".to_owned(),
        force: false,
        again: false,
    };
    insert(&mut rows, trigger("alpha", &cause, None)?);
    assert!(broken(&rows, &done).is_empty());
    let refused = [order(&mut rows, wish.clone(), "refused: no")];
    assert_eq!(broken(&rows, &refused), once, "it was triggered all the same");
    let done = [order(&mut rows, wish, "done")];
    insert(&mut rows, trigger("alpha", &cause, None)?);
    assert_eq!(broken(&rows, &done), once, "it was triggered twice");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_reconcile_may_not_trigger_is_seen() -> Result<()> {
    let found = |source: &str| -> Result<Cause> {
        Ok(Cause::Reconcile { why: "ELN has none".to_owned(), source: source.parse()? })
    };
    let bounds = ["invariant_reconcile_keeps_its_bounds"];
    let mut rows = Rows::default();
    insert(&mut rows, trigger("alpha", &found(SOURCE)?, None)?);
    assert!(broken(&rows, &[]).is_empty());
    let mut unwanted = rows.clone();
    insert(
        &mut unwanted,
        trigger("zulu", &found("git+https://src.example.org/rpms/zulu#1")?, None)?,
    );
    assert_eq!(broken(&unwanted, &[]), bounds);
    for _ in 1..=2 {
        let later = Timestamp::from_millis(i64::try_from(rows.triggers.len())? * 1000);
        let again = trigger("alpha", &found(SOURCE)?, None)?;
        insert(&mut rows, NewTrigger { created: later, ..again });
    }
    assert_eq!(broken(&rows, &[]), bounds, "one commit came back three times");
    let change = Change::AddTrigger(trigger("alpha", &found(SOURCE)?, None)?);
    assert_eq!(lacking::too_late(&rows, std::slice::from_ref(&change)), ["alpha-1-1.fc45 waits"]);
    let mut rows = taken_out()?;
    let (id, at) = (BatchId::new(1), Timestamp::from_millis(0));
    let row = BatchRow {
        id,
        phase: "building".to_owned(),
        state: String::new(),
        created: at,
        phase_since: at,
        ended: None,
        summary: None,
        lingers: false,
    };
    rows.batches.insert(id, row);
    assert_eq!(
        lacking::too_late(&rows, std::slice::from_ref(&change)),
        ["alpha-1-1.fc45 is in the batch"]
    );
    Ok(())
}
