//! `show`: a table of results on the terminal.

use crate::cli::{Show, Shown};
use crate::commands::results::{Kind, Results, Row, in_words, is_customer, said};
use crate::commands::terminal::{Column, Table, width};
use crate::failure::{Failure, Result};
use crate::text::{plural, print, shell_word};
use crate::words;

/// A column of a file, what stands above it, and how it is written.
type Shape = (&'static str, &'static str, Kind);

/// A table with rows of customers, and how it is shown.
struct Customers {
    stage: &'static str,
    table: &'static str,
    columns: &'static [Shape],
    /// The order in which the first rows are shown.
    order: &'static str,
}

const SEGMENTS: Customers = Customers {
    stage: "segment",
    table: "segments",
    columns: &[
        ("customer_id", mark!("customer"), Kind::Text),
        ("rfm_segment", mark!("segment"), Kind::Code),
        ("value_tier", mark!("tier"), Kind::Text),
        ("recency_days", mark!("days ago"), Kind::Count),
        ("frequency", mark!("baskets"), Kind::Count),
        ("monetary", mark!("spent"), Kind::Number),
        ("rfm", mark!("RFM"), Kind::Text),
        ("life_cycle", mark!("life cycle"), Kind::Code),
        ("cluster_name", mark!("cluster"), Kind::Code),
    ],
    order: "customer_id",
};

const CHURN: Customers = Customers {
    stage: "churn",
    table: "churn",
    columns: &[
        ("rank", mark!("rank"), Kind::Count),
        ("customer_id", mark!("customer"), Kind::Text),
        ("churn_probability", mark!("leaves"), Kind::Share),
        ("band", mark!("band"), Kind::Code),
        ("reason_1", mark!("first reason"), Kind::Text),
        ("reason_2", mark!("second reason"), Kind::Text),
        ("reason_3", mark!("third reason"), Kind::Text),
    ],
    order: "churn_probability DESC NULLS LAST, customer_id",
};

const SUGGESTIONS: Customers = Customers {
    stage: "offers",
    table: "suggestions",
    columns: &[
        ("customer_id", mark!("customer"), Kind::Text),
        ("rank", mark!("rank"), Kind::Count),
        ("item", mark!("item"), Kind::Text),
        ("score", mark!("score"), Kind::Number),
        ("reason", mark!("reason"), Kind::Text),
    ],
    order: "customer_id, rank",
};

const VALUE: Customers = Customers {
    stage: "value",
    table: "value",
    columns: &[
        ("customer_id", mark!("customer"), Kind::Text),
        ("lifetime_value", mark!("lifetime value"), Kind::Number),
        ("expected_value", mark!("expected value"), Kind::Number),
        ("probability_alive", mark!("still active"), Kind::Share),
        ("next_purchase_on", mark!("next purchase"), Kind::Text),
    ],
    order: "lifetime_value DESC NULLS LAST, customer_id",
};

/// Where customers stand in their life with the shop.
const LIFE: Customers = Customers {
    stage: "segment",
    table: "segments",
    columns: &[
        ("customer_id", mark!("customer"), Kind::Text),
        ("life_cycle", mark!("life cycle"), Kind::Code),
        ("phase", mark!("phase"), Kind::Code),
        ("ladder", mark!("ladder"), Kind::Code),
        ("recency_days", mark!("days ago"), Kind::Count),
        ("usual_gap_days", mark!("usual gap, days"), Kind::Number),
        ("long_gap_days", mark!("long gap, days"), Kind::Number),
    ],
    order: "customer_id",
};

const CLASSES: Customers = Customers {
    stage: "classes",
    table: "classes",
    columns: &[
        ("customer_id", mark!("customer"), Kind::Text),
        ("own_segment", mark!("own segment"), Kind::Code),
        ("pyramid", mark!("pyramid"), Kind::Code),
        ("abc", mark!("tier"), Kind::Code),
        ("key_account", mark!("key account"), Kind::Code),
        ("present_value", mark!("present value"), Kind::Number),
        ("potential_value", mark!("potential value"), Kind::Number),
    ],
    order: "customer_id",
};

/// The stages of the life cycle themselves.
const STAGES: &[Shape] = &[
    ("life_cycle", mark!("stage"), Kind::Code),
    ("customers", mark!("customers"), Kind::Count),
    ("share", mark!("of all"), Kind::Share),
    ("spend_share", mark!("of the spend"), Kind::Share),
    ("action", mark!("what to do"), Kind::Text),
];

/// The classes themselves.
const SIZES: &[Shape] = &[
    ("kind", mark!("kind"), Kind::Code),
    ("of", mark!("of"), Kind::Code),
    ("class", mark!("class"), Kind::Code),
    ("members", mark!("members"), Kind::Count),
    ("share", mark!("of all"), Kind::Share),
    ("value_share", mark!("of the value"), Kind::Share),
];

/// The segments themselves.
const GROUPS: &[Shape] = &[
    ("rfm_segment", mark!("segment"), Kind::Code),
    ("customers", mark!("customers"), Kind::Count),
    ("share", mark!("of all"), Kind::Share),
    ("spend_share", mark!("of the spend"), Kind::Share),
    ("action", mark!("what to do"), Kind::Text),
];

/// The clusters.
const CLUSTERS: &[Shape] = &[
    ("cluster_id", mark!("id"), Kind::Count),
    ("cluster_name", mark!("cluster"), Kind::Code),
    ("customers", mark!("customers"), Kind::Count),
    ("share", mark!("of all"), Kind::Share),
    ("spend_share", mark!("of the spend"), Kind::Share),
    ("action", mark!("what to do"), Kind::Text),
];

const RULES: &[Shape] = &[
    ("in_words", mark!("rule"), Kind::Text),
    ("confidence", mark!("confidence"), Kind::Share),
    ("lift", mark!("lift"), Kind::Number),
    ("count", mark!("baskets"), Kind::Count),
    ("held_up", mark!("held up"), Kind::Text),
];

/// Prints what was asked for.
pub fn run(args: &Show) -> Result<()> {
    let results = Results::open(&args.output.out)?;
    let customer = args.customer.as_deref();
    match (args.table, customer) {
        (Shown::Rules, Some(_)) => Err(Failure::settings(
            "rules are of baskets, not of a customer",
        )
        .hint("what a customer would buy next, and why: regulars show suggestions CUSTOMER")),
        (Shown::Rules, None) => small(&results, "rules", "rules", RULES, args.top),
        (Shown::Segments, None) => {
            small(&results, "segment", "rfm_segments", GROUPS, args.top)?;
            let clusters = "cluster_guide.parquet";
            match results
                .manifest
                .files
                .iter()
                .any(|file| file.path == clusters)
            {
                true => {
                    print("\n");
                    small(&results, "segment", "cluster_guide", CLUSTERS, args.top)
                }
                false => Ok(()),
            }
        }
        (Shown::Segments, Some(id)) => of_customers(&results, &SEGMENTS, Some(id), args.top),
        (Shown::LifeCycle, None) => small(&results, "segment", "life_cycle", STAGES, args.top),
        (Shown::LifeCycle, Some(id)) => of_customers(&results, &LIFE, Some(id), args.top),
        (Shown::Classes, None) => small(&results, "classes", "class_sizes", SIZES, args.top),
        (Shown::Classes, Some(id)) => of_customers(&results, &CLASSES, Some(id), args.top),
        (Shown::Churn, id) => of_customers(&results, &CHURN, id, args.top),
        (Shown::Suggestions, id) => of_customers(&results, &SUGGESTIONS, id, args.top),
        (Shown::Value, id) => of_customers(&results, &VALUE, id, args.top),
    }
}

/// Prints the first rows of a table that is small.
fn small(
    results: &Results<'_>,
    stage: &str,
    table: &str,
    columns: &[Shape],
    top: u64,
) -> Result<()> {
    let rows = results.small(stage, table)?;
    let shown = rows.len().min(usize::try_from(top).unwrap_or(usize::MAX));
    show(&rows[..shown], columns);
    more(rows.len() as u64, top, table);
    Ok(())
}

/// Prints the first rows of a table of customers, or those of one of them.
fn of_customers(
    results: &Results<'_>,
    of: &Customers,
    customer: Option<&str>,
    top: u64,
) -> Result<()> {
    results.needed(of.stage, of.table)?;
    let there = results.scope.schema(of.table)?;
    let known = |column: &&Shape| there.field_with_name(column.0).is_ok();
    let columns: Vec<Shape> = of.columns.iter().filter(known).copied().collect();
    let mut names: Vec<String> = columns.iter().map(|column| column.0.to_owned()).collect();
    let beside = columns.iter().filter(|column| column.2 == Kind::Code);
    let beside = beside.map(|column| in_words(column.0));
    names.extend(beside.filter(|name| there.field_with_name(name).is_ok()));
    let condition = customer.map_or_else(String::new, |id| format!(" WHERE {}", is_customer(id)));
    let sql = format!(
        "SELECT {} FROM {}{condition} ORDER BY {} LIMIT {top}",
        names.join(", "),
        of.table,
        of.order
    );
    let rows = results.ask(&sql)?;
    if let (true, Some(id)) = (rows.is_empty(), customer) {
        return Err(nothing_of(results, of, id)?);
    }
    show(&rows, &columns);
    let entry = format!("{}.parquet", of.table);
    let entry = results
        .manifest
        .files
        .iter()
        .find(|file| file.path == entry);
    if let (None, Some(rows)) = (customer, entry.and_then(|entry| entry.rows)) {
        more(rows, top, of.table);
    }
    Ok(())
}

/// Why a table has no row of a customer: it may be one whom other tables know.
fn nothing_of(results: &Results<'_>, of: &Customers, id: &str) -> Result<Failure> {
    if of.table != SEGMENTS.table && results.named(SEGMENTS.table)? {
        let known = format!(
            "SELECT 1 AS n FROM segments WHERE {} LIMIT 1",
            is_customer(id)
        );
        if results.ask(&known)?.is_empty() {
            return results.nobody(id, SEGMENTS.table);
        }
        return Ok(Failure::data(format!(
            "{}.parquet has nothing of the customer `{id}`",
            of.table
        ))
        .hint(format!(
            "what is known of them: regulars explain {}",
            shell_word(id)
        )));
    }
    results.nobody(id, of.table)
}

fn show(rows: &[Row], columns: &[Shape]) {
    let table = Table {
        columns: columns
            .iter()
            .map(|(_, title, kind)| Column {
                title: words::said(title).to_owned(),
                numbers: !matches!(kind, Kind::Text | Kind::Code),
            })
            .collect(),
        rows: rows
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|(name, _, kind)| said(row, name, *kind))
                    .collect()
            })
            .collect(),
    };
    print(&table.text(width()));
}

/// Says how much more there is, and where.
fn more(rows: u64, top: u64, table: &str) {
    if rows > top {
        let rest = plural(rows - top, "more row");
        let more = tr!(
            "{rest} in {table}.csv, or with --top {rows}",
            rest = rest,
            table = table,
            rows = rows
        );
        print(&(more + "\n"));
    }
}
