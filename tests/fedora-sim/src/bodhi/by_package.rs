//! Builds by their package: of many builds that are compared with many, only those of one package are looked at.

use std::collections::HashMap;

use ebs_domain::nvr::Nvr;

use crate::world::State;

/// Some builds, by the number of their package, each list in the order given.
pub(super) struct ByPackage(HashMap<i64, Vec<i64>>);

impl State {
    /// These builds by their package. Those that do not exist are left out.
    pub(super) fn by_package(&self, builds: &[i64]) -> ByPackage {
        let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
        for build in builds.iter().filter_map(|id| self.build(*id)) {
            found.entry(build.package).or_default().push(build.id);
        }
        ByPackage(found)
    }

    /// Whether one of these builds is a newer one of the same package.
    pub(super) fn newer_in(&self, builds: &ByPackage, old: i64) -> bool {
        let Some(old) = self.build(old) else { return false };
        let same = builds.of(old.package);
        if same.is_empty() {
            return false;
        }
        let Ok(old_nvr) = old.plain_nvr().parse::<Nvr>() else { return false };
        same.iter().filter_map(|id| self.build(*id)).any(|new| {
            let nvr = new.plain_nvr().parse::<Nvr>();
            nvr.is_ok_and(|nvr| nvr.compare(new.epoch, &old_nvr, old.epoch).is_gt())
        })
    }
}

impl ByPackage {
    /// Those of one package.
    pub(super) fn of(&self, package: i64) -> &[i64] {
        self.0.get(&package).map_or(&[], Vec::as_slice)
    }
}
