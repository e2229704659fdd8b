//! Package lists from the server to the store: what one that cannot be had costs, and who may say that a jump is meant.

#![cfg(test)]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use ebs_coordinator::{
    lists::{ListMetrics, Lists, read},
    store::{ListRow, Store as _},
};
use ebs_domain::{package_list::Guards, time::Timestamp};
use ebs_shared::{
    clock::Clock, config::Autopackagelist, content::ContentResolver, exchange::HttpExchange,
    telemetry::Metrics,
};
use ebs_simulation::memory::Memory;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

const RUNTIME: &str = "/view-source-package-name-list--view-eln.txt";
const BUILDROOT: &str = "/view-buildroot-source-package-name-list--view-eln.txt";

/// A clock that is set.
struct Set(Mutex<Timestamp>);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A server of two lists, and who reads it.
struct World {
    server: MockServer,
    clock: Arc<Set>,
    store: Arc<Memory>,
    lists: Lists,
}

impl World {
    async fn new() -> Self {
        // A second test of the same process finds it set already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(Set(Mutex::new(Timestamp::from_millis(1_790_000_000_000))));
        let store = Arc::new(Memory::default());
        let lists = reader(&store, &clock);
        Self { server: MockServer::start().await, clock, store, lists }
    }

    /// What the server has from here on.
    async fn serve(&self, runtime: ResponseTemplate, buildroot: ResponseTemplate) {
        self.server.reset().await;
        for (place, reply) in [(RUNTIME, runtime), (BUILDROOT, buildroot)] {
            Mock::given(path(place)).respond_with(reply).mount(&self.server).await;
        }
    }

    /// The names that act after a round, an hour after the last one.
    async fn round(&self) -> anyhow::Result<BTreeSet<String>> {
        {
            let mut now = self.clock.0.lock().unwrap();
            *now = *now + Duration::from_secs(3600);
        }
        let wanted = Autopackagelist {
            views: vec!["eln".to_owned()],
            sources: vec!["source".to_owned(), "buildroot-source".to_owned()],
            content_resolver: self.server.uri().parse()?,
        };
        let listed = self.lists.round(&wanted).await?;
        Ok(listed.into_iter().map(|entry| entry.component.to_string()).collect())
    }

    async fn row(&self, name: &str) -> ListRow {
        self.store.lists().await.unwrap().into_iter().find(|row| row.name == name).unwrap()
    }
}

fn reader(store: &Arc<Memory>, clock: &Arc<Set>) -> Lists {
    let exchange = Arc::new(HttpExchange::new().unwrap());
    Lists {
        resolver: ContentResolver::new(exchange).with_limit(Duration::from_secs(5)),
        store: Arc::clone(store) as _,
        guards: Guards::default(),
        clock: Arc::clone(clock) as _,
        metrics: ListMetrics::register(&Metrics::new().unwrap()).unwrap(),
    }
}

fn names(names: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(names.replace(' ', "\n"))
}

fn set(names: &str) -> BTreeSet<String> {
    names.split(' ').map(str::to_owned).collect()
}

#[tokio::test]
async fn one_list_that_is_missing_empty_or_a_page_keeps_its_names_and_holds_up_no_other() {
    let world = World::new().await;
    world.serve(names("bash zsh"), names("cmake")).await;
    assert_eq!(world.round().await.unwrap(), set("bash zsh cmake"));
    for broken in [
        ResponseTemplate::new(404),
        ResponseTemplate::new(200),
        ResponseTemplate::new(200).set_body_string("<html>\n<body>Oops</body>"),
    ] {
        world.serve(names("bash zsh sed"), broken).await;
        assert!(world.round().await.unwrap().contains("cmake"));
        let row = world.row("eln/buildroot-source").await;
        assert!(row.fault.is_some() && row.tried == world.clock.now(), "{row:?}");
    }
    assert_eq!(world.round().await.unwrap(), set("bash zsh sed cmake"));
}

#[tokio::test]
async fn where_no_list_was_ever_had_there_is_no_answer_and_it_says_why() {
    let world = World::new().await;
    world.serve(ResponseTemplate::new(404), ResponseTemplate::new(200)).await;
    let error = world.round().await.unwrap_err().to_string();
    assert!(error.contains("eln/source") && error.contains("404"), "{error}");
    assert!(error.contains("the list is empty"), "{error}");
    world.serve(ResponseTemplate::new(404), names("cmake")).await;
    assert_eq!(world.round().await.unwrap(), set("cmake"));
}

#[tokio::test]
async fn a_reader_that_begins_anew_goes_on_where_the_last_one_was() {
    let mut world = World::new().await;
    world.serve(names("bash"), names("cmake")).await;
    world.round().await.unwrap();
    world.serve(names("bash zsh"), names("cmake")).await;
    assert_eq!(world.round().await.unwrap(), set("bash cmake"), "seen once");
    world.lists = reader(&world.store, &world.clock);
    assert_eq!(world.round().await.unwrap(), set("bash cmake zsh"), "seen twice");
}

#[tokio::test]
async fn a_jump_acts_once_a_person_has_confirmed_this_very_jump() {
    let world = World::new().await;
    let many: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    world.serve(names("bash"), names("cmake")).await;
    world.round().await.unwrap();
    world.serve(names(&many.join(" ")), names("cmake")).await;
    assert_eq!(world.round().await.unwrap(), set("bash cmake"));
    let held = read(&world.row("eln/source").await).unwrap().held().unwrap().since;
    {
        let mut rows = world.store.rows();
        rows.lists.get_mut("eln/source").unwrap().confirmed = Some(held + Duration::from_secs(1));
    }
    assert_eq!(world.round().await.unwrap().len(), 2, "another jump was meant");
    world.store.rows().lists.get_mut("eln/source").unwrap().confirmed = Some(held);
    assert_eq!(world.round().await.unwrap().len(), 41);
}

#[tokio::test]
async fn a_list_that_a_newer_program_wrote_is_left_alone() {
    let world = World::new().await;
    world.serve(names("bash"), names("cmake")).await;
    world.round().await.unwrap();
    {
        let mut rows = world.store.rows();
        let row = rows.lists.get_mut("eln/source").unwrap();
        row.state = row.state.replacen("\"v\":1", "\"v\":9", 1);
    }
    let error = world.round().await.unwrap_err().to_string();
    assert!(error.contains("eln/source") && error.contains("run the newer program"), "{error}");
    assert!(world.row("eln/source").await.state.contains("\"v\":9"));
}
