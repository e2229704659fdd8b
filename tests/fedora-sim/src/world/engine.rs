//! What happens by itself: a queue of transitions with their times, and the one loop that carries them out.

use super::{
    state::{State, World},
    things::Step,
};

impl State {
    /// Asks for a step so many ms from now.
    pub(super) fn after(&mut self, ms: u64, step: Step) {
        let span = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1000);
        let due = self.now().saturating_add(span);
        self.queue.push(due, step);
    }

    /// Asks for an update's next stage so many ms from now.
    pub(crate) fn update_after(&mut self, ms: u64, update: i64) {
        self.after(ms, Step::Update(update));
    }

    /// Does everything that is due, including what that makes due at once.
    pub fn run_due(&mut self) {
        while let Some(step) = self.queue.pop(self.now()) {
            match step {
                Step::Pickup(task) => self.pick_up(task),
                Step::Finish(task) => self.finish(task),
                Step::GiveBack(task) => self.give_back(task),
                Step::Cancel(task) => self.cancel_tree(task),
                Step::LookAgain(task) => self.look_for_repo(task),
                Step::RepoQueue => self.run_repo_queue(),
                Step::Update(update) => self.advance_update(update),
            }
        }
    }
}

/// Carries out what is due, for ever. One loop does it for all tasks; dropping the future stops it.
pub async fn run(world: World) {
    loop {
        let changed = world.notifier().notified();
        let next = world.read(|state| state.queue.next_due().map(|due| state.instant(due)));
        match next {
            None => changed.await,
            Some(due) => {
                // Both lead to the same look at the queue, so it does not matter which is seen first.
                tokio::select! {
                    biased;
                    () = changed => {}
                    () = tokio::time::sleep_until(due) => world.change(|_| ()),
                }
            }
        }
    }
}
