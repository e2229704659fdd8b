//! What processes have used, from `/proc`. Of a server, its children are counted with it.

use std::collections::BTreeMap;

/// What one program has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Used {
    /// CPU time, in seconds.
    pub(super) cpu: f64,
    /// The most memory it had at once, in MB (`VmHWM`); of several processes, the sum.
    pub(super) peak_mb: f64,
}

/// One line of the process table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    parent: u32,
    /// User and system time, in ticks.
    ticks: u64,
    peak_kb: u32,
}

/// Ticks in a second. Source: `USER_HZ` is 100 on every architecture of Linux that Fedora and Debian have.
const TICKS_PER_SECOND: f64 = 100.0;

/// What each named program has used, with its children.
pub(super) fn used(programs: &[(String, u32)]) -> BTreeMap<String, Used> {
    let table = table();
    programs.iter().map(|(name, root)| (name.clone(), sum(*root, &table))).collect()
}

fn sum(root: u32, table: &BTreeMap<u32, Row>) -> Used {
    let mut used = Used::default();
    let mut family = vec![root];
    while let Some(process) = family.pop() {
        if let Some(row) = table.get(&process) {
            used.cpu += f64::from(u32::try_from(row.ticks).unwrap_or(u32::MAX)) / TICKS_PER_SECOND;
            used.peak_mb += f64::from(row.peak_kb) / 1024.0;
        }
        family.extend(table.iter().filter(|(_, row)| row.parent == process).map(|(pid, _)| *pid));
    }
    used
}

fn table() -> BTreeMap<u32, Row> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
            Some((process, row(&stat, &status)?))
        })
        .collect()
}

/// Source: proc(5). The name stands in brackets and may hold anything; after it come state, parent and so on.
fn row(stat: &str, status: &str) -> Option<Row> {
    let words: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = |place: usize| words.get(place)?.parse::<u64>().ok();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak_kb = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
    // A process that is ending has no memory any more.
    Some(Row {
        parent: words.get(1)?.parse().ok()?,
        ticks: ticks(11)? + ticks(12)?,
        peak_kb: peak_kb.unwrap_or(0),
    })
}

#[cfg(test)]
mod tests;
