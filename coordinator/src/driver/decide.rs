//! One turn's decisions, in their order.

use tokio::time::Instant;

use super::{call::Done, inputs::Input, now::Now, term::Term, turn::Turn};

/// What a turn decided. Nothing of it is stored or sent.
#[must_use]
pub struct Decided {
    pub(super) turn: Turn,
    pub(super) now: Now,
}

impl Term {
    /// Takes what calls and others brought, and decides. Waits for nothing and changes nothing outside. The caller bounds how
    /// much it brings: see [`super::MAX_NEWS_PER_TURN`].
    pub fn decide(&mut self, done: Vec<Done>, inputs: Vec<Input>) -> Decided {
        let now = Now { wall: self.parts.clock.now(), mono: Instant::now() };
        let mut turn = Turn::default();
        for done in done {
            self.take_done(done, now, &mut turn);
        }
        for input in inputs {
            self.take_input(input, now, &mut turn);
        }
        self.follow_pauses(now, &mut turn);
        self.form_batch(now, &mut turn);
        self.ask_for_siblings(now, &mut turn);
        self.issue_due(now, &mut turn);
        self.start_reads(now, &mut turn);
        self.polls.watch(self.state.watches(), now.mono);
        self.start_polls(now, &mut turn);
        self.start_reconcile(now, &mut turn);
        self.start_searches(now, &mut turn);
        Decided { turn, now }
    }
}
