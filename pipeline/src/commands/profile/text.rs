//! The profile on the terminal.

use std::fmt::Write as _;
use std::path::Path;

use crate::commands::profile::Profile;
use crate::commands::profile::cells::{grouped, readable};
use crate::commands::profile::columns::{ColumnProfile, TableProfile};
use crate::commands::profile::findings::{Weight, id};
use crate::text::{count, left, money, percent, plural, right};
use crate::words::said;

/// The last months that are shown; the page has all.
const MONTHS: usize = 24;
/// Columns wider than this are cut off.
const WIDTH: usize = 28;

/// The whole profile in words: what to look at, then tables and months.
pub fn of_profile(profile: &Profile, out: &Path) -> String {
    let mut text = String::new();
    let history = &profile.history;
    let interactions = plural(profile.interactions(), "interaction");
    let span = match (history.first_day, history.last_day) {
        (Some(first), Some(last)) => tr!(
            "{interactions} from {first} to {last}",
            interactions = interactions,
            first = first,
            last = last
        ),
        _ => interactions,
    };
    let _ = writeln!(text, "\n{}: {span}\n", profile.project);
    look_at(profile, &mut text);
    let _ = writeln!(text, "{}", tr!("TABLES"));
    for table in &profile.tables {
        let _ = writeln!(
            text,
            "  {:<14}{}  {}",
            table.name,
            right(&plural(table.rows, "row"), 14),
            plural(table.columns.len() as u64, "column")
        );
    }
    text.push('\n');
    months(profile, &mut text);
    people(profile, &mut text);
    let _ = writeln!(text, "{}", tr!("FILES in {folder}", folder = out.display()));
    for (file, about) in [
        (
            "profile.html",
            tr!("the same with pictures, and every column of every table"),
        ),
        ("profile.json", tr!("the same for programs")),
    ] {
        let _ = writeln!(text, "  {file}  {about}");
    }
    text
}

fn look_at(profile: &Profile, text: &mut String) {
    let _ = writeln!(text, "{}", tr!("TO LOOK AT"));
    if profile.findings.is_empty() {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "nothing that a profile looks for; whether columns were read as they are meant, only you can tell"
            )
        );
    }
    for warning in &profile.load_warnings {
        let _ = writeln!(
            text,
            "   ! {}",
            tr!("the load: {warning}", warning = warning)
        );
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
        "{}",
        match left_out {
            0 => tr!("MONTHS"),
            _ => tr!(
                "MONTHS (the last {n} of {all})",
                n = MONTHS,
                all = months.len()
            ),
        }
    );
    let _ = writeln!(
        text,
        "  {}{}{}{}{}{}{}",
        left(&tr!("month"), 8),
        right(&tr!("interactions"), 14),
        right(&tr!("buyers"), 10),
        right(&tr!("new"), 8),
        right(&tr!("baskets"), 12),
        right(&tr!("spend"), 16),
        right(&tr!("lines/basket"), 14)
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
    let _ = writeln!(text, "{}", tr!("CUSTOMERS AND BASKETS"));
    let _ = writeln!(
        text,
        "  {}",
        tr!(
            "{customers} bought, {share} of them once",
            customers = plural(customers.buyers, "customer"),
            share = percent(customers.one_time_share())
        )
    );
    let spend = customers.spend.as_ref();
    if let Some((fifth, gini)) = spend.and_then(|spend| spend.top_fifth_share.zip(spend.gini)) {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "the best fifth of them brings {share} of {spend} (Gini {gini})",
                share = percent(fifth),
                spend = match profile.currency.as_str() {
                    "" => tr!("a spend of {amount}", amount = money(profile.spend, "")),
                    currency => money(profile.spend, currency),
                },
                gini = format!("{gini:.2}")
            )
        );
    }
    if let Some(without) = customers.without_purchase.filter(|without| *without > 0) {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{customers} in the table never bought",
                customers = plural(without, "customer")
            )
        );
    }
    if let Some(baskets) = &profile.baskets {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{baskets}, half of them of {n} lines or fewer",
                baskets = plural(baskets.baskets, "basket"),
                n = baskets
                    .lines
                    .quantiles
                    .get("p50")
                    .map(readable)
                    .unwrap_or_default()
            )
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
        .map_or(String::new(), |note| format!(", {}", said(note)));
    let about = match column.about.as_str() {
        "" => String::new(),
        about => format!(": {about}"),
    };
    let _ = writeln!(
        text,
        "{} ({}{note}){about}",
        column.name,
        said(column.data_type)
    );
    let distinct = plural(column.distinct, "different value");
    let _ = writeln!(
        text,
        "  {}",
        tr!(
            "{n} without a value ({share}), {different}",
            n = count(column.nulls),
            share = percent(column.null_share),
            different = match column.distinct_exact {
                true => distinct,
                false => tr!("about {n}", n = distinct),
            }
        )
    );
    if !column.min.is_null() && column.quantiles.is_empty() {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "from {least} to {most}",
                least = id(&column.min),
                most = id(&column.max)
            )
        );
    }
    if !column.quantiles.is_empty() {
        let quantiles: Vec<String> = column
            .quantiles
            .iter()
            .map(|(name, value)| format!("{name} {}", readable(value)))
            .collect();
        let mean = column.mean.map_or(String::new(), |mean| {
            format!("  {} {}", tr!("mean"), grouped(mean))
        });
        let _ = writeln!(
            text,
            "  {} {}  {}  {} {}{mean}",
            tr!("min"),
            readable(&column.min),
            quantiles.join("  "),
            tr!("max"),
            readable(&column.max)
        );
    }
    if let Some(lengths) = &column.lengths {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{from} to {to} characters, {mean} on average",
                from = count(lengths.min),
                to = count(lengths.max),
                mean = grouped(lengths.mean)
            )
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
