//! Tags, targets and package lists.

use ebs_shared::koji::xmlrpc::Value;

use super::find;
use crate::{
    koji::{
        args::Args,
        context::{Context, Failure},
        methods::list_tasks::page,
        render,
    },
    script::TagScript,
    world::{Refusal, State, Tag},
};

type Reply = Result<Value, Failure>;

pub(super) fn build_target(cx: &mut Context<'_>, args: &Args) -> Reply {
    let named = args.get("info");
    match find::target(cx.state, named)? {
        Some(target) => Ok(render::target(cx.state, target)),
        None if args.truth("strict", false) => {
            let name = named.as_str().map_or_else(|| format!("{named:?}"), str::to_owned);
            Err(Refusal::generic(format!("No such build target: {name}")).into())
        }
        None => Ok(Value::Nil),
    }
}

pub(super) fn build_targets(cx: &mut Context<'_>, args: &Args) -> Reply {
    let wanted = args.get("info");
    let rows = cx.state.targets().filter(|target| match wanted {
        Value::Str(name) => target.name == *name,
        Value::Int(id) => target.id == *id,
        _ => true,
    });
    Ok(rows.map(|target| render::target(cx.state, target)).collect::<Vec<_>>().into())
}

pub(super) fn get_tag(cx: &mut Context<'_>, args: &Args) -> Reply {
    let named = args.get("tagInfo");
    let auto = args.text("event") == Some("auto");
    let mut found = find::tag(cx.state, named)?;
    if found.is_none() && auto {
        found = match named {
            Value::Str(name) => cx.state.tag_ever(name),
            Value::Int(id) => cx.state.tag_ever_by_id(*id),
            _ => None,
        };
    }
    let Some(tag) = found else {
        return if args.truth("strict", false) {
            Err(find::no_tag(named).into())
        } else {
            Ok(Value::Nil)
        };
    };
    let mut shown = render::tag(cx.state, tag);
    if let Some(event) = args.get("event").as_int() {
        shown.push(("query_event".to_owned(), event.into()));
    }
    if let Some(revoked) = tag.revoked {
        shown.extend(render::members([
            ("revoke_event", revoked.into()),
            ("query_event", (revoked - 1).into()),
        ]));
    }
    Ok(Value::Struct(shown))
}

pub(super) fn tag_id(cx: &mut Context<'_>, args: &Args) -> Reply {
    Ok(find::tag(cx.state, args.get("info"))?.map(|tag| tag.id).into())
}

pub(super) fn build_config(cx: &mut Context<'_>, args: &Args) -> Reply {
    let named = args.get("tag");
    let tag = find::tag(cx.state, named)?.ok_or_else(|| find::no_tag(named))?;
    let mut shown = render::tag(cx.state, tag);
    let inherited = Value::object([("extra", Value::Struct(Vec::new())), ("arches", Value::Nil)]);
    shown.push(("config_inheritance".to_owned(), inherited));
    Ok(Value::Struct(shown))
}

fn link(
    state: &State,
    child: &Tag,
    parent: i64,
    depth: i64,
    priority: usize,
) -> Vec<(String, Value)> {
    let priority = i64::try_from(priority).unwrap_or(i64::MAX);
    render::members([
        ("intransitive", false.into()),
        ("maxdepth", Value::Nil),
        ("name", state.tag_ever_by_id(parent).map(|tag| tag.name.clone()).into()),
        ("noconfig", false.into()),
        ("parent_id", parent.into()),
        ("pkg_filter", "".into()),
        ("priority", priority.into()),
        ("child_id", child.id.into()),
        ("nextdepth", Value::Nil),
        ("currdepth", depth.into()),
        ("filter", Value::Array(Vec::new())),
    ])
}

pub(super) fn full_inheritance(cx: &mut Context<'_>, args: &Args) -> Reply {
    let first = find::tag_id(cx.state, args.get("tag"))?;
    let mut rows = Vec::new();
    let mut todo = vec![(first, 1)];
    while let Some((id, depth)) = todo.pop() {
        let Some(tag) = cx.state.tag(id) else { continue };
        for (priority, parent) in tag.parents.iter().enumerate() {
            rows.push(Value::Struct(link(cx.state, tag, *parent, depth, priority)));
            todo.push((*parent, depth + 1));
        }
    }
    Ok(rows.into())
}

pub(super) fn inheritance(cx: &mut Context<'_>, args: &Args) -> Reply {
    let id = find::tag_id(cx.state, args.get("tag"))?;
    let Some(tag) = cx.state.tag(id) else { return Ok(Value::Array(Vec::new())) };
    let rows = tag.parents.iter().enumerate().map(|(priority, parent)| {
        let mut row = link(cx.state, tag, *parent, 1, priority);
        row.retain(|(name, _)| !matches!(name.as_str(), "nextdepth" | "currdepth" | "filter"));
        Value::Struct(row)
    });
    Ok(rows.collect::<Vec<_>>().into())
}

pub(super) fn list_tags(cx: &mut Context<'_>, args: &Args) -> Reply {
    let (build, package) = (args.get("build"), args.get("package"));
    if !build.is_nil() && !package.is_nil() {
        return Err(Refusal::generic("only one of build and package may be specified").into());
    }
    let rows: Vec<&Tag> = if build.is_nil() {
        let pattern = args.text("pattern");
        cx.state
            .live_tags()
            .filter(|tag| pattern.is_none_or(|glob| matches_glob(glob, &tag.name)))
            .collect()
    } else {
        let Some(found) = find::build(cx.state, build)? else {
            let name = build
                .as_str()
                .map_or_else(|| format!("{}", build.as_int().unwrap_or(0)), str::to_owned);
            return Err(Refusal::generic(format!("No such build: {name}")).into());
        };
        cx.state.tags_of(found.id).collect()
    };
    let perms = args.truth("perms", true);
    let rows = rows.into_iter().map(|tag| {
        let mut row = render::tag_row(tag);
        row.retain(|(name, _)| perms || !name.starts_with("perm"));
        row
    });
    page(rows.collect(), args.get("queryOpts"))
}

/// Shell patterns with `*` and `?`, letters of either case.
pub(super) fn matches_glob(glob: &str, text: &str) -> bool {
    fn matches(glob: &[char], text: &[char]) -> bool {
        match (glob.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                matches(rest, text)
                    || text.split_first().is_some_and(|(_, text)| matches(glob, text))
            }
            (Some(('?', rest)), Some((_, text))) => matches(rest, text),
            (Some((letter, rest)), Some((other, text))) => letter == other && matches(rest, text),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
    let letters = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    matches(&letters(glob), &letters(text))
}

fn package_row(state: &State, list: &Tag, name: &str) -> Value {
    let owner = state.user_named("ebs").map_or(1, |user| user.id);
    Value::object([
        ("blocked", list.blocked.contains(name).into()),
        ("extra_arches", Value::Nil),
        ("owner_id", owner.into()),
        ("owner_name", state.user_name(owner).into()),
        ("package_id", state.known_package(name).into()),
        ("package_name", name.into()),
        ("tag_id", list.id.into()),
        ("tag_name", list.name.as_str().into()),
    ])
}

/// The tag in whose list a package stands, as seen from another; a tag that lists all has it too.
fn listing<'a>(state: &'a State, tag: i64, package: &str) -> Option<&'a Tag> {
    state.check_package(tag, package).ok()?;
    let tags = state.ancestry(tag).into_iter().filter_map(|id| state.tag(id));
    tags.into_iter().find(|tag| match &tag.packages {
        Some(list) => list.contains(package),
        None => tag.parents.is_empty(),
    })
}

pub(super) fn list_packages(cx: &mut Context<'_>, args: &Args) -> Reply {
    let named = args.get("tagID");
    if named.is_nil() {
        let rows = cx.state.packages().iter().map(|package| {
            Value::object([
                ("package_id", package.id.into()),
                ("package_name", package.name.as_str().into()),
            ])
        });
        return Ok(rows.collect::<Vec<_>>().into());
    }
    let tag = find::tag_id(cx.state, named)?;
    let wanted = args.text("pkgID");
    let mut rows = Vec::new();
    for package in
        cx.state.packages().iter().filter(|package| wanted.is_none_or(|name| name == package.name))
    {
        if let Some(list) = listing(cx.state, tag, &package.name)
            && (list.id == tag || args.truth("inherited", false))
        {
            rows.push(package_row(cx.state, list, &package.name));
        }
    }
    Ok(rows.into())
}

pub(super) fn package_config(cx: &mut Context<'_>, args: &Args) -> Reply {
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    let name = args.text("pkg").unwrap_or_default();
    let known = cx.state.known_package(name).and_then(|_| listing(cx.state, tag, name));
    Ok(known.map_or(Value::Nil, |list| package_row(cx.state, list, name)))
}

pub(super) fn check_tag_package(cx: &mut Context<'_>, args: &Args) -> Reply {
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    Ok(cx.state.check_package(tag, args.text("pkg").unwrap_or_default()).is_ok().into())
}

pub(super) fn get_package(cx: &mut Context<'_>, args: &Args) -> Reply {
    let found = cx.state.packages().iter().find(|package| match args.get("info") {
        Value::Int(id) => package.id == *id,
        Value::Str(name) => package.name == *name,
        _ => false,
    });
    Ok(found.map_or(Value::Nil, |package| {
        Value::object([("id", package.id.into()), ("name", package.name.as_str().into())])
    }))
}

pub(super) fn create_tag(cx: &mut Context<'_>, args: &Args) -> Reply {
    cx.permitted("tag")?;
    let new = TagScript {
        name: args.text("name").unwrap_or_default().to_owned(),
        arches: args.text("arches").unwrap_or_default().to_owned(),
        parents: args.text("parent").map(str::to_owned).into_iter().collect(),
        ..TagScript::default()
    };
    cx.changed = true;
    Ok(cx.state.create_tag(&new).into())
}
