//! Aligned columns and colours for people. Colours only where standard output is a terminal.

use std::io::IsTerminal as _;

/// A colour of the terminal's own palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// As the rest.
    Plain,
    /// Well.
    Green,
    /// Worth a look.
    Yellow,
    /// Wants a person.
    Red,
    /// Less important.
    Dim,
}

/// A cell: text and its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell(pub String, pub Color);

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self(text.into(), Color::Plain)
    }
}

/// Rows under a heading, each column as wide as its widest cell; the last one is not padded.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these column names.
    #[must_use]
    pub fn new(heading: &[&str]) -> Self {
        let heading = heading
            .iter()
            .map(|name| Cell((*name).to_owned(), Color::Dim))
            .collect();
        Self { rows: vec![heading] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The table as text.
    #[must_use]
    pub fn text(&self, colors: bool) -> String {
        let n_columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.0.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..n_columns).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((column, cell), width) in row.iter().enumerate().zip(&widths) {
                let padding = if column + 1 == row.len() {
                    0
                } else {
                    width - cell.0.chars().count() + 2
                };
                line.push_str(&paint(&cell.0, cell.1, colors));
                line.push_str(&" ".repeat(padding));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// Prints it.
    pub fn print(&self) {
        print!("{}", self.text(on_terminal()));
    }
}

/// Whether standard output is a terminal.
#[must_use]
pub fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// A text in a colour, where colours are wanted.
#[must_use]
pub fn paint(text: &str, color: Color, colors: bool) -> String {
    let code = match color {
        Color::Plain => return text.to_owned(),
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Red => 31,
        Color::Dim => 2,
    };
    if colors {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["FEED", "STATE"]);
        table.row(vec!["é".into(), Cell("ok".into(), Color::Green)]);
        table.row(vec!["long-key".into(), "failing".into()]);
        assert_eq!(table.text(false), "FEED      STATE\né         ok\nlong-key  failing\n");
        assert!(table.text(true).contains("é         \u{1b}[32mok\u{1b}[0m\n"));
    }
}
