//! Attributes of the customers beside their history: what the settings name becomes a feature, and at
//! each date it is what was known of the customers then.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use chrono::{DateTime, NaiveTime};
use ndarray::{Array2, Axis, concatenate};
use regulars_models::format::{Feature, SavedModel};

use super::label::attributes::{attribute, named};
use super::label::saved::{kind, kind_words, read};
use super::label::table::{quoted, unused};
use super::population::Strange;
use crate::config::{Config, Day, churn::ALL};
use crate::contract::features::Column;
use crate::contract::personal::is_personal;
use crate::failure::{Failure, Result, did_you_mean};
use crate::outputs::table::plain_text;
use crate::stages::Context;
use crate::timeline::snapshot::Snapshot;
use crate::warehouse::Warehouse;
use crate::warning::{UNDATED_ATTRIBUTES, Warning};

/// Columns that tell who somebody is, and nothing of what the customer is like.
const IDS: [&str; 2] = ["customer_id", "account_id"];

/// Some attributes as features.
#[derive(Default)]
pub struct Beside {
    attributes: Vec<Attribute>,
    /// What was noticed in reading them.
    pub warnings: Vec<Warning>,
}

struct Attribute {
    feature: Feature,
    /// Its column in the customers' table.
    column: String,
}

impl Beside {
    /// Those that the settings name, as today's customers have them: that decides what is a number
    /// and which categories there are.
    ///
    /// # Errors
    /// The customers that were loaded have no such attribute, or it is called like a feature of the
    /// history.
    pub fn chosen(context: &Context<'_>) -> Result<Self> {
        if context.settings.config.churn.attributes.is_empty() {
            return Ok(Self::default());
        }
        let warehouse = context.warehouse()?;
        let (names, personal) = wanted(context, warehouse)?;
        let mut beside = Self::default();
        let mut left_out: Vec<String> = (personal.iter())
            .map(|name| tr!("{name} (it tells who somebody is)", name = name))
            .collect();
        if !names.is_empty() {
            let table = customers(context, warehouse, &names, None)?;
            for (name, column) in names.into_iter().zip(&table.columns()[1..]) {
                match attribute(&name, column)? {
                    Ok(found) => beside.attributes.push(Attribute {
                        feature: found.feature,
                        column: name,
                    }),
                    Err(why) => left_out.push(tr!("{name} ({why})", name = name, why = why)),
                }
            }
        }
        beside.warnings.extend(unused(&left_out));
        beside.warnings.extend(beside.undated(context, warehouse));
        Ok(beside)
    }

    /// Those that a saved model takes beside the features of a snapshot.
    fn of_model(warehouse: &Warehouse, model: &SavedModel, snapshot: &Snapshot) -> Self {
        let mut beside = Self::default();
        for feature in model.features() {
            if snapshot.index(&feature.name).is_some() {
                continue;
            }
            if let Some((column, _)) = column_of(warehouse, &feature.name) {
                beside.attributes.push(Attribute {
                    feature: feature.clone(),
                    column,
                });
            }
        }
        beside
    }

    /// What they are, in their order.
    pub fn features(&self) -> impl Iterator<Item = &Feature> {
        self.attributes.iter().map(|attribute| &attribute.feature)
    }

    /// What each means.
    pub fn about(&self) -> impl Iterator<Item = String> {
        let about =
            |attribute: &Attribute| tr!("{column} of the customer", column = attribute.column);
        self.attributes.iter().map(about)
    }

    /// Features of some customers of a snapshot with their attributes behind them, as they were known
    /// at its date where that is a past one; and what of them is no value that the features know.
    ///
    /// # Errors
    /// The customers' table cannot be read.
    pub fn join(
        &self,
        context: &Context<'_>,
        snapshot: &Snapshot,
        (rows, features): (&[usize], Array2<f32>),
        past: bool,
    ) -> Result<(Array2<f32>, Vec<Strange>)> {
        if self.attributes.is_empty() {
            return Ok((features, Vec::new()));
        }
        let warehouse = context.warehouse()?;
        // With --as-of a date counts as past, too: what was loaded later is as if it were not there.
        let at = (past || context.as_of.is_some()).then_some(Day(snapshot.as_of));
        let names: Vec<String> = (self.attributes.iter())
            .map(|attribute| attribute.column.clone())
            .collect();
        let table = customers(context, warehouse, &names, at)?;
        let places = places(&table, &snapshot.customers, rows)?;
        let mut values = Array2::zeros((rows.len(), self.attributes.len()));
        let mut strange = Vec::new();
        for (place, attribute) in self.attributes.iter().enumerate() {
            let column = take(table.column(place + 1), &places, None)?;
            let read = match column.data_type() {
                DataType::Timestamp(..) => days_before(&column, snapshot),
                _ => {
                    let (read, unknown) = read(&attribute.feature, &column)?;
                    strange.extend(unknown);
                    read
                }
            };
            for (row, value) in read.into_iter().enumerate() {
                values[[row, place]] = value;
            }
        }
        let joined = concatenate(Axis(1), &[features.view(), values.view()]);
        let joined = joined.map_err(|error| Failure::machine(error.to_string()))?;
        Ok((joined, strange))
    }

    /// A warning where nothing tells since when the attributes have been as they are.
    fn undated(&self, context: &Context<'_>, warehouse: &Warehouse) -> Option<Warning> {
        let config = &context.settings.config;
        let mut sources = config.sources_of("customers");
        if self.attributes.is_empty()
            || sources.any(|(_, one)| one.columns.contains_key("known_at"))
        {
            return None;
        }
        let first = DateTime::from_timestamp_micros(warehouse.first_loaded())?.date_naive();
        if first <= warehouse.first_day {
            return None;
        }
        Some(Warning::new(
            UNDATED_ATTRIBUTES,
            tr!(
                "models learn from the attributes of the customers at dates before {first}, when they were first loaded, as if they had been then what they were on that day; map known_at in the source of the customers if it tells since when, and name none that changes when somebody leaves",
                first = first
            ),
        ))
    }
}

/// What a saved model takes of some customers of a snapshot, in its order; and what of it is no value
/// that the model knows.
///
/// # Errors
/// A feature of the model is neither of the snapshot nor an attribute.
pub fn taken(
    context: &Context<'_>,
    snapshot: &Snapshot,
    rows: &[usize],
    model: &SavedModel,
    past: bool,
) -> Result<Taken> {
    let beside = Beside::of_model(context.warehouse()?, model, snapshot);
    let attributes = beside.features().map(|feature| &feature.name);
    let names: Vec<&String> = snapshot.names.iter().chain(attributes).collect();
    let gone = |error| Failure::data(format!("the features at {}: {error}", snapshot.as_of));
    let order = model.column_order(&names).map_err(gone)?;
    let about: Vec<String> = snapshot
        .about
        .iter()
        .cloned()
        .chain(beside.about())
        .collect();
    let features = (rows, snapshot.rows(rows));
    let (features, strange) = beside.join(context, snapshot, features, past)?;
    Ok(Taken {
        features: features.select(Axis(1), &order),
        about: order
            .into_iter()
            .map(|place| about[place].clone())
            .collect(),
        strange,
    })
}

/// What a saved model takes of some customers.
pub struct Taken {
    /// Customers by features, in the order of the model.
    pub features: Array2<f32>,
    /// What each feature means.
    pub about: Vec<String>,
    /// What of it is no value that the model knows.
    pub strange: Vec<Strange>,
}

/// The column of the customers' table that a feature is made of, and what it holds; nothing where
/// there is none.
pub fn column_of(warehouse: &Warehouse, feature: &str) -> Option<(String, DataType)> {
    let there = warehouse.columns_beyond("customers", &IDS);
    there.into_iter().find_map(|name| {
        let kind = kind(warehouse, &name)?;
        (named(&name, &kind) == feature).then_some((name, kind))
    })
}

/// What each attribute is that can be a feature beside a history, by the feature's name.
///
/// # Errors
/// The warehouse cannot be opened.
pub fn definitions(context: &Context<'_>) -> Result<Vec<(String, String)>> {
    let warehouse = context.warehouse()?;
    let names = warehouse.columns_beyond("customers", &IDS);
    let defined = names.iter().filter_map(|name| {
        let kind = kind(warehouse, name)?;
        let words = match kind {
            DataType::Timestamp(..) => "days before the date",
            _ => kind_words(&kind),
        };
        let feature = named(name, &kind);
        let free = Column::named(feature).feature().is_none();
        let definition = format!("{name} of the customers' table, {words}");
        free.then(|| (feature.to_owned(), definition))
    });
    Ok(defined.collect())
}

/// The attributes that the settings want, by the names of their columns, and those that they would
/// want if these were not personal.
fn wanted(context: &Context<'_>, warehouse: &Warehouse) -> Result<(Vec<String>, Vec<String>)> {
    let config = &context.settings.config;
    let asked = &config.churn.attributes;
    let there = warehouse.columns_beyond("customers", &IDS);
    let all = asked.iter().any(|name| name == ALL);
    let (names, personal) = match all {
        true => (there.iter())
            .filter(|name| !config.churn.ignore.contains(name))
            .cloned()
            .partition(|name| !personal(config, name)),
        false => (asked.clone(), Vec::new()),
    };
    for (place, name) in names.iter().enumerate() {
        let place = place.to_string();
        let keys: &[&str] = match all {
            true => &["churn", "attributes"],
            false => &["churn", "attributes", &place],
        };
        let wrong = |problem: String| context.settings.wrong(keys, problem);
        if !there.contains(name) {
            let problem = format!("the customers that were loaded have no attribute `{name}`");
            let there: Vec<&str> = there.iter().map(String::as_str).collect();
            return Err(wrong(problem).hint(match there.as_slice() {
                [] => {
                    "map it under [sources.columns] of the customers' source, and run ingest again"
                        .to_owned()
                }
                there => did_you_mean(name, there),
            }));
        }
        if Column::named(name).feature().is_some() {
            return Err(wrong(format!(
                "the attribute `{name}` is called as a feature of the history is"
            ))
            .hint("map it under another name in [sources.columns], or leave it out"));
        }
    }
    Ok((names, personal))
}

/// Whether an attribute tells who somebody is, by the settings or by its name.
fn personal(config: &Config, name: &String) -> bool {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let folded = letters.collect::<String>().to_lowercase();
    config.targets.personal.contains(name) || is_personal(&folded)
}

/// The customers with some of their attributes, as they were known at the beginning of a day; by
/// default as they are known now.
fn customers(
    context: &Context<'_>,
    warehouse: &Warehouse,
    names: &[String],
    at: Option<Day>,
) -> Result<RecordBatch> {
    let at = match (at, context.known_at) {
        (Some(day), Some(known_at)) => Some(day.min(known_at)),
        (day, known_at) => day.or(known_at),
    };
    let rows = warehouse
        .rows_known_at("customers", at)
        .ok_or_else(|| Failure::machine("no table customers"))?;
    let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let sql = format!(
        "SELECT customer_id, {} FROM ({rows}) ORDER BY customer_id",
        columns.join(", ")
    );
    plain_text(&warehouse.scope.query(&sql)?)
}

/// For some customers of a snapshot their places in a table whose first column has their ids; none
/// for those who are not there.
fn places(table: &RecordBatch, customers: &ArrayRef, rows: &[usize]) -> Result<UInt32Array> {
    let known = cast(table.column(0), &DataType::Utf8)?;
    let known = known.as_string::<i32>().iter().enumerate();
    let known: HashMap<&str, u32> = known
        .filter_map(|(place, id)| Some((id?, place as u32)))
        .collect();
    let ids = cast(customers, &DataType::Utf8)?;
    let ids = ids.as_string::<i32>();
    let place = |row: &usize| known.get(ids.value(*row)).copied();
    Ok(rows.iter().map(place).collect())
}

/// Days before the date of a snapshot; what lies after it is not known yet.
fn days_before(column: &ArrayRef, snapshot: &Snapshot) -> Vec<f32> {
    let times = column.as_primitive::<TimestampMicrosecondType>();
    let date = snapshot.as_of.and_time(NaiveTime::MIN).and_utc();
    let date = date.timestamp_micros();
    let days = |time: i64| match time <= date {
        true => ((date - time) as f64 / 86_400e6) as f32,
        false => f32::NAN,
    };
    times
        .iter()
        .map(|time| time.map_or(f32::NAN, days))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot {
            as_of: "2024-01-11".parse().unwrap(),
            customers: Arc::new(Int64Array::from(vec![1, 2, 3])),
            names: Vec::new(),
            about: Vec::new(),
            english: Vec::new(),
            values: Array2::zeros((3, 0)),
        }
    }

    #[test]
    fn customers_are_found_by_their_ids_whatever_these_are_kept_as() {
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["3", "1", "9"]));
        let schema = Schema::new(vec![Field::new("customer_id", DataType::Utf8, false)]);
        let table = RecordBatch::try_new(Arc::new(schema), vec![ids]).unwrap();
        let found = places(&table, &snapshot().customers, &[0, 1, 2]).unwrap();
        assert_eq!(found, UInt32Array::from(vec![Some(1), None, Some(0)]));
    }

    #[test]
    fn what_lies_after_the_date_is_not_known() {
        let day = |text: &str| {
            DateTime::parse_from_rfc3339(text)
                .unwrap()
                .timestamp_micros()
        };
        let times = TimestampMicrosecondArray::from(vec![
            Some(day("2024-01-01T12:00:00Z")),
            Some(day("2024-01-12T00:00:00Z")),
            None,
        ]);
        let column: ArrayRef = Arc::new(times);
        let days = days_before(&column, &snapshot());
        assert_eq!(days[0], 9.5);
        assert!(days[1].is_nan() && days[2].is_nan());
    }
}
