//! The small tables: customers, products, campaigns, and the truth about each.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal64Array, Float64Array, Int64Array,
    StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::dirt::{DirtyRow, NAMES_IN_GBK, PROBLEMS, Soil};
use super::interactions::MONEY;
use super::orders::OrderTruth;
use crate::history::World;
use crate::history::calendar::{CAMPAIGN_DAYS, Campaign, Day};
use crate::history::catalogue::Product;
use crate::history::law::{Law, Records};
use crate::history::life::Life;
use crate::history::person::Person;
use crate::history::random::opinion;
use crate::history::rows::Problem;
use crate::history::shopping::BasketCounts;
use crate::history::truth::{ChurnTruth, UpliftTruth};

/// The products, and which of their rows are dirty.
pub struct Products {
    /// All of them.
    pub rows: RecordBatch,
    /// Those whose name is in GBK.
    pub dirty_rows: Vec<DirtyRow>,
}

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> = fields
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true))
        .collect();
    Arc::new(Schema::new(fields))
}

fn batch(schema: SchemaRef, columns: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(schema, columns).expect("the columns are those of the schema")
}

fn whole<'a, T, V: Into<Option<i64>>>(rows: &'a [T], of: impl Fn(&'a T) -> V) -> ArrayRef {
    let values = rows.iter().map(|row| of(row).into());
    Arc::new(values.collect::<Int64Array>())
}

fn number<T>(rows: &[T], of: impl Fn(&T) -> f64) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(rows.iter().map(of)))
}

fn yes<T>(rows: &[T], of: impl Fn(&T) -> bool) -> ArrayRef {
    let values = rows.iter().map(|row| Some(of(row)));
    Arc::new(values.collect::<BooleanArray>())
}

fn text<'a, T, S: AsRef<str>>(rows: &'a [T], of: impl Fn(&'a T) -> Option<S>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

fn money(cents: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Decimal64Array::from_iter_values(cents).with_data_type(MONEY))
}

fn dates(world: &World, days: impl Iterator<Item = Option<Day>>) -> ArrayRef {
    let date = |day: Day| Date32Type::from_naive_date(world.calendar.date(day));
    Arc::new(days.map(|day| day.map(date)).collect::<Date32Array>())
}

/// The columns of the products, whose names may be bytes.
pub fn products_schema(name: DataType) -> SchemaRef {
    schema(&[
        ("product_id", DataType::Int64),
        ("name", name),
        ("department", DataType::Utf8),
        ("category", DataType::Utf8),
        ("type", DataType::Utf8),
        ("brand", DataType::Utf8),
        ("unit_cost", MONEY),
    ])
}

/// The products; with `dirty`, some names are in GBK.
pub fn products(world: &World, dirty: bool) -> Products {
    let catalogue = &world.shelves.catalogue;
    let products = &catalogue.products;
    let mut dirty_rows = Vec::new();
    let names: Vec<Vec<u8>> = products
        .iter()
        .enumerate()
        .map(|(place, product)| {
            // Some products that are seldom bought: the last of their type.
            if dirty && place % 97 == 9 {
                dirty_rows.push(DirtyRow {
                    file: "products.csv".into(),
                    row: place as u64 + 1,
                    problem: Problem::Gbk,
                });
                NAMES_IN_GBK[place % NAMES_IN_GBK.len()].to_vec()
            } else {
                product.name.clone().into_bytes()
            }
        })
        .collect();
    let name: ArrayRef = match dirty {
        true => Arc::new(BinaryArray::from_iter_values(&names)),
        false => text(products, |product| Some(&product.name)),
    };
    let of = |product: &Product| &catalogue.types[product.of];
    let schema = products_schema(name.data_type().clone());
    let columns = vec![
        whole(products, |product| product.id),
        name,
        text(products, |product| {
            Some(world.law.goods.departments[of(product).department])
        }),
        text(products, |product| Some(of(product).category)),
        text(products, |product| Some(&of(product).name)),
        text(products, |product| Some(product.brand)),
        money(products.iter().map(|product| product.cost_cents)),
    ];
    Products {
        rows: batch(schema, columns),
        dirty_rows,
    }
}

/// The columns of the campaigns.
pub fn campaigns_schema() -> SchemaRef {
    schema(&[
        ("campaign_id", DataType::Int64),
        ("name", DataType::Utf8),
        ("kind", DataType::Utf8),
        ("starts_on", DataType::Date32),
        ("ends_on", DataType::Date32),
        ("cost", MONEY),
    ])
}

/// What preparing a campaign costs, in hundredths.
const SETUP_CENTS: i64 = 50_000;

/// The campaigns that begin within the history, with what they cost in all: setting them up, and
/// so many contacts of each.
pub fn campaigns(world: &World, contacts: &[i64]) -> RecordBatch {
    let campaigns: Vec<&Campaign> = world
        .calendar
        .campaigns
        .iter()
        .filter(|campaign| campaign.starts < world.calendar.days)
        .collect();
    let name = |campaign: &&Campaign| {
        let month = world.calendar.date(campaign.starts).format("%B %Y");
        Some(format!("{} of {month}", campaign.sort().name))
    };
    let cost = |(number, campaign): (usize, &&Campaign)| {
        SETUP_CENTS + contacts[number] * campaign.sort().cost_cents
    };
    batch(
        campaigns_schema(),
        vec![
            whole(&campaigns, |campaign| campaign.id),
            text(&campaigns, name),
            text(&campaigns, |campaign| Some(campaign.sort().name)),
            dates(world, campaigns.iter().map(|c| Some(c.starts))),
            dates(
                world,
                campaigns.iter().map(|c| Some(c.starts + CAMPAIGN_DAYS - 1)),
            ),
            money(campaigns.iter().enumerate().map(cost)),
        ],
    )
}

/// The columns of the customers.
pub fn customers_schema(records: Records) -> SchemaRef {
    let consent = match records.consent_in_words {
        true => DataType::Utf8,
        false => DataType::Boolean,
    };
    schema(&[
        ("customer_id", DataType::Int64),
        ("joined_at", DataType::Date32),
        ("consent", consent),
        ("account_id", DataType::Utf8),
        ("payment_terms", DataType::Utf8),
        ("age_band", DataType::Utf8),
        ("household_size", DataType::Int64),
        ("income", DataType::Int64),
        ("region", DataType::Utf8),
        ("shoe_size", DataType::Int64),
    ])
}

/// The customers of a part, and which of the rows are dirty: places from 1 within the part.
pub fn customers(
    world: &World,
    people: &[(Person, Life)],
    mut soil: Option<Soil<'_>>,
) -> (RecordBatch, Vec<(u64, Problem)>) {
    let mut rows: Vec<(&Person, &Life, bool)> = Vec::with_capacity(people.len());
    let mut dirty = Vec::new();
    for (person, life) in people {
        rows.push((person, life, false));
        let problem = soil.as_mut().and_then(|soil| soil.customer());
        if let Some(problem) = problem {
            rows.push((person, life, problem == Problem::CustomerConflict));
            dirty.push((rows.len() as u64, problem));
        }
    }
    let records = world.law.records;
    let consent = match records.consent_in_words {
        true => text(&rows, |(person, life, _)| {
            Some(consent(world, person, life)).filter(|said| *said != Consent::NotAsked)
        }),
        false => yes(&rows, |(person, life, _)| {
            matches!(
                consent(world, person, life),
                Consent::Given | Consent::NotAsked
            )
        }),
    };
    let account = |person: &Person| person.account.map(|account| format!("A{account:06}"));
    let household = |person: &Person, conflict: bool| match conflict {
        true => Some(person.household.map_or(1, |people| people + 1)),
        false => person.household,
    };
    let columns = vec![
        whole(&rows, |(person, ..)| person.id as i64),
        dates(world, rows.iter().map(|(person, ..)| Some(person.joined))),
        consent,
        text(&rows, |(person, ..)| account(person)),
        text(&rows, |(person, ..)| {
            Some(if person.invoice { "invoice" } else { "till" })
        }),
        text(&rows, |(person, ..)| person.age),
        whole(&rows, |(person, _, conflict)| household(person, *conflict)),
        whole(&rows, |(person, ..)| person.income),
        text(&rows, |(person, ..)| Some(person.region)),
        whole(&rows, |(person, ..)| person.shoe_size),
    ];
    (batch(customers_schema(records), columns), dirty)
}

/// What a customer has said of being contacted, by the end of the history.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    Given,
    Refused,
    Withdrawn,
    NotAsked,
}

impl AsRef<str> for Consent {
    fn as_ref(&self) -> &str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::NotAsked => "not asked",
        }
    }
}

/// A fifth of those who have not refused were never asked.
const NOT_ASKED: f64 = 0.2;
/// What the opinion of having been asked is about.
const ASKED: u64 = 2_000_000;

fn consent(world: &World, person: &Person, life: &Life) -> Consent {
    let end = world.calendar.days;
    if !person.consent {
        return Consent::Refused;
    }
    if life.opted_out.is_some_and(|day| day < end) {
        return Consent::Withdrawn;
    }
    match opinion(world.params.seed, person.id, ASKED) < NOT_ASKED {
        true => Consent::NotAsked,
        false => Consent::Given,
    }
}

/// The columns of the members of campaigns.
pub fn members_schema() -> SchemaRef {
    schema(&[
        ("campaign_id", DataType::Int64),
        ("customer_id", DataType::Int64),
        ("arm", DataType::Utf8),
    ])
}

/// Who was chosen for which campaign, and whether contacted or kept as a control.
pub fn members(world: &World, people: &[(Person, Life)]) -> RecordBatch {
    let end = world.calendar.days;
    let mut rows = Vec::new();
    for (person, life) in people {
        for chosen in &life.chosen {
            let campaign = &world.calendar.campaigns[chosen.campaign];
            if campaign.starts < end {
                rows.push((campaign.id, person.id as i64, chosen.treated));
            }
        }
    }
    let arm = |treated: bool| if treated { "treated" } else { "control" };
    batch(
        members_schema(),
        vec![
            whole(&rows, |row| row.0),
            whole(&rows, |row| row.1),
            text(&rows, |row| Some(arm(row.2))),
        ],
    )
}

/// The columns of `truth/customers.parquet`.
pub fn types_schema(records: Records) -> SchemaRef {
    let mut columns = vec![
        ("customer_id", DataType::Int64),
        ("type", DataType::Utf8),
        ("visits_per_day", DataType::Float64),
        ("regularity", DataType::Int64),
        ("joined_on", DataType::Date32),
        ("left_on", DataType::Date32),
    ];
    if records.consent_in_words {
        columns.push(("consent", DataType::Utf8));
        columns.push(("withdrawn_on", DataType::Date32));
    }
    schema(&columns)
}

/// The truth about customers: type, rate, and the day of leaving, if within the history.
pub fn types(world: &World, people: &[(Person, Life)]) -> RecordBatch {
    let end = world.calendar.days;
    let within = |day: Option<Day>| day.filter(|day| *day < end);
    let mut columns = vec![
        whole(people, |(person, _)| person.id as i64),
        text(people, |(person, _)| Some(person.profile().name)),
        number(people, |(person, _)| person.rate),
        whole(people, |(person, _)| person.profile().regularity as i64),
        dates(world, people.iter().map(|(person, _)| Some(person.joined))),
        dates(world, people.iter().map(|(_, life)| within(life.left))),
    ];
    if world.law.records.consent_in_words {
        columns.push(text(people, |(person, life)| {
            Some(consent(world, person, life))
        }));
        let withdrawn = people.iter().map(|(_, life)| within(life.opted_out));
        columns.push(dates(world, withdrawn));
    }
    batch(types_schema(world.law.records), columns)
}

/// The columns of `truth/orders.parquet`.
pub fn orders_schema() -> SchemaRef {
    schema(&[
        ("basket_id", DataType::Utf8),
        ("guest", DataType::Boolean),
        ("lines", DataType::Int64),
        ("cancelled_on", DataType::Date32),
        ("cancelled_lines", DataType::Int64),
    ])
}

/// Which orders are of guests, and which were cancelled.
pub fn orders(world: &World, orders: &[OrderTruth]) -> RecordBatch {
    batch(
        orders_schema(),
        vec![
            text(orders, |order| Some(order.basket.to_string())),
            yes(orders, |order| order.guest),
            whole(orders, |order| i64::from(order.lines)),
            dates(world, orders.iter().map(|order| order.cancelled_on)),
            whole(orders, |order| i64::from(order.cancelled_lines)),
        ],
    )
}

/// The columns of `truth/churn.parquet`.
pub fn churn_schema() -> SchemaRef {
    schema(&[
        ("as_of", DataType::Date32),
        ("customer_id", DataType::Int64),
        ("baskets", DataType::Int64),
        ("recency_days", DataType::Int64),
        ("churned", DataType::Boolean),
        ("probability_given_observed", DataType::Float64),
        ("probability_given_everything", DataType::Float64),
    ])
}

/// The truth about leaving at one as-of date.
pub fn churn(world: &World, as_of: Day, truths: &[ChurnTruth]) -> RecordBatch {
    batch(
        churn_schema(),
        vec![
            dates(world, truths.iter().map(|_| Some(as_of))),
            whole(truths, |truth| truth.customer as i64),
            whole(truths, |truth| i64::from(truth.baskets)),
            whole(truths, |truth| i64::from(truth.recency)),
            yes(truths, |truth| truth.churned),
            number(truths, |truth| truth.observed),
            number(truths, |truth| truth.everything),
        ],
    )
}

/// The columns of `truth/uplift.parquet`.
pub fn uplift_schema() -> SchemaRef {
    schema(&[
        ("campaign_id", DataType::Int64),
        ("customer_id", DataType::Int64),
        ("treated", DataType::Boolean),
        ("bought", DataType::Boolean),
        ("probability_if_contacted", DataType::Float64),
        ("probability_if_not", DataType::Float64),
        ("uplift", DataType::Float64),
    ])
}

/// The truth about campaigns that ended within the history.
pub fn uplift(world: &World, truths: &[UpliftTruth]) -> RecordBatch {
    let id = |truth: &UpliftTruth| world.calendar.campaigns[truth.campaign].id;
    batch(
        uplift_schema(),
        vec![
            whole(truths, id),
            whole(truths, |truth| truth.customer as i64),
            yes(truths, |truth| truth.treated),
            yes(truths, |truth| truth.bought),
            number(truths, |truth| truth.if_contacted),
            number(truths, |truth| truth.if_not),
            number(truths, |truth| truth.if_contacted - truth.if_not),
        ],
    )
}

/// `truth/patterns.csv`: what is planted in the baskets.
pub fn patterns(law: &Law, counts: &BasketCounts) -> String {
    let goods = &law.goods;
    let mut text = String::from(
        "pattern,antecedent,consequent,chance_with,chance_without,days_from,days_to,\
         baskets,baskets_with_antecedent,lift\n",
    );
    let baskets = counts.baskets.max(1) as f64;
    for (pattern, count) in goods.associations.iter().zip(&counts.associations) {
        let lift = pattern.lift(count.antecedent as f64 / baskets);
        let _ = writeln!(
            text,
            "association,\"{}\",{},{},{},,,{},{},{lift:.4}",
            goods.classic(pattern.antecedent),
            pattern.consequent,
            pattern.with,
            pattern.without,
            counts.baskets,
            count.antecedent,
        );
    }
    for pattern in goods.substitutes {
        let [one, other] = pattern.categories.map(|of| goods.classic(of));
        let _ = writeln!(
            text,
            "substitutes,\"{one}\",\"{other}\",{:.2},,,,,,",
            1.0 - pattern.avoid
        );
    }
    for pattern in goods.sequences {
        let _ = writeln!(
            text,
            "sequence,\"{}\",{},{},{},{},{},,,",
            goods.classic(pattern.antecedent),
            pattern.consequent,
            pattern.chance,
            pattern.without,
            pattern.days.0,
            pattern.days.1,
        );
    }
    for pattern in goods.replenishments {
        let _ = writeln!(
            text,
            "replenishment,{0},{0},{1},,{2:.1},{3:.1},,,",
            pattern.item,
            pattern.users,
            pattern.days * 0.85,
            pattern.days * 1.15,
        );
    }
    text
}

/// `truth/dirt.csv`: how many rows have which problem.
pub fn dirt(counts: &[u64; PROBLEMS.len()]) -> String {
    let mut text = String::from("problem,rows,expected\n");
    for (problem, rows) in PROBLEMS.iter().zip(counts) {
        let _ = writeln!(text, "{},{rows},\"{}\"", problem.name, problem.expected);
    }
    text
}

/// What the types are like, for the README of a history.
pub fn types_in_words(law: &Law) -> String {
    let mut text = String::new();
    for profile in &law.profiles {
        let _ = writeln!(
            text,
            "| {} | {:.0} % | {:.0} % | {} | {} | {:.0} |",
            profile.name,
            100.0 * profile.share_at_start,
            100.0 * profile.share_later,
            law.rate_in_words(profile.rate),
            profile.regularity,
            1.0 + profile.lines,
        );
    }
    text
}
