//! The transactions, each a Lua script of its own, and calls of them.
//!
//! Scripts, not server-side functions: those are shared state that a rolling upgrade would have to version.

use redis::{Script, ToRedisArgs};

/// The transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    Enqueue,
    Acknowledge,
    Claim,
    Begin,
    Heartbeat,
    Complete,
    Fail,
    Release,
    Move,
    Reap,
    Sweep,
    Missing,
    Depths,
    Announce,
    Workers,
    Leave,
    Shelve,
    Unshelve,
}

impl Transaction {
    /// All, in the order of their declaration.
    const ALL: [Self; 18] = [
        Self::Enqueue,
        Self::Acknowledge,
        Self::Claim,
        Self::Begin,
        Self::Heartbeat,
        Self::Complete,
        Self::Fail,
        Self::Release,
        Self::Move,
        Self::Reap,
        Self::Sweep,
        Self::Missing,
        Self::Depths,
        Self::Announce,
        Self::Workers,
        Self::Leave,
        Self::Shelve,
        Self::Unshelve,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Enqueue => include_str!("lua/enqueue.lua"),
            Self::Acknowledge => include_str!("lua/acknowledge.lua"),
            Self::Claim => include_str!("lua/claim.lua"),
            Self::Begin => include_str!("lua/begin.lua"),
            Self::Heartbeat => include_str!("lua/heartbeat.lua"),
            Self::Complete => include_str!("lua/complete.lua"),
            Self::Fail => include_str!("lua/fail.lua"),
            Self::Release => include_str!("lua/release.lua"),
            Self::Move => include_str!("lua/move.lua"),
            Self::Reap => include_str!("lua/reap.lua"),
            Self::Sweep => include_str!("lua/sweep.lua"),
            Self::Missing => include_str!("lua/missing.lua"),
            Self::Depths => include_str!("lua/depths.lua"),
            Self::Announce => include_str!("lua/announce.lua"),
            Self::Workers => include_str!("lua/workers.lua"),
            Self::Leave => include_str!("lua/leave.lua"),
            Self::Shelve => include_str!("lua/shelve.lua"),
            Self::Unshelve => include_str!("lua/unshelve.lua"),
        }
    }
}

/// One call of a transaction.
#[derive(Clone, Debug)]
pub(super) struct Call {
    transaction: Transaction,
    keys: Vec<Vec<u8>>,
    args: Vec<Vec<u8>>,
}

impl Call {
    pub(super) fn of(transaction: Transaction) -> Self {
        Self { transaction, keys: Vec::new(), args: Vec::new() }
    }

    pub(super) fn key(mut self, key: impl ToRedisArgs) -> Self {
        key.write_redis_args(&mut self.keys);
        self
    }

    pub(super) fn arg(mut self, arg: impl ToRedisArgs) -> Self {
        arg.write_redis_args(&mut self.args);
        self
    }
}

/// The hashes that the server knows the scripts by.
#[derive(Debug)]
pub(super) struct Scripts {
    hashes: Vec<String>,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            hashes: Transaction::ALL
                .iter()
                .map(|t| Script::new(t.text()).get_hash().to_owned())
                .collect(),
        }
    }

    /// All calls, to be sent at once; each has its own answer or error.
    pub(super) fn pipeline(&self, calls: &[Call]) -> redis::Pipeline {
        let mut pipe = redis::Pipeline::with_capacity(calls.len());
        pipe.ignore_errors();
        for call in calls {
            let hash = Transaction::ALL
                .iter()
                .position(|t| *t == call.transaction)
                .and_then(|i| self.hashes.get(i));
            pipe.cmd("EVALSHA").arg(hash).arg(call.keys.len()).arg(&call.keys).arg(&call.args);
        }
        pipe
    }

    /// Makes all scripts known to the server.
    pub(super) fn loading() -> redis::Pipeline {
        let mut pipe = redis::Pipeline::with_capacity(Transaction::ALL.len());
        for transaction in Transaction::ALL {
            pipe.cmd("SCRIPT").arg("LOAD").arg(transaction.text()).ignore();
        }
        pipe
    }
}
