//! The archive and the package lists over HTTP, and who is woken by what the world says.

use std::time::Duration;

use ebs_shared::clock::System;
use fedora_sim::{
    Running,
    control::{Announce, NewTag},
    script::{Faults, Script, Service, Trouble},
    world::World,
};
use serde_json::{Value, json};

/// The longest wait for anything here.
const LIMIT: Duration = Duration::from_secs(10);

async fn fedora(script: Value) -> Running {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let script: Script = serde_json::from_value(script).unwrap();
    fedora_sim::start(script, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn tag(world: &World, name: &str, announce: Announce) {
    let new = NewTag {
        name: name.to_owned(),
        version: "1".to_owned(),
        release: "1.fc45".to_owned(),
        commit: "0123456".to_owned(),
        announce,
        ..NewTag::default()
    };
    world.change(|state| state.tag_for_test(&new)).unwrap();
}

async fn get(running: &Running, path: &str) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
    let answer = http.get(format!("{}{path}", running.url)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn search(running: &Running, query: &str) -> Value {
    let topic = "topic=org.fedoraproject.prod.buildsys.tag";
    let (status, text) =
        get(running, &format!("/datagrepper/v2/search?{topic}&delta=3600&{query}")).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn names(page: &Value) -> Vec<&str> {
    let messages = page["raw_messages"].as_array().unwrap();
    messages.iter().map(|message| message["body"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_archive_gives_pages_newest_first_or_oldest_first() {
    let running = fedora(json!({})).await;
    for name in ["a", "b", "c"] {
        tag(&running.world, name, Announce::Once);
    }
    let page = search(&running, "rows_per_page=2&page=1").await;
    assert_eq!((&page["total"], &page["pages"], &page["count"]), (&json!(3), &json!(2), &json!(2)));
    assert_eq!(names(&page), ["c", "b"]);
    assert_eq!(names(&search(&running, "rows_per_page=2&page=2&order=asc").await), ["c"]);
    assert_eq!(names(&search(&running, "rows_per_page=2&page=3").await), Vec::<&str>::new());
    running.stop().await;
}

#[tokio::test]
async fn the_archive_knows_what_the_bus_dropped_and_not_what_was_lost_or_is_no_json() {
    let running = fedora(json!({})).await;
    tag(&running.world, "dropped", Announce::Dropped);
    tag(&running.world, "lost", Announce::Lost);
    tag(&running.world, "no-json", Announce::NotJson);
    tag(&running.world, "twice", Announce::Twice);
    assert_eq!(names(&search(&running, "order=asc").await), ["dropped", "twice"]);
    running.stop().await;
}

#[tokio::test]
async fn the_archive_refuses_too_many_rows_and_times_that_are_none() {
    let running = fedora(json!({})).await;
    for query in ["rows_per_page=101", "start=yesterday"] {
        let (status, text) = get(&running, &format!("/datagrepper/v2/search?{query}")).await;
        assert_eq!(status, 500);
        let body: Value = serde_json::from_str(&text).unwrap();
        assert!(body["error"].is_string(), "{text}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_list_has_one_name_a_line_and_an_unknown_one_is_not_found() {
    let running = fedora(json!({"bodhi": {"lists": {"a-list.txt": ["bash", "zsh"]}}})).await;
    assert_eq!(get(&running, "/resolver/a-list.txt").await, (200, "bash\nzsh\n".to_owned()));
    assert_eq!(get(&running, "/resolver/another.txt").await.0, 404);
    let faults =
        Faults { now: Some(Trouble::Http502), now_service: Service::Resolver, ..Faults::default() };
    running.world.change(|state| state.script.faults = faults);
    assert_eq!(get(&running, "/resolver/a-list.txt").await.0, 502);
    running.stop().await;
}

#[tokio::test]
async fn whoever_waits_for_news_is_woken_by_what_was_due_whoever_looked_first() {
    for look in [(|world: &World| world.read(|_| ())) as fn(&World), |world| world.change(|_| ())] {
        let script: Script = serde_json::from_value(json!({"timing": {"pickup_ms": 50}})).unwrap();
        let world = World::new(script, &System);
        world.change(|state| {
            let base = state.tag_named("eln-build").unwrap().id;
            let tag = state.create_side_tag(base, 2, None, false).unwrap();
            let name = state.tag(tag).unwrap().name.clone();
            let source = "git+https://src.example.org/rpms/bash#abc1234";
            state.submit_build(source, &name, &ebs_shared::koji::xmlrpc::Value::object([]), 5, 2);
        });
        let changed = world.changed();
        tokio::pin!(changed);
        // Asked for once, so that it is among those who wait.
        assert!(futures_util::poll!(&mut changed).is_pending());
        tokio::time::timeout(LIMIT, async {
            while futures_util::poll!(&mut changed).is_pending() {
                look(&world);
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the build's end is told");
    }
}
