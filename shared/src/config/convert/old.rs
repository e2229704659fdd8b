//! What a file in DistroBaker's form says that still means something. The rest is told as left out.

use ebs_domain::{
    id::{Component, InvalidName, PackageName, TagName},
    policy::Pattern,
};
use url::Url;

use crate::config::{
    block::Block,
    dynamic,
    node::{FromNode, Place},
    tree::{Entry, Node, Value},
    upstream::OneOrMany,
};

/// Why dist-git's keys have no place.
const NO_SYNC: &str = "left out: sources are not copied between dist-gits";

/// Why modules have no place.
const NO_MODULES: &str = "left out: there are no modules";

/// What the older form says that still means something.
#[derive(Debug)]
pub(super) struct Old {
    pub(super) profile: String,
    pub(super) trigger_tag: TagName,
    pub(super) target: TagName,
    pub(super) scratch: bool,
    pub(super) fail_fast: bool,
    pub(super) control: Control,
    pub(super) overrides: Vec<(Component, PackageName)>,
}

/// `configuration.control`.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) pause: bool,
    pub(super) batch_size: Option<u32>,
    pub(super) lists: Option<(Vec<String>, Option<Url>)>,
    pub(super) skip_tag: Vec<Pattern>,
    pub(super) exclude: Vec<Pattern>,
    pub(super) ordering: Vec<(Pattern, i64)>,
}

impl Old {
    pub(super) fn read(mut root: Block<'_, '_>) -> Option<Self> {
        let mut inner = root.need_sub("configuration")?;
        for key in ["source", "git", "defaults"] {
            leave_out(&mut inner, key, NO_SYNC);
        }
        let profile = inner.need_sub("destination").and_then(|mut block| {
            for key in ["scm", "cache", "mbs"] {
                leave_out(&mut block, key, NO_SYNC);
            }
            let profile = block.need("profile");
            block.close();
            profile
        });
        let trigger_tag = inner.need_sub("trigger").and_then(|mut block| {
            leave_out(&mut block, "modules", NO_MODULES);
            let tag = block.need("rpms");
            block.close();
            tag
        });
        let build = inner.need_sub("build").map(|mut block| {
            leave_out(&mut block, "prefix", "left out: each build comes from where Rawhide's came");
            leave_out(&mut block, "platform", NO_MODULES);
            let build =
                (block.need("target"), block.or("scratch", false), block.or("fail_fast", false));
            block.close();
            build
        });
        let control = inner.need_sub("control").map(Control::read);
        inner.close();
        let overrides = root.sub("components").map(components).unwrap_or_default();
        root.close();
        let (target, scratch, fail_fast) = build?;
        Some(Self {
            profile: profile?,
            trigger_tag: trigger_tag?,
            target: target?,
            scratch,
            fail_fast,
            control: control?,
            overrides,
        })
    }
}

impl Control {
    fn read(mut block: Block<'_, '_>) -> Self {
        for key in ["merge", "strict"] {
            leave_out(&mut block, key, NO_SYNC);
        }
        leave_out(
            &mut block,
            "db",
            "left out: `ebs.database` or `configuration.db` says where the state is kept",
        );
        let builds = block.or("build", true);
        if !builds {
            block.warn_at("build", "left out: `pause: true` is written, so that nothing is built");
        }
        let paused = block.or("pause", false);
        let lists = block.sub("autopackagelist").and_then(|mut block| {
            let (view, resolver) = (block.need::<OneOrMany>("view"), block.get("content_resolver"));
            block.close();
            Some((view?.0, resolver))
        });
        let control = Self {
            pause: paused || !builds,
            batch_size: block.get("update_batch_size"),
            lists,
            skip_tag: rpms(&mut block, "skip_tag", Vec::read).unwrap_or_default(),
            exclude: rpms(&mut block, "exclude", Vec::read).unwrap_or_default(),
            ordering: rpms(&mut block, "ordering", |node, place| Some(ordering(node, place)))
                .unwrap_or_default(),
        };
        block.close();
        control
    }
}

/// A key that has no place in the two files, unless it says nothing.
fn leave_out(block: &mut Block<'_, '_>, key: &'static str, why: &str) {
    let says = |node: &Node| match &node.value {
        Value::Scalar { .. } => !node.is_null(),
        Value::List(items) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
    };
    if block.raw(key).is_some_and(|(node, _)| says(node)) {
        block.warn_at(key, why);
    }
}

/// What stands below `rpms` of a key. Nothing there means none.
fn rpms<T>(
    block: &mut Block<'_, '_>,
    key: &'static str,
    read: impl FnOnce(&Node, &Place<'_>) -> Option<T>,
) -> Option<T> {
    if block.raw(key).is_some_and(|(node, _)| node.is_null()) {
        return None;
    }
    let mut sub = block.sub(key)?;
    leave_out(&mut sub, "modules", NO_MODULES);
    let rpms = sub.raw("rpms").filter(|(node, _)| !node.is_null());
    sub.close();
    let (node, place) = rpms?;
    read(node, &place)
}

fn ordering(node: &Node, place: &Place<'_>) -> Vec<(Pattern, i64)> {
    dynamic::ordering(Block::warning(node, place.clone()))
}

fn components(mut block: Block<'_, '_>) -> Vec<(Component, PackageName)> {
    leave_out(&mut block, "modules", NO_MODULES);
    let rpms = if block.raw("rpms").is_some_and(|(node, _)| node.is_null()) {
        None
    } else {
        block.sub("rpms")
    };
    block.close();
    let Some(mut rpms) = rpms else { return Vec::new() };
    rpms.free().into_iter().filter_map(|(entry, place)| component(entry, &place)).collect()
}

/// One package: under which name Rawhide has it follows from the repository that it came from.
fn component(entry: &Entry, place: &Place<'_>) -> Option<(Component, PackageName)> {
    let fault = |text: String| place.notes.fault(&place.path, Some(entry.line), text);
    let name: Component = entry.key.parse().map_err(|e| fault(format!("{e}"))).ok()?;
    if entry.node.is_null() {
        return Some((name, entry.key.parse().ok()?));
    }
    let mut block = Block::warning(&entry.node, place.clone());
    for key in ["destination", "cache"] {
        leave_out(&mut block, key, NO_SYNC);
    }
    let source: Option<String> = block.get("source");
    let source = source.unwrap_or_else(|| entry.key.clone()).replace("%(component)s", &entry.key);
    let (repository, branch) = source.split_once('#').unwrap_or((&source, ""));
    if !branch.is_empty() {
        let text =
            format!("the branch `{branch}` is left out: the commit is that of Rawhide's build");
        block.warn_at("source", text);
    }
    let last = repository.rsplit('/').next().unwrap_or(repository);
    let upstream = last.strip_suffix(".git").unwrap_or(last).parse();
    let upstream = upstream.map_err(|e: InvalidName| block.fault_at("source", e.to_string())).ok();
    block.close();
    Some((name, upstream?))
}
