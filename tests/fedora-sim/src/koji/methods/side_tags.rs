//! The side-tag plugin's methods.

use ebs_shared::koji::xmlrpc::Value;

use super::{find, list_tasks::page};
use crate::{
    koji::{
        args::{Args, truthy},
        context::{Context, Failure},
        render,
    },
    world::{Refusal, RepoAsk},
};

type Reply = Result<Value, Failure>;

pub(super) fn create(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let base = find::tag_id(cx.state, args.get("basetag"))?;
    let debuginfo = args.truth("debuginfo", false);
    let id = cx.state.create_side_tag(base, user, args.text("suffix"), debuginfo)?;
    cx.changed = true;
    let request = if cx.state.script.side_tag_repo {
        let (_, request, _) = cx.state.request_repo(id, RepoAsk::Last, user)?;
        request
            .and_then(|id| cx.state.repo_request(id))
            .map(|request| render::repo_request(cx.state, request))
    } else {
        None
    };
    let name = cx.state.tag(id).map(|tag| tag.name.clone());
    Ok(Value::object([
        ("name", name.into()),
        ("id", id.into()),
        ("task_id", Value::Nil),
        ("request", request.into()),
    ]))
}

pub(super) fn remove(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let tag = find::tag_id(cx.state, args.get("sidetag"))?;
    cx.state.remove_side_tag(tag, user)?;
    cx.changed = true;
    Ok(Value::Nil)
}

pub(super) fn list(cx: &mut Context<'_>, args: &Args) -> Reply {
    let base = match args.get("basetag") {
        Value::Nil => None,
        named => Some(find::tag_id(cx.state, named)?),
    };
    let user = match args.get("user") {
        Value::Nil => None,
        named => match find::user(cx.state, named)? {
            Some(user) => Some(user.id),
            None => {
                return Err(Refusal::generic(format!(
                    "No such user: {}",
                    crate::koji::args::repr(named)
                ))
                .into());
            }
        },
    };
    let rows = cx.state.side_tags(base, user).map(|tag| {
        // Yes, a text: the plugin reads it from the tag's extra data.
        let owner = tag.side_tag_of.unwrap_or(0);
        render::members([
            ("id", tag.id.into()),
            ("name", tag.name.as_str().into()),
            ("user_id", owner.to_string().into()),
            ("user_name", cx.state.user_name(owner).into()),
        ])
    });
    page(rows.collect(), args.get("queryOpts"))
}

pub(super) fn edit(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let id = find::tag_id(cx.state, args.get("sidetag"))?;
    let owner = cx.state.tag(id).and_then(|tag| tag.side_tag_of);
    if owner.is_none() {
        return Err(Refusal::generic("Not a sidetag").into());
    }
    if owner != Some(user) && !cx.is_admin() {
        return Err(Refusal::new(1004, "This is not your sidetag").into());
    }
    if truthy(args.get("rpm_macros")) || truthy(args.get("remove_rpm_macros")) {
        return Err(Refusal::generic("RPM macros change is not allowed in parent tag.").into());
    }
    if !args.get("debuginfo").is_nil() {
        return Err(Refusal::generic("Debuginfo setting is not allowed in parent tag.").into());
    }
    Ok(Value::Nil)
}
