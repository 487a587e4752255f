//! Money that was given back, where an export says it in a column beside what was sold: a source of its own,
//! which reads the same files.

use crate::commands::init::source::{Pick, Source, Value, evidence};
use crate::commands::init::table::Table;
use crate::commands::init::values::{Shape, Written};

/// What returns have of the columns of purchases.
const KEPT: [&str; 5] = [
    "customer_id",
    "occurred_at",
    "basket_id",
    "channel",
    "location_id",
];

/// The returns of a file, if anything was given back in the rows that were looked at.
pub fn returns_of(file: &Table, lines: &Source) -> Option<Source> {
    let refunds = file.refunds.as_ref()?;
    let amount = file.column(&refunds.amount)?;
    let (_, most) = amount.span?;
    // The export has set the column aside, since it is none of what was sold.
    if !matches!(amount.shape, Shape::Whole | Shape::Number(_)) || most <= 0.0 {
        return None;
    }
    let kept = |pick: &&Pick| {
        KEPT.contains(&pick.name.as_str()) || refunds.of_line && pick.name == "product_id"
    };
    let mut picks: Vec<Pick> = lines.picks.iter().filter(kept).cloned().collect();
    let time = refunds.time.as_ref().and_then(|name| file.column(name));
    let time = time.filter(|column| matches!(column.shape, Shape::Time(_)));
    if let (Some(column), Some(pick)) = (
        time,
        picks.iter_mut().find(|pick| pick.name == "occurred_at"),
    ) && let Shape::Time(times) = &column.shape
    {
        let of_source = lines.time_format.as_ref().map(|(formats, _)| formats);
        pick.evidence = evidence(column);
        pick.value = match &times.written {
            Written::Formats(formats) if Some(formats) != of_source => {
                Value::Timed(column.name.clone(), formats.clone())
            }
            _ => Value::Column(column.name.clone()),
        };
    }
    let kind = Pick {
        name: "kind".into(),
        value: Value::Constant("return"),
        evidence: "what was given back".into(),
    };
    let money = Pick {
        name: "amount".into(),
        value: Value::Column(amount.name.clone()),
        evidence: evidence(amount),
    };
    picks.extend([kind, money]);
    let name = format!("\"{}\"", amount.name.replace('"', "\"\""));
    let when = match time {
        Some(_) => "",
        None => " When is not said: it counts on the day of the order.",
    };
    let of = match refunds.of_line {
        true => "",
        false => " It is of a whole order, and so of no product.",
    };
    let names = [Some(&amount.name), time.map(|column| &column.name)];
    let mut used = lines.used.clone();
    used.extend(names.into_iter().flatten().filter_map(|name| {
        let mut columns = file.columns.iter();
        columns.position(|column| column.name == *name)
    }));
    Some(Source {
        picks,
        used,
        name: Some("refunds"),
        only: Some((
            format!("btrim(CAST({name} AS VARCHAR), '0., ') <> ''"),
            format!("Rows of which something was given back.{of}{when}"),
        )),
        notes: Vec::new(),
        unsure: Vec::new(),
        no_products: None,
        missing: Vec::new(),
        most_frequent: false,
        ..lines.clone()
    })
}
