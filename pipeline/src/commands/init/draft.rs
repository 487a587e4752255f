//! The draft: `regulars.toml` with a comment for every guess.

use std::fmt::Write as _;

use crate::commands::init::as_toml::{
    comment, laid_out, one_or_list, toml_key, toml_list, toml_text,
};
use crate::commands::init::guess::{Guess, Label};
use crate::commands::init::source::{Pick, Source, Value, evidence};
use crate::commands::init::table::Table;
use crate::commands::init::values::Marks;
use crate::text::in_english;
use crate::words::{Language, spoken};

/// A written draft, and what is missing from it.
pub struct Draft {
    /// The settings.
    pub text: String,
    /// Lines that have to be filled in, from 1, with the column that is missing.
    pub missing: Vec<(usize, &'static str)>,
}

/// Writes the draft; `dates` are those of churn that suit, as lines of the settings, where they are known.
pub fn write(files: &[Table], guess: &Guess, dates: Option<&str>) -> Draft {
    let mut draft = Draft {
        text: String::new(),
        missing: Vec::new(),
    };
    draft.project(files, guess);
    draft.ingest(guess);
    for source in &guess.sources {
        draft.source(&files[source.file], source);
    }
    match &guess.label {
        Some(label) => draft.churn(label),
        None => draft.churn_dates(guess, dates),
    }
    draft.no_products(guess);
    for left in &guess.left {
        draft.left(&files[left.file], &left.why);
    }
    draft
}

impl Draft {
    /// What stands above all sources.
    fn project(&mut self, files: &[Table], guess: &Guess) {
        let text = &mut self.text;
        let missing = guess.sources.iter().flat_map(|source| {
            let of = source.table;
            let missing = source.missing.iter();
            missing.map(move |(name, why)| format!("{name} of {of}: {why}"))
        });
        let missing: Vec<String> = missing.chain(guess.lacks.clone()).collect();
        // The first that was found stands the nearest to what it speaks of.
        for why in missing.iter().rev() {
            comment(text, &format!("NOT READY: {why}"));
        }
        text.push_str(
            "# A first draft by `regulars init`, from names and values of the columns. Read the guesses,\n\
             # then: regulars check; regulars run. All settings: docs/settings.md.\n\n\
             [project]\n",
        );
        let name = guess
            .sources
            .first()
            .map_or("My history", |source| files[source.file].stem.as_str());
        let _ = writeln!(text, "name = {}", toml_text(name));
        text.push_str(
            "# The IANA time zone that decides what a day is, such as \"Europe/Berlin\".\n\
             timezone = \"UTC\"\n\
             # Printed behind amounts, such as \"EUR\".\n",
        );
        // What stands beside the amounts, if it is one thing.
        let currencies: Vec<&String> = guess
            .sources
            .iter()
            .flat_map(|source| &source.currencies)
            .collect();
        let currency = match currencies.as_slice() {
            [first, rest @ ..] if rest.iter().all(|other| other == first) => first.as_str(),
            _ => "",
        };
        let _ = writeln!(text, "currency = {}", toml_text(currency));
        if spoken() != Language::En {
            text.push_str(
                "# The language of what people read, in files, on pages and in summaries.\n",
            );
            let _ = writeln!(text, "language = {}", toml_text(spoken().code()));
        }
    }

    /// What a load has to tolerate.
    fn ingest(&mut self, guess: &Guess) {
        let text = &mut self.text;
        let several = guess.sources.iter().find(|s| s.currencies.len() > 1);
        let tolerated = guess.rejects.is_some() || guess.unusable.is_some();
        let odd = guess.copies.is_some() || guess.cancelled.is_some();
        if !tolerated && !odd && several.is_none() {
            return;
        }
        text.push_str("\n[ingest]\n");
        if let Some(why) = &guess.unusable {
            comment(text, why);
        }
        if let Some(source) = several {
            comment(
                text,
                "Amounts are in several currencies. Say what one unit of each is worth in that of the project:",
            );
            let rates: Vec<String> = source
                .currencies
                .iter()
                .map(|code| format!("{} = ...", toml_key(code)))
                .collect();
            comment(text, &format!("rates = {{ {} }}", rates.join(", ")));
        }
        if let Some((share, why)) = &guess.rejects {
            comment(text, why);
            let _ = writeln!(text, "max_reject_share = {share}");
        }
        if let Some(why) = &guess.copies {
            comment(text, why);
            text.push_str("duplicates = \"keep\"\n");
        }
        if let Some(why) = &guess.cancelled {
            comment(text, why);
            text.push_str("cancelled = \"undo\"\n");
        }
    }

    fn churn(&mut self, label: &Label) {
        let text = &mut self.text;
        text.push_str("\n[churn]\n");
        comment(text, &format!("Who left: {}", label.evidence));
        let _ = writeln!(text, "label = {}", toml_text(&label.name));
        if !label.positive.is_empty() {
            comment(
                text,
                "These values say that somebody left; whoever has another one stayed.",
            );
            let _ = writeln!(text, "positive = {}", toml_list(&label.positive));
        }
        if !label.akin.is_empty() {
            comment(
                text,
                "Called like it, so perhaps known only afterwards; nothing is learned from these.",
            );
            let _ = writeln!(text, "ignore = {}", toml_list(&label.akin));
        }
    }

    /// Dates that suit, or where they come from: where the files are large, gaps between purchases are
    /// seen once all rows are loaded.
    fn churn_dates(&mut self, guess: &Guess, dates: Option<&str>) {
        if let Some(dates) = dates {
            self.text.push('\n');
            comment(
                &mut self.text,
                "Who is leaving, by the days between purchases. `regulars churn --suggest` draws them once the files are loaded.",
            );
            self.text.push_str(dates);
            return;
        }
        let mut sources = guess.sources.iter();
        if sources.any(|source| source.table == "interactions") {
            self.text.push('\n');
            comment(
                &mut self.text,
                "[churn] has horizon_days and active_days. Once the files are loaded, `regulars churn --suggest` \
                 proposes values that suit the days between purchases.",
            );
        }
    }

    /// Lines that are no products go with nothing and are offered to nobody.
    fn no_products(&mut self, guess: &Guess) {
        let found = || {
            guess
                .sources
                .iter()
                .filter_map(|source| source.no_products.as_ref())
        };
        let mut codes: Vec<String> = found().flat_map(|(codes, _)| codes.clone()).collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() {
            return;
        }
        for section in ["rules", "offers"] {
            let _ = writeln!(self.text, "\n[{section}]");
            if section == "rules" {
                found().for_each(|(_, why)| comment(&mut self.text, why));
            }
            let _ = writeln!(self.text, "exclude = {}", toml_list(&codes));
        }
    }

    /// A file that no source is made of.
    fn left(&mut self, file: &Table, why: &[String]) {
        let text = &mut self.text;
        text.push('\n');
        comment(text, &format!("Not used: {}", file.in_words()));
        for why in why {
            comment(text, &format!("  {why}"));
        }
        let columns: Vec<&str> = file
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        comment(text, &format!("  columns: {}", columns.join(", ")));
    }
}

impl Draft {
    fn source(&mut self, file: &Table, source: &Source) {
        let text = &mut self.text;
        text.push('\n');
        let whole = if file.whole {
            "which are all"
        } else {
            "the first and some later ones"
        };
        comment(
            text,
            &format!("{} looked at, {whole}.", in_english(file.rows, "row")),
        );
        for note in source.unsure.iter().chain(&source.notes) {
            comment(text, note);
        }
        let _ = writeln!(text, "[[sources]]\ntable = \"{}\"", source.table);
        if let Some(name) = source.name {
            let _ = writeln!(text, "name = {}", toml_text(name));
        }
        reading(text, file);
        values(text, source);
        rows(text, file, source);
        text.push_str("[sources.columns]\n");
        for (name, why) in &source.missing {
            comment(
                text,
                &format!("MISSING: {why}. Name the column, and take the # away:"),
            );
            comment(text, &format!("{name} = \"...\""));
            let line = text.lines().count();
            self.missing.push((line, name));
        }
        let text = &mut self.text;
        for pick in &source.picks {
            column(text, pick);
        }
        let unused = source.unused(file);
        if !unused.is_empty() {
            comment(text, "Not used:");
            for column in unused {
                comment(text, &format!("  {}: {}", column.name, evidence(column)));
            }
        }
    }
}

/// How the times and numbers of a source are written.
fn values(text: &mut String, source: &Source) {
    if let Some((formats, why)) = &source.time_format {
        comment(text, why);
        let _ = writeln!(text, "time_format = {}", one_or_list(formats));
    }
    let marks = source.marks;
    if marks.decimal != '.' {
        let _ = writeln!(text, "decimal = {}", toml_text(&marks.decimal.to_string()));
    }
    if let Some(thousands) = marks.thousands {
        let _ = writeln!(text, "thousands = {}", toml_text(&thousands.to_string()));
    }
    if let Some(column) = &source.currency_column {
        let _ = writeln!(text, "currency_column = {}", toml_text(column));
    }
    if source.utc {
        comment(text, "These times are UTC, whatever the project's zone.");
        text.push_str("timezone = \"UTC\"\n");
    } else if source.table == "interactions" {
        comment(
            text,
            "Times that carry no zone are on the clock of the project's; another one:",
        );
        comment(text, "timezone = \"Europe/Berlin\"");
    }
}

/// Which rows of a source are loaded, for whom, and with what they are joined.
fn rows(text: &mut String, file: &Table, source: &Source) {
    if source.most_frequent {
        text.push_str("most_frequent = true\n");
    }
    if !file.fill_down.is_empty() && source.table == "interactions" {
        let _ = writeln!(text, "fill_down = {}", toml_list(&file.fill_down));
    }
    let conditions = [&file.condition, &source.only];
    let conditions: Vec<_> = conditions.into_iter().flatten().collect();
    if !conditions.is_empty() {
        conditions.iter().for_each(|(_, why)| comment(text, why));
        let conditions: Vec<&str> = conditions.iter().map(|(sql, _)| sql.as_str()).collect();
        let _ = writeln!(text, "where = {}", toml_text(&conditions.join(" AND ")));
    }
    if let Some((words, why)) = &source.guests {
        comment(text, why);
        let _ = writeln!(text, "anonymous = {}", toml_list(words));
    }
    for join in &file.joins {
        text.push_str("[[sources.join]]\n");
        reading(text, &join.file);
        let (own, other) = (toml_text(&join.on.0), toml_text(&join.on.1));
        let _ = match own == other {
            true => writeln!(text, "on = {own}"),
            false => writeln!(text, "on = {{ {} = {other} }}", toml_key(&join.on.0)),
        };
    }
}

/// Where a file lies, and what has to be said so that it can be read.
fn reading(text: &mut String, file: &Table) {
    let _ = writeln!(text, "path = {}", one_or_list(&file.paths));
    if !file.sheets.is_empty() {
        let _ = writeln!(text, "sheet = {}", one_or_list(&file.sheets));
    }
    if let Some(format) = file.format {
        let _ = writeln!(text, "format = \"{format}\"");
    }
    if let Some(encoding) = file.encoding {
        comment(
            text,
            "It is not UTF-8; its letters look like this encoding.",
        );
        let _ = writeln!(text, "encoding = \"{encoding}\"");
    }
    if let Some((lines, likely)) = file.not_utf8 {
        comment(
            text,
            &format!(
                "{} looked at {} no UTF-8, as the others are, and will be rejected{}",
                in_english(lines, "line"),
                if lines == 1 { "is" } else { "are" },
                if likely.is_some() {
                    ", unless they are read so:"
                } else {
                    "."
                },
            ),
        );
        if let Some(likely) = likely {
            comment(text, &format!("fallback_encoding = \"{likely}\""));
        }
    }
    if file.structure.skip_lines > 0 && file.structure.fields.is_empty() {
        comment(text, "The lines above the header are not looked at.");
    }
    if !file.structure.fields.is_empty() {
        comment(
            text,
            "Every line looked at has blanks between these places; check them with longer values in mind.",
        );
    }
    if file.structure.headless {
        comment(
            text,
            "The first row is one as the others, so the names are guesses from the values.",
        );
    }
    text.push_str(&laid_out(&file.structure, &file.column_names));
}

fn column(text: &mut String, pick: &Pick) {
    comment(text, &pick.evidence);
    let value = match &pick.value {
        Value::Column(name) => toml_text(name),
        Value::Marked(name, marks) => marked("column", name, Some(*marks), ""),
        Value::Timed(name, formats) => {
            let formats = one_or_list(formats);
            format!(
                "{{ column = {}, time_format = {formats} }}",
                toml_text(name)
            )
        }
        Value::Number(name, marks) => marked("column", name, *marks, ", type = \"number\""),
        Value::BySign(name, marks) => marked("by_sign", name, *marks, ""),
        Value::Product(factors) => {
            let factors = factors.each_ref().map(|(name, marks)| match marks {
                None => toml_text(name),
                Some(_) => marked("column", name, *marks, ""),
            });
            format!("{{ product = [{}] }}", factors.join(", "))
        }
        Value::Constant(constant) => format!("{{ constant = {} }}", toml_text(constant)),
        Value::Sql(sql) => format!("{{ sql = {} }}", toml_text(sql)),
    };
    let _ = writeln!(text, "{} = {value}", toml_key(&pick.name));
}

/// A column with the marks of its numbers, as a table of one line.
fn marked(key: &str, name: &str, marks: Option<Marks>, more: &str) -> String {
    let mut text = format!("{{ {key} = {}{more}", toml_text(name));
    if let Some(marks) = marks {
        let decimal = toml_text(&marks.decimal.to_string());
        let _ = write!(text, ", decimal = {decimal}");
        if let Some(thousands) = marks.thousands {
            let _ = write!(text, ", thousands = {}", toml_text(&thousands.to_string()));
        }
    }
    text + " }"
}
