//! `show`: a table of results on the terminal.

use crate::cli::{Show, Shown};
use crate::commands::results::{Kind, Results, Row, is_customer, said};
use crate::commands::terminal::{Column, Table, width};
use crate::failure::{Failure, Result};
use crate::text::{plural, print, shell_word};

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
        ("customer_id", "customer", Kind::Text),
        ("rfm_segment", "segment", Kind::Text),
        ("value_tier", "tier", Kind::Text),
        ("recency_days", "days ago", Kind::Count),
        ("frequency", "baskets", Kind::Count),
        ("monetary", "spent", Kind::Number),
        ("rfm", "RFM", Kind::Text),
        ("life_cycle", "life cycle", Kind::Text),
        ("cluster_name", "cluster", Kind::Text),
    ],
    order: "customer_id",
};

const CHURN: Customers = Customers {
    stage: "churn",
    table: "churn",
    columns: &[
        ("rank", "rank", Kind::Count),
        ("customer_id", "customer", Kind::Text),
        ("churn_probability", "leaves", Kind::Share),
        ("band", "band", Kind::Text),
        ("reason_1", "first reason", Kind::Text),
        ("reason_2", "second reason", Kind::Text),
        ("reason_3", "third reason", Kind::Text),
    ],
    order: "churn_probability DESC NULLS LAST, customer_id",
};

const SUGGESTIONS: Customers = Customers {
    stage: "offers",
    table: "suggestions",
    columns: &[
        ("customer_id", "customer", Kind::Text),
        ("rank", "rank", Kind::Count),
        ("item", "item", Kind::Text),
        ("score", "score", Kind::Number),
        ("reason", "reason", Kind::Text),
    ],
    order: "customer_id, rank",
};

const VALUE: Customers = Customers {
    stage: "value",
    table: "value",
    columns: &[
        ("customer_id", "customer", Kind::Text),
        ("lifetime_value", "lifetime value", Kind::Number),
        ("expected_value", "expected value", Kind::Number),
        ("probability_alive", "still active", Kind::Share),
        ("next_purchase_on", "next purchase", Kind::Text),
    ],
    order: "lifetime_value DESC NULLS LAST, customer_id",
};

/// Where customers stand in their life with the shop.
const LIFE: Customers = Customers {
    stage: "segment",
    table: "segments",
    columns: &[
        ("customer_id", "customer", Kind::Text),
        ("life_cycle", "life cycle", Kind::Text),
        ("phase", "phase", Kind::Text),
        ("ladder", "ladder", Kind::Text),
        ("recency_days", "days ago", Kind::Count),
        ("usual_gap_days", "usual gap, days", Kind::Number),
        ("long_gap_days", "long gap, days", Kind::Number),
    ],
    order: "customer_id",
};

const CLASSES: Customers = Customers {
    stage: "classes",
    table: "classes",
    columns: &[
        ("customer_id", "customer", Kind::Text),
        ("own_segment", "own segment", Kind::Text),
        ("pyramid", "pyramid", Kind::Text),
        ("abc", "tier", Kind::Text),
        ("key_account", "key account", Kind::Text),
        ("present_value", "present value", Kind::Number),
        ("potential_value", "potential value", Kind::Number),
    ],
    order: "customer_id",
};

/// The stages of the life cycle themselves.
const STAGES: &[Shape] = &[
    ("life_cycle", "stage", Kind::Text),
    ("customers", "customers", Kind::Count),
    ("share", "of all", Kind::Share),
    ("spend_share", "of the spend", Kind::Share),
    ("action", "what to do", Kind::Text),
];

/// The classes themselves.
const SIZES: &[Shape] = &[
    ("kind", "kind", Kind::Text),
    ("of", "of", Kind::Text),
    ("class", "class", Kind::Text),
    ("members", "members", Kind::Count),
    ("share", "of all", Kind::Share),
    ("value_share", "of the value", Kind::Share),
];

/// The segments themselves.
const GROUPS: &[Shape] = &[
    ("rfm_segment", "segment", Kind::Text),
    ("customers", "customers", Kind::Count),
    ("share", "of all", Kind::Share),
    ("spend_share", "of the spend", Kind::Share),
    ("action", "what to do", Kind::Text),
];

/// The clusters.
const CLUSTERS: &[Shape] = &[
    ("cluster_id", "id", Kind::Count),
    ("cluster_name", "cluster", Kind::Text),
    ("customers", "customers", Kind::Count),
    ("share", "of all", Kind::Share),
    ("spend_share", "of the spend", Kind::Share),
    ("action", "what to do", Kind::Text),
];

const RULES: &[Shape] = &[
    ("in_words", "rule", Kind::Text),
    ("confidence", "confidence", Kind::Share),
    ("lift", "lift", Kind::Number),
    ("count", "baskets", Kind::Count),
    ("held_up", "held up", Kind::Text),
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
    let names: Vec<&str> = columns.iter().map(|column| column.0).collect();
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
                title: (*title).to_owned(),
                numbers: *kind != Kind::Text,
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
        print(&format!("{rest} in {table}.csv, or with --top {rows}\n"));
    }
}
