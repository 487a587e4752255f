//! The profile on the terminal.

use std::fmt::Write as _;
use std::path::Path;

use crate::commands::profile::Profile;
use crate::commands::profile::cells::{grouped, readable};
use crate::commands::profile::columns::{ColumnProfile, TableProfile};
use crate::commands::profile::findings::{Weight, id};
use crate::text::{count, money, percent, plural};

/// The last months that are shown; the page has all.
const MONTHS: usize = 24;
/// Columns wider than this are cut off.
const WIDTH: usize = 28;

/// The whole profile in words: what to look at, then tables and months.
pub fn of_profile(profile: &Profile, out: &Path) -> String {
    let mut text = String::new();
    let history = &profile.history;
    let span = match (history.first_day, history.last_day) {
        (Some(first), Some(last)) => format!(" from {first} to {last}"),
        _ => String::new(),
    };
    let _ = writeln!(
        text,
        "\n{}: {}{span}\n",
        profile.project,
        plural(profile.interactions(), "interaction")
    );
    look_at(profile, &mut text);
    let _ = writeln!(text, "TABLES");
    for table in &profile.tables {
        let _ = writeln!(
            text,
            "  {:<14}{:>14}  {}",
            table.name,
            plural(table.rows, "row"),
            plural(table.columns.len() as u64, "column")
        );
    }
    text.push('\n');
    months(profile, &mut text);
    people(profile, &mut text);
    let _ = writeln!(text, "FILES in {}", out.display());
    let _ = writeln!(
        text,
        "  profile.html  the same with pictures, and every column of every table"
    );
    let _ = writeln!(text, "  profile.json  the same for programs");
    text
}

fn look_at(profile: &Profile, text: &mut String) {
    let _ = writeln!(text, "TO LOOK AT");
    if profile.findings.is_empty() {
        let _ = writeln!(
            text,
            "  nothing that a profile looks for; whether columns were read as they are meant, only you can tell"
        );
    }
    for warning in &profile.load_warnings {
        let _ = writeln!(text, "   ! the load: {warning}");
    }
    for finding in &profile.findings {
        let sign = match finding.weight {
            Weight::High => "!!",
            Weight::Medium => " !",
            Weight::Low => "  ",
        };
        let place = match &finding.file {
            Some(file) => format!(" ({file})"),
            None => String::new(),
        };
        let _ = writeln!(text, "  {sign} {}{place}", finding.text);
    }
    text.push('\n');
}

fn months(profile: &Profile, text: &mut String) {
    let months = &profile.history.months;
    if months.is_empty() {
        return;
    }
    let left_out = months.len().saturating_sub(MONTHS);
    let _ = writeln!(
        text,
        "MONTHS{}",
        match left_out {
            0 => String::new(),
            _ => format!(" (the last {MONTHS} of {})", months.len()),
        }
    );
    let _ = writeln!(
        text,
        "  {:<8}{:>14}{:>10}{:>8}{:>12}{:>16}{:>14}",
        "month", "interactions", "buyers", "new", "baskets", "spend", "lines/basket"
    );
    for month in &months[left_out..] {
        let spend = month.spend.map_or(String::new(), |spend| money(spend, ""));
        let lines = month
            .lines_per_basket
            .map_or(String::new(), |lines| format!("{lines:.1}"));
        let _ = writeln!(
            text,
            "  {:<8}{:>14}{:>10}{:>8}{:>12}{spend:>16}{lines:>14}",
            month.month,
            count(month.interactions),
            count(month.buyers),
            count(month.new_buyers),
            count(month.baskets),
        );
    }
    text.push('\n');
}

fn people(profile: &Profile, text: &mut String) {
    let Some(customers) = &profile.customers else {
        return;
    };
    let _ = writeln!(text, "CUSTOMERS AND BASKETS");
    let _ = writeln!(
        text,
        "  {} bought, {} of them once",
        plural(customers.buyers, "customer"),
        percent(customers.one_time_share())
    );
    let spend = customers.spend.as_ref();
    if let Some((fifth, gini)) = spend.and_then(|spend| spend.top_fifth_share.zip(spend.gini)) {
        let _ = writeln!(
            text,
            "  the best fifth of them brings {} of {} (Gini {gini:.2})",
            percent(fifth),
            match profile.currency.as_str() {
                "" => format!("a spend of {}", money(profile.spend, "")),
                currency => money(profile.spend, currency),
            }
        );
    }
    if let Some(without) = customers.without_purchase.filter(|without| *without > 0) {
        let _ = writeln!(
            text,
            "  {} in the table never bought",
            plural(without, "customer")
        );
    }
    if let Some(baskets) = &profile.baskets {
        let _ = writeln!(
            text,
            "  {}, half of them of {} lines or fewer",
            plural(baskets.baskets, "basket"),
            baskets
                .lines
                .quantiles
                .get("p50")
                .map(readable)
                .unwrap_or_default()
        );
    }
    text.push('\n');
}

/// Every column of one table.
pub fn of_table(table: &TableProfile) -> String {
    let mut text = format!("\n{}: {}\n\n", table.name, plural(table.rows, "row"));
    for column in &table.columns {
        of_column(column, &mut text);
    }
    text
}

fn of_column(column: &ColumnProfile, text: &mut String) {
    let note = column
        .note
        .map_or(String::new(), |note| format!(", {note}"));
    let about = match column.about.as_str() {
        "" => String::new(),
        about => format!(": {about}"),
    };
    let _ = writeln!(text, "{} ({}{note}){about}", column.name, column.data_type);
    let estimate = if column.distinct_exact { "" } else { "about " };
    let _ = writeln!(
        text,
        "  {} without a value ({}), {estimate}{}",
        count(column.nulls),
        percent(column.null_share),
        plural(column.distinct, "different value")
    );
    if !column.min.is_null() && column.quantiles.is_empty() {
        let _ = writeln!(text, "  from {} to {}", id(&column.min), id(&column.max));
    }
    if !column.quantiles.is_empty() {
        let quantiles: Vec<String> = column
            .quantiles
            .iter()
            .map(|(name, value)| format!("{name} {}", readable(value)))
            .collect();
        let mean = column
            .mean
            .map_or(String::new(), |mean| format!("  mean {}", grouped(mean)));
        let _ = writeln!(
            text,
            "  min {}  {}  max {}{mean}",
            readable(&column.min),
            quantiles.join("  "),
            readable(&column.max)
        );
    }
    if let Some(lengths) = &column.lengths {
        let _ = writeln!(
            text,
            "  {} to {} characters, {} on average",
            count(lengths.min),
            count(lengths.max),
            grouped(lengths.mean)
        );
    }
    for frequent in &column.top {
        let value: String = id(&frequent.value).chars().take(WIDTH).collect();
        let _ = writeln!(
            text,
            "  {value:<WIDTH$}{:>14}  {:>7}",
            count(frequent.rows),
            percent(frequent.share)
        );
    }
    text.push('\n');
}
