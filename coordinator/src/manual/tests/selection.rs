//! One table for both who select: a person's trigger takes what is latest in Rawhide unless ELN has that very commit, and
//! reconcile only what is newer than what ELN has.

use ebs_domain::{
    id::EventId,
    reconcile::{self, Newer, Standing, standing},
};

use super::*;

/// Rawhide's build, ELN's, what a person's trigger comes to, how it stands for reconcile. A build is its NVR, with its epoch
/// before it if it has one, its commit, and when it was made.
const TABLE: &str = "
in Rawhide alone                | freeipa-4.12-3.fc45 aaaa 5 | -                                   | builds  | missing
in ELN alone                    | -                          | ipa-4.12-3.eln150 bbbb 6            | nothing | eln_only
in neither                      | -                          | -                                   | nothing | nowhere
Rawhide newer                   | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-2.eln150 bbbb 6            | builds  | stale
ELN newer                       | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-4.eln150 bbbb 4            | builds  | eln_newer
equal, of one commit            | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-3.eln150 aaaa 6            | is_there| current
equal, built later in ELN       | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-3.eln150 bbbb 6            | builds  | current
equal, built later in Rawhide   | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-3.eln150 bbbb 4            | builds  | stale_by_time
equal, built at one time        | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-3.eln150 bbbb 5            | builds  | current
renamed in Rawhide alone        | freeipa-4.12-3.fc45 aaaa 5 | freeipa-4.12-2.eln150 bbbb 6        | builds  | stale
Rawhide's epoch higher          | 1:freeipa-1-1.fc45 aaaa 5  | ipa-4-1.eln150 bbbb 6               | builds  | stale
ELN's epoch higher              | freeipa-4.12-3.fc45 aaaa 5 | 1:ipa-1-1.eln150 bbbb 6             | builds  | eln_newer
an epoch of 0 in ELN            | freeipa-4.12-3.fc45 aaaa 5 | 0:ipa-4.12-3.eln150 bbbb 6          | builds  | current
rebuilt in ELN alone            | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-3.eln150.1 bbbb 6          | builds  | eln_newer
bootstrapped in ELN             | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-3.eln150~bootstrap bbbb 6  | builds  | stale
a draft in ELN                  | freeipa-4.12-3.fc45 aaaa 5 | ipa-4.12-3.eln150,draft_9 bbbb 6    | builds  | current
";

/// A build of the table, and its commit.
fn build(text: &str) -> Option<(reconcile::Latest, &str)> {
    let mut words = text.split_whitespace();
    let nvr = words.next().filter(|nvr| *nvr != "-")?;
    let (epoch, nvr) = nvr.split_once(':').map_or((None, nvr), |(epoch, nvr)| (Some(epoch), nvr));
    let commit = words.next().unwrap();
    let made = Some(EventId::new(words.next().unwrap().parse().unwrap()));
    let (build, epoch) = (BuildId::new(7), epoch.map(|epoch| epoch.parse().unwrap()));
    Some((reconcile::Latest { build, nvr: nvr.parse().unwrap(), epoch, made }, commit))
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Missing => "missing",
        Standing::Stale(Newer::Version) => "stale",
        Standing::Stale(Newer::BuildTime) => "stale_by_time",
        Standing::Current => "current",
        Standing::ElnNewer => "eln_newer",
        Standing::ElnOnly => "eln_only",
        Standing::Nowhere => "nowhere",
    }
}

#[test]
fn the_selection_table_of_manual_triggers_and_of_reconcile() {
    for row in TABLE.trim().lines() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, rawhide, eln, manual, expected] = cells[..] else { panic!("{row}") };
        let (rawhide, eln) = (build(rawhide), build(eln));
        let known = Known {
            latest: rawhide.as_ref().and_then(|(it, commit)| latest(it.nvr.as_str(), commit)),
            stable: eln.as_ref().map(|(it, commit)| (it.nvr.to_string(), Some(source(commit)))),
            ..Known::default()
        };
        let why = match manual {
            "builds" => "it waits for the next batch",
            "nothing" => "it has no build in f45",
            _ => "already built as ipa-4.12-3.eln150",
        };
        for asked in ["ipa", "freeipa"] {
            let told = decided(asked, &known, false);
            assert!(told.0 == (manual == "builds") && told.1.starts_with(why), "{row}: {told:?}");
        }
        let stands = standing(rawhide.as_ref().map(|it| &it.0), eln.as_ref().map(|it| &it.0));
        assert_eq!(word(stands), expected, "{row}");
    }
}
