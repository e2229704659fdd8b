//! The two files as text. Every text is quoted, so that no name is taken for something else.

use std::fmt::{Display, Write as _};

use super::old::Old;

/// Before what a person must look at, in the files.
const FILL_IN: &str = "fill in:";

/// Where the state is kept until a person says otherwise.
const DATABASE: &str = "sqlite:/var/lib/elnbuildsync/ebs.sqlite";

/// The lists that are read until a person says otherwise. **Source:** the public configuration.
const LISTS: &str = "[source, buildroot-source]";

impl Old {
    /// Whether the profile is one of Fedora's, whose addresses are known.
    fn known(&self) -> bool {
        matches!(self.profile.as_str(), "koji" | "stg")
    }
}

pub(super) fn static_file(file: &str, old: &Old) -> String {
    let mut out = head("static", file);
    let mut line = |text: String| put(&mut out, &text);
    line("configuration:\n  koji:".to_owned());
    line(format!("    profile: {}", quoted(&old.profile)));
    line(format!("    build_target: {}", quoted(&old.target)));
    line(format!("    # {FILL_IN} where Bodhi puts finished builds; taken for the target's name"));
    line(format!("    stable_tag: {}", quoted(&old.target)));
    line(format!("    # {FILL_IN} the account that owns the side tags\n    # username: ebs"));
    line(format!("    scratch_build: {}\n    fail_fast: {}", old.scratch, old.fail_fast));
    line(format!("  bodhi:\n    batch_size: {}", old.control.batch_size.unwrap_or(0)));
    if !old.known() {
        line(format!("    # {FILL_IN} whether this is Fedora's staging\n    staging: true"));
    }
    line(format!("  # {FILL_IN} who may log in; `false` is nobody"));
    line("  open_id_connect: false".to_owned());
    line(format!("  # {FILL_IN} where reports go; `false` is nowhere\n  email: false"));
    line(format!("ebs:\n  # {FILL_IN} where the state is kept"));
    line(format!("  database: {{url: {}}}", quoted(DATABASE)));
    if !old.known() {
        line(format!("  # {FILL_IN} hub and Bodhi of the profile {}", quoted(&old.profile)));
        line("  koji: {hub_url: 'https://koji.example.org/kojihub'}".to_owned());
        line("  bodhi: {url: 'https://bodhi.example.org/'}".to_owned());
    }
    out
}

pub(super) fn dynamic_file(file: &str, old: &Old) -> String {
    let mut out = head("dynamic", file);
    let control = &old.control;
    let mut line = |text: String| put(&mut out, &text);
    line(format!("configuration:\n  control:\n    pause: {}", control.pause));
    line(format!("    trigger_tag: {}", quoted(&old.trigger_tag)));
    line(format!("    skip_tag:{}", listed(&control.skip_tag)));
    line(format!("    exclude:{}", listed(&control.exclude)));
    let mut ordering = String::new();
    for (pattern, number) in &control.ordering {
        ordering.push_str(&format!("\n      {}: {number}", quoted(pattern)));
    }
    line(format!("    ordering:{}", or_empty(&ordering, "{}")));
    line("components:".to_owned());
    if let Some((views, resolver)) = &control.lists {
        let views: Vec<_> = views.iter().map(quoted).collect();
        line(format!("  autopackagelist:\n    view: [{}]", views.join(", ")));
        line(format!("    # {FILL_IN} which lists of each view\n    source: {LISTS}"));
        if let Some(resolver) = resolver {
            line(format!("    content_resolver: {}", quoted(resolver)));
        }
    }
    let mut overrides = String::new();
    for (name, upstream) in &old.overrides {
        let renamed = name.as_str() != upstream.as_str();
        let value =
            if renamed { format!("upstream_name: {}", quoted(upstream)) } else { String::new() };
        overrides.push_str(&format!("\n    {}: {{{value}}}", quoted(name)));
    }
    line(format!("  overrides:{}", or_empty(&overrides, "{}")));
    out
}

/// What stands in the files behind `fill in`, and what only the coordinator's machine can know.
pub(super) fn fill_in(old: &Old) -> Vec<String> {
    let mut all = vec![
        format!("configuration.koji.stable_tag: taken for the target's name, `{}`", old.target),
        "configuration.koji.username: the account that owns the side tags; asked of Koji if it is missing".to_owned(),
    ];
    if !old.known() {
        all.push(format!(
            "configuration.bodhi.staging, ebs.koji.hub_url, ebs.bodhi.url: not known for the profile `{}`",
            old.profile
        ));
    }
    all.extend(
        [
            "configuration.open_id_connect: written as `false`, so nobody logs in",
            "configuration.email: written as `false`, so no mail is sent",
            "ebs.database: written as a file of SQLite",
            "ebs.koji.password_file, ebs.bodhi.token_file, ebs.bus: not written; without them nothing is built, published or heard",
        ]
        .map(str::to_owned),
    );
    if old.control.lists.is_some() {
        all.push(format!(
            "components.autopackagelist.source: written as `{LISTS}`; the older form has no such key"
        ));
    }
    all
}

fn head(kind: &str, file: &str) -> String {
    let name: String = file.chars().filter(|c| !c.is_control()).collect();
    format!("# The {kind} configuration, made from {name} by `ebsctl config convert`.\n")
}

/// Writing to a text cannot fail.
fn put(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}

fn listed(patterns: &[impl Display]) -> String {
    let lines: String =
        patterns.iter().map(|pattern| format!("\n      - {}", quoted(pattern))).collect();
    or_empty(&lines, "[]")
}

fn or_empty(lines: &str, empty: &str) -> String {
    if lines.is_empty() { format!(" {empty}") } else { lines.to_owned() }
}

/// In single quotes only the quote itself means something.
fn quoted(text: impl Display) -> String {
    format!("'{}'", text.to_string().replace('\'', "''"))
}
