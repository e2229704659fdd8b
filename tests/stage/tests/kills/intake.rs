//! A bus that says nothing: what enters the tag is found in the archive, and in Koji itself.

use std::collections::BTreeMap;

use ebs_stage::{child::wait_for, fedora::Announce, status::Status};

use crate::play::{LIMIT, Play};

/// How many builds enter the tag.
const BUILDS: usize = 40;

/// Each build of these is in no archive either.
const UNTOLD: [usize; 3] = [7, 20, 33];

fn answers(status: &Status) -> BTreeMap<&str, u64> {
    status.triggers_by_answer.iter().map(|(word, count)| (word.as_str(), *count)).collect()
}

#[tokio::test]
async fn a_first_start_on_a_full_tag_triggers_nothing_and_what_a_silent_bus_hides_is_triggered_once_and_late()
-> anyhow::Result<()> {
    let mut play = Play::open_on_full_tag(26, BUILDS).await?;
    let all = u64::try_from(BUILDS)?;
    let full = |status: &Status| status.trigger_tags.iter().any(|tag| tag.untriggered == all);
    let status = play.seen("the tag was compared for the first time", full).await?;
    assert_eq!((answers(&status), status.pending_total), (BTreeMap::new(), 0));
    let parts = play.performance.cast.parts.clone();
    for (place, part) in parts.iter().enumerate() {
        let how = if UNTOLD.contains(&place) { Announce::Untold } else { Announce::Archived };
        play.troupe.fedora.tag(part, 2, how).await?;
    }
    let built = |status: &Status| answers(status) == BTreeMap::from([("built", all)]);
    let status = play.seen("all are built, and nothing else was triggered", built).await?;
    assert_eq!((status.caught_up, status.late_found), (37, 3));
    let (pages, port) = (&play.pages, play.performance.port);
    for line in
        [r#"ebs_late_finds_total{where="archive"} 37"#, r#"ebs_late_finds_total{where="koji"} 3"#]
    {
        wait_for(line, LIMIT, || async {
            Ok(pages.metrics(port).await.iter().any(|told| told == line).then_some(()))
        })
        .await?;
    }
    // What was found late is told of live at last, and tagged anew with that. The message after those shows that they came.
    for part in UNTOLD.iter().filter_map(|place| parts.get(*place)) {
        play.troupe.fedora.tag(part, 2, Announce::Once).await?;
    }
    play.troupe.fedora.tag_named("on-no-list", "1", 1, Announce::Once).await?;
    let wanted = BTreeMap::from([("built", all), ("not_listed", 1)]);
    play.seen("the last message", |status| answers(status) == wanted).await?;
    play.kill_leader().await?;
    play.standby_leads().await?;
    let status = play.seen("the next leader's word", |status| !status.recent.is_empty()).await?;
    assert_eq!((answers(&status), status.pending_total), (wanted, 0));
    play.troupe.stop().await;
    Ok(())
}
