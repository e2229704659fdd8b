//! Replays exchanges recorded from a real hub and compares the simulator's replies with them, member for member.
//!
//! What varies by nature (ids, keys, times, tracebacks, see the recordings' README) is mapped or left out; everything else,
//! from the types to the nils to the fault codes, must be the same.

mod recordings {
    pub(crate) mod compare;
    pub(crate) mod index;
    pub(crate) mod player;
}

use std::time::Duration;

use fedora_sim::{
    control::Deed,
    script::{Account, Outcome, Script, TagScript, TargetScript, Timing, Trouble},
    world::TaskState,
};
use recordings::player::Player;

/// Exchanges that cannot be replayed, each with its reason.
const LEFT_OUT: [(&str, &str); 2] = [
    ("request-too-long", "the recorded hub had another limit"),
    (
        "hub-error-method",
        "the text is a traceback that is not copied; the code is tested with the multicalls",
    ),
];

/// Exchanges of which types, members and nils are compared, but not the values: they show which of several tasks ran first, what
/// a log holds, or that the recorded builder, unlike real ones, let the other architecture of a failed build run on.
const LOOSE: [&str; 6] = [
    "listtasks-unknown-key",
    "listtasks-count",
    "listtagged",
    "downloadtaskoutput",
    "failed-arch-children",
    "multicall-children-of-many",
];

fn script() -> Script {
    let packages = || Some(["foo", "bar", "baz", "qux"].map(str::to_owned).to_vec());
    let tag = |name: &str, arches: &str, parent: Option<&str>| TagScript {
        name: name.into(),
        arches: arches.into(),
        parents: parent.map(str::to_owned).into_iter().collect(),
        ..TagScript::default()
    };
    let account = |name: &str, admin| Account {
        name: name.into(),
        password: Some(format!("{name}pw")),
        principal: None,
        admin,
    };
    let target = |name: &str, dest: &str| TargetScript {
        name: name.into(),
        build_tag: "eln-build".into(),
        dest_tag: dest.into(),
    };
    let mut script = Script {
        accounts: vec![
            account("kojiadmin", true),
            account("ebs", false),
            account("other", false),
            account("kojira", false),
            account("builder1", false),
        ],
        tags: vec![
            TagScript { packages: packages(), ..tag("eln", "", None) },
            TagScript { side_tags: true, ..tag("eln-build", "x86_64 aarch64", Some("eln")) },
            tag("eln-candidate", "", Some("eln")),
            TagScript { packages: packages(), ..tag("f99", "", None) },
            tag("eln-locked", "", Some("eln")),
            TagScript { packages: Some(Vec::new()), ..tag("eln-scratch", "", None) },
        ],
        targets: vec![target("eln", "eln-candidate"), target("eln-locked", "eln-locked")],
        timing: Timing {
            pickup_ms: 700_000,
            build_min_ms: 400_000,
            build_max_ms: 400_000,
            tagging_ms: 50_000,
            repo_ms: 50_000,
            repo_queue_ms: 100_000,
            ..Timing::default()
        },
        session_lifetime_ms: Some(100 * 86_400_000),
        side_tag_repo: true,
        side_tag_skew: 0,
        // With this seed it is the second architecture that fails, as recorded.
        seed: 3,
        ..Script::default()
    };
    let ends = [
        ("bar#failarch-1.0-1.eln", Outcome::FailBuild),
        ("bar#failarch-1.0-2.eln", Outcome::FailBuild),
        ("bar#failsrpm", Outcome::FailSrpm),
        ("baz#crash", Outcome::Crash),
    ];
    script.outcomes = ends.map(|(source, end)| (source.to_owned(), vec![end])).into();
    script
}

/// Does what the recording's notes say happened off the record before an exchange.
fn before(player: &mut Player, name: &str) {
    let deed = |deed| {
        move |state: &mut fedora_sim::world::State| {
            state.operate(&deed).map(drop).expect("the deed is possible")
        }
    };
    match name {
        "session-expired" => player.age_session(4),
        "repo-checkrequest-with-task" => player.advance(Duration::from_secs(150)),
        "repo-checkrequest-done" => player.advance(Duration::from_secs(3000)),
        "gettaskinfo-open" => player.until_task(5, |task| task.waiting == Some(true)),
        "listbuilds-building" => player.until_task(5, |task| task.children.len() > 1),
        "gettaskinfo-closed" => player.until_task(5, |task| task.state == TaskState::Closed),
        "gettaskinfo-array-mixed"
        | "recycled-builds"
        | "tagbuild-already-tagged-task"
        | "movebuild-not-in-source-result" => {
            player.advance(Duration::from_secs(20_000));
        }
        "build-locked-destination" => {
            player.world.change(deed(Deed::Lock { tag: "eln-locked".into(), locked: true }));
        }
        "tagbuild-package-blocked" => {
            player
                .world
                .change(deed(Deed::Block { tag: "eln-candidate".into(), package: "qux".into() }));
        }
        "listtagged" => {
            player.advance(Duration::from_secs(20_000));
            for nvr in ["foo-1.0-1.eln", "qux-3.0-1.eln"] {
                player.world.change(|state| {
                    let build = state.build_named(nvr).expect("it was built").id;
                    state
                        .operate(&Deed::Tag { tag: "eln".into(), build })
                        .expect("it can be tagged");
                });
            }
        }
        "canceled-running-task" => player.cancel_running(94, 12),
        "repo-checkrequest-later-done" => player.advance(Duration::from_secs(20_000)),
        "createsidetag-plugin-defaults" => {
            player.world.change(|state| state.script.side_tag_repo = false)
        }
        "serveroffline" => {
            player.world.change(|state| state.script.faults.now = Some(Trouble::Offline))
        }
        _ => {}
    }
}

#[tokio::test]
async fn replies_are_those_of_the_real_hub() {
    let mut player = Player::new(script());
    player.world.change(|state| {
        for (package, commit, version, epoch) in
            [("bar", "failarch-1.0-1.eln", "1.0", None), ("qux", "3.0-1.eln", "3.0", Some(2))]
        {
            state.know_source(package, commit, version, "1.eln", epoch);
        }
        state.know_source("bar", "failarch-1.0-2.eln", "1.0", "2.eln", None);
    });
    let mut differences = Vec::new();
    let mut replayed = 0;
    for exchange in recordings::index::read() {
        if LEFT_OUT.iter().any(|(name, _)| *name == exchange.name) {
            continue;
        }
        before(&mut player, &exchange.name);
        replayed += 1;
        for difference in player.play(&exchange, LOOSE.contains(&exchange.name.as_str())).await {
            differences.push(format!("{} {}: {difference}", exchange.n, exchange.name));
        }
    }
    assert!(
        differences.is_empty(),
        "{replayed} replayed, {} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}
