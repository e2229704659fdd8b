//! `ebs.timers`: every wait that an operator may tune.

use std::{collections::BTreeMap, time::Duration};

use ebs_domain::id::Component;

use super::{block::Block, node::FromNode, upstream::positive};

/// Times. Written as `90s`, `15m`, `24h` or plain seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Quiet time that restarts with each eligible trigger. Default: 60 s.
    pub lull: Duration,
    /// The longest that quiet time may be put off. Default: 15 min.
    pub max_lull: Duration,
    /// How long the leader leads without renewal; longer than any call it makes itself. Default: 60 s.
    pub lease: Duration,
    /// How long a worker holds a job without a beat; longer than any call, the POST to Bodhi too. Default: 4 min.
    pub job_lease: Duration,
    /// How long after the last possible sending of a creating call it can still take effect. Default: 10 min.
    pub doubt_wait: Duration,
    /// How long a build may take from the start of its task. Default: 24 h.
    pub build_timeout: Duration,
    /// Other limits for single components.
    pub build_timeouts: BTreeMap<Component, Duration>,
    /// How long a seeded build may take to appear in the side tag. Default: 1 h.
    pub side_tag_timeout: Duration,
    /// How long an update may take to become stable; outages are not counted. Default: 24 h.
    pub stable_timeout: Duration,
    /// After how long a neighbour that is not available raises an alarm. Default: 15 min.
    pub outage_alarm: Duration,
    /// The shortest time between two polls of one thing. Default: 10 s.
    pub poll_min: Duration,
    /// The longest time between two polls of one thing. Default: 5 min.
    pub poll_max: Duration,
    /// How often the dynamic configuration and the lists are read again. Default: 15 min.
    pub config_refresh: Duration,
    /// How often Koji's own record of the trigger tag is compared with what we heard. Default: 10 min.
    pub truth_interval: Duration,
    /// How often the archive of the bus is read where the bus is not listened to. Default: 15 min.
    pub archive_interval: Duration,
    /// How long the former trigger tag triggers too after its name has changed, as at branching. May be zero. Default: 14 days.
    pub branching_overlap: Duration,
    /// How often what Rawhide and ELN have is compared, and what ELN lacks triggered. Zero: only when a person asks. Default:
    /// 12 h.
    pub reconcile_interval: Duration,
    /// How long a batch is put off for builds that came through one Bodhi update with some that wait. May be zero: none is
    /// waited for. Default: 10 min.
    pub sibling_wait: Duration,
    /// How long a program may take to end after SIGTERM. Default: 30 s.
    pub grace: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        let (second, minute, hour) =
            (Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(3600));
        Self {
            lull: minute,
            max_lull: 15 * minute,
            lease: minute,
            job_lease: 4 * minute,
            doubt_wait: 10 * minute,
            build_timeout: 24 * hour,
            build_timeouts: BTreeMap::new(),
            side_tag_timeout: hour,
            stable_timeout: 24 * hour,
            outage_alarm: 15 * minute,
            poll_min: 10 * second,
            poll_max: 5 * minute,
            config_refresh: 15 * minute,
            truth_interval: 10 * minute,
            archive_interval: 15 * minute,
            branching_overlap: 14 * 24 * hour,
            reconcile_interval: 12 * hour,
            sibling_wait: 10 * minute,
            grace: 30 * second,
        }
    }
}

impl Timers {
    /// The limit for one component's build.
    #[must_use]
    pub fn build_timeout_of(&self, component: &Component) -> Duration {
        self.build_timeouts.get(component).copied().unwrap_or(self.build_timeout)
    }

    /// Reads the block over `defaults`.
    pub(super) fn read(block: &mut Block<'_, '_>, defaults: Self) -> Self {
        let mut get = |key, default| positive(block, key).unwrap_or(default);
        let mut timers = Self {
            max_lull: get("max_lull", defaults.max_lull),
            lease: get("lease", defaults.lease),
            job_lease: get("job_lease", defaults.job_lease),
            doubt_wait: get("doubt_wait", defaults.doubt_wait),
            build_timeout: get("build_timeout", defaults.build_timeout),
            side_tag_timeout: get("side_tag_timeout", defaults.side_tag_timeout),
            stable_timeout: get("stable_timeout", defaults.stable_timeout),
            outage_alarm: get("outage_alarm", defaults.outage_alarm),
            poll_min: get("poll_min", defaults.poll_min),
            poll_max: get("poll_max", defaults.poll_max),
            config_refresh: get("config_refresh", defaults.config_refresh),
            truth_interval: get("truth_interval", defaults.truth_interval),
            archive_interval: get("archive_interval", defaults.archive_interval),
            grace: get("grace", defaults.grace),
            ..defaults
        };
        // These may be zero: a batch begins at once, a former tag is let go at once, nothing more is waited for, nothing is
        // compared by itself.
        timers.lull = block.or("lull", timers.lull);
        timers.branching_overlap = block.or("branching_overlap", timers.branching_overlap);
        timers.reconcile_interval = block.or("reconcile_interval", timers.reconcile_interval);
        timers.sibling_wait = block.or("sibling_wait", timers.sibling_wait);
        if let Some(sub) = block.sub("build_timeouts") {
            timers.build_timeouts = by_component(sub);
        }
        timers
    }
}

fn by_component(mut block: Block<'_, '_>) -> BTreeMap<Component, Duration> {
    let mut times = BTreeMap::new();
    for (entry, place) in block.free() {
        match (entry.key.parse::<Component>(), Duration::read(&entry.node, &place)) {
            (Err(fault), _) => place.notes.fault(&place.path, Some(entry.line), fault.to_string()),
            (Ok(_), Some(span)) if span.is_zero() => {
                place.fault(&entry.node, "a time above zero is expected")
            }
            (Ok(component), Some(span)) => {
                times.insert(component, span);
            }
            (Ok(_), None) => {}
        }
    }
    times
}

#[cfg(test)]
mod tests;
