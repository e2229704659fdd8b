//! A year of a package list, fetched every three hours over HTTP, with everything that Content Resolver's lists have done to their
//! readers: who is rebuilt that nobody wanted, and who is dropped that somebody wanted?

#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use ebs_coordinator::{
    lists::{ListMetrics, Lists, read},
    store::Store as _,
};
use ebs_domain::{package_list::Guards, time::Timestamp};
use ebs_shared::{
    clock::Clock,
    config::Autopackagelist,
    content::ContentResolver,
    exchange::{Ask, Exchange, NoReply, Reply},
    telemetry::Metrics,
};
use ebs_simulation::memory::Memory;
use fedora_sim::chance;
use http::{HeaderMap, StatusCode};

const HOUR: Duration = Duration::from_secs(3600);
const HOURS: i64 = 366 * 24;

/// The hours between two fetches.
const EVERY: usize = 3;
/// The days on which the list of the build root is absent: ten weeks.
const ABSENT: std::ops::Range<i64> = 230..300;

const SEED: u64 = 4;

/// How many names the list has at the beginning.
const NAMES: u64 = 300;

/// What a fetch brings.
#[derive(Clone, Debug)]
enum Page {
    Names(BTreeSet<String>),
    Absent,
    Empty,
    Html,
}

/// A server that serves the two lists of one moment, and its clock.
struct Hour {
    runtime: Page,
    buildroot: Page,
    now: Timestamp,
}

struct World(Mutex<Hour>);

#[async_trait]
impl Exchange for World {
    async fn exchange(&self, ask: Ask) -> Result<Reply, NoReply> {
        let hour = self.0.lock().unwrap();
        let page =
            if ask.url.path().contains("buildroot") { &hour.buildroot } else { &hour.runtime };
        let (status, body) = match page {
            Page::Names(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                (StatusCode::OK, names.join("\n"))
            }
            Page::Absent => (StatusCode::NOT_FOUND, "no such key".to_owned()),
            Page::Empty => (StatusCode::OK, String::new()),
            Page::Html => {
                (StatusCode::OK, "<!DOCTYPE html>\n<html><body>Oops</body></html>".to_owned())
            }
        };
        Ok(Reply { status, headers: HeaderMap::new(), body: body.into() })
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }
}

/// What the lists are wished to be at this hour, and what of it the site shows.
fn year(hour: i64) -> (BTreeSet<String>, BTreeSet<String>, Page, Page) {
    let day = u64::try_from(hour / 24).unwrap();
    let name = |n: u64| format!("package-{n}");
    // Wishes change slowly: each day a name comes, and every other day one goes.
    let wanted: BTreeSet<String> = (day / 2..NAMES + day).map(name).collect();
    let build: BTreeSet<String> = (5_000 + day / 3..5_100 + day / 3).map(name).collect();
    let draw = |what: &str| chance::draw(SEED, &[what, &hour.to_string()]);
    // A run that read half of its inputs: a name or two are missing for an hour, now and then for a night.
    let mut shown = wanted.clone();
    let gaps = [hour, hour - hour % 12].map(|at| chance::draw(SEED, &["gap", &at.to_string()]));
    for gap in gaps.into_iter().filter(|gap| gap % 9 == 0) {
        shown.remove(&name(day / 2 + gap / 9 % NAMES));
    }
    // A typing error that somebody mends within the hour.
    if draw("typo") % 40 == 0 {
        shown.insert(format!("typo-{hour}"));
    }
    let mut build_shown = build.clone();
    // Bad runs of the build-root part: a thousand names that are taken back after two days; the runtime list once, too.
    let jumps = [40, 95, 130, 210, 280, 340];
    if jumps.iter().any(|&begin| (begin..begin + 2).contains(&day)) {
        build_shown.extend((8_000..9_000).map(name));
    }
    if (160..162).contains(&day) {
        shown.extend((9_000..10_000).map(name));
    }
    // Half a list.
    if (190..191).contains(&day) {
        shown.retain(|name| name.len() % 2 == 0);
    }
    let runtime = match day {
        60 => Page::Empty,
        75 => Page::Html,
        _ => Page::Names(shown),
    };
    let buildroot =
        if ABSENT.contains(&(hour / 24)) { Page::Absent } else { Page::Names(build_shown) };
    (wanted, build, runtime, buildroot)
}

/// What happened to whom.
#[derive(Debug, Default)]
struct Figures {
    fetches: u64,
    entered: u64,
    left: u64,
    held_fetches: u64,
    flickers_ridden_out: u64,
}

/// Who looks on: what was wished for and shown so far, and which names acted last.
#[derive(Default)]
struct Watch {
    /// When a name was wished for last.
    wished: BTreeMap<String, i64>,
    /// How many fetches have shown a name.
    seen: BTreeMap<String, u32>,
    before: BTreeSet<String>,
    figures: Figures,
}

impl Watch {
    fn note(&mut self, hour: i64, wishes: &BTreeSet<String>, pages: [&Page; 2]) {
        self.wished.extend(wishes.iter().map(|name| (name.clone(), hour)));
        for page in pages {
            let Page::Names(shown) = page else { continue };
            for name in shown {
                *self.seen.entry(name.clone()).or_default() += 1;
            }
        }
        self.figures.fetches += 2;
    }

    fn look(&mut self, hour: i64, acting: BTreeSet<String>) {
        let Self { wished, seen, before, figures } = self;
        for name in acting.difference(before) {
            assert!(hour == 0 || seen[name] >= 2, "hour {hour}: {name} acts after one sighting");
            assert!(wished.contains_key(name), "hour {hour}: {name} acts and was never wished for");
        }
        for name in before.difference(&acting) {
            let missed = hour - wished[name];
            assert!(missed >= 23, "hour {hour}: {name} is dropped, wished for {missed} h ago");
        }
        for name in &acting {
            // What is no wish any more leaves soon; only a list that is absent, or was just now, keeps its names.
            let stays = hour - wished[name];
            let absent = ABSENT.contains(&(hour / 24 - 3)) || ABSENT.contains(&(hour / 24));
            assert!(stays <= 3 * 24 || absent, "hour {hour}: {name} is still there");
        }
        if hour > 0 {
            figures.entered += count(acting.difference(before));
            figures.left += count(before.difference(&acting));
        }
        *before = acting;
    }
}

fn count(names: impl Iterator) -> u64 {
    u64::try_from(names.count()).unwrap()
}

fn lists(world: &Arc<World>, store: &Arc<Memory>) -> Lists {
    Lists {
        resolver: ContentResolver::new(Arc::clone(world) as Arc<dyn Exchange>),
        store: Arc::clone(store) as _,
        guards: Guards::default(),
        clock: Arc::clone(world) as _,
        metrics: ListMetrics::register(&Metrics::new().unwrap()).unwrap(),
    }
}

#[tokio::test]
async fn in_a_year_of_jumps_and_gaps_nothing_unwanted_is_rebuilt_and_nothing_wanted_is_dropped() {
    let begin = Timestamp::from_millis(1_790_000_000_000);
    let (_, _, runtime, buildroot) = year(0);
    let world = Arc::new(World(Mutex::new(Hour { runtime, buildroot, now: begin })));
    let store = Arc::new(Memory::default());
    let lists = lists(&world, &store);
    let wanted = Autopackagelist {
        views: vec!["eln".to_owned()],
        sources: vec!["source".to_owned(), "buildroot-source".to_owned()],
        content_resolver: "https://lists.test/".parse().unwrap(),
    };
    let mut watch = Watch::default();
    for hour in (0..HOURS).step_by(EVERY) {
        let (runtime_wish, build_wish, runtime, buildroot) = year(hour);
        let wishes = runtime_wish.union(&build_wish).cloned().collect();
        watch.note(hour, &wishes, [&runtime, &buildroot]);
        let now = begin + HOUR * u32::try_from(hour).unwrap();
        *world.0.lock().unwrap() = Hour { runtime: runtime.clone(), buildroot, now };
        let acting = lists.round(&wanted).await.unwrap();
        let acting: BTreeSet<String> = acting.iter().map(|it| it.component.to_string()).collect();
        if let Page::Names(shown) = &runtime {
            let ridden = runtime_wish.difference(shown).filter(|name| acting.contains(*name));
            watch.figures.flickers_ridden_out += count(ridden);
        }
        let rows = store.lists().await.unwrap();
        let held = rows.iter().filter(|row| read(row).unwrap().held().is_some());
        watch.figures.held_fetches += count(held);
        watch.look(hour, acting);
    }
    let figures = watch.figures;
    println!("{figures:?}, {} names at the end", watch.before.len());
    assert!(figures.held_fetches >= 100 && figures.flickers_ridden_out > 1_000, "{figures:?}");
    assert!(figures.entered > 300 && figures.left > 100, "{figures:?}");
}
