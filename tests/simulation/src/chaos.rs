//! Which call meets which fault. Drawn from the seed, who calls, what, and how often before: suppressing one fault leaves the
//! draws of all others as they were. Each fault has a name, such as `a.commit.17`, by which it can be suppressed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fedora_sim::chance;
use tokio::time::Instant;

/// What can go wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It begins late.
    Slow,
    /// Its answer comes late.
    SlowAnswer,
    /// It does not happen, and the caller is told so.
    Refused,
    /// It does not happen, and no answer comes.
    Unheard,
    /// It happens, and the answer is lost.
    AnswerLost,
    /// It happens later than the caller waits for it.
    Late,
    /// It happens, and a front-end answers 502.
    BadGateway,
    /// The caller stands still before it, long enough to lose its lease or its job, and then goes on.
    Stall,
    /// What came is heard in another order.
    Shuffled,
    /// What came is heard twice.
    Repeated,
    /// The caller dies before it happens.
    CrashBefore,
    /// The caller dies while it is on its way; it happens later.
    CrashDuring,
    /// The caller dies after it happened, before it hears of it.
    CrashAfter,
}

impl Fault {
    /// In a word.
    fn word(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::SlowAnswer => "slow answer",
            Self::Refused => "refused",
            Self::Unheard => "unheard",
            Self::AnswerLost => "answer lost",
            Self::Late => "late",
            Self::BadGateway => "502",
            Self::Stall => "stall",
            Self::Shuffled => "shuffled",
            Self::Repeated => "repeated",
            Self::CrashBefore => "crash before",
            Self::CrashDuring => "crash during",
            Self::CrashAfter => "crash after",
        }
    }
}

/// How often calls of a kind meet a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Calls that do something.
    Full,
    /// Calls that are made all the time, such as looks for news.
    Small,
}

/// Faults of the store and of the queue.
pub const OF_SERVERS: &[Fault] = &[
    Fault::Slow,
    Fault::SlowAnswer,
    Fault::Refused,
    Fault::AnswerLost,
    Fault::AnswerLost,
    Fault::Stall,
    Fault::CrashBefore,
    Fault::CrashAfter,
];

/// Faults of what was delivered.
pub const OF_DELIVERIES: &[Fault] = &[Fault::Shuffled, Fault::Repeated];

/// Faults of what is asked over HTTP.
pub const OF_HTTP: &[Fault] = &[
    Fault::Slow,
    Fault::SlowAnswer,
    Fault::Refused,
    Fault::Unheard,
    Fault::AnswerLost,
    Fault::Late,
    Fault::BadGateway,
    Fault::Stall,
    Fault::CrashBefore,
    Fault::CrashDuring,
    Fault::CrashAfter,
];

/// The longest a call is held up, in ms.
const SLOW_MAX_MS: u64 = 8_000;

/// The longest until a late call happens, in ms. Below the time in which the system takes a call for possible.
const LATE_MAX_MS: u64 = 30_000;

/// The longest that a caller stands still, in ms: beyond the leader's lease, a job's, and the wait of those in doubt.
const STALL_MAX_MS: u64 = 320_000;

/// How many calls of [`Share::Small`] count as one.
const SMALL: u64 = 20;

/// A share of 1 in so many calls, from none to harsh; the seed draws one.
const ONE_IN: [u64; 5] = [0, 400, 120, 50, 25];

/// A fault with its measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// What goes wrong.
    pub fault: Fault,
    /// For faults with a time, how long.
    pub span: Duration,
}

/// Chance of one run.
#[derive(Debug)]
pub struct Chaos {
    seed: u64,
    one_in: u64,
    until: Instant,
    without: BTreeSet<String>,
    counts: Mutex<BTreeMap<(&'static str, String), u64>>,
    injected: Mutex<Vec<String>>,
    kinds: Mutex<BTreeMap<&'static str, u64>>,
    calls: AtomicU64,
}

impl Chaos {
    /// Chance by this seed until a moment, without the faults named.
    #[must_use]
    pub fn new(seed: u64, until: Instant, without: BTreeSet<String>) -> Self {
        let level = chance::draw(seed, &["level"]) % 5;
        let one_in = usize::try_from(level).ok().and_then(|level| ONE_IN.get(level)).copied();
        Self {
            seed,
            one_in: one_in.unwrap_or_default(),
            until,
            without,
            counts: Mutex::default(),
            injected: Mutex::default(),
            kinds: Mutex::default(),
            calls: AtomicU64::new(0),
        }
    }

    /// What becomes of this caller's next call of this name, and the fault's name.
    pub fn fate(
        &self,
        who: &'static str,
        call: &str,
        share: Share,
        kinds: &[Fault],
    ) -> Option<(Fate, String)> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let number = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let number = counts.entry((who, call.to_owned())).or_default();
            *number += 1;
            *number
        };
        if self.one_in == 0 || Instant::now() >= self.until {
            return None;
        }
        let one_in = match share {
            Share::Full => self.one_in,
            Share::Small => self.one_in * SMALL,
        };
        let number = number.to_string();
        let draw = |what| chance::draw(self.seed, &[who, call, &number, what]);
        if draw("whether") % one_in != 0 {
            return None;
        }
        let index = usize::try_from(draw("which") % (kinds.len() as u64)).unwrap_or_default();
        let fault = *kinds.get(index)?;
        let most = match fault {
            Fault::Late | Fault::CrashDuring => LATE_MAX_MS,
            Fault::Stall => STALL_MAX_MS,
            Fault::Slow
            | Fault::SlowAnswer
            | Fault::Refused
            | Fault::Unheard
            | Fault::AnswerLost
            | Fault::BadGateway
            | Fault::Shuffled
            | Fault::Repeated
            | Fault::CrashBefore
            | Fault::CrashAfter => SLOW_MAX_MS,
        };
        let span = Duration::from_millis(1 + draw("span") % most);
        let name = format!("{who}.{call}.{number}");
        self.inject(&name, fault.word()).then_some((Fate { fault, span }, name))
    }

    /// Whether a fault of this name and kind is to happen; notes it if so.
    pub fn inject(&self, name: &str, kind: &'static str) -> bool {
        if self.without.contains(name) {
            return false;
        }
        self.injected.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        *self.kinds.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
        true
    }

    /// The names of all faults that happened, in order.
    #[must_use]
    pub fn injected(&self) -> Vec<String> {
        self.injected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many faults of each kind happened.
    #[must_use]
    pub fn kinds(&self) -> BTreeMap<&'static str, u64> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}
