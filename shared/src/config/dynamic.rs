//! The dynamic file: `configuration.control` and `components`. Read again while the service runs.

use std::{collections::BTreeMap, time::Duration};

use ebs_domain::{
    id::{Component, PackageName, TagName},
    policy::{Pattern, Rules},
};
use url::Url;

use super::{
    block::Block,
    kind::{Kind, OF_STATIC},
    node::{FromNode, Place},
    tree::Node,
    upstream::{OneOrMany, positive},
};

/// Where lists come from if the file does not say. **Source:** upstream's default.
const CONTENT_RESOLVER: &str = "https://tiny.distro.builders";

/// The lists there are. **Source:** Content Resolver's page `package-name-list`.
const SOURCES: [&str; 3] = ["source", "buildroot-source", "all-source"];

/// The dynamic file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamicConfig {
    /// What is done with components.
    pub control: Control,
    /// Where the list of components comes from; `None` if only overrides are listed.
    pub autopackagelist: Option<Autopackagelist>,
    /// Components named by hand, by downstream name.
    pub overrides: BTreeMap<Component, Override>,
}

/// `configuration.control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Do not start batches.
    pub pause: bool,
    /// The tag whose tag events trigger.
    pub trigger_tag: TriggerTag,
    /// Patterns and order numbers.
    pub rules: Rules,
    /// Time between two runs of the status page. Default: 10 min.
    pub status_interval: Duration,
}

/// The tag whose tag events trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerTag {
    /// This tag.
    Named(TagName),
    /// The stable tag of the release that Bodhi calls Rawhide now.
    Rawhide,
}

/// `components.autopackagelist`: lists of Content Resolver. Of two lists with one name the first listed counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autopackagelist {
    /// Views, such as `eln`.
    pub views: Vec<String>,
    /// Kinds of list, such as `source`.
    pub sources: Vec<String>,
    /// Base address.
    pub content_resolver: Url,
}

/// `components.overrides.NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// What Rawhide calls it. Default: the same name.
    pub upstream_name: PackageName,
}

impl DynamicConfig {
    /// Reads the whole document; `None` only after a fault.
    pub(super) fn read(mut root: Block<'_, '_>, kind: Kind) -> Option<Self> {
        let control = root.need_sub("configuration").and_then(|mut block| {
            let older = (kind == Kind::Single).then(|| older_tag(&mut block)).flatten();
            let control = block.need_sub("control").and_then(|block| Control::read(block, older));
            block.close();
            control
        });
        if kind == Kind::Single {
            // Of the static part.
            root.raw("ebs");
        }
        let components = root.need_sub("components").map(components);
        root.close();
        let ((autopackagelist, overrides), control) = (components?, control?);
        Some(Self { control, autopackagelist, overrides })
    }
}

/// The trigger tag of a single file, if it stands below `koji`, with its line.
fn older_tag(configuration: &mut Block<'_, '_>) -> Option<(TriggerTag, usize)> {
    for key in OF_STATIC {
        // Of the static part.
        configuration.raw(key);
    }
    let mut koji = configuration.sub("koji")?;
    Some((koji.get("trigger_tag")?, koji.line_of("trigger_tag")))
}

/// The trigger tag where it stands in all but the older single file, or else the one that was found there.
fn trigger_tag(
    block: &mut Block<'_, '_>,
    older: Option<(TriggerTag, usize)>,
) -> Option<TriggerTag> {
    let Some((tag, line)) = older else { return block.need("trigger_tag") };
    if block.raw("trigger_tag").is_none() {
        return Some(tag);
    }
    let own: Option<TriggerTag> = block.get("trigger_tag");
    if own.as_ref().is_some_and(|own| *own != tag) {
        let text = format!("another tag than `koji.trigger_tag` in line {line}: remove one");
        block.fault_at("trigger_tag", text);
    }
    own
}

impl Control {
    fn read(mut block: Block<'_, '_>, older: Option<(TriggerTag, usize)>) -> Option<Self> {
        let (pause, trigger_tag) = (block.need("pause"), trigger_tag(&mut block, older));
        let rules = Rules {
            skip_tag: block.or("skip_tag", Vec::new()),
            exclude: block.or("exclude", Vec::new()),
            ordering: block.sub("ordering").map(ordering).unwrap_or_default(),
        };
        let status_interval =
            positive(&mut block, "status_interval").unwrap_or(Duration::from_secs(600));
        block.close();
        Some(Self { pause: pause?, trigger_tag: trigger_tag?, rules, status_interval })
    }
}

impl FromNode for TriggerTag {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let tag = TagName::read(node, place)?;
        Some(if tag.as_str() == "rawhide" { Self::Rawhide } else { Self::Named(tag) })
    }
}

/// Patterns and their numbers, in the order of the file: the first that hits wins.
pub(super) fn ordering(mut block: Block<'_, '_>) -> Vec<(Pattern, i64)> {
    let mut rules = Vec::new();
    for (entry, place) in block.free() {
        let pattern = Pattern::new(&entry.key);
        let number = i64::read(&entry.node, &place);
        match (pattern, number) {
            (Ok(pattern), Some(number)) => rules.push((pattern, number)),
            (Err(fault), _) => place.notes.fault(&place.path, Some(entry.line), fault.to_string()),
            (Ok(_), None) => {}
        }
    }
    rules
}

type Components = (Option<Autopackagelist>, BTreeMap<Component, Override>);

fn components(mut block: Block<'_, '_>) -> Components {
    let lists = block.sub("autopackagelist").map(autopackagelist);
    let overrides = block.sub("overrides").map(overrides);
    if lists.is_none() && overrides.as_ref().is_none_or(BTreeMap::is_empty) {
        let text =
            "no package is listed: at least one of `autopackagelist` and `overrides` is expected";
        block.place.notes.fault(&block.place.path, Some(block.line), text);
    }
    block.close();
    (lists.flatten(), overrides.unwrap_or_default())
}

fn autopackagelist(mut block: Block<'_, '_>) -> Option<Autopackagelist> {
    let (views, sources) = (block.need::<OneOrMany>("view"), block.need::<OneOrMany>("source"));
    let content_resolver =
        block.get("content_resolver").or_else(|| Url::parse(CONTENT_RESOLVER).ok());
    let clean = |view: &String| {
        view.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    for view in views.iter().flat_map(|views| &views.0).filter(|view| !clean(view)) {
        block.fault_at(
            "view",
            format!("`{view}` is no name of a view: letters, digits and `-_.` are expected"),
        );
    }
    for source in sources.iter().flat_map(|sources| &sources.0) {
        if !SOURCES.contains(&source.as_str()) {
            let known = SOURCES.join("`, `");
            block.fault_at(
                "source",
                format!("`{source}` is no list of source packages; there are `{known}`"),
            );
        }
    }
    block.close();
    Some(Autopackagelist {
        views: views?.0,
        sources: sources?.0,
        content_resolver: content_resolver?,
    })
}

fn overrides(mut block: Block<'_, '_>) -> BTreeMap<Component, Override> {
    let mut overrides: BTreeMap<Component, Override> = BTreeMap::new();
    let mut lines: BTreeMap<PackageName, usize> = BTreeMap::new();
    for (entry, place) in block.free() {
        let Some((component, renamed)) =
            one_override(entry.key.as_str(), entry.line, &entry.node, place.clone())
        else {
            continue;
        };
        if let Some(line) = lines.insert(renamed.upstream_name.clone(), entry.line) {
            let text = format!(
                "`{}` is the upstream name in line {line} already: remove one",
                renamed.upstream_name
            );
            place.notes.fault(&place.path, Some(entry.line), text);
        }
        overrides.insert(component, renamed);
    }
    for (component, renamed) in &overrides {
        let chained = renamed
            .upstream_name
            .as_str()
            .parse()
            .is_ok_and(|name: Component| overrides.contains_key(&name));
        if chained && component.as_str() != renamed.upstream_name.as_str() {
            let text = format!(
                "its upstream name `{}` is a component of its own below `overrides`",
                renamed.upstream_name
            );
            block.place.notes.fault(
                &format!("{}.{component}", block.place.path),
                lines.get(&renamed.upstream_name).copied(),
                text,
            );
        }
    }
    overrides
}

fn one_override(
    key: &str,
    line: usize,
    node: &Node,
    place: Place<'_>,
) -> Option<(Component, Override)> {
    let component: Component = match key.parse() {
        Ok(component) => component,
        Err(fault) => {
            place.notes.fault(&place.path, Some(line), format!("{fault}"));
            return None;
        }
    };
    let mut block = Block::warning(node, place);
    let written: Option<String> = block.get("upstream_name");
    let upstream: Result<PackageName, _> = written.as_deref().unwrap_or(key).parse();
    let upstream_name =
        upstream.map_err(|fault| block.fault_at("upstream_name", fault.to_string())).ok();
    block.close();
    Some((component, Override { upstream_name: upstream_name? }))
}

#[cfg(test)]
mod tests;
