//! `./dev bench policy`: what a refresh of configuration and lists costs, and a question to the snapshot it makes. No process
//! but this one, no network, no store.

use std::{
    collections::BTreeSet, fmt::Write as _, hint::black_box, io::Write as _, time::Duration,
};

use anyhow::{Context, ensure};
use ebs_domain::{
    id::{Component, PackageName},
    package_list::{Guards, PackageList},
    policy::{Eligibility, Policy},
    time::Timestamp,
};
use ebs_shared::{config::parse_dynamic, content};
use serde_json::json;
use tokio::time::Instant;

use super::table::median;
use crate::{names::names, options::BenchPolicy};

/// The longest that a question may take, in µs.
const QUESTION_LIMIT: f64 = 10.0;

/// The longest that a refresh may take, in ms.
const REFRESH_LIMIT: f64 = 100.0;

/// How often each question is asked of each component.
const ASKED: u32 = 20;

/// One in so many components is only on the list of the build root.
const BUILDROOT_EVERY: usize = 8;

/// Makes the figures and prints them as one JSON object; whether they are within their limits.
///
/// # Errors
///
/// What is made here cannot be read.
pub fn policy(options: &BenchPolicy) -> anyhow::Result<bool> {
    let names = names(usize::try_from(options.packages)?);
    let text = dynamic(&names, options)?;
    let lists = lists(&names)?;
    let (mut refreshes, mut questions, mut excluded) = (Vec::new(), Vec::new(), 0);
    for number in 1..=options.repeat {
        let began = Instant::now();
        let policy = refresh(u64::from(number), &text, &lists)?;
        refreshes.push(began.elapsed().as_secs_f64() * 1e3);
        ensure!(policy.components().count() == names.len(), "a component is missing");
        let components = components(&policy)?;
        let began = Instant::now();
        let (asked, refused) = ask(&policy, &components);
        questions.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(asked));
        excluded = refused;
    }
    ensure!(excluded > 0, "no pattern excludes anything");
    let (refresh, question) = (median(&mut refreshes), median(&mut questions));
    let line = json!({
        "version": 1, "components": names.len(), "excluded": excluded, "patterns": patterns(options),
        "refresh_ms": refresh, "refresh_ms_all": refreshes, "question_us": question, "question_us_all": questions,
    });
    writeln!(std::io::stdout(), "{line}").context("print the figures")?;
    Ok(refresh <= REFRESH_LIMIT && question <= QUESTION_LIMIT)
}

fn patterns(options: &BenchPolicy) -> u32 {
    options.exclude + options.skip_tag + options.ordering
}

/// All that a refresh does between having heard file and lists and giving the snapshot on; the lists come from their rows and
/// go back into them.
fn refresh(number: u64, text: &str, lists: &[(String, String)]) -> anyhow::Result<Policy> {
    let config = parse_dynamic("dynamic.yaml", text)?.config;
    let mut listed = Vec::new();
    for (state, body) in lists {
        let mut list: PackageList = serde_json::from_str(state)?;
        let shown: BTreeSet<PackageName> =
            body.lines().map(str::parse).collect::<Result<_, _>>()?;
        let later = list.accepted().unwrap_or_default() + Duration::from_secs(900);
        list.hear(&shown, &Guards::default(), None, later);
        black_box(serde_json::to_string(&list)?);
        listed.extend(content::on_list("eln/source", &list.acting()));
    }
    Ok(content::snapshot(number, &config, listed))
}

fn components(policy: &Policy) -> anyhow::Result<Vec<(Component, PackageName)>> {
    let both = |component: &Component| {
        Ok((component.clone(), policy.upstream_name(component).parse::<PackageName>()?))
    };
    policy.components().map(both).collect()
}

/// Asks everything of every component; how many questions, and how many components are excluded.
fn ask(policy: &Policy, components: &[(Component, PackageName)]) -> (u32, u32) {
    let (mut asked, mut excluded) = (0, 0);
    for round in 0..ASKED {
        for (component, package) in components {
            black_box(policy.component_of(package));
            black_box((policy.order(component), policy.may_seed(component)));
            let refused = matches!(policy.eligible(component), Eligibility::Excluded { .. });
            excluded += u32::from(round == 0 && refused);
            asked += 4;
        }
    }
    (asked, excluded)
}

/// Rows and bodies of the two lists.
fn lists(names: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    let part = |buildroot: bool| {
        let part = names.iter().enumerate();
        let part = part.filter(move |(n, _)| n.is_multiple_of(BUILDROOT_EVERY) == buildroot);
        part.map(|(_, name)| name.as_str()).collect::<Vec<_>>()
    };
    let row = |names: Vec<&str>| {
        let mut list = PackageList::default();
        let shown = names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
        list.hear(&shown, &Guards::default(), None, Timestamp::from_millis(1_795_348_800_000));
        Ok((serde_json::to_string(&list)?, names.join("\n")))
    };
    [part(false), part(true)].into_iter().map(row).collect()
}

/// A dynamic file with so many patterns of each kind, of the forms that operators write.
fn dynamic(names: &[String], options: &BenchPolicy) -> anyhow::Result<String> {
    let mut text =
        String::from("configuration:\n  control:\n    pause: false\n    trigger_tag: f45\n");
    let every = |kind: usize, n: u32| {
        let n = usize::try_from(n).unwrap_or(0) * 31 + kind;
        names.get(n % names.len()).map_or("bash", String::as_str)
    };
    for (kind, key, count) in [(0, "exclude", options.exclude), (7, "skip_tag", options.skip_tag)] {
        writeln!(text, "    {key}:")?;
        for n in 0..count {
            let name = every(kind, n).replace('+', r"\+");
            let pattern = match n % 4 {
                0 => format!("^{name}"),
                1 => format!("^{name}-(?!devel$)[a-z]+"),
                2 | 3 => format!("^{name}$"),
                _ => name,
            };
            writeln!(text, "      - '{pattern}'")?;
        }
    }
    writeln!(text, "    ordering:")?;
    for n in 0..options.ordering {
        writeln!(text, "      '^{}$': {n}", every(13, n).replace('+', r"\+"))?;
    }
    text.push_str("components:\n  autopackagelist: {view: eln, source: source}\n  overrides: {}\n");
    Ok(text)
}

#[cfg(test)]
mod tests;
