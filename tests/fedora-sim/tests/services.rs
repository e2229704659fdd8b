//! The archive and the package lists over HTTP, and who is woken by what the world says.

use std::time::Duration;

use anyhow::Result;
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

async fn fedora(script: Value) -> Result<Running> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(fedora_sim::start(serde_json::from_value(script)?, "127.0.0.1:0".parse()?).await?)
}

fn tag(world: &World, name: &str, announce: Announce) -> Result<()> {
    let new = NewTag {
        name: name.to_owned(),
        version: "1".to_owned(),
        release: "1.fc45".to_owned(),
        commit: "0123456".to_owned(),
        announce,
        ..NewTag::default()
    };
    world.change(|state| state.tag_for_test(&new))?;
    Ok(())
}

async fn get(running: &Running, path: &str) -> Result<(u16, String)> {
    let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build()?;
    let answer = http.get(format!("{}{path}", running.url)).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

async fn search(running: &Running, query: &str) -> Result<Value> {
    let topic = "topic=org.fedoraproject.prod.buildsys.tag";
    let (status, text) =
        get(running, &format!("/datagrepper/v2/search?{topic}&delta=3600&{query}")).await?;
    assert_eq!(status, 200, "{text}");
    Ok(serde_json::from_str(&text)?)
}

fn names(page: &Value) -> Vec<&str> {
    let messages = page["raw_messages"].as_array().into_iter().flatten();
    messages.filter_map(|message| message["body"]["name"].as_str()).collect()
}

#[tokio::test]
async fn the_archive_gives_pages_newest_first_or_oldest_first() {
    let running = fedora(json!({})).await.unwrap();
    for name in ["a", "b", "c"] {
        tag(&running.world, name, Announce::Once).unwrap();
    }
    let page = search(&running, "rows_per_page=2&page=1").await.unwrap();
    assert_eq!((&page["total"], &page["pages"], &page["count"]), (&json!(3), &json!(2), &json!(2)));
    assert_eq!(names(&page), ["c", "b"]);
    assert_eq!(names(&search(&running, "rows_per_page=2&page=2&order=asc").await.unwrap()), ["c"]);
    assert_eq!(
        names(&search(&running, "rows_per_page=2&page=3").await.unwrap()),
        Vec::<&str>::new()
    );
    running.stop().await;
}

#[tokio::test]
async fn the_archive_knows_what_the_bus_dropped_and_not_what_was_lost_or_is_no_json() {
    let running = fedora(json!({})).await.unwrap();
    tag(&running.world, "dropped", Announce::Dropped).unwrap();
    tag(&running.world, "lost", Announce::Lost).unwrap();
    tag(&running.world, "no-json", Announce::NotJson).unwrap();
    tag(&running.world, "twice", Announce::Twice).unwrap();
    assert_eq!(names(&search(&running, "order=asc").await.unwrap()), ["dropped", "twice"]);
    running.stop().await;
}

#[tokio::test]
async fn the_archive_refuses_too_many_rows_and_times_that_are_none() {
    let running = fedora(json!({})).await.unwrap();
    for query in ["rows_per_page=101", "start=yesterday"] {
        let (status, text) =
            get(&running, &format!("/datagrepper/v2/search?{query}")).await.unwrap();
        assert_eq!(status, 500);
        let body: Value = serde_json::from_str(&text).unwrap();
        assert!(body["error"].is_string(), "{text}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_list_has_one_name_a_line_and_an_unknown_one_is_not_found() {
    let running =
        fedora(json!({"bodhi": {"lists": {"a-list.txt": ["bash", "zsh"]}}})).await.unwrap();
    assert_eq!(
        get(&running, "/resolver/a-list.txt").await.unwrap(),
        (200, "bash\nzsh\n".to_owned())
    );
    assert_eq!(get(&running, "/resolver/another.txt").await.unwrap().0, 404);
    let faults =
        Faults { now: Some(Trouble::Http502), now_service: Service::Resolver, ..Faults::default() };
    running.world.change(|state| state.script.faults = faults);
    assert_eq!(get(&running, "/resolver/a-list.txt").await.unwrap().0, 502);
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

#[tokio::test]
async fn behind_a_closed_door_nobody_listens_and_an_opened_one_is_where_it_was() {
    let running = fedora(json!({})).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
    for open in [false, true, false, true] {
        let door = http.post(format!("{}/sim/door", running.control));
        assert!(door.json(&json!({ "open": open })).send().await.unwrap().status().is_success());
        let answer = http.get(format!("{}/koji/page", running.url)).send().await;
        match answer {
            Ok(answer) => assert!(open && answer.status().is_success()),
            Err(error) => assert!(!open && error.is_connect(), "{error:?}"),
        }
    }
    running.stop().await;
}
