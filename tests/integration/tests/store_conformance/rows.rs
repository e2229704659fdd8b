//! Rows to write.

use std::time::Duration;

use ebs_coordinator::store::{
    BatchRow, Candidate, DenyRow, EffectRow, GroupRow, Lease, MemberRow, NewTrigger, OddMessage,
    Runner, Store, TriggerAnswer,
};
use ebs_domain::{
    id::{BatchId, BuildId, Component, Epoch, TriggerId},
    time::Timestamp,
};

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

pub(crate) fn candidate(owner: &str, instance: &str) -> Candidate {
    Candidate {
        owner: owner.to_owned(),
        instance: instance.to_owned(),
        ttl: Duration::from_secs(60),
    }
}

/// Leads and says in which epoch.
pub(crate) async fn lead(store: &dyn Store, candidate: &Candidate) -> Epoch {
    match store.lead(candidate).await.unwrap() {
        Lease::Leading { epoch } => epoch,
        Lease::Following { leader, remaining } => panic!("{leader} leads for {remaining:?}"),
    }
}

pub(crate) fn batch(number: i64) -> BatchRow {
    BatchRow {
        id: BatchId::new(number),
        phase: "preparing".to_owned(),
        state: r#"{"side_tag":null}"#.to_owned(),
        created: at(number),
        phase_since: at(number + 1),
        ended: None,
        summary: None,
        lingers: false,
    }
}

pub(crate) fn component(number: usize) -> Component {
    format!("package-{number}").parse().unwrap()
}

pub(crate) fn member(batch: i64, number: usize) -> MemberRow {
    MemberRow {
        batch: BatchId::new(batch),
        component: component(number),
        state: format!(r#"{{"number":{number}}}"#),
        shown: "waiting".to_owned(),
    }
}

pub(crate) fn group(batch: i64, number: u32, open: bool) -> GroupRow {
    GroupRow {
        batch: BatchId::new(batch),
        number,
        state: "{}".to_owned(),
        shown: "tagging".to_owned(),
        open,
    }
}

pub(crate) fn effect(id: &str, created: i64) -> EffectRow {
    EffectRow {
        id: id.to_owned(),
        batch: Some(BatchId::new(1)),
        kind: "submit_builds".to_owned(),
        runner: Runner::Worker,
        payload: r#"{"builds":[]}"#.to_owned(),
        run: 1,
        first_issued: Some(at(created + 1)),
        last_issued: Some(at(created + 2)),
        due: None,
        unavailable_since: None,
        last_error: None,
        created: at(created),
        closed: None,
        outcome: None,
    }
}

pub(crate) fn trigger(number: i64) -> NewTrigger {
    NewTrigger {
        component: format!("package-{number}").parse().unwrap(),
        tag: "rawhide".to_owned(),
        build: BuildId::new(number),
        nvr: format!("package-{number}-1-1.fc44"),
        cause: r#"{"kind":"live"}"#.to_owned(),
        by_person: false,
        message: Some(format!("message-{number}")),
        created: at(number),
        answer: None,
        shown: None,
    }
}

pub(crate) fn answer(id: TriggerId, shown: Option<&str>, batch: Option<i64>) -> TriggerAnswer {
    TriggerAnswer {
        id,
        answer: shown.map(|word| format!(r#"{{"kind":"{word}"}}"#)),
        shown: shown.map(str::to_owned),
        batch: batch.map(BatchId::new),
    }
}

pub(crate) fn odd(id: &str, body: &str) -> OddMessage {
    OddMessage {
        id: id.to_owned(),
        topic: "org.fedoraproject.prod.buildsys.tag".to_owned(),
        body: body.to_owned(),
        fault: "it is no object".to_owned(),
        received: at(0),
    }
}

pub(crate) fn denial(number: usize, batch: i64, last: i64) -> DenyRow {
    DenyRow {
        source: format!("git+https://src.example.org/rpms/package-{number}#abc").parse().unwrap(),
        component: component(number),
        class: "build".to_owned(),
        text: format!("failed in batch {batch}"),
        batch: Some(BatchId::new(batch)),
        task: Some(batch * 100),
        first: at(last),
        last: at(last),
        count: 1,
        expires: at(last + 1_000),
    }
}
