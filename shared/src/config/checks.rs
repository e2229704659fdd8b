//! Values that are fine each and contradict one another. Every check names the key to change and both values.

use std::time::Duration;

use super::{
    block::Block,
    duration::show,
    kerberos::Kerberos,
    ours::{BodhiClient, KojiClient},
    timers::Timers,
};

/// Checks the times against each other and against the limits of calls.
pub(super) fn times(
    block: &Block<'_, '_>,
    timers: &Timers,
    koji: Option<&KojiClient>,
    bodhi: Option<&BodhiClient>,
) {
    let mut calls: Vec<(&str, Duration)> = Vec::new();
    calls.extend(koji.map(|koji| ("ebs.koji.call_timeout", koji.call_timeout)));
    above(block, "lease", timers.lease, &calls);
    calls.extend(bodhi.map(|bodhi| ("ebs.bodhi.call_timeout", bodhi.call_timeout)));
    calls.extend(bodhi.map(|bodhi| ("ebs.bodhi.post_timeout", bodhi.post_timeout)));
    above(block, "job_lease", timers.job_lease, &calls);
    above(block, "doubt_wait", timers.doubt_wait, &calls);
    ordered(block, ("lull", timers.lull), ("max_lull", timers.max_lull));
    ordered(block, ("poll_min", timers.poll_min), ("poll_max", timers.poll_max));
}

/// Whoever has no way of his own to be logged in to is logged in to by Kerberos, if that is there.
pub(super) fn logins(
    block: &Block<'_, '_>,
    kerberos: Option<&Kerberos>,
    koji: &KojiClient,
    bodhi: &BodhiClient,
) {
    if kerberos.is_none() {
        return;
    }
    let own = koji.password.is_some() || koji.certificate.is_some();
    if own && bodhi.token_file.is_some() {
        let text = "nobody is logged in to by it, since `ebs.koji` and `ebs.bodhi` have ways of their own: remove this block, or \
                    one of `ebs.koji.password_file`, `ebs.koji.certificate_file` and `ebs.bodhi.token_file`";
        block.fault_at("kerberos", text);
    }
    if bodhi.token_file.is_none() && bodhi.idp_url.is_none() {
        let text = "logging in to Bodhi by Kerberos needs the address of its identity provider: set `ebs.bodhi.idp_url`, such as \
                    `https://id.example.org/openidc`, or `ebs.bodhi.token_file`";
        block.fault_at("bodhi", text);
    }
}

/// `key` must be longer than each of these calls may take: a call still running when it ends would be made twice.
fn above(block: &Block<'_, '_>, key: &'static str, span: Duration, calls: &[(&str, Duration)]) {
    for (call, limit) in calls.iter().filter(|(_, limit)| span <= *limit) {
        let (span, limit) = (show(span), show(*limit));
        block.fault_at(
            key,
            format!("{span} is not longer than `{call}` ({limit}): raise this, or lower that"),
        );
    }
}

/// The first must not be longer than the second.
fn ordered(block: &Block<'_, '_>, low: (&'static str, Duration), high: (&'static str, Duration)) {
    if low.1 > high.1 {
        let (low_span, high_span) = (show(low.1), show(high.1));
        block.fault_at(
            high.0,
            format!(
                "{high_span} is shorter than `{}` ({low_span}): raise this, or lower that",
                low.0
            ),
        );
    }
}
