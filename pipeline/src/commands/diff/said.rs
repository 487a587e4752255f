//! A difference in words, for a terminal and as Markdown.

use std::fmt::Write as _;

use super::Difference;
use super::lists::Lists;
use super::moves::{Grouping, Move};
use super::scores::Scores;
use super::sides::Run;
use crate::text::{count, percent, plural};
use crate::words;

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
pub fn in_words(found: &Difference) -> String {
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
    let mut text = tr!("# What moved between two runs") + "\n";
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
        let mut part = Part::new(tr!("Settings and data"));
        let changes = found.settings.iter().chain(&found.data);
        let rows = changes.map(|one| {
            [&one.what, &one.before, &one.after]
                .map(|text| words::said(text).to_owned())
                .into()
        });
        part.table = Some((head(["", mark!("before"), mark!("after")]), rows.collect()));
        parts.push(part);
    } else {
        let mut part = Part::new(tr!("Settings and data"));
        part.lines.push(tr!("the same in both runs"));
        parts.push(part);
    }
    parts.extend(found.segments.iter().map(grouping));
    parts.extend(found.scores.as_ref().map(scores));
    parts.extend(found.rules.as_ref().map(rules));
    parts.extend(found.suggestions.as_ref().map(suggestions));
    parts
}

fn head<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(|name| words::said(name).to_owned()).into()
}

fn runs(found: &Difference) -> Part {
    let mut part = Part::new(tr!("Runs"));
    let line = |word: &str, run: &Run| {
        let date = run.as_of.as_ref();
        let date = date.map_or_else(String::new, |date| tr!(", as of {date}", date = date));
        tr!(
            "{word}: {folder}{date}, by {program}",
            word = word,
            folder = run.folder.display(),
            date = date,
            program = run.program
        )
    };
    part.lines.push(line(&tr!("before"), &found.runs[0]));
    part.lines.push(line(&tr!("after"), &found.runs[1]));
    part.lines.extend(found.notes.iter().cloned());
    let [before, after] = found.customers.runs;
    let both = found.customers.both;
    part.lines.push(tr!(
        "{customers} in both; {gone} are gone, {new} are new",
        customers = plural(both, "customer"),
        gone = count(before.saturating_sub(both)),
        new = count(after.saturating_sub(both))
    ));
    part
}

fn limits(found: &Difference) -> Option<Part> {
    if found.limits.is_empty() {
        return None;
    }
    let beyond = found.limits.iter().filter(|limit| limit.beyond).count() as u64;
    let mut part = Part::new(tr!("Limits"));
    part.lines.push(match beyond {
        0 => tr!("nothing moved beyond its limit"),
        some => tr!(
            "{things} moved beyond the limit",
            things = plural(some, "thing")
        ),
    });
    let row = |limit: &super::Limited| {
        let moved = limit
            .found
            .map_or_else(String::new, |found| format!("{found:.4}"));
        let word = match limit.beyond {
            true => tr!("beyond"),
            false => tr!("within"),
        };
        vec![limit.name.clone(), moved, limit.at_most.to_string(), word]
    };
    let rows = found.limits.iter().map(row).collect();
    part.table = Some((
        head([mark!("limit"), mark!("moved"), mark!("at most"), ""]),
        rows,
    ));
    Some(part)
}

/// `12 of 340 (3.5 %)`.
fn of(part: u64, all: u64) -> String {
    let share = percent(part as f64 / all.max(1) as f64);
    tr!(
        "{part} of {all} ({share})",
        part = count(part),
        all = count(all),
        share = share
    )
}

fn largest(moves: &[Move]) -> Option<String> {
    const NAMED: usize = 5;
    let named: Vec<String> = moves
        .iter()
        .take(NAMED)
        .map(|one| {
            tr!(
                "{from} to {to}: {customers}",
                from = words::said(&one.from),
                to = words::said(&one.to),
                customers = count(one.customers)
            )
        })
        .collect();
    (!named.is_empty()).then(|| tr!("largest moves: {moves}", moves = named.join(&tr!("; "))))
}

fn grouping(found: &Grouping) -> Part {
    let mut part = Part::new(words::said(&found.title));
    let mut line = tr!(
        "{customers} of the customers in both runs are in another one",
        customers = of(found.moved, found.both)
    );
    if found.moved > 0 {
        line += &tr!(
            ": {acted} bought or returned something, for {waited} time passed, for {borders} nothing changed but the borders",
            acted = count(found.acted),
            waited = count(found.waited),
            borders = count(found.borders)
        );
    }
    part.lines.push(line);
    part.lines.extend(largest(&found.moves));
    let rows = found.sizes.iter().map(|size| {
        let points = 100.0 * (size.share[1] - size.share[0]);
        vec![
            words::said(&size.name).to_owned(),
            count(size.customers[0]),
            count(size.customers[1]),
            percent(size.share[0]),
            percent(size.share[1]),
            format!("{points:+.1}"),
        ]
    });
    let names = [
        "",
        mark!("before"),
        mark!("after"),
        mark!("share before"),
        mark!("share after"),
        mark!("points"),
    ];
    part.table = Some((head(names), rows.collect()));
    part
}

fn scores(found: &Scores) -> Part {
    let mut part = Part::new(tr!("Who is leaving"));
    let change = found.mean[1] - found.mean[0];
    let mut mean = tr!(
        "mean probability {before} before and {after} after ({change}): other customers {mix}",
        before = format!("{:.4}", found.mean[0]),
        after = format!("{:.4}", found.mean[1]),
        change = format!("{change:+.4}"),
        mix = format!("{:+.4}", found.change.mix)
    );
    if let (Some(drift), Some(model)) = (found.change.drift, found.change.model) {
        mean += &tr!(
            ", the same ones are otherwise {drift}, another model {model}",
            drift = format!("{drift:+.4}"),
            model = format!("{model:+.4}")
        );
    }
    part.lines.push(mean);
    let mut moved = tr!(
        "{customers} whom both runs scored are in another band",
        customers = of(found.moved, found.both)
    );
    if let (Some(drift), Some(model)) = (found.by_drift, found.by_model) {
        moved += &tr!(
            ": {drift} by what they did since, {model} by the model",
            drift = count(drift),
            model = count(model)
        );
    }
    part.lines.push(moved);
    let mix = plural(found.by_mix, "customer");
    part.lines.push(match found.by_mix {
        1 => tr!("{customer} was scored by one run only", customer = mix),
        _ => tr!("{customers} were scored by one run only", customers = mix),
    });
    if let Some(why) = &found.unsplit {
        part.lines.push(tr!(
            "customers and model cannot be told apart: {why}",
            why = why
        ));
    }
    part.lines.extend(largest(&found.moves));
    let rows = found.bands.iter().map(|band| {
        let [before, after] = band.customers;
        vec![
            words::said(&band.name).to_owned(),
            count(before),
            count(after),
        ]
    });
    part.table = Some((
        head([mark!("band"), mark!("before"), mark!("after")]),
        rows.collect(),
    ));
    part
}

fn rules(found: &Lists) -> Part {
    let mut part = Part::new(tr!("Rules"));
    part.lines.push(tr!(
        "{before} before, {after} after: {stayed} stayed, {came} came, {went} went",
        before = count(found.runs[0]),
        after = count(found.runs[1]),
        stayed = count(found.stayed),
        came = count(found.came),
        went = count(found.went)
    ));
    part.lines
        .extend(found.new.iter().map(|rule| tr!("new: {rule}", rule = rule)));
    part.lines.extend(
        found
            .gone
            .iter()
            .map(|rule| tr!("gone: {rule}", rule = rule)),
    );
    part
}

fn suggestions(found: &Lists) -> Part {
    let mut part = Part::new(tr!("Suggestions"));
    part.lines.push(tr!(
        "{before} before, {after} after: {stayed} stayed, {came} came, {went} went",
        before = count(found.runs[0]),
        after = count(found.runs[1]),
        stayed = count(found.stayed),
        came = count(found.came),
        went = count(found.went)
    ));
    if let Some([both, another]) = found.first {
        part.lines.push(tr!(
            "{customers} with suggestions in both runs have another first one",
            customers = of(another, both)
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
