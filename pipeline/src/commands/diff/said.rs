//! A difference in words, for a terminal and as Markdown.

use std::fmt::Write as _;

use super::Difference;
use super::lists::Lists;
use super::moves::{Grouping, Move};
use super::scores::Scores;
use super::sides::Run;
use crate::text::{count, percent, plural};

/// A heading and what stands below it.
struct Part {
    heading: String,
    lines: Vec<String>,
    /// A head and rows.
    table: Option<(Vec<String>, Vec<Vec<String>>)>,
}

impl Part {
    fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            lines: Vec::new(),
            table: None,
        }
    }
}

/// For a terminal.
pub fn words(found: &Difference) -> String {
    let mut text = String::new();
    for part in parts(found) {
        let _ = writeln!(text, "{}", part.heading.to_uppercase());
        for line in &part.lines {
            let _ = writeln!(text, "  {line}");
        }
        if let Some((head, rows)) = &part.table {
            let width = |column: usize| {
                let cells = rows
                    .iter()
                    .chain([head])
                    .map(|row| row[column].chars().count());
                cells.max().unwrap_or(0)
            };
            let widths: Vec<usize> = (0..head.len()).map(width).collect();
            for row in std::iter::once(head).chain(rows) {
                let _ = write!(text, "  {:<width$}", row[0], width = widths[0]);
                for (cell, width) in row.iter().zip(&widths).skip(1) {
                    let _ = write!(text, "  {cell:>width$}");
                }
                text.truncate(text.trim_end().len());
                text.push('\n');
            }
        }
        text.push('\n');
    }
    text.pop();
    text
}

/// For the page of a CI server.
pub fn markdown(found: &Difference) -> String {
    let mut text = "# What moved between two runs\n".to_owned();
    for part in parts(found) {
        let _ = write!(text, "\n## {}\n\n", escaped(&part.heading));
        for line in &part.lines {
            let _ = writeln!(text, "- {}", escaped(line));
        }
        if let Some((head, rows)) = &part.table {
            if !part.lines.is_empty() {
                text.push('\n');
            }
            let line = |row: &[String]| {
                let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
                format!("| {} |\n", cells.join(" | "))
            };
            text += &line(head);
            text += &format!("|---|{}\n", "---:|".repeat(head.len() - 1));
            for row in rows {
                text += &line(row);
            }
        }
    }
    text
}

/// Text that Markdown takes for nothing else.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '*' | '_' | '`' | '<' | '[' | ']' | '\\' | '#' => out.extend(['\\', letter]),
            '\n' | '\r' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

fn parts(found: &Difference) -> Vec<Part> {
    let mut parts = vec![runs(found)];
    parts.extend(limits(found));
    if !found.settings.is_empty() || !found.data.is_empty() {
        let mut part = Part::new("Settings and data");
        let changes = found.settings.iter().chain(&found.data);
        let rows = changes.map(|one| {
            [&one.what, &one.before, &one.after]
                .map(String::clone)
                .into()
        });
        part.table = Some((head(["", "before", "after"]), rows.collect()));
        parts.push(part);
    } else {
        let mut part = Part::new("Settings and data");
        part.lines.push("the same in both runs".to_owned());
        parts.push(part);
    }
    parts.extend(found.segments.iter().map(grouping));
    parts.extend(found.scores.as_ref().map(scores));
    parts.extend(found.rules.as_ref().map(rules));
    parts.extend(found.suggestions.as_ref().map(suggestions));
    parts
}

fn head<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).into()
}

fn runs(found: &Difference) -> Part {
    let mut part = Part::new("Runs");
    let line = |word: &str, run: &Run| {
        let date = run.as_of.as_ref();
        let date = date.map_or_else(String::new, |date| format!(", as of {date}"));
        format!("{word}: {}{date}, by {}", run.folder.display(), run.program)
    };
    part.lines.push(line("before", &found.runs[0]));
    part.lines.push(line("after", &found.runs[1]));
    part.lines.extend(found.notes.iter().cloned());
    let [before, after] = found.customers.runs;
    let both = found.customers.both;
    part.lines.push(format!(
        "{} in both; {} are gone, {} are new",
        plural(both, "customer"),
        count(before.saturating_sub(both)),
        count(after.saturating_sub(both))
    ));
    part
}

fn limits(found: &Difference) -> Option<Part> {
    if found.limits.is_empty() {
        return None;
    }
    let beyond = found.limits.iter().filter(|limit| limit.beyond).count() as u64;
    let mut part = Part::new("Limits");
    part.lines.push(match beyond {
        0 => "nothing moved beyond its limit".to_owned(),
        some => format!("{} moved beyond the limit", plural(some, "thing")),
    });
    let row = |limit: &super::Limited| {
        let moved = limit
            .found
            .map_or_else(String::new, |found| format!("{found:.4}"));
        let word = if limit.beyond { "beyond" } else { "within" };
        vec![
            limit.name.clone(),
            moved,
            limit.at_most.to_string(),
            word.to_owned(),
        ]
    };
    let rows = found.limits.iter().map(row).collect();
    part.table = Some((head(["limit", "moved", "at most", ""]), rows));
    Some(part)
}

/// `12 of 340 (3.5 %)`.
fn of(part: u64, all: u64) -> String {
    let share = percent(part as f64 / all.max(1) as f64);
    format!("{} of {} ({share})", count(part), count(all))
}

fn largest(moves: &[Move]) -> Option<String> {
    const NAMED: usize = 5;
    let named: Vec<String> = moves
        .iter()
        .take(NAMED)
        .map(|one| format!("{} to {}: {}", one.from, one.to, count(one.customers)))
        .collect();
    (!named.is_empty()).then(|| format!("largest moves: {}", named.join("; ")))
}

fn grouping(found: &Grouping) -> Part {
    let mut part = Part::new(found.title.clone());
    let mut line = format!(
        "{} of the customers in both runs are in another one",
        of(found.moved, found.both)
    );
    if found.moved > 0 {
        let _ = write!(
            line,
            ": {} bought or returned something, for {} time passed, for {} nothing changed but the borders",
            count(found.acted),
            count(found.waited),
            count(found.borders)
        );
    }
    part.lines.push(line);
    part.lines.extend(largest(&found.moves));
    let rows = found.sizes.iter().map(|size| {
        let points = 100.0 * (size.share[1] - size.share[0]);
        vec![
            size.name.clone(),
            count(size.customers[0]),
            count(size.customers[1]),
            percent(size.share[0]),
            percent(size.share[1]),
            format!("{points:+.1}"),
        ]
    });
    let names = [
        "",
        "before",
        "after",
        "share before",
        "share after",
        "points",
    ];
    part.table = Some((head(names), rows.collect()));
    part
}

fn scores(found: &Scores) -> Part {
    let mut part = Part::new("Who is leaving");
    let change = found.mean[1] - found.mean[0];
    let mut mean = format!(
        "mean probability {:.4} before and {:.4} after ({change:+.4}): other customers {:+.4}",
        found.mean[0], found.mean[1], found.change.mix
    );
    if let (Some(drift), Some(model)) = (found.change.drift, found.change.model) {
        let _ = write!(
            mean,
            ", the same ones are otherwise {drift:+.4}, another model {model:+.4}"
        );
    }
    part.lines.push(mean);
    let mut moved = format!(
        "{} whom both runs scored are in another band",
        of(found.moved, found.both)
    );
    if let (Some(drift), Some(model)) = (found.by_drift, found.by_model) {
        let _ = write!(
            moved,
            ": {} by what they did since, {} by the model",
            count(drift),
            count(model)
        );
    }
    part.lines.push(moved);
    part.lines.push(format!(
        "{} scored by one run only",
        match found.by_mix {
            1 => "1 customer was".to_owned(),
            some => format!("{} were", plural(some, "customer")),
        }
    ));
    if let Some(why) = &found.unsplit {
        part.lines
            .push(format!("customers and model cannot be told apart: {why}"));
    }
    part.lines.extend(largest(&found.moves));
    let rows = found.bands.iter().map(|band| {
        let [before, after] = band.customers;
        vec![band.name.clone(), count(before), count(after)]
    });
    part.table = Some((head(["band", "before", "after"]), rows.collect()));
    part
}

fn rules(found: &Lists) -> Part {
    let mut part = Part::new("Rules");
    part.lines.push(format!(
        "{} before, {} after: {} stayed, {} came, {} went",
        count(found.runs[0]),
        count(found.runs[1]),
        count(found.stayed),
        count(found.came),
        count(found.went)
    ));
    part.lines
        .extend(found.new.iter().map(|rule| format!("new: {rule}")));
    part.lines
        .extend(found.gone.iter().map(|rule| format!("gone: {rule}")));
    part
}

fn suggestions(found: &Lists) -> Part {
    let mut part = Part::new("Suggestions");
    part.lines.push(format!(
        "{} before, {} after: {} stayed, {} came, {} went",
        count(found.runs[0]),
        count(found.runs[1]),
        count(found.stayed),
        count(found.came),
        count(found.went)
    ));
    if let Some([both, another]) = found.first {
        part.lines.push(format!(
            "{} with suggestions in both runs have another first one",
            of(another, both)
        ));
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_a_table_of_markdown() {
        assert_eq!(escaped("A|B_c\n<d>"), "A\\|B\\_c \\<d>");
    }
}
