//! The list that marketing asks for first: who is leaving or has left, what they are worth, and
//! three things to write to them about.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int32Array, RecordBatch, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use rayon::prelude::*;
use regulars_models::cross_sell::Next;

use super::kinds::{Maker, few};
use super::known::Known;
use super::product::Products;
use crate::failure::{Result, did_you_mean};
use crate::known::rows_of;
use crate::outputs::Pending;
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::outputs::workbook::{self, Line};
use crate::purchases::day_number;
use crate::stages::Context;
use crate::suppressed::{self, Suppressed};
use crate::text::plural;
use crate::words::{self, said};

/// Offers to each.
const OFFERS: usize = 3;
/// Candidates that they are chosen from.
const CANDIDATES: usize = 60;

/// One thing to write about.
struct Thing {
    item: u32,
    product: String,
    price: f64,
    /// What it is expected to bring; none where nobody has learned how likely it is.
    gain: f64,
    why: String,
}

/// One customer of the list.
struct Row {
    customer: u32,
    band: String,
    reason: String,
    worth: f64,
    last: i32,
    things: Vec<Thing>,
}

impl Row {
    fn gain(&self) -> f64 {
        self.things.iter().map(|thing| thing.gain).sum()
    }
}

/// Writes the list, and says how many are on it. It is there without any settings, and empty where
/// nobody is leaving.
pub fn write(
    context: &Context<'_>,
    known: &Known<'_>,
    maker: Option<&Maker<'_>>,
    products: &Products,
    allowed: &(dyn Fn(u32, u32) -> bool + Sync),
    files: &mut Pending,
) -> Result<u64> {
    let day = day_number(context.warehouse()?.end);
    let active_days = context.settings.config.churn.active_days;
    let barred = suppressed::read(context.settings, known.purchases.customers.data_type())?;
    let Leaving { rows, left_out } = leaving(known, &barred, day, active_days);
    let mut rows: Vec<Row> = rows
        .into_par_iter()
        .map_init(
            || maker.map(|maker| maker.ranker.scratch()),
            |scratch, mut row| {
                let customer = row.customer;
                let next = maker.zip(scratch.as_mut()).map(|(maker, scratch)| {
                    let most = [CANDIDATES, usize::MAX];
                    let allowed = |item| allowed(customer, item);
                    maker
                        .ranker
                        .next(scratch, customer as usize, most, &allowed)
                });
                row.things = match next {
                    Some(next) => likely(known, products, customer, &next),
                    None => favourites(known, products, customer, allowed),
                };
                row
            },
        )
        .collect();
    let sum = |row: &Row| if row.gain().is_nan() { 0.0 } else { row.gain() };
    rows.sort_by(|a, b| {
        let worth = |row: &Row| if row.worth.is_nan() { 0.0 } else { row.worth };
        let gain = sum(b).total_cmp(&sum(a));
        gain.then(worth(b).total_cmp(&worth(a)))
            .then(a.customer.cmp(&b.customer))
    });
    let table = table(context, known, &rows, day)?;
    let about = &tr!(
        "Customers who are leaving or have left, with what to write to them about; those who may not be contacted are not in it"
    );
    files.parquet("winback.parquet", about, &table)?;
    files.csv_to_open("winback.csv", about, &table)?;
    if fits(rows.len() as u64) {
        let path = files.place("winback.xlsx", Some(rows.len() as u64), about)?;
        workbook::write(&path, &table, about, &lines(rows.len(), &left_out))?;
    }
    Ok(rows.len() as u64)
}

/// Whether a spreadsheet has room for so many customers.
pub fn fits(customers: u64) -> bool {
    customers < workbook::MOST_ROWS as u64
}

/// The lines of the sheet of counts.
fn lines(on_it: usize, left_out: &BTreeMap<String, u64>) -> Vec<Line> {
    let line = |what: String, number: u64| Line {
        what,
        number: Some(number),
    };
    let barred: u64 = left_out.values().sum();
    let mut lines = vec![
        line(tr!("are leaving or have left"), on_it as u64 + barred),
        line(tr!("are on the list"), on_it as u64),
        Line {
            what: tr!("left out, by the first reason that applies:"),
            number: None,
        },
    ];
    lines.extend((left_out.iter()).map(|(why, number)| line(why.clone(), *number)));
    lines
}

/// Who is leaving or has left.
struct Leaving {
    /// Those who may be contacted.
    rows: Vec<Row>,
    /// Why others are not on the list, with their number.
    left_out: BTreeMap<String, u64>,
}

/// Who is on the list: whom `churn` has in the band high or lapsed, or where it has not run, who has
/// been away for longer than an active customer may be; without those who may not be contacted, or
/// are on a suppression file.
fn leaving(known: &Known<'_>, barred: &[Suppressed], day: i32, active_days: u32) -> Leaving {
    let purchases = known.purchases;
    let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
    let why_not = |customer: usize| {
        let on = |file: &&Suppressed| file.who.seen(&purchases.customers, customer) > 0;
        let said = known.answers.why_not(customer);
        let said = said.map(|why| words::said(why).to_owned());
        let why = |file: &Suppressed| tr!("are on {file}", file = file.path);
        said.or_else(|| barred.iter().find(on).map(why))
    };
    let row = |customer: usize| {
        let lines = purchases.offsets[customer]..purchases.offsets[customer + 1];
        let last = *purchases.days[lines].last()?;
        let away = day.saturating_sub(last);
        let (band, reason) = match known.beside.standings.get(customer) {
            Some(standing) => (standing.band.clone(), standing.reason.clone()),
            None if i64::from(away) > i64::from(active_days) => {
                ("lapsed".to_owned(), String::new())
            }
            None => return None,
        };
        if !matches!(band.as_str(), "high" | "lapsed") {
            return None;
        }
        if let Some(why) = why_not(customer) {
            *left_out.entry(why).or_default() += 1;
            return None;
        }
        let reason = match reason.is_empty() {
            true => tr!(
                "no purchase for {days}",
                days = plural(away.max(0).unsigned_abs().into(), "day")
            ),
            false => reason,
        };
        Some(Row {
            customer: customer as u32,
            band,
            reason,
            worth: known
                .beside
                .worth
                .get(customer)
                .copied()
                .flatten()
                .unwrap_or(f64::NAN),
            last,
            things: Vec::new(),
        })
    };
    let rows = (0..purchases.customers.len()).filter_map(row).collect();
    Leaving { rows, left_out }
}

/// The three things of three categories that are expected to bring most: what they used to buy, and
/// what is new to them.
fn likely(known: &Known<'_>, products: &Products, customer: u32, next: &Next) -> Vec<Thing> {
    let again = next.again.iter().map(|again| {
        let why = bought(again.times.into());
        let chance = (again.item, again.probability);
        thing(known, products, customer, chance, why)
    });
    let new = next.new.iter().map(|new| {
        let chance = (new.item, new.score);
        thing(known, products, customer, chance, tr!("new to them"))
    });
    let mut all: Vec<Thing> = again.chain(new).collect();
    let worth = |thing: &Thing| {
        if thing.gain.is_nan() {
            -1.0
        } else {
            thing.gain
        }
    };
    all.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.item.cmp(&b.item)));
    three(known, all)
}

/// Where nobody has learned how likely anything is: what they have bought most, of three categories.
fn favourites(
    known: &Known<'_>,
    products: &Products,
    customer: u32,
    allowed: &(dyn Fn(u32, u32) -> bool + Sync),
) -> Vec<Thing> {
    let offsets = &known.purchases.offsets;
    let lines = offsets[customer as usize]..offsets[customer as usize + 1];
    let mut times: BTreeMap<u32, u64> = BTreeMap::new();
    for &item in &known.line_items[lines] {
        *times.entry(item).or_default() += 1;
    }
    let mut all: Vec<(u32, u64)> = times.into_iter().collect();
    all.retain(|(item, _)| allowed(customer, *item));
    all.sort_by_key(|(item, times)| (Reverse(*times), *item));
    let made = all.into_iter().map(|(item, times)| {
        let why = bought(times);
        thing(known, products, customer, (item, f64::NAN), why)
    });
    three(known, made.collect())
}

/// "bought once", "bought 12 times".
fn bought(times: u64) -> String {
    match times {
        1 => tr!("bought once"),
        times => tr!("bought {times}", times = plural(times, "time")),
    }
}

/// An item with its product and price.
fn thing(
    known: &Known<'_>,
    products: &Products,
    customer: u32,
    (item, probability): (u32, f64),
    why: String,
) -> Thing {
    let product = products.of(item, known.beside.segments[customer as usize]);
    let own = product.and_then(|product| product.price);
    let price = own
        .or(known.shelf.prices[item as usize])
        .unwrap_or(f64::NAN);
    Thing {
        item,
        product: product.map_or_else(String::new, |product| product.name.clone()),
        price,
        gain: probability * price * known.earned(item),
        why,
    }
}

fn three(known: &Known<'_>, all: Vec<Thing>) -> Vec<Thing> {
    let group = |thing: &Thing| known.shelf.groups[thing.item as usize];
    few(all, group, OFFERS, Some(1))
}

fn table(context: &Context<'_>, known: &Known<'_>, rows: &[Row], day: i32) -> Result<RecordBatch> {
    let all = || rows.iter();
    let customers: UInt32Array = all().map(|row| row.customer).collect();
    let ids = take(&known.purchases.customers, &customers, None)?;
    let ranks: UInt32Array = (1..).take(rows.len()).collect();
    let last: Date32Array = all().map(|row| Some(row.last)).collect();
    let away: Int32Array = all().map(|row| day.saturating_sub(row.last)).collect();
    let table = TableBuilder::new()
        .column("customer_id", "Who", ids)
        .column(
            "rank",
            "1 is who is expected to bring most",
            Arc::new(ranks),
        );
    let table = attributes(context, known, &customers, table)?.column(
        "band",
        "high: likely to leave; lapsed: away for longer than an active customer may be",
        text(all().map(|row| &row.band)),
    );
    let table = table
        .in_words("band", all().map(|row| Some(band(&row.band))))
        .column(
            "value",
            "What they are worth by `value`: expected of the horizon, discounted",
            numbers(all().map(|row| row.worth), 2),
        )
        .column("last_purchase", "Day of the last purchase", Arc::new(last))
        .column("days_away", "Days since then", Arc::new(away))
        .column(
            "reason",
            "Why they are on the list",
            text(all().map(|row| &row.reason)),
        );
    let gain = all().map(|row| {
        if row.things.is_empty() {
            f64::NAN
        } else {
            row.gain()
        }
    });
    with_offers(known, rows, table)
        .column(
            "expected_gain",
            "What the three are expected to bring in the days that are offered for, as customers bought before: probability times price, times the margin where costs are; what a contact changes is not in it",
            numbers(gain, 4),
        )
        .build()
}

/// A band in words.
fn band(code: &str) -> &str {
    match code {
        "high" => said(mark!("likely to leave")),
        "lapsed" => said(mark!("lapsed")),
        other => other,
    }
}

/// The table with what to write about.
fn with_offers(known: &Known<'_>, rows: &[Row], mut table: TableBuilder) -> TableBuilder {
    let all = || rows.iter();
    let items = &known.purchases.items;
    for place in 0..OFFERS {
        let n = place + 1;
        let thing = |row: &Row, of: &dyn Fn(&Thing) -> String| {
            row.things.get(place).map_or_else(String::new, of)
        };
        let name = |one: &Thing| items.names[one.item as usize].clone();
        table = table
            .column(
                &format!("offer_{n}"),
                mark!("What to write about; each of another category"),
                text(all().map(|row| thing(row, &name))),
            )
            .column(
                &format!("product_{n}"),
                mark!("The product of it that sells best in their segment, on sale now"),
                text(all().map(|row| thing(row, &|one| one.product.clone()))),
            )
            .column(
                &format!("price_{n}"),
                mark!("What one has cost of late, on average"),
                numbers(
                    all().map(|row| row.things.get(place).map_or(f64::NAN, |one| one.price)),
                    2,
                ),
            )
            .column(
                &format!("why_{n}"),
                mark!("Why it is offered"),
                text(all().map(|row| thing(row, &|one| one.why.clone()))),
            );
    }
    table
}

/// The attributes that the settings ask for.
fn attributes(
    context: &Context<'_>,
    known: &Known<'_>,
    customers: &UInt32Array,
    mut table: TableBuilder,
) -> Result<TableBuilder> {
    let asked = &context.settings.config.offers.winback_columns;
    if asked.is_empty() {
        return Ok(table);
    }
    let warehouse = context.warehouse()?;
    for (place, column) in asked.iter().enumerate() {
        if warehouse.has_column("customers", column) && column != "customer_id" {
            continue;
        }
        let keys = ["offers", "winback_columns", &place.to_string()];
        let message = match column.as_str() {
            "customer_id" => "customer_id is there without being asked for".to_owned(),
            column => format!("the customers have no `{column}`"),
        };
        let failure = context.settings.wrong(&keys, message);
        if !warehouse.has_column("customers", "customer_id") {
            return Err(failure.hint("no table of customers is loaded"));
        }
        let schema = warehouse.scope.schema("customers")?;
        let there = schema.fields().iter().map(|field| field.name().as_str());
        return Err(failure.hint(did_you_mean(column, &there.collect::<Vec<_>>())));
    }
    let columns: Vec<String> = asked.iter().map(|name| format!("\"{name}\"")).collect();
    let said = warehouse.scope.query(&format!(
        "SELECT customer_id, {} FROM customers ORDER BY customer_id",
        columns.join(", ")
    ))?;
    let rows = rows_of(said.column(0), &known.purchases.customers);
    let rows: UInt32Array = customers
        .values()
        .iter()
        .map(|customer| rows[*customer as usize].map(|row| row as u32))
        .collect();
    for (place, name) in asked.iter().enumerate() {
        let values: ArrayRef = take(said.column(place + 1), &rows, None)?;
        let values = match values.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => cast(&values, &DataType::Utf8)?,
            _ => values,
        };
        table = table.column(name, mark!("From the customers"), values);
    }
    Ok(table)
}
