//! A neighbour that is away for two hours costs two hours: no build fails for it, no trigger is lost, the batch goes on by itself.

use std::time::Duration;

use anyhow::{Result, ensure};
use ebs_simulation::{
    absence::Away,
    run::{Options, Outcome, run},
};
use fedora_sim::script::{Service, Trouble};

const TWO_HOURS: Duration = Duration::from_secs(2 * 3600);

/// Some seeds, since what is built and how it ends is theirs, and both ways of being away.
fn away_in(service: Service, phase: &'static str) -> Result<()> {
    for (seed, trouble) in [(3, Trouble::Offline), (7, Trouble::Cut), (11, Trouble::Http503)] {
        let away = Away { service, trouble, phase, lasts: TWO_HOURS };
        let outcome = run(&Options { seed, away: Some(away), ..Options::default() })?;
        let told = |word: &str| outcome.lines.iter().any(|line| line.what.contains(word));
        ensure!(told("is away for") && told("is whole again"), "seed {seed}: it never was away");
        ensure!(outcome.broken.is_empty(), "seed {seed}: {}", report(&outcome));
        ensure!(outcome.builds > 0 && outcome.span > TWO_HOURS, "seed {seed}: nothing was built");
    }
    Ok(())
}

fn report(outcome: &Outcome) -> String {
    let lines: Vec<String> = outcome.lines.iter().map(ToString::to_string).collect();
    format!("{}\n{}", lines.join("\n"), outcome.broken.join("\n"))
}

#[test]
fn koji_away_for_two_hours_while_a_batch_forms_costs_nothing() -> Result<()> {
    away_in(Service::Koji, "forming")
}

#[test]
fn koji_away_for_two_hours_in_preparing_costs_nothing() -> Result<()> {
    away_in(Service::Koji, "preparing")
}

#[test]
fn koji_away_for_two_hours_in_building_costs_nothing() -> Result<()> {
    away_in(Service::Koji, "building")
}

#[test]
fn koji_away_for_two_hours_in_publishing_costs_nothing() -> Result<()> {
    away_in(Service::Koji, "publishing")
}

#[test]
fn koji_away_for_two_hours_in_settling_costs_nothing() -> Result<()> {
    away_in(Service::Koji, "settling")
}

#[test]
fn koji_away_for_two_hours_in_cleaning_costs_nothing() -> Result<()> {
    away_in(Service::Koji, "cleaning")
}

#[test]
fn bodhi_away_for_two_hours_in_publishing_costs_nothing() -> Result<()> {
    away_in(Service::Bodhi, "publishing")
}

#[test]
fn bodhi_away_for_two_hours_in_settling_costs_nothing() -> Result<()> {
    away_in(Service::Bodhi, "settling")
}
