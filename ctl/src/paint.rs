//! What stands out on a terminal. Does *not* know whether there is one.
//!
//! A tone is marked in a text by characters of Unicode's private use, and [`shown`] makes escape codes of them, or takes them
//! out. So texts of others, which [`shown`] frees of control characters, never reach a terminal as escape codes.

use std::fmt::Display;

use anstyle::{AnsiColor, Reset, Style};

/// How something stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A heading.
    Head,
    /// As it should be.
    Good,
    /// Worth a look: it waits, is late, is held up.
    Odd,
    /// Not as it should be.
    Bad,
}

impl Tone {
    const ALL: [Self; 4] = [Self::Head, Self::Good, Self::Odd, Self::Bad];

    fn mark(self) -> char {
        match self {
            Self::Head => '\u{f0001}',
            Self::Good => '\u{f0002}',
            Self::Odd => '\u{f0003}',
            Self::Bad => '\u{f0004}',
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Head => Style::new().bold(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Odd => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// The end of any tone.
const END: char = '\u{f0000}';

/// A text in a tone.
pub(crate) fn toned(tone: Tone, text: impl Display) -> String {
    format!("{}{text}{END}", tone.mark())
}

fn tone_of(mark: char) -> Option<Tone> {
    Tone::ALL.into_iter().find(|tone| tone.mark() == mark)
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().filter(|&c| c != END && tone_of(c).is_none()).count()
}

/// A text as it is printed: with colours, or plain.
pub(crate) fn shown(text: &str, colours: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match tone_of(c) {
            Some(tone) if colours => out.push_str(&tone.style().render().to_string()),
            None if c == END && colours => out.push_str(&Reset.render().to_string()),
            Some(_) => {}
            None if c == END => {}
            None if c.is_control() && c != '\n' && c != '\t' => {
                out.push(char::REPLACEMENT_CHARACTER)
            }
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
