//! What to do this week: up to three things, each with the file that holds the list.

use serde::{Deserialize, Serialize};

use super::left::{Left, total};
use super::loads::Loads;
use super::small::LEAST;
use crate::failure::Result;
use crate::text::{calm, count, money, percent};
use crate::words::{fill, said};

/// So many things.
const MOST: usize = 3;

/// One thing to do.
#[derive(Serialize)]
pub struct Todo {
    /// What.
    pub title: String,
    /// Why, with numbers.
    pub why: String,
    /// The file that it is done with.
    pub file: String,
    /// Which rows of it.
    pub rows: String,
}

#[derive(Deserialize)]
struct Found {
    customers: u64,
    spend: Option<f64>,
}

#[derive(Deserialize)]
struct Stake {
    name: String,
    customers: u64,
    stake: Option<f64>,
    spend: Option<f64>,
}

#[derive(Deserialize)]
struct Offered {
    item: String,
    customers: u64,
}

/// The most urgent things that the files have a list for.
pub fn look(left: &Left<'_>, data: &Loads) -> Result<Vec<Todo>> {
    let mut things = Vec::new();
    things.extend(keep_the_best(left)?);
    things.extend(offer(left)?);
    things.extend(segment_at_stake(left)?);
    things.extend(mend(data));
    things.truncate(MOST);
    Ok(things)
}

/// The customers who bring most and are likely to leave.
fn keep_the_best(left: &Left<'_>) -> Result<Option<Todo>> {
    if !(left.has("churn") && left.has("segments")) {
        return Ok(None);
    }
    for (bands, title, rows) in [
        (
            "'high'",
            mark!("Talk to the {n} best customers who are at high risk"),
            mark!("band high; value_tier A in segments"),
        ),
        (
            "'high', 'medium'",
            mark!("Talk to the {n} best customers who are at high or medium risk"),
            mark!("band high or medium; value_tier A in segments"),
        ),
    ] {
        let found: Vec<Found> = left.ask(&format!(
            "SELECT count(*) AS customers, {} AS spend FROM churn c \
             JOIN segments s ON c.customer_id = s.customer_id \
             WHERE c.band IN ({bands}) AND s.value_tier = 'A'",
            total("s.monetary", 2)
        ))?;
        let Some(found) = found.first().filter(|found| found.customers >= LEAST) else {
            continue;
        };
        let spend = money(found.spend.unwrap_or(0.0), &left.manifest.currency);
        return Ok(Some(Todo {
            title: fill(title, &[("n", &count(found.customers))]),
            why: tr!(
                "They are of value tier A, have spent {spend}, and the reasons for their risk stand beside each.",
                spend = spend
            ),
            file: file(left, "churn"),
            rows: said(rows).to_owned(),
        }));
    }
    Ok(None)
}

/// What most customers are offered first.
fn offer(left: &Left<'_>) -> Result<Option<Todo>> {
    if !left.has("suggestions") {
        return Ok(None);
    }
    let found: Vec<Offered> = left.ask(&format!(
        "SELECT item, count(*) AS customers FROM suggestions WHERE rank = 1 \
         GROUP BY item HAVING count(*) >= {LEAST} ORDER BY 2 DESC, 1 LIMIT 1"
    ))?;
    Ok(found.into_iter().next().map(|first| Todo {
        title: tr!(
            "Offer {item} to the {n} customers whom it suits best",
            item = calm(&first.item),
            n = count(first.customers)
        ),
        why: tr!("It is the first suggestion of more customers than any other; the reason stands beside each."),
        file: file(left, "suggestions"),
        rows: tr!("rank 1 and this item"),
    }))
}

/// The segment whose spend, times the probability of leaving, is largest.
fn segment_at_stake(left: &Left<'_>) -> Result<Option<Todo>> {
    #[derive(Deserialize)]
    struct Guide {
        rfm_segment: String,
        action: String,
    }
    if !(left.has("churn") && left.has("segments")) {
        return Ok(None);
    }
    let found: Vec<Stake> = left.ask(&format!(
        "SELECT s.rfm_segment AS name, count(*) AS customers, {} AS stake, {} AS spend FROM churn c \
         JOIN segments s ON c.customer_id = s.customer_id WHERE c.churn_probability IS NOT NULL \
         GROUP BY 1 HAVING count(*) >= {LEAST} ORDER BY 3 DESC, 1 LIMIT 1",
        total("s.monetary * c.churn_probability", 4),
        total("s.monetary", 2)
    ))?;
    let guides: Vec<Guide> = left.small("rfm_segments")?;
    let Some(most) = found.into_iter().next() else {
        return Ok(None);
    };
    let Some((stake, spend)) = most.stake.zip(most.spend).filter(|of| of.0 > 0.0) else {
        return Ok(None);
    };
    let guide = guides
        .into_iter()
        .find(|guide| guide.rfm_segment == most.name);
    let action = guide.map_or_else(String::new, |guide| {
        tr!(" {action}.", action = guide.action)
    });
    Ok(Some(Todo {
        title: tr!("Look after the segment {name}", name = said(&most.name)),
        why: tr!(
            "Its {n} active customers have spent {spend}; weighted by the probability of leaving, {stake} of that is at stake ({share}), more than in any other segment.",
            n = count(most.customers),
            spend = money(spend, &left.manifest.currency),
            stake = money(stake, &left.manifest.currency),
            share = percent(stake / spend)
        ) + &action,
        file: file(left, "segments"),
        rows: tr!("rfm_segment {name}", name = most.name),
    }))
}

/// Rows that could not be used.
fn mend(data: &Loads) -> Option<Todo> {
    let table = data.tables.iter().max_by_key(|table| table.rejected)?;
    (table.rejected > 0).then(|| Todo {
        title: tr!(
            "Mend {n} rows of {table}",
            n = count(table.rejected),
            table = table.table
        ),
        why: tr!("They could not be used, so that these figures lack them; a mended copy is loaded with ingest --mended."),
        file: format!("rejects/{}.csv", table.table),
        rows: tr!("with line, column, value and reason"),
    })
}

/// The file of a table that people open.
fn file(left: &Left<'_>, table: &str) -> String {
    let csv = format!("{table}.csv");
    match left.manifest.files.iter().any(|file| file.path == csv) {
        true => csv,
        false => format!("{table}.parquet"),
    }
}
