//! Repos, requests for them, and a tag's newest change.

use ebs_shared::koji::xmlrpc::Value;

use super::find;
use crate::{
    koji::{
        args::Args,
        context::{Context, Failure},
        render,
    },
    world::{Refusal, RepoAsk},
};

type Reply = Result<Value, Failure>;

fn shown(cx: &Context<'_>, repo: Option<i64>) -> Value {
    repo.and_then(|id| cx.state.repo(id)).map_or(Value::Nil, |repo| render::repo(cx.state, repo))
}

fn shown_request(cx: &Context<'_>, request: Option<i64>) -> Value {
    let request = request.and_then(|id| cx.state.repo_request(id));
    request.map_or(Value::Nil, |request| render::repo_request(cx.state, request))
}

pub(super) fn get_repo(cx: &mut Context<'_>, args: &Args) -> Reply {
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    let event = args.get("min_event").as_int().unwrap_or(0);
    let repo = cx.state.ready_repo(tag, event).map(|repo| repo.id);
    Ok(shown(cx, repo))
}

pub(super) fn get(cx: &mut Context<'_>, args: &Args) -> Reply {
    get_repo(cx, args)
}

pub(super) fn repo_info(cx: &mut Context<'_>, args: &Args) -> Reply {
    let id = args.number("repo_id")?;
    if cx.state.repo(id).is_none() && args.truth("strict", false) {
        return Err(Refusal::generic("query returned no rows").into());
    }
    Ok(shown(cx, Some(id)))
}

pub(super) fn request(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    if !args.get("at_event").is_nil() && !args.get("min_event").is_nil() {
        return Err(Refusal::new(1019, "at_event and min_event options conflict").into());
    }
    if args.get("priority").as_int().is_some_and(|priority| priority < 0) && !cx.is_admin() {
        return Err(Refusal::new(1004, "only admins may create high-priority tasks").into());
    }
    let ask = match args.get("min_event") {
        Value::Nil => RepoAsk::Lag,
        Value::Int(event) => RepoAsk::Event(*event),
        Value::Str(text) if text == "last" => RepoAsk::Last,
        other => return Err(crate::koji::args::wrong_type(other, "int").into()),
    };
    let (repo, request, duplicate) = cx.state.request_repo(tag, ask, user)?;
    cx.changed |= request.is_some() && !duplicate;
    Ok(Value::object([
        ("repo", shown(cx, repo)),
        ("request", shown_request(cx, request)),
        ("duplicate", duplicate.into()),
    ]))
}

pub(super) fn check(cx: &mut Context<'_>, args: &Args) -> Reply {
    let id = args.number("req_id")?;
    let Some(request) = cx.state.repo_request(id) else {
        return Err(Refusal::generic("No such request").into());
    };
    let (repo, task) = (request.repo, request.task);
    let mut members =
        render::members([("repo", shown(cx, repo)), ("request", shown_request(cx, Some(id)))]);
    if let (None, Some(task)) = (repo, task.and_then(|task| cx.state.task(task))) {
        members.push(("task".to_owned(), Value::Struct(render::task(task, false))));
    }
    Ok(Value::Struct(members))
}

pub(super) fn new_repo(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.permitted("regen-repo")?;
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    cx.changed = true;
    let (_, request, _) = cx.state.request_repo(tag, RepoAsk::Last, user)?;
    Ok(request.and_then(|id| cx.state.repo_request(id)).and_then(|request| request.task).into())
}

pub(super) fn last_change(cx: &mut Context<'_>, args: &Args) -> Reply {
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    Ok(cx.state.last_change(tag, args.truth("inherit", true)).into())
}
