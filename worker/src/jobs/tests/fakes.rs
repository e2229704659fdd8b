use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use ebs_domain::{
    id::{BatchId, BuildId, Epoch, EventId, RepoRequestId, TagName, TaskId, Token, UserId},
    time::Timestamp,
};
use ebs_shared::{
    bodhi::api::{BodhiError, BodhiErrorKind, NewUpdate, OwnUpdate, Update, Updates},
    clock::Clock,
    job::{Answer, Job, PROTOCOL, Report, Work},
    koji::{
        api::{
            BuildInfo, BuildOptions, BuildRequest, BuildState, BuildTarget, Each, Hub, Listing,
            OwnTask, RepoAnswer, SideTag, TaggedBuild, TaskEnd, TaskInfo, TaskState, User,
        },
        error::{Fault, KojiError, KojiErrorKind},
    },
    queue::{Held, Lane},
};
use tokio::time::Instant;

use crate::{Handler, Verdict, jobs::Jobs, lease::Lease};

pub(super) const LEASE: Duration = Duration::from_secs(60);
pub(super) const NOW: i64 = 1_800_000_000_000;

/// One answer of a neighbour, by the name of the call.
pub(super) enum Reply {
    Whoami,
    Own(Vec<OwnTask>),
    Submit(Vec<Each<TaskId>>),
    Cancel(Vec<Each<()>>),
    Tasks(Vec<Option<TaskInfo>>),
    Ends(Vec<TaskEnd>),
    BuildsOf(Vec<Vec<BuildInfo>>),
    Builds(Vec<Option<BuildInfo>>),
    Tagged(Vec<i64>),
    Latest(Vec<Option<TaggedBuild>>),
    Repo(RepoAnswer),
    KojiFails(KojiErrorKind),
    Create(Update),
    Find(Option<Update>),
    Holding(Vec<Update>),
    Updates(Vec<Option<Update>>),
    BodhiFails(BodhiErrorKind),
}

/// Both neighbours: they give the answers in order, and keep what they were asked.
#[derive(Default)]
pub(super) struct Neighbours {
    replies: Mutex<VecDeque<Reply>>,
    pub(super) asked: Mutex<Vec<String>>,
}

impl Neighbours {
    fn next(&self, call: String) -> Reply {
        let reply = self
            .replies
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(|| panic!("unexpected call: {call}"));
        self.asked.lock().unwrap().push(call);
        reply
    }

    fn koji<T>(&self, call: String, read: impl FnOnce(Reply) -> Option<T>) -> Result<T, KojiError> {
        let reply = self.next(call.clone());
        if let Reply::KojiFails(kind) = reply {
            return Err(KojiError { method: "call", kind });
        }
        Ok(read(reply).unwrap_or_else(|| panic!("the answer does not fit the call: {call}")))
    }

    fn bodhi<T>(
        &self,
        call: String,
        read: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, BodhiError> {
        let reply = self.next(call.clone());
        if let Reply::BodhiFails(kind) = reply {
            return Err(BodhiError { what: "call", kind });
        }
        Ok(read(reply).unwrap_or_else(|| panic!("the answer does not fit the call: {call}")))
    }
}

macro_rules! reply {
    ($variant:ident) => {
        |reply| if let Reply::$variant(value) = reply { Some(value) } else { None }
    };
}

#[async_trait]
impl Hub for Neighbours {
    async fn whoami(&self) -> Result<User, KojiError> {
        self.koji("whoami".to_owned(), |reply| {
            matches!(reply, Reply::Whoami)
                .then(|| User { id: UserId::new(7), name: "ebs".to_owned() })
        })
    }
    async fn user(&self, _: &str) -> Result<Option<User>, KojiError> {
        panic!("no job asks this")
    }
    async fn build_target(&self, _: &TagName) -> Result<Option<BuildTarget>, KojiError> {
        panic!("no job asks this")
    }
    async fn tag_exists(&self, _: &TagName) -> Result<bool, KojiError> {
        panic!("no job asks this")
    }
    async fn tags_exist(&self, _: &[TagName]) -> Result<Vec<bool>, KojiError> {
        panic!("no job asks this")
    }
    async fn list_side_tags(&self, _: &TagName, _: &str) -> Result<Vec<SideTag>, KojiError> {
        panic!("no job asks this")
    }
    async fn create_side_tag(&self, _: &TagName) -> Result<SideTag, KojiError> {
        panic!("no job asks this")
    }
    async fn remove_side_tag(&self, _: &TagName) -> Result<(), KojiError> {
        panic!("no job asks this")
    }
    async fn list_tagged(
        &self,
        tag: &TagName,
        listing: Listing,
    ) -> Result<Vec<TaggedBuild>, KojiError> {
        let rows = self.koji(format!("list_tagged {tag} {listing:?}"), reply!(Tagged))?;
        Ok(rows.into_iter().map(|build| tagged("pkg", build)).collect())
    }
    async fn latest_of(
        &self,
        tag: &TagName,
        names: &[String],
    ) -> Result<Vec<Option<TaggedBuild>>, KojiError> {
        self.koji(format!("latest_of {tag} {names:?}"), reply!(Latest))
    }
    async fn tags_of(&self, _: &[BuildId]) -> Result<Vec<Vec<TagName>>, KojiError> {
        panic!("no job asks this")
    }
    async fn builds(&self, builds: &[BuildId]) -> Result<Vec<Option<BuildInfo>>, KojiError> {
        self.koji(format!("builds {}", ids(builds)), reply!(Builds))
    }
    async fn tag_builds(&self, _: &TagName, _: &[BuildId]) -> Result<Vec<Each<TaskId>>, KojiError> {
        panic!("no job asks this")
    }
    async fn untag_builds(&self, _: &TagName, _: &[BuildId]) -> Result<Vec<Each<()>>, KojiError> {
        panic!("no job asks this")
    }
    async fn promote_builds(&self, _: &[BuildId]) -> Result<Vec<Each<BuildInfo>>, KojiError> {
        panic!("no job asks this")
    }
    async fn last_change(&self, _: &TagName) -> Result<EventId, KojiError> {
        panic!("no job asks this")
    }
    async fn last_event(&self) -> Result<EventId, KojiError> {
        panic!("no job asks this")
    }
    async fn request_repo(&self, _: &TagName, _: EventId) -> Result<RepoAnswer, KojiError> {
        panic!("no job asks this")
    }
    async fn check_repo(&self, request: RepoRequestId) -> Result<RepoAnswer, KojiError> {
        self.koji(format!("check_repo {request}"), reply!(Repo))
    }
    async fn submit_builds(
        &self,
        o: &BuildOptions,
        builds: &[BuildRequest],
    ) -> Result<Vec<Each<TaskId>>, KojiError> {
        let sources: Vec<&str> = builds.iter().map(|build| build.source.as_str()).collect();
        self.koji(format!("submit_builds {} {}", o.target, sources.join(" ")), reply!(Submit))
    }
    async fn cancel_tasks(&self, tasks: &[TaskId]) -> Result<Vec<Each<()>>, KojiError> {
        self.koji(format!("cancel_tasks {}", ids(tasks)), reply!(Cancel))
    }
    async fn tasks(&self, tasks: &[TaskId]) -> Result<Vec<Option<TaskInfo>>, KojiError> {
        self.koji(format!("tasks {}", ids(tasks)), reply!(Tasks))
    }
    async fn builds_of_tasks(&self, tasks: &[TaskId]) -> Result<Vec<Vec<BuildInfo>>, KojiError> {
        self.koji(format!("builds_of_tasks {}", ids(tasks)), reply!(BuildsOf))
    }
    async fn task_ends(&self, tasks: &[TaskId]) -> Result<Vec<TaskEnd>, KojiError> {
        self.koji(format!("task_ends {}", ids(tasks)), reply!(Ends))
    }
    async fn own_open_builds(&self, _: UserId) -> Result<Vec<OwnTask>, KojiError> {
        panic!("no job asks this")
    }
    async fn own_builds_since(
        &self,
        owner: UserId,
        since: Timestamp,
    ) -> Result<Vec<OwnTask>, KojiError> {
        let back = (NOW - since.millis()) / 1000;
        self.koji(format!("own_builds_since {owner}, {back} s ago"), reply!(Own))
    }
}

#[async_trait]
impl Updates for Neighbours {
    async fn create(&self, update: &NewUpdate, nvrs: &[String]) -> Result<Update, BodhiError> {
        self.bodhi(format!("create {} {}", update.from_tag, nvrs.join(" ")), reply!(Create))
    }
    async fn find(&self, from_tag: &TagName, nvr: &str) -> Result<Option<Update>, BodhiError> {
        self.bodhi(format!("find {from_tag} {nvr}"), reply!(Find))
    }
    async fn live_of(&self, _: &str) -> Result<Vec<OwnUpdate>, BodhiError> {
        panic!("no job asks this")
    }
    async fn holding(&self, nvrs: &[String]) -> Result<Vec<Update>, BodhiError> {
        self.bodhi(format!("holding {}", nvrs.join(" ")), reply!(Holding))
    }
    async fn updates(&self, aliases: &[String]) -> Result<Vec<Option<Update>>, BodhiError> {
        self.bodhi(format!("updates {}", aliases.join(" ")), reply!(Updates))
    }
}

impl Clock for Neighbours {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOW)
    }
}

fn ids<T: ToString>(ids: &[T]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Handles one payload; the neighbours must be asked all that they have answers for.
pub(super) async fn handle(
    payload: String,
    attempt: u32,
    replies: Vec<Reply>,
) -> (Verdict, Vec<String>) {
    let neighbours =
        Arc::new(Neighbours { replies: Mutex::new(replies.into()), asked: Mutex::default() });
    let jobs = Jobs {
        hub: Arc::clone(&neighbours) as Arc<dyn Hub>,
        updates: Arc::clone(&neighbours) as Arc<dyn Updates>,
        clock: Arc::clone(&neighbours) as Arc<dyn Clock>,
        worker: "one".to_owned(),
        create_limit: Duration::from_secs(50),
    };
    let begun = Instant::now();
    let held = Held {
        id: "7:1".to_owned(),
        lane: Lane::Submit,
        kind: String::new(),
        what: String::new(),
        payload,
        attempt,
        fence: u64::from(attempt),
        redeliver_after: Duration::ZERO,
        begun,
        entry: String::new(),
    };
    let (_lease, view) = Lease::from(begun, LEASE);
    let verdict = jobs.handle(&held, &view).await;
    assert_eq!(neighbours.replies.lock().unwrap().len(), 0, "answers were left over");
    let asked = neighbours.asked.lock().unwrap().clone();
    (verdict, asked)
}

/// The answer to one piece of work, and what was asked for it.
pub(super) async fn answer(work: Work, attempt: u32, replies: Vec<Reply>) -> (Answer, Vec<String>) {
    let job = Job {
        v: PROTOCOL,
        of: "7".to_owned(),
        run: 1,
        batch: Some(BatchId::new(1)),
        attempt: Some(1),
        epoch: Epoch::new(1),
        traceparent: String::new(),
        work,
    };
    let (verdict, asked) = handle(serde_json::to_string(&job).unwrap(), attempt, replies).await;
    let Verdict::Done(report) = verdict else { panic!("{verdict:?}") };
    let report: Report = serde_json::from_str(&report).unwrap();
    assert_eq!((report.of.as_str(), report.run, report.worker.as_str()), ("7", 1, "one"));
    (report.answer, asked)
}

pub(super) fn tag(name: &str) -> TagName {
    name.parse().unwrap()
}

pub(super) fn token(number: u32) -> Token {
    format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
}

pub(super) fn task(number: i64, state: TaskState) -> TaskInfo {
    TaskInfo {
        task: TaskId::new(number),
        state,
        method: "build".to_owned(),
        label: None,
        created: None,
        started: None,
        ended: None,
    }
}

pub(super) fn end(number: i64, fault: Option<&str>, builds: Vec<BuildInfo>) -> TaskEnd {
    let fault = fault.map(|text| Fault { code: 1000, text: text.to_owned() });
    TaskEnd { task: TaskId::new(number), fault, children: Vec::new(), builds }
}

pub(super) fn build(number: i64, state: BuildState) -> BuildInfo {
    BuildInfo {
        build: BuildId::new(number),
        package: "pkg".to_owned(),
        nvr: format!("pkg-{number}-1.eln"),
        epoch: None,
        state,
        draft: false,
        task: None,
        source: Some("git+https://src.example.org/pkg#1".to_owned()),
    }
}

pub(super) fn tagged(package: &str, build: i64) -> TaggedBuild {
    TaggedBuild {
        tag: tag("eln"),
        build: BuildId::new(build),
        package: package.to_owned(),
        nvr: format!("{package}-{build}-1.eln"),
        epoch: None,
        draft: false,
        tagged_at: EventId::new(1),
        made_at: None,
    }
}

pub(super) fn update(alias: &str) -> Update {
    Update {
        alias: alias.to_owned(),
        status: "pending".to_owned(),
        request: None,
        gating: None,
        pushed: false,
        from_tag: Some("errata".to_owned()),
        builds: vec!["pkg-1-1.eln".to_owned()],
    }
}

pub(super) fn no_answer() -> KojiErrorKind {
    KojiErrorKind::NoAnswer("cut".to_owned())
}

pub(super) fn away() -> KojiErrorKind {
    KojiErrorKind::Unavailable("offline".to_owned())
}

pub(super) fn refused(text: &str) -> KojiErrorKind {
    KojiErrorKind::Refused(Fault { code: 1000, text: text.to_owned() })
}
