//! Logging in as the configuration has it. Asks nobody anything.

use std::sync::Arc;

use anyhow::Context as _;
use ebs_shared::{
    clients::Means,
    clock::System,
    config::StaticConfig,
    queue::{LocalShelf, RedisSettings, RedisShelf, Shelf},
};

use super::{
    metrics::LoginMetrics,
    provider::{CALL_LIMIT, Provider, ProviderSettings},
    service::People,
};

/// How people log in; nothing if nobody can. Where there is no Redis, sessions end with this process.
///
/// # Errors
///
/// An address of the configuration cannot be used.
pub fn people(
    config: &StaticConfig,
    means: &Means<'_>,
    metrics: &LoginMetrics,
) -> anyhow::Result<Option<Arc<People>>> {
    let (Some(oidc), Some(login)) = (&config.open_id_connect, &config.ebs.login) else {
        return Ok(None);
    };
    let shelf: Arc<dyn Shelf> = match &config.ebs.redis {
        Some(redis) => {
            Arc::new(RedisShelf::new(&RedisSettings::of(redis, config.ebs.timers.job_lease))?)
        }
        None => Arc::new(LocalShelf::default()),
    };
    let (admin_groups, site) = (oidc.admin_groups.clone(), login.public_url.clone());
    let provider = Provider::new(ProviderSettings {
        oidc: oidc.clone(),
        login: login.clone(),
        exchange: means.trusting(login.authority_file.as_ref()),
        limit: CALL_LIMIT,
    });
    let provider = provider.context("nobody could log in")?;
    let (clock, chance) = (Arc::new(System), Arc::new(System));
    Ok(Some(Arc::new(People {
        provider,
        shelf,
        clock,
        chance,
        admin_groups,
        site,
        metrics: metrics.clone(),
    })))
}
