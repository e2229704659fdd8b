//! Build records, and asking for builds.

use ebs_shared::koji::xmlrpc::Value;

use super::{
    find,
    list_tasks::{check_page, page},
    tags::matches_glob,
};
use crate::{
    koji::{
        args::{Args, number, repr, wrong_type},
        context::{Context, Failure},
        render,
    },
    world::{Build, BuildState, Refusal, State},
};

type Reply = Result<Value, Failure>;

/// Fields by which builds can be ordered.
const FIELDS: [&str; 6] =
    ["build_id", "nvr", "name", "completion_time", "creation_time", "start_time"];

pub(super) fn get_build(cx: &mut Context<'_>, args: &Args) -> Reply {
    let named = args.get("buildInfo");
    match find::build(cx.state, named)? {
        Some(build) => Ok(render::build(cx.state, build)),
        None if args.truth("strict", false) => {
            Err(Refusal::generic(format!("No such build: {}", repr(named))).into())
        }
        None => Ok(Value::Nil),
    }
}

/// What the database would refuse while the reply is written.
pub(super) fn check(_: &State, args: &Args) -> Result<(), Refusal> {
    match args.get("state") {
        Value::Nil | Value::Int(_) => {}
        other => {
            let text = format!(
                "<class 'psycopg2.errors.InvalidTextRepresentation'>: invalid input syntax: {}",
                repr(other)
            );
            return Err(Refusal::new(1, text));
        }
    }
    check_page(args.get("queryOpts"), &FIELDS)
}

pub(super) fn list_builds(cx: &mut Context<'_>, args: &Args) -> Reply {
    check(cx.state, args)?;
    let state: &State = cx.state;
    let package = match args.get("packageID") {
        Value::Nil => None,
        Value::Str(name) => Some(state.known_package(name).unwrap_or(0)),
        other => Some(number(other)?),
    };
    let owner = match args.get("userID") {
        Value::Nil => None,
        named => Some(find::user(state, named)?.map_or(0, |user| user.id)),
    };
    let wanted = args.get("state").as_int();
    let fits = |build: &&Build| {
        package.is_none_or(|id| build.package == id)
            && owner.is_none_or(|id| build.owner == id)
            && wanted.is_none_or(|number| build.state.number() == number)
            && args.get("draft").as_bool().is_none_or(|draft| build.draft == draft)
            && args.text("prefix").is_none_or(|prefix| build.name.starts_with(prefix))
            && args.text("pattern").is_none_or(|glob| matches_glob(glob, &build.nvr()))
            && args
                .text("source")
                .is_none_or(|glob| matches_glob(glob, build.source.as_deref().unwrap_or_default()))
    };
    let rows: Vec<_> = match args.get("taskID") {
        Value::Nil => {
            state.builds().filter(fits).map(|build| render::build_row(state, build)).collect()
        }
        task => state
            .builds_of(number(task)?)
            .filter(fits)
            .map(|build| render::build_row(state, build))
            .collect(),
    };
    page(rows, args.get("queryOpts"))
}

pub(super) fn build_logs(cx: &mut Context<'_>, args: &Args) -> Reply {
    let id = find::build_id(cx.state, args.get("build"))?;
    let mut rows = Vec::new();
    if let Some(build) = cx.state.build(id).filter(|build| build.state == BuildState::Complete) {
        for arch in ["aarch64", "x86_64"] {
            for file in ["build.log", "state.log", "root.log"] {
                let path = format!(
                    "packages/{}/{}/{}/data/logs/{arch}/{file}",
                    build.name,
                    build.version,
                    build.release()
                );
                rows.push(Value::object([
                    ("name", file.into()),
                    ("dir", arch.into()),
                    ("path", path.into()),
                ]));
            }
        }
    }
    Ok(rows.into())
}

pub(super) fn cancel_build(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let id = find::build_id(cx.state, args.get("buildID"))?;
    let task = cx
        .state
        .build(id)
        .filter(|build| build.state == BuildState::Building)
        .and_then(|build| build.task);
    let Some(task) = task else { return Ok(false.into()) };
    cx.state.cancel_task(task, user)?;
    cx.changed = true;
    Ok(true.into())
}

pub(super) fn promote(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let id = find::build_id(cx.state, args.get("build"))?;
    cx.state.promote_build(id, user)?;
    cx.changed = true;
    Ok(cx.state.build(id).map_or(Value::Nil, |build| render::build(cx.state, build)))
}

/// Asks for a build. What the hub takes blindly is taken blindly: target, source and options.
pub(super) fn build(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let Some(source) = args.text("src") else {
        return Err(wrong_type(args.get("src"), "str").into());
    };
    let priority = match args.get("priority") {
        Value::Nil => 0,
        given => number(given)?,
    };
    if priority < 0 && !cx.is_admin() {
        return Err(Refusal::new(1004, "only admins may create high-priority tasks").into());
    }
    if let Some(channel) = args.text("channel").filter(|channel| *channel != "default") {
        return Err(Refusal::generic(format!("No such channel: {channel}")).into());
    }
    let target = match args.get("target") {
        Value::Str(name) => name.clone(),
        other => repr(other),
    };
    let opts = match args.get("opts") {
        Value::Nil => Value::Struct(Vec::new()),
        opts => opts.clone(),
    };
    cx.changed = true;
    Ok(cx.state.submit_build(source, &target, &opts, priority, user).into())
}
