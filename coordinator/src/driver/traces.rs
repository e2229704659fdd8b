//! Which trace the work of a term is logged under. Decides nothing.

use ebs_domain::id::{BatchId, TriggerId};
use ebs_shared::telemetry::{TraceId, within};
use tracing::Span;

use super::{call::Start, ledger::Open, parts::Parts, state::State};
use crate::store::NewTrigger;

/// The traces of a term.
#[derive(Clone, Copy)]
pub(super) struct Traces<'a> {
    pub(super) parts: &'a Parts,
    pub(super) state: &'a State,
}

impl Traces<'_> {
    /// The trace of a batch, also of one that is still to be formed.
    pub(super) fn of_batch(self, batch: BatchId) -> TraceId {
        let root = self.parts.settings.trace;
        match self.state.batch_plan(batch) {
            Some(plan) => root.batch(&plan.target, batch),
            None => root.batch(&self.parts.snapshot.borrow().plan.target, batch),
        }
    }

    /// The trace of an effect: its batch's, or its own.
    pub(super) fn of_effect(self, open: &Open) -> TraceId {
        match open.row.batch {
            Some(batch) => self.of_batch(batch),
            None => self.parts.settings.trace.other(&open.row.id),
        }
    }

    /// The trace of a trigger that was just stored: that of the batch which is formed next, or its own if none will take it.
    pub(super) fn of_trigger(self, id: TriggerId, trigger: &NewTrigger) -> TraceId {
        if trigger.answer.is_some() {
            return self.parts.settings.trace.other(&format!("trigger {id}"));
        }
        self.of_batch(BatchId::new(self.state.newest_batch + 1))
    }

    /// The span of what is decided about a batch.
    pub(super) fn batch(self, batch: BatchId) -> Span {
        batch_span(self.of_batch(batch), batch)
    }

    /// The span of what is decided about an effect.
    pub(super) fn effect(self, open: &Open) -> Span {
        effect_span(self.of_effect(open), open)
    }

    /// The span of a call beside the loop, if it is about one batch or effect.
    pub(super) fn call(self, start: &Start) -> Span {
        match start {
            Start::List { effect, .. } | Start::Effect { effect, .. } => {
                self.state.ledger.get(effect).map_or_else(Span::none, |open| self.effect(open))
            }
            Start::Read { batch, .. } => self.batch(*batch),
            Start::Missing(_) | Start::Search(_) | Start::Siblings(_) => Span::none(),
        }
    }
}

/// The span of what is done about a batch.
pub(super) fn batch_span(trace: TraceId, batch: BatchId) -> Span {
    let span = tracing::error_span!("batch", batch.id = batch.get(), trace_id = %trace);
    within(span, trace.parent("batch"))
}

fn effect_span(trace: TraceId, open: &Open) -> Span {
    let batch = open.row.batch.map(BatchId::get);
    let span = tracing::error_span!(
        "effect",
        batch.id = batch,
        effect.id = open.row.id,
        effect.kind = open.row.kind,
        run = open.row.run,
        trace_id = %trace
    );
    within(span, trace.parent("batch"))
}
