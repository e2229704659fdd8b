//! `ebs.deny`: which failures deny a source, after how many of them, and for how long.

use std::time::Duration;

use ebs_domain::{deny::DenyRule, failure::FailureClass};

use super::{block::Block, duration::show, node::FromNode};

/// The most attempts that may be asked for: a batch tries again only while fewer builds fail, so hardly ever so often.
const MOST_ATTEMPTS: u32 = 10;

/// The shortest that a source is denied: below, the next batch would not even notice.
const SHORTEST: Duration = Duration::from_secs(3600);

/// The longest that a source is denied.
const LONGEST: Duration = Duration::from_secs(3_650 * 24 * 3600);

/// Reads the block. A class that is not named keeps its usual time.
pub(super) fn read(block: Option<&mut Block<'_, '_>>) -> DenyRule {
    let mut rule = DenyRule::default();
    let Some(block) = block else { return rule };
    rule.attempts = block.or("attempts", rule.attempts);
    if !(1..=MOST_ATTEMPTS).contains(&rule.attempts) {
        let text = format!(
            "a number from 1 to {MOST_ATTEMPTS} is expected; to deny nothing, write 0 for each class below `classes`"
        );
        block.fault_at("attempts", text);
    }
    if let Some(sub) = block.sub("classes") {
        classes(sub, &mut rule);
    }
    rule
}

fn classes(mut block: Block<'_, '_>, rule: &mut DenyRule) {
    for (entry, place) in block.free() {
        let class = match class(&entry.key) {
            Ok(class) => class,
            Err(text) => {
                place.notes.fault(&place.path, Some(entry.line), text);
                continue;
            }
        };
        match Duration::read(&entry.node, &place) {
            // It is not denied, and not counted.
            Some(Duration::ZERO) => drop(rule.classes.remove(&class)),
            // A plain number is one of seconds, as everywhere: somebody who means days is told.
            Some(span) if span < SHORTEST || span > LONGEST => {
                let (span, shortest, longest) = (show(span), show(SHORTEST), show(LONGEST));
                let text = format!(
                    "{span} is neither 0 (never denied) nor from {shortest} to {longest}: write days, such as `30d`"
                );
                place.fault(&entry.node, text);
            }
            Some(span) => drop(rule.classes.insert(class, span)),
            None => {}
        }
    }
}

/// A class that may be denied, or why this is none.
fn class(key: &str) -> Result<FailureClass, String> {
    let of_source = FailureClass::ALL.into_iter().filter(|class| class.says_of_source());
    let known = of_source.map(FailureClass::as_str).collect::<Vec<_>>().join(", ");
    match FailureClass::ALL.into_iter().find(|class| class.as_str() == key) {
        Some(class) if class.says_of_source() => Ok(class),
        Some(class) => Err(format!(
            "a failure of the class `{class}` says nothing of the source, so it never denies one: take this line out; \
             classes that may stand here: {known}"
        )),
        None => Err(format!("unknown class; known here: {known}")),
    }
}

#[cfg(test)]
mod tests;
