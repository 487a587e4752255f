//! Tables as wide as the terminal.

/// The width where nothing tells it, as when the output goes into a file.
const USUAL: usize = 100;
/// Blanks between columns.
const GAP: usize = 2;
/// Text is cut to this width before a column is left out.
const LEAST: usize = 12;

/// How many characters a line of the terminal holds.
pub fn width() -> usize {
    let told = std::env::var("COLUMNS").ok();
    let told = told.and_then(|columns| columns.parse().ok());
    let found = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(found)
        .filter(|width| *width >= 20)
        .unwrap_or(USUAL)
}

/// A column of a table.
pub struct Column {
    /// What stands above it.
    pub title: String,
    /// Whether it holds numbers, which stand at the right and are never cut.
    pub numbers: bool,
}

/// A table: the columns that matter most come first.
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// A text for each column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The table in lines of up to `width`: long texts are cut, and where that is not enough the last
    /// columns are left out and named below.
    pub fn text(&self, width: usize) -> String {
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|at| self.natural(at)).collect();
        let mut shown = widths.len();
        let least = |at: usize, natural: usize| match self.columns[at].numbers {
            true => natural,
            false => natural.min(LEAST),
        };
        let needed = |widths: &[usize]| -> usize {
            let cells = widths
                .iter()
                .enumerate()
                .map(|(at, natural)| least(at, *natural) + GAP);
            cells.sum::<usize>().saturating_sub(GAP)
        };
        while shown > 1 && needed(&widths[..shown]) > width {
            shown -= 1;
        }
        widths.truncate(shown);
        self.narrow(&mut widths, width);
        let mut text = String::new();
        let titles = self
            .columns
            .iter()
            .map(|column| column.title.clone())
            .collect();
        for row in std::iter::once(&titles).chain(&self.rows) {
            text += self.line(row, &widths).trim_end();
            text.push('\n');
        }
        let left_out = self
            .columns
            .iter()
            .skip(shown)
            .map(|column| column.title.as_str());
        let left_out: Vec<&str> = left_out.collect();
        if !left_out.is_empty() {
            text += &tr!(
                "(not shown, the terminal is too narrow: {columns})",
                columns = left_out.join(&tr!(", "))
            );
            text.push('\n');
        }
        text
    }

    /// The width of a column's widest text.
    fn natural(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let widths = cells.map(|text| wide(text));
        widths.max().unwrap_or(0).max(wide(&self.columns[at].title))
    }

    /// Takes from the widest column of text until the line fits.
    fn narrow(&self, widths: &mut [usize], width: usize) {
        let all =
            |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        while all(widths) > width {
            let texts = (0..widths.len()).filter(|at| !self.columns[*at].numbers);
            let widest = texts.max_by_key(|at| widths[*at]);
            match widest.filter(|at| widths[*at] > LEAST) {
                Some(at) => widths[at] -= 1,
                None => return,
            }
        }
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((text, width), column) in row.iter().zip(widths).zip(&self.columns) {
            let text = cut(text, *width);
            let blanks = " ".repeat(width.saturating_sub(wide(&text)));
            let gap = if line.is_empty() { "" } else { "  " };
            match column.numbers {
                true => line += &format!("{gap}{blanks}{text}"),
                false => line += &format!("{gap}{text}{blanks}"),
            }
        }
        line
    }
}

/// A text of at most this width, with a sign where something was cut off.
fn cut(text: &str, width: usize) -> String {
    let one_line = text.replace(['\n', '\r', '\t'], " ");
    if wide(&one_line) <= width {
        return one_line;
    }
    let (mut kept, mut taken) = (String::new(), 1);
    for letter in one_line.chars() {
        taken += letter_width(letter);
        if taken > width {
            break;
        }
        kept.push(letter);
    }
    kept + "…"
}

/// How many places a text takes.
fn wide(text: &str) -> usize {
    text.chars().map(letter_width).sum()
}

/// Letters of East Asian scripts take two places.
fn letter_width(letter: char) -> usize {
    match letter {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let column = |title: &str, numbers| Column {
            title: title.to_owned(),
            numbers,
        };
        Table {
            columns: vec![
                column("customer", false),
                column("spent", true),
                column("reason", false),
                column("another reason", false),
            ],
            rows: [
                ["C1", "1,234", "bought nothing for a very long time", "x"],
                ["苹果", "5", "short", "y"],
            ]
            .map(|row| row.map(str::to_owned).to_vec())
            .to_vec(),
        }
    }

    #[test]
    fn lines_are_as_wide_as_the_terminal_and_numbers_whole() {
        for width in [30, 45, 60, 200] {
            let text = table().text(width);
            let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('(')).collect();
            assert_eq!(lines.len(), 3);
            assert!(
                lines.iter().all(|line| wide(line) <= width),
                "{width}:\n{text}"
            );
            assert!(text.contains("1,234"), "{text}");
        }
        assert!(table().text(45).contains('…'));
        assert!(
            table().text(30).contains("not shown"),
            "{}",
            table().text(30)
        );
        assert!(table().text(30).contains("another reason"));
        let whole = table().text(200);
        assert!(
            whole.contains("a very long time") && !whole.contains('…'),
            "{whole}"
        );
        // Two places a letter: the numbers stand below each other all the same.
        assert!(whole.contains("苹果          5"), "{whole}");
    }
}
