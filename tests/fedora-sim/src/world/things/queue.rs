//! What is due, by time. Does *not* carry it out.

use std::{cmp::Reverse, collections::BinaryHeap};

/// One thing that is due at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::world) enum Step {
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
pub(in crate::world) struct Queue {
    heap: BinaryHeap<Reverse<(i64, u64, Step)>>,
    asked: u64,
}

impl Queue {
    /// When the next step is due (microseconds since the epoch).
    pub(in crate::world) fn next_due(&self) -> Option<i64> {
        self.heap.peek().map(|Reverse((due, _, _))| *due)
    }

    pub(in crate::world) fn push(&mut self, due: i64, step: Step) {
        self.asked += 1;
        self.heap.push(Reverse((due, self.asked, step)));
    }

    pub(in crate::world) fn pop(&mut self, now: i64) -> Option<Step> {
        if self.next_due()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, step))| step)
    }
}
