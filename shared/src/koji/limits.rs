//! The limits of our calls to a hub.

use std::time::Duration;

use serde::Deserialize;

/// Limits of the calls to a hub. Durations are read as seconds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KojiLimits {
    /// Longest time for one call that changes something, with waiting for a session, login and repeated sending. A method
    /// over more than [`super::api::MAX_BULK`] things makes several such calls. Unit: seconds. Default: 50.
    #[serde(deserialize_with = "seconds")]
    pub call: Duration,
    /// Longest time for one reading call, with its one repetition; a whole tag can take long. Unit: seconds. Default: 180.
    #[serde(deserialize_with = "seconds")]
    pub read: Duration,
    /// Largest reply that is taken. Unit: bytes. Default: 256 MiB.
    pub body_bytes: usize,
    /// Most sendings of one changing call whose reply is lost, the first included. Default: 3.
    pub sendings: u32,
    /// Wait before the second sending; doubled each time, with jitter. Unit: seconds. Default: 0.5.
    #[serde(deserialize_with = "seconds")]
    pub resend_wait: Duration,
    /// Sessions, so changing calls side by side; also the most multiCalls of one method side by side. Default: 4.
    pub sessions: usize,
}

impl Default for KojiLimits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(50),
            read: Duration::from_secs(180),
            body_bytes: 256 * 1024 * 1024,
            sendings: 3,
            resend_wait: Duration::from_millis(500),
            sessions: 4,
        }
    }
}

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}
