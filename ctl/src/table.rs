//! Tables: a heading, and columns that stand under each other. Does *not* cut what is long.

use crate::paint::{Tone, shown, toned, width};

/// Between two columns.
const GAP: &str = "  ";

/// A table of so many columns.
pub(crate) struct Table<const COLUMNS: usize> {
    indent: &'static str,
    head: [&'static str; COLUMNS],
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// A table of these columns, each line of it behind `indent`.
    pub(crate) fn new(indent: &'static str, head: [&'static str; COLUMNS]) -> Self {
        Self { indent, head, rows: Vec::new() }
    }

    /// Adds a row. A cell is one line; one that is empty is a dash, so that every row has all columns.
    pub(crate) fn row(&mut self, cells: [String; COLUMNS]) {
        let cell = |cell: String| {
            let words: Vec<&str> = cell.split_whitespace().collect();
            if words.is_empty() { "-".to_owned() } else { words.join(" ") }
        };
        self.rows.push(cells.map(cell));
    }

    /// Adds it to a text; nothing if it has no rows.
    pub(crate) fn write(&self, text: &mut String) {
        if self.rows.is_empty() {
            return;
        }
        let columns: Vec<Column> = (0..COLUMNS).map(|place| self.column(place)).collect();
        let head = self.head.iter().map(|name| toned(Tone::Head, name)).collect::<Vec<_>>();
        self.write_row(text, &head, &columns);
        for row in &self.rows {
            self.write_row(text, row, &columns);
        }
    }

    /// Numbers stand at the right.
    fn column(&self, place: usize) -> Column {
        let cells = || self.rows.iter().filter_map(|row| row.get(place)).map(String::as_str);
        let head = self.head.get(place).copied().unwrap_or_default();
        let wide = cells().chain([head]).map(width).max().unwrap_or(0);
        Column { wide, right: cells().all(is_number) }
    }

    fn write_row(&self, text: &mut String, cells: &[String], columns: &[Column]) {
        let mut line = self.indent.to_owned();
        for (cell, column) in cells.iter().zip(columns) {
            let space = " ".repeat(column.wide.saturating_sub(width(cell)));
            let parts = if column.right { [&space, cell] } else { [cell, &space] };
            line.extend(parts.into_iter().map(String::as_str).chain([GAP]));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn is_number(cell: &str) -> bool {
    shown(cell, false).bytes().all(|b| b.is_ascii_digit())
}

/// How a column is written.
struct Column {
    wide: usize,
    right: bool,
}

#[cfg(test)]
mod tests;
