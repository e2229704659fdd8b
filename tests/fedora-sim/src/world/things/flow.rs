//! Where a build task stands.

use ebs_shared::koji::xmlrpc::Value;

use crate::script::Outcome;

/// Where a build task stands.
#[derive(Clone, Debug)]
pub(in crate::world) struct Flow {
    pub(in crate::world) source: String,
    pub(in crate::world) package: String,
    pub(in crate::world) target: String,
    pub(in crate::world) opts: Value,
    pub(in crate::world) attempt: u32,
    pub(in crate::world) outcome: Outcome,
    pub(in crate::world) build_tag: i64,
    pub(in crate::world) dest_tag: i64,
    pub(in crate::world) repo: Option<i64>,
    pub(in crate::world) srpm: Option<i64>,
    pub(in crate::world) arches: Vec<i64>,
    pub(in crate::world) build: Option<i64>,
    pub(in crate::world) given_back: bool,
}

impl Flow {
    pub(in crate::world) fn option(&self, name: &str) -> bool {
        self.opts.get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}
