//! Things to look at: what the profile would say first, in words, each with its number.

mod cancelled;
mod customers;
mod history;
mod lines;

use serde::Serialize;
use serde_json::Value;

use crate::commands::profile::Profile;
use crate::commands::profile::columns::share;
use crate::stages::ingest;
use crate::text::{count, percent, plural};
use crate::words::fill;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Results will be wrong, or are about something else than expected.
    High,
    /// Results suffer.
    Medium,
    /// Good to know.
    Low,
}

/// One thing to look at.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileFinding {
    /// How much it matters.
    pub weight: Weight,
    /// A name that does not change, for programs.
    pub code: &'static str,
    /// What was seen, in words.
    pub text: String,
    /// The number that it is about.
    pub value: f64,
    /// The section of the page that tells more.
    pub section: &'static str,
    /// A file that tells more, below the output folder.
    pub file: Option<String>,
}

/// What is worth a look, the most important first; nothing when all is well.
pub fn find(profile: &Profile) -> Vec<ProfileFinding> {
    let mut findings = Findings(Vec::new());
    findings.rejects(profile);
    findings.history(&profile.history);
    findings.references(profile);
    findings.sources(profile);
    findings.cancelled(profile);
    findings.lines(profile);
    if let Some(baskets) = &profile.baskets {
        findings.baskets(baskets);
    }
    if let Some(customers) = &profile.customers {
        findings.customers(profile, customers);
    }
    findings.columns(profile);
    // Stable: what is equally important stays in the order of the sections.
    findings.0.sort_by_key(|finding| finding.weight);
    findings.0
}

/// High from the first share (or number) on, medium from the second.
fn by_share(share: f64, high: f64, medium: f64) -> Weight {
    if share >= high {
        Weight::High
    } else if share >= medium {
        Weight::Medium
    } else {
        Weight::Low
    }
}

/// A share in words, also when it is small.
fn of(share: f64) -> String {
    if share < 0.0005 && share > 0.0 {
        tr!("under 0.1 %")
    } else {
        percent(share)
    }
}

struct Findings(Vec<ProfileFinding>);

impl Findings {
    fn add(
        &mut self,
        weight: Weight,
        code: &'static str,
        section: &'static str,
        value: f64,
        text: String,
    ) {
        self.0.push(ProfileFinding {
            weight,
            code,
            text,
            value,
            section,
            file: None,
        });
    }

    fn rejects(&mut self, profile: &Profile) {
        for table in &profile.rejects {
            let file = format!("rejects/{}.csv", table.table);
            if table.rejected > 0 {
                let part = share(table.rejected, table.read);
                let worst = table.reasons.iter().find(|reason| !reason.is_copy());
                let why = worst.map_or_else(String::new, |reason| {
                    let why = ingest::what(&reason.column, &reason.reason);
                    tr!(", mostly: {why}", why = why)
                });
                let text = tr!(
                    "{rejected} of {rows} ({share}) of {table} could not be used{why}",
                    rejected = count(table.rejected),
                    rows = plural(table.read, "source row"),
                    share = of(part),
                    table = table.table,
                    why = why
                );
                let weight = by_share(part, 0.01, 0.001);
                self.add(weight, "rejected-rows", "rejects", part, text);
                self.file(&file);
            }
            if table.duplicates > 0 {
                let part = share(table.duplicates, table.read);
                let (copies, rows) = (table.duplicates, plural(table.read, "source row"));
                let text = match copies {
                    1 => tr!(
                        "{copies} of {rows} ({share}) of {table} is an exact copy of an earlier one and was left out",
                        copies = count(copies),
                        rows = rows,
                        share = of(part),
                        table = table.table
                    ),
                    _ => tr!(
                        "{copies} of {rows} ({share}) of {table} are exact copies of earlier ones and were left out",
                        copies = count(copies),
                        rows = rows,
                        share = of(part),
                        table = table.table
                    ),
                };
                let weight = by_share(part, 0.05, 0.005);
                self.add(weight, "duplicate-rows", "rejects", part, text);
                self.file(&file);
            }
        }
    }

    /// Names the file that tells more about the last finding.
    fn file(&mut self, file: &str) {
        if let Some(last) = self.0.last_mut() {
            last.file = Some(file.to_owned());
        }
    }

    fn references(&mut self, profile: &Profile) {
        for reference in profile
            .references
            .iter()
            .filter(|found| found.unknown_rows > 0)
        {
            let part = reference.unknown_share;
            // Not some that are missing, but another kind of number.
            let nobody = match part >= 1.0 {
                true => tr!(
                    ": not one of them is there, so are these numbers of the same kind? \
                     Nothing of the table of {table} is used",
                    table = reference.table
                ),
                false => String::new(),
            };
            let text = match reference.unknown_rows {
                1 => mark!(
                    "{interactions} ({share}) names {things} that the table of {table} does not have{nobody}"
                ),
                _ => mark!(
                    "{interactions} ({share}) name {things} that the table of {table} does not have{nobody}"
                ),
            };
            let things = match reference.table {
                "customers" => plural(reference.unknown_keys, "customer"),
                "products" => plural(reference.unknown_keys, "product"),
                _ => plural(reference.unknown_keys, "campaign"),
            };
            let text = fill(
                text,
                &[
                    (
                        "interactions",
                        &plural(reference.unknown_rows, "interaction"),
                    ),
                    ("share", &of(part)),
                    ("things", &things),
                    ("table", &reference.table),
                    ("nobody", &nobody),
                ],
            );
            let code = match reference.table {
                "customers" => "unknown-customers",
                "products" => "unknown-products",
                _ => "unknown-campaigns",
            };
            self.add(by_share(part, 0.05, 0.005), code, "references", part, text);
        }
    }

    fn sources(&mut self, profile: &Profile) {
        let Some(found) = &profile.in_two_sources else {
            return;
        };
        let part = share(found.lines, profile.interactions());
        let text = match found.lines {
            1 => mark!(
                "{interactions} ({share}) is in two sources, {one} and {other}, and counts twice, from {first} to {last}; same_lines = \"drop\" under [ingest] keeps one of each"
            ),
            _ => mark!(
                "{interactions} ({share}) are in two sources, {one} and {other}, and count twice, from {first} to {last}; same_lines = \"drop\" under [ingest] keeps one of each"
            ),
        };
        let text = fill(
            text,
            &[
                ("interactions", &plural(found.lines, "interaction")),
                ("share", &of(part)),
                ("one", &found.sources[0]),
                ("other", &found.sources[1]),
                ("first", &found.first_day),
                ("last", &found.last_day),
            ],
        );
        let weight = by_share(part, 0.01, 0.0001);
        self.add(weight, "same-lines", "references", part, text);
    }

    fn columns(&mut self, profile: &Profile) {
        for table in &profile.tables {
            for column in &table.columns {
                let name = format!("{}.{}", table.name, column.name);
                let (weight, code, text) = match column.note {
                    Some("empty") if table.rows > 0 => {
                        let text = tr!("{name} is empty in every row", name = name);
                        (Weight::Medium, "empty-column", text)
                    }
                    // One kind of interaction, one currency, one shop: usual, and no news.
                    Some("constant")
                        if column.null_share == 0.0 && table.name != "interactions" =>
                    {
                        let value = column.top.first().map(|top| id(&top.value));
                        let value = value.unwrap_or_default();
                        let text = tr!(
                            "{name} is `{value}` in every row",
                            name = name,
                            value = value
                        );
                        (Weight::Low, "constant-column", text)
                    }
                    _ => continue,
                };
                self.add(weight, code, "columns", table.rows as f64, text);
            }
        }
    }
}

/// A key as people write it.
pub fn id(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
