//! What was found, in words.

use std::fmt::Write as _;

use super::check::{Check, Checked, Compared};

impl Check {
    /// For people: each file with all its faults and warnings, then the difference.
    pub(crate) fn words(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            of_file(&mut text, file);
        }
        if let Some(compared) = &self.compared {
            of_difference(&mut text, compared);
        }
        text
    }
}

/// Writing to a text cannot fail.
fn line(text: &mut String, words: &str) {
    let _ = writeln!(text, "{words}");
}

fn of_file(text: &mut String, file: &Checked) {
    let kind = file.kind.map_or("not known", |kind| kind.name());
    let verdict = match (file.faults.len(), file.warnings.len()) {
        (0, 0) => "can be used".to_owned(),
        (0, warnings) => format!("can be used, {}", count(warnings, "warning")),
        (faults, 0) => count(faults, "fault"),
        (faults, warnings) => {
            format!("{}, {}", count(faults, "fault"), count(warnings, "warning"))
        }
    };
    line(text, &format!("{}: {kind}: {verdict}", file.file));
    for fault in &file.faults {
        line(text, &format!("  {fault}"));
    }
    for warning in &file.warnings {
        line(text, &format!("  warning: {warning}"));
    }
}

fn of_difference(text: &mut String, compared: &Compared) {
    let over = match compared.packages {
        Some(packages) => format!(", over {}", count(packages, "package")),
        None => ", over the overrides alone".to_owned(),
    };
    line(text, &format!("against {}{over}:", compared.against));
    let sentences = compared.sentences();
    if sentences.is_empty() {
        line(text, "  no difference");
    }
    for sentence in sentences {
        line(text, &format!("  {sentence}"));
    }
    for fault in &compared.given_up {
        line(text, &format!("  warning: {fault}"));
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
