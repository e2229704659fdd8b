//! What happens by itself: a queue of transitions with their times, and the one loop that carries them out.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::state::{State, World};

/// One thing that is due at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A builder takes a FREE task.
    Pickup(i64),
    /// A task's own work is done.
    Finish(i64),
    /// A builder gives an OPEN build task back.
    GiveBack(i64),
    /// Somebody cancels a task.
    Cancel(i64),
    /// A build task looks again whether the builds it waits for are there.
    LookAgain(i64),
    /// The queue of repo requests is looked at.
    RepoQueue,
    /// An update's next stage is due.
    Update(i64),
}

/// Steps by time, then by order of asking.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<(i64, u64, Step)>>,
    asked: u64,
}

impl Queue {
    /// When the next step is due (microseconds since the epoch).
    pub(super) fn next_due(&self) -> Option<i64> {
        self.heap.peek().map(|Reverse((due, _, _))| *due)
    }

    fn push(&mut self, due: i64, step: Step) {
        self.asked += 1;
        self.heap.push(Reverse((due, self.asked, step)));
    }

    fn pop(&mut self, now: i64) -> Option<Step> {
        if self.next_due()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, step))| step)
    }
}

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
