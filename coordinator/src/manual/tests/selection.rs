//! One table for both who select: a person's trigger takes what is latest in Rawhide unless ELN has that very commit, and
//! reconcile only what is newer than what ELN has.

use ebs_domain::{
    id::EventId,
    reconcile::{self, Newer, Standing, standing},
};

use super::*;

/// A build: its NVR, epoch, commit, and when it was made.
type Build = (&'static str, Option<i64>, &'static str, i64);

fn compared((nvr, epoch, _, made): Build) -> reconcile::Latest {
    let (build, made) = (BuildId::new(7), Some(EventId::new(made)));
    reconcile::Latest { build, nvr: nvr.parse().unwrap(), epoch, made }
}

#[test]
fn the_selection_table_of_manual_triggers_and_of_reconcile() {
    const STALE: Standing = Standing::Stale(Newer::Version);
    const LATER: Standing = Standing::Stale(Newer::BuildTime);
    const BEFORE: &str = "it waits for the next batch";
    const NONE: &str = "it has no build in f45";
    let rawhide = |release, epoch, made| Some((release, epoch, "aaaa1111", made));
    let eln = |release, epoch, made| Some((release, epoch, "bbbb2222", made));
    let usual = rawhide("freeipa-4.12-3.fc45", None, 5);
    let same = Some(("ipa-4.12-3.eln150", None, "aaaa1111", 6));
    let table: [(&str, Option<Build>, Option<Build>, bool, &str, Standing); 15] = [
        ("in Rawhide alone", usual, None, true, BEFORE, Standing::Missing),
        ("in ELN alone", None, eln("ipa-4.12-3.eln150", None, 6), false, NONE, Standing::ElnOnly),
        ("in neither", None, None, false, NONE, Standing::Nowhere),
        ("Rawhide newer", usual, eln("ipa-4.12-2.eln150", None, 6), true, BEFORE, STALE),
        ("ELN newer", usual, eln("ipa-4.12-4.eln150", None, 4), true, BEFORE, Standing::ElnNewer),
        ("equal, of one commit", usual, same, false, "already built as", Standing::Current),
        (
            "equal, ELN later",
            usual,
            eln("ipa-4.12-3.eln150", None, 6),
            true,
            BEFORE,
            Standing::Current,
        ),
        ("equal, Rawhide later", usual, eln("ipa-4.12-3.eln150", None, 4), true, BEFORE, LATER),
        (
            "equal, at one time",
            usual,
            eln("ipa-4.12-3.eln150", None, 5),
            true,
            BEFORE,
            Standing::Current,
        ),
        (
            "renamed, under Rawhide's name in ELN",
            usual,
            eln("freeipa-4.12-2.eln150", None, 6),
            true,
            BEFORE,
            STALE,
        ),
        (
            "Rawhide's epoch higher",
            rawhide("freeipa-1-1.fc45", Some(1), 5),
            eln("ipa-4-1.eln150", None, 6),
            true,
            BEFORE,
            STALE,
        ),
        (
            "ELN's epoch higher",
            usual,
            eln("ipa-1-1.eln150", Some(1), 6),
            true,
            BEFORE,
            Standing::ElnNewer,
        ),
        (
            "rebuilt in ELN alone",
            usual,
            eln("ipa-4.12-3.eln150.1", None, 6),
            true,
            BEFORE,
            Standing::ElnNewer,
        ),
        (
            "bootstrapped in ELN",
            usual,
            eln("ipa-4.12-3.eln150~bootstrap", None, 6),
            true,
            BEFORE,
            STALE,
        ),
        (
            "a draft in ELN",
            usual,
            eln("ipa-4.12-3.eln150,draft_9", None, 6),
            true,
            BEFORE,
            Standing::Current,
        ),
    ];
    for (name, rawhide, eln, will, why, expected) in table {
        let known = Known {
            latest: rawhide.and_then(|(nvr, _, commit, _)| latest(nvr, commit)),
            stable: eln.map(|(nvr, _, commit, _)| (nvr.to_owned(), Some(source(commit)))),
            ..Known::default()
        };
        for asked in ["ipa", "freeipa"] {
            let told = decided(asked, &known, false);
            assert!(told.0 == will && told.1.starts_with(why), "{name}, {asked}: {told:?}");
        }
        let (rawhide, eln) = (rawhide.map(compared), eln.map(compared));
        assert_eq!(standing(rawhide.as_ref(), eln.as_ref()), expected, "{name}");
    }
}
