//! The hub as our calls see it: [`Hub`] over a transport. Does *not* decide anything, and keeps nothing but who we are.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use ebs_domain::{
    id::{BuildId, EventId, RepoRequestId, TagName, TaskId, UserId},
    time::Timestamp,
};
use tokio::sync::OnceCell;

use super::{
    api::{
        BuildInfo, BuildOptions, BuildRequest, BuildTarget, Each, Hub, Listing, MAX_BULK, OwnTask,
        RepoAnswer, SideTag, TaggedBuild, TaskEnd, TaskInfo, User,
    },
    bulk,
    caller::{Caller, HubParts, refuse},
    error::{Fault, KojiError, KojiErrorKind},
    fault::{Meaning, meaning},
    rows::{
        BuildRow, EventRow, OwnTaskRow, RepoRow, ResultRow, SideTagRow, TagRow, TaggedRow,
        TargetRow, TaskRow, UserRow,
    },
    xmlrpc::{MethodCall, Value},
};

/// From this many packages on, a whole tag is listed instead of asking for each: one call for all, and less work for the hub.
const LIST_WHOLE_TAG_FROM: usize = 200;

/// Most tasks in one page of `listTasks`: each row carries its whole request and result.
const PAGE: usize = 500;

/// Most pages of one `listTasks`; a batch of all of ELN has about five.
const MAX_PAGES: usize = 100;

/// A client of one Koji hub.
///
/// Each method's time is limited by [`super::limits::KojiLimits`]: per multiCall, where there are several.
pub struct HubClient {
    caller: Caller,
    me: OnceCell<User>,
}

impl HubClient {
    /// A client made of these parts. Nothing is sent yet.
    #[must_use]
    pub fn new(parts: HubParts) -> Self {
        Self { caller: Caller::new(parts), me: OnceCell::new() }
    }

    /// The same as [`Hub::latest_of`], by one listing of the whole tag.
    async fn latest_of_all(
        &self,
        tag: &TagName,
        packages: &[String],
    ) -> Result<Vec<Option<TaggedBuild>>, KojiError> {
        let wanted: HashSet<&str> = packages.iter().map(String::as_str).collect();
        let all = self.list_tagged(tag, Listing::Latest).await?.into_iter();
        let by_package: HashMap<String, TaggedBuild> = all
            .filter(|tagged| wanted.contains(tagged.package.as_str()))
            .map(|tagged| (tagged.package.clone(), tagged))
            .collect();
        Ok(packages.iter().map(|package| by_package.get(package).cloned()).collect())
    }

    async fn tasks_chunk(&self, tasks: &[TaskId]) -> Result<Vec<Option<TaskInfo>>, KojiError> {
        const METHOD: &str = "getTaskInfo";
        let numbers: Vec<Value> = tasks.iter().map(|task| task.get().into()).collect();
        let rows: Vec<Option<TaskRow>> =
            self.caller.read(METHOD, MethodCall::new(METHOD).arg(numbers)).await?;
        if rows.len() != tasks.len() {
            let kind = KojiErrorKind::NoAnswer(format!(
                "{} tasks for {} asked for",
                rows.len(),
                tasks.len()
            ));
            return Err(KojiError { method: METHOD, kind });
        }
        Ok(rows.into_iter().map(|row| row.map(Into::into)).collect())
    }

    /// All pages of our own build tasks of which this is wanted beside.
    async fn own_builds(
        &self,
        owner: UserId,
        wanted: (&'static str, Value),
    ) -> Result<Vec<OwnTask>, KojiError> {
        const METHOD: &str = "listTasks";
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for page in 0..MAX_PAGES {
            let call = own_tasks_call(owner, wanted.clone(), page * PAGE);
            let rows: Vec<OwnTaskRow> = self.caller.read(METHOD, call).await?;
            let last = rows.len() < PAGE;
            // A task made meanwhile pushes the others to later pages, so one can come twice; none is missed.
            all.extend(
                rows.into_iter().map(OwnTask::from).filter(|task| seen.insert(task.info.task)),
            );
            if last {
                return Ok(all);
            }
        }
        Err(refuse(METHOD, "more tasks of ours than we read"))
    }
}

/// The values of a bulk read of which no element may fail.
fn all_of<T>(method: &'static str, answers: Vec<Each<T>>) -> Result<Vec<T>, KojiError> {
    let all: Result<Vec<T>, Fault> = answers.into_iter().collect();
    all.map_err(|fault| KojiError { method, kind: KojiErrorKind::Refused(fault) })
}

/// One call of this method for each thing.
fn each<T>(
    method: &'static str,
    things: &[T],
    with: impl Fn(MethodCall, &T) -> MethodCall,
) -> Vec<MethodCall> {
    things.iter().map(|thing| with(MethodCall::new(method), thing)).collect()
}

fn listing(tag: &TagName) -> MethodCall {
    MethodCall::new("listTagged").arg(tag.as_str())
}

/// Source: `build(src, target, opts, priority)`; options go by place and unmarked.
fn build_call(options: &BuildOptions, request: &BuildRequest) -> MethodCall {
    let token = Value::object([("token", request.token.to_string().into())]);
    let mut opts = vec![("fail_fast".to_owned(), options.fail_fast.into())];
    opts.push(("wait_repo".to_owned(), options.wait_repo.into()));
    if options.draft {
        opts.push(("draft".to_owned(), true.into()));
    }
    if options.scratch {
        opts.push(("scratch".to_owned(), true.into()));
    }
    opts.push(("custom_user_metadata".to_owned(), Value::object([("ebs", token)])));
    MethodCall::new("build")
        .arg(request.source.as_str())
        .arg(options.target.as_str())
        .arg(Value::Struct(opts))
        .arg(options.priority)
}

/// What `createdAfter` takes: seconds.
fn made_since(since: Timestamp) -> Value {
    f64::from(u32::try_from(since.millis().max(0) / 1000).unwrap_or(u32::MAX)).into()
}

/// Source: `listTasks`. The hub ignores keys that it does not know, and then gives everybody's tasks.
fn own_tasks_call(owner: UserId, wanted: (&'static str, Value), offset: usize) -> MethodCall {
    let filter = Value::object([
        ("owner", owner.get().into()),
        ("method", "build".into()),
        ("parent", Value::Nil),
        wanted,
        ("decode", true.into()),
    ]);
    let number = |count: usize| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    let order = Value::object([
        ("order", "-id".into()),
        ("offset", number(offset)),
        ("limit", number(PAGE)),
    ]);
    MethodCall::new("listTasks").arg(filter).arg(order)
}

#[async_trait]
impl Hub for HubClient {
    async fn whoami(&self) -> Result<User, KojiError> {
        const METHOD: &str = "getLoggedInUser";
        let ask = || async {
            let row: Option<UserRow> = self.caller.change(METHOD, MethodCall::new(METHOD)).await?;
            let anonymous =
                || KojiErrorKind::Login("the hub takes our session for nobody's".to_owned());
            row.map(User::from).ok_or_else(|| KojiError { method: METHOD, kind: anonymous() })
        };
        self.me.get_or_try_init(ask).await.cloned()
    }

    async fn user(&self, name: &str) -> Result<Option<User>, KojiError> {
        const METHOD: &str = "getUser";
        let row: Option<UserRow> =
            self.caller.read(METHOD, MethodCall::new(METHOD).arg(name)).await?;
        Ok(row.map(Into::into))
    }

    async fn build_target(&self, name: &TagName) -> Result<Option<BuildTarget>, KojiError> {
        const METHOD: &str = "getBuildTarget";
        let row: Option<TargetRow> =
            self.caller.read(METHOD, MethodCall::new(METHOD).arg(name.as_str())).await?;
        Ok(row.map(Into::into))
    }

    async fn tag_exists(&self, tag: &TagName) -> Result<bool, KojiError> {
        let row: Option<TagRow> =
            self.caller.read("getTag", MethodCall::new("getTag").arg(tag.as_str())).await?;
        Ok(row.is_some())
    }

    async fn tags_exist(&self, tags: &[TagName]) -> Result<Vec<bool>, KojiError> {
        let calls = each("getTag", tags, |call, tag| call.arg(tag.as_str()));
        let rows: Vec<Option<TagRow>> =
            all_of("getTag", bulk::read_each(&self.caller, "getTag", &calls).await?)?;
        Ok(rows.iter().map(Option::is_some).collect())
    }

    async fn list_side_tags(&self, base: &TagName, user: &str) -> Result<Vec<SideTag>, KojiError> {
        const METHOD: &str = "listSideTags";
        let call = MethodCall::new(METHOD).named("basetag", base.as_str()).named("user", user);
        let rows: Vec<SideTagRow> = self.caller.read(METHOD, call).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn create_side_tag(&self, base: &TagName) -> Result<SideTag, KojiError> {
        const METHOD: &str = "createSideTag";
        let row: SideTagRow =
            self.caller.change(METHOD, MethodCall::new(METHOD).arg(base.as_str())).await?;
        Ok(row.into())
    }

    async fn remove_side_tag(&self, tag: &TagName) -> Result<(), KojiError> {
        const METHOD: &str = "removeSideTag";
        self.caller.change(METHOD, MethodCall::new(METHOD).arg(tag.as_str())).await
    }

    async fn list_tagged(
        &self,
        tag: &TagName,
        wanted: Listing,
    ) -> Result<Vec<TaggedBuild>, KojiError> {
        let call = match wanted {
            Listing::All => listing(tag),
            Listing::Latest => listing(tag).named("latest", true),
        };
        let rows: Vec<TaggedRow> = self.caller.read("listTagged", call).await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    async fn latest_of(
        &self,
        tag: &TagName,
        packages: &[String],
    ) -> Result<Vec<Option<TaggedBuild>>, KojiError> {
        if packages.len() >= LIST_WHOLE_TAG_FROM {
            return self.latest_of_all(tag, packages).await;
        }
        let call = |package: &String| {
            listing(tag).named("latest", true).named("package", package.as_str())
        };
        let calls: Vec<MethodCall> = packages.iter().map(call).collect();
        let rows: Vec<Vec<TaggedRow>> =
            all_of("listTagged", bulk::read_each(&self.caller, "listTagged", &calls).await?)?;
        Ok(rows.into_iter().map(|found| found.into_iter().next().map(|row| row.0)).collect())
    }

    async fn tags_of(&self, builds: &[BuildId]) -> Result<Vec<Vec<TagName>>, KojiError> {
        let calls = each("listTags", builds, |call, build| call.named("build", build.get()));
        let answers: Vec<Each<Vec<TagRow>>> =
            bulk::read_each(&self.caller, "listTags", &calls).await?;
        let known = answers.into_iter().map(|answer| match answer {
            Err(fault) if meaning(&fault) == Meaning::NoSuchBuild => Ok(Vec::new()),
            other => other,
        });
        let rows = all_of("listTags", known.collect())?;
        // A tag whose name cannot be one for us cannot be one that we look for.
        Ok(rows
            .into_iter()
            .map(|tags| tags.into_iter().filter_map(|tag| tag.name.parse().ok()).collect())
            .collect())
    }

    async fn builds(&self, builds: &[BuildId]) -> Result<Vec<Option<BuildInfo>>, KojiError> {
        let calls = each("getBuild", builds, |call, build| call.arg(build.get()));
        let rows: Vec<Option<BuildRow>> =
            all_of("getBuild", bulk::read_each(&self.caller, "getBuild", &calls).await?)?;
        Ok(rows.into_iter().map(|row| row.map(Into::into)).collect())
    }

    async fn tag_builds(
        &self,
        tag: &TagName,
        builds: &[BuildId],
    ) -> Result<Vec<Each<TaskId>>, KojiError> {
        let calls = each("tagBuild", builds, |call, build| call.arg(tag.as_str()).arg(build.get()));
        bulk::change_each(&self.caller, "tagBuild", &calls).await
    }

    async fn untag_builds(
        &self,
        tag: &TagName,
        builds: &[BuildId],
    ) -> Result<Vec<Each<()>>, KojiError> {
        let calls =
            each("untagBuild", builds, |call, build| call.arg(tag.as_str()).arg(build.get()));
        bulk::change_each(&self.caller, "untagBuild", &calls).await
    }

    async fn promote_builds(&self, builds: &[BuildId]) -> Result<Vec<Each<BuildInfo>>, KojiError> {
        let calls = each("promoteBuild", builds, |call, build| call.arg(build.get()));
        let rows: Vec<Each<BuildRow>> =
            bulk::change_each(&self.caller, "promoteBuild", &calls).await?;
        Ok(rows.into_iter().map(|row| row.map(Into::into)).collect())
    }

    async fn last_change(&self, tag: &TagName) -> Result<EventId, KojiError> {
        const METHOD: &str = "tagLastChangeEvent";
        self.caller
            .read(METHOD, MethodCall::new(METHOD).arg(tag.as_str()).named("inherit", false))
            .await
    }

    async fn last_event(&self) -> Result<EventId, KojiError> {
        const METHOD: &str = "getLastEvent";
        let row: EventRow = self.caller.read(METHOD, MethodCall::new(METHOD)).await?;
        Ok(row.id)
    }

    async fn request_repo(
        &self,
        tag: &TagName,
        min_event: EventId,
    ) -> Result<RepoAnswer, KojiError> {
        const METHOD: &str = "repo.request";
        let call = MethodCall::new(METHOD).arg(tag.as_str()).named("min_event", min_event.get());
        let row: RepoRow = self.caller.change(METHOD, call).await?;
        Ok(row.into())
    }

    async fn check_repo(&self, request: RepoRequestId) -> Result<RepoAnswer, KojiError> {
        const METHOD: &str = "repo.checkRequest";
        let answer: Result<RepoRow, _> =
            self.caller.read(METHOD, MethodCall::new(METHOD).arg(request.get())).await;
        match answer {
            Ok(row) => Ok(row.into()),
            // Forgotten a day after its end.
            Err(error) if error.fault().map(meaning) == Some(Meaning::NoSuchRequest) => {
                Ok(RepoAnswer::GivenUp)
            }
            Err(error) => Err(error),
        }
    }

    async fn submit_builds(
        &self,
        options: &BuildOptions,
        builds: &[BuildRequest],
    ) -> Result<Vec<Each<TaskId>>, KojiError> {
        if builds.len() > MAX_BULK {
            return Err(refuse("build", "more builds than go into one call"));
        }
        let calls: Vec<MethodCall> =
            builds.iter().map(|build| build_call(options, build)).collect();
        bulk::change_together(&self.caller, "build", &calls).await
    }

    async fn cancel_tasks(&self, tasks: &[TaskId]) -> Result<Vec<Each<()>>, KojiError> {
        let calls = each("cancelTask", tasks, |call, task| call.arg(task.get()));
        bulk::change_each(&self.caller, "cancelTask", &calls).await
    }

    async fn tasks(&self, tasks: &[TaskId]) -> Result<Vec<Option<TaskInfo>>, KojiError> {
        bulk::read_chunks(&self.caller, tasks.chunks(MAX_BULK), |some| self.tasks_chunk(some)).await
    }

    async fn builds_of_tasks(&self, tasks: &[TaskId]) -> Result<Vec<Vec<BuildInfo>>, KojiError> {
        const METHOD: &str = "listBuilds";
        let calls = each(METHOD, tasks, |call, task| call.named("taskID", task.get()));
        let rows: Vec<Vec<BuildRow>> =
            all_of(METHOD, bulk::read_each(&self.caller, METHOD, &calls).await?)?;
        Ok(rows.into_iter().map(|builds| builds.into_iter().map(Into::into).collect()).collect())
    }

    async fn task_ends(&self, tasks: &[TaskId]) -> Result<Vec<TaskEnd>, KojiError> {
        const METHOD: &str = "getTaskResult";
        let questions = |task: &TaskId| {
            [
                MethodCall::new(METHOD).arg(task.get()).named("raise_fault", false),
                MethodCall::new("getTaskChildren").arg(task.get()),
                MethodCall::new("listBuilds").named("taskID", task.get()),
            ]
        };
        let calls: Vec<_> = tasks.iter().map(questions).collect();
        let answers = bulk::read_triples::<ResultRow, Vec<TaskRow>, Vec<BuildRow>>(
            &self.caller,
            METHOD,
            &calls,
        )
        .await?;
        let refused = |fault| KojiError { method: METHOD, kind: KojiErrorKind::Refused(fault) };
        let ends = tasks.iter().zip(answers).map(|(task, (result, children, builds))| {
            Ok(TaskEnd {
                task: *task,
                // A task that was cancelled or has not ended has no result, and says so by a fault of the call.
                fault: result.ok().and_then(|row| row.0),
                children: children.map_err(refused)?.into_iter().map(Into::into).collect(),
                builds: builds.map_err(refused)?.into_iter().map(Into::into).collect(),
            })
        });
        ends.collect()
    }

    async fn own_open_builds(&self, owner: UserId) -> Result<Vec<OwnTask>, KojiError> {
        // FREE, OPEN, ASSIGNED: an array, since one number alone is a fault of the database.
        let open = vec![Value::Int(0), Value::Int(1), Value::Int(4)];
        self.own_builds(owner, ("state", open.into())).await
    }

    async fn own_builds_since(
        &self,
        owner: UserId,
        since: Timestamp,
    ) -> Result<Vec<OwnTask>, KojiError> {
        self.own_builds(owner, ("createdAfter", made_since(since))).await
    }
}
