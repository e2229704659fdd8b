//! A static file to test blocks of ours in.

use super::{ConfigError, StaticConfig, parse_static};

/// The static file with this below `ebs`.
pub(super) fn with_ours(more: &str) -> Result<StaticConfig, ConfigError> {
    let text = format!(
        r"configuration:
  koji: {{profile: stg, build_target: eln, stable_tag: eln, username: ebs-test,
         scratch_build: false, fail_fast: true, wait_repo: true, instance: primary}}
  bodhi: {{batch_size: 400, max_single_batch_size: 600, staging: true, warn_timeout: 240}}
  open_id_connect: false
  email: false
ebs:
  koji: {{hub_url: https://koji.example.org/kojihub}}
  bodhi: {{url: https://bodhi.example.org/}}
  database: {{url: 'sqlite:/var/lib/ebs.sqlite'}}
{more}"
    );
    parse_static("static.yaml", &text).map(|loaded| loaded.config)
}
