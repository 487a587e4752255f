//! Things to look at: what the profile would say first, in words, each with its number.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Profile;
use super::cells::grouped;
use super::columns::share;
use super::lines::Measure;
use crate::text::{count, percent, plural};

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
pub struct Finding {
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
pub fn find(profile: &Profile) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    findings.rejects(profile);
    findings.holes(profile);
    findings.references(profile);
    findings.sources(profile);
    findings.lines(profile);
    findings.baskets(profile);
    findings.customers(profile);
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
        "under 0.1 %".to_owned()
    } else {
        percent(share)
    }
}

/// `12 baskets hold` or `1 basket holds`.
fn verb<'a>(number: u64, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        weight: Weight,
        code: &'static str,
        section: &'static str,
        value: f64,
        text: String,
    ) {
        self.0.push(Finding {
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
                    let column = match reason.column.as_str() {
                        "" => String::new(),
                        column => format!("{column} "),
                    };
                    format!(", mostly: {column}{}", reason.reason)
                });
                let text = format!(
                    "{} of {} ({}) of {} could not be used{why}",
                    count(table.rejected),
                    plural(table.read, "source row"),
                    of(part),
                    table.table
                );
                self.add(
                    by_share(part, 0.01, 0.001),
                    "rejected-rows",
                    "rejects",
                    part,
                    text,
                );
                self.file(&file);
            }
            if table.duplicates > 0 {
                let part = share(table.duplicates, table.read);
                let text = format!(
                    "{} of {} ({}) of {} {}",
                    count(table.duplicates),
                    plural(table.read, "source row"),
                    of(part),
                    table.table,
                    verb(
                        table.duplicates,
                        "is an exact copy of an earlier one and was left out",
                        "are exact copies of earlier ones and were left out",
                    ),
                );
                self.add(
                    by_share(part, 0.05, 0.005),
                    "duplicate-rows",
                    "rejects",
                    part,
                    text,
                );
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

    fn holes(&mut self, profile: &Profile) {
        let history = &profile.history;
        let section = "months";
        if history.calendar.is_empty() {
            let text =
                "there are no purchases: without them there are no features, scores or suggestions"
                    .to_owned();
            self.add(Weight::High, "no-purchases", section, 0.0, text);
        }
        let missing: u64 = history.missing_months.iter().map(|run| run.months).sum();
        if let Some(longest) = history.missing_months.iter().max_by_key(|run| run.months) {
            let text = format!(
                "{} {} missing as a whole; the longest run is {} to {}",
                plural(missing, "month"),
                verb(missing, "is", "are"),
                longest.from,
                longest.to
            );
            self.add(
                Weight::High,
                "missing-months",
                section,
                missing as f64,
                text,
            );
        }
        for thin in &history.thin_months {
            let text = format!(
                "{} holds only {} of the purchase lines per day of the months around it",
                thin.month,
                percent(thin.share_of_usual)
            );
            self.add(
                Weight::Medium,
                "thin-month",
                section,
                thin.share_of_usual,
                text,
            );
        }
        if let Some(gap) = history.longest_gap() {
            let empty = history.unexpected_empty_days;
            let longest = match gap.days {
                1 => format!("{}", gap.from),
                days => format!("{} to {} ({days} days)", gap.from, gap.to),
            };
            let text = match empty {
                0 => format!(
                    "nobody bought anything on {} from {} to {}",
                    plural(gap.days, "day"),
                    gap.from,
                    gap.to
                ),
                _ => format!(
                    "{} without any purchase on weekdays that usually have some; the longest gap is {longest}",
                    plural(empty, "day"),
                ),
            };
            // A day or two are often holidays.
            let weight = by_share(gap.days as f64, 7.0, 3.0);
            self.add(
                weight,
                "empty-days",
                "calendar",
                empty.max(gap.days) as f64,
                text,
            );
        }
        if let Some(cut) = &history.cut_off {
            let text = format!(
                "the last day, {}, holds {}, a usual {} {}: was it loaded before it was over?",
                cut.day,
                plural(cut.lines, "purchase line"),
                cut.day.format("%A"),
                count(cut.usual)
            );
            self.add(
                Weight::Medium,
                "last-day-cut-off",
                "calendar",
                cut.lines as f64,
                text,
            );
        }
        let lines: u64 = history.hours.iter().flatten().sum();
        let midnight: u64 = history.hours.iter().map(|hours| hours[0]).sum();
        if share(midnight, lines) > 0.95 {
            let text = format!(
                "{} of the purchase lines lie in the hour after midnight: the source seems to have days without times",
                percent(share(midnight, lines))
            );
            self.add(
                Weight::Low,
                "no-times",
                "hours",
                share(midnight, lines),
                text,
            );
        }
    }

    fn references(&mut self, profile: &Profile) {
        for reference in profile
            .references
            .iter()
            .filter(|found| found.unknown_rows > 0)
        {
            let part = reference.unknown_share;
            let noun = reference.table.trim_end_matches('s');
            // Not some that are missing, but another kind of number.
            let nobody = match part >= 1.0 {
                true => format!(
                    ": not one of them is there, so are these numbers of the same kind? \
                     Nothing of the table of {} is used",
                    reference.table
                ),
                false => String::new(),
            };
            let text = format!(
                "{} ({}) {} {} that the table of {} does not have{nobody}",
                plural(reference.unknown_rows, "interaction"),
                of(part),
                verb(reference.unknown_rows, "names", "name"),
                plural(reference.unknown_keys, noun),
                reference.table
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
        let text = format!(
            "{} ({}) {} in two sources, {} and {}, and {} twice, from {} to {}; same_lines = \"drop\" under [ingest] keeps one of each",
            plural(found.lines, "interaction"),
            of(part),
            verb(found.lines, "is", "are"),
            found.sources[0],
            found.sources[1],
            verb(found.lines, "counts", "count"),
            found.first_day,
            found.last_day,
        );
        self.add(
            by_share(part, 0.01, 0.0001),
            "same-lines",
            "references",
            part,
            text,
        );
    }

    fn lines(&mut self, profile: &Profile) {
        let signs = &profile.signs;
        for (what, &rows) in signs.purchases.iter().filter(|(_, rows)| **rows > 0) {
            let part = share(rows, signs.lines);
            let (code, has, what) = match *what {
                "amount negative" => ("negative-amounts", true, "an amount below 0: returns?"),
                "amount zero" => ("zero-amounts", true, "an amount of 0"),
                "amount missing" => ("missing-amounts", true, "no amount"),
                "quantity negative" => {
                    ("negative-quantities", true, "a quantity below 0: returns?")
                }
                "quantity zero" => ("zero-quantities", true, "a quantity of 0"),
                "quantity missing" => ("missing-quantities", true, "no quantity"),
                _ => ("missing-products", false, "no product"),
            };
            let weight = match code {
                "negative-amounts" | "negative-quantities" | "missing-amounts" => {
                    by_share(part, 0.02, 0.001)
                }
                "missing-products" => by_share(part, 0.05, 0.005),
                _ => by_share(part, 1.1, 0.05),
            };
            let verb = match has {
                true => verb(rows, "has", "have"),
                false => verb(rows, "names", "name"),
            };
            let text = format!(
                "{} ({}) {verb} {what}",
                plural(rows, "purchase line"),
                of(part)
            );
            self.add(weight, code, "lines", part, text);
        }
        for measure in profile
            .measures
            .iter()
            .filter(|measure| is_far_out(measure))
        {
            let currency = match measure.column {
                "amount" => &profile.currency,
                _ => "",
            };
            let text = format!(
                "{} ({}) {} {} above {}; the largest is {}",
                plural(measure.outliers, "purchase line"),
                of(measure.outlier_share(signs.lines)),
                verb(measure.outliers, "has", "have"),
                match measure.column {
                    "amount" => "an amount",
                    _ => "a quantity",
                },
                with_currency(measure.outlier_above, currency),
                with_currency(largest(measure), currency),
            );
            let code = match measure.column {
                "amount" => "amount-outliers",
                _ => "quantity-outliers",
            };
            let weight = by_share(measure.outliers_share_of_sum, 0.05, 0.001);
            self.add(weight, code, "lines", measure.outliers as f64, text);
        }
        if signs.returns_positive > 0 && signs.returns_negative > 0 {
            let text = format!(
                "returns have both signs: {} above 0 and {} below",
                count(signs.returns_positive),
                count(signs.returns_negative)
            );
            let value = signs.returns_positive.min(signs.returns_negative) as f64;
            self.add(Weight::Low, "return-signs", "lines", value, text);
        }
        let returned = share(signs.returns, signs.lines);
        if returned > 0.2 {
            let text = format!(
                "for every hundred purchase lines {} are returned",
                grouped((returned * 1000.0).round() / 10.0)
            );
            self.add(Weight::Low, "many-returns", "lines", returned, text);
        }
    }

    fn baskets(&mut self, profile: &Profile) {
        let Some(baskets) = profile.baskets.as_ref() else {
            return;
        };
        let largest = baskets.lines.max.as_f64().unwrap_or_default();
        if baskets.giants > 0 && largest >= 1.5 * baskets.giant_above as f64 {
            let text = format!(
                "{} {} more than {} lines; the largest {}",
                plural(baskets.giants, "basket"),
                verb(baskets.giants, "holds", "hold"),
                grouped(baskets.giant_above as f64),
                grouped(largest)
            );
            let weight = by_share(baskets.giants_share_of_lines, 0.05, 0.0001);
            self.add(
                weight,
                "giant-baskets",
                "baskets",
                baskets.giants as f64,
                text,
            );
        }
    }

    fn customers(&mut self, profile: &Profile) {
        let Some(customers) = profile.customers.as_ref() else {
            return;
        };
        if let Some(before) = customers
            .before_joining
            .as_ref()
            .filter(|before| before.rows > 0)
        {
            let part = share(before.rows, profile.interactions());
            let text = format!(
                "{} of {} {} older than the day on which the customer joined",
                plural(before.rows, "interaction"),
                plural(before.customers, "customer"),
                verb(before.rows, "is", "are")
            );
            self.add(
                by_share(part, 0.05, 0.005),
                "before-joining",
                "customers",
                part,
                text,
            );
        }
        let top = customers
            .spend
            .as_ref()
            .and_then(|spend| spend.top_customer_share);
        if let Some(top) = top.filter(|top| *top > 0.05 && customers.buyers >= 100) {
            let name = customers
                .heaviest
                .first()
                .and_then(|customer| customer.get("customer_id"));
            let text = format!(
                "one customer, {}, brings {} of all spend: is it a card of the till?",
                name.map(id).unwrap_or_default(),
                percent(top)
            );
            self.add(
                by_share(top, 0.2, 0.05),
                "one-customer",
                "customers",
                top,
                text,
            );
        }
        let all = profile
            .baskets
            .as_ref()
            .map_or(0, |baskets| baskets.baskets);
        for crowd in &customers.crowds {
            let baskets = crowd
                .get("baskets")
                .and_then(Value::as_u64)
                .unwrap_or_default();
            let part = share(baskets, all);
            let name = crowd.get("customer_id").map(id).unwrap_or_default();
            let text = format!(
                "customer {name} has {} ({} of all): if it stands for guests, or for a till, add it to the source: anonymous = [\"{name}\"]",
                plural(baskets, "basket"),
                of(part),
            );
            self.add(by_share(part, 0.05, 0.01), "crowd", "customers", part, text);
        }
        let once = customers.one_time_share();
        if once >= 0.5 && customers.buyers >= 20 {
            let text = format!("{} of those who bought came only once", percent(once));
            self.add(Weight::Low, "one-time-buyers", "customers", once, text);
        }
        if let (Some(without), Some(listed)) = (customers.without_purchase, customers.listed) {
            let part = share(without, listed);
            if part >= 0.5 {
                let text = format!(
                    "{} of the {} in the table have never bought",
                    percent(part),
                    plural(listed, "customer")
                );
                self.add(
                    Weight::Low,
                    "customers-without-purchase",
                    "customers",
                    part,
                    text,
                );
            }
        }
    }

    fn columns(&mut self, profile: &Profile) {
        for table in &profile.tables {
            for column in &table.columns {
                let name = format!("{}.{}", table.name, column.name);
                match column.note {
                    Some("empty") if table.rows > 0 => {
                        let text = format!("{name} is empty in every row");
                        self.add(
                            Weight::Medium,
                            "empty-column",
                            "columns",
                            table.rows as f64,
                            text,
                        );
                    }
                    // One kind of interaction, one currency, one shop: usual, and no news.
                    Some("constant")
                        if column.null_share == 0.0 && table.name != "interactions" =>
                    {
                        let value = column
                            .top
                            .first()
                            .map(|top| id(&top.value))
                            .unwrap_or_default();
                        let text = format!("{name} is `{value}` in every row");
                        self.add(
                            Weight::Low,
                            "constant-column",
                            "columns",
                            table.rows as f64,
                            text,
                        );
                    }
                    _ => {}
                }
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

fn largest(measure: &Measure) -> f64 {
    let first: Option<&Map<String, Value>> = measure.largest.first();
    let value = first.and_then(|line| line.get(measure.column)?.as_f64());
    value.unwrap_or_default()
}

/// Every long history has a few values just beyond the fence; they are worth a word when they
/// are many or far away.
fn is_far_out(measure: &Measure) -> bool {
    measure.outliers > 0
        && (largest(measure) >= 10.0 * measure.outlier_above
            || measure.outliers_share_of_sum >= 0.05)
}

fn with_currency(value: f64, currency: &str) -> String {
    match currency {
        "" => grouped(value),
        currency => format!("{} {currency}", grouped(value)),
    }
}
