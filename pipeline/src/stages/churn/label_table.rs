//! Customers whose outcome stands in their table: attributes become features, a column the label.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimestampMicrosecondType};
use ndarray::{Array1, Array2, ArrayView1};
use regulars_models::classifiers::{ProbabilityModel, SingleFeature};
use regulars_models::linfa::Dataset;
use regulars_models::linfa::traits::Fit;
use regulars_models::metrics::roc_auc;
use regulars_models::tree::MAX_CATEGORY;

use super::sets::Kind;
use crate::failure::{Failure, Result, did_you_mean};
use crate::stages::Context;
use crate::table::plain_text;
use crate::text::{count, plural};
use crate::warehouse::Warehouse;
use crate::warning::{TELLTALE_ATTRIBUTE, UNUSED_ATTRIBUTES, Warning};

/// Texts that mean yes, in small letters, when the settings do not say which do.
const YES: &[&str] = &[
    "yes",
    "y",
    "true",
    "t",
    "1",
    "churn",
    "churned",
    "left",
    "exited",
    "gone",
    "lost",
    "cancelled",
    "canceled",
    "attrited",
    "attrited customer",
    "ja",
    "oui",
    "si",
    "sí",
    "sim",
    "是",
    "はい",
    "예",
];
/// Texts that mean no.
const NO: &[&str] = &[
    "no",
    "n",
    "false",
    "f",
    "0",
    "-1",
    "stayed",
    "stays",
    "active",
    "retained",
    "existing",
    "existing customer",
    "current",
    "nein",
    "non",
    "não",
    "nao",
    "nee",
    "否",
    "いいえ",
    "아니요",
];
/// A text with more different values than this names customers when most have one of their own.
const NAMES: usize = 50;
/// A single attribute that tells leavers from others this well is suspicious.
const TELLTALE: f64 = 0.99;

/// The customers' table, ready to be learned from.
pub struct LabelTable {
    /// Ids, ascending.
    pub customers: ArrayRef,
    /// Names of the features, in the order of the columns of `features`.
    pub names: Vec<String>,
    /// What each holds.
    pub kinds: Vec<Kind>,
    /// Customers by features; NaN where a value is missing.
    pub features: Array2<f32>,
    /// Whether each left; nothing where the table does not say.
    pub labels: Vec<Option<bool>>,
    /// What was noticed while reading.
    pub warnings: Vec<Warning>,
}

/// One column of features.
struct Feature {
    name: String,
    kind: Kind,
    values: Vec<f32>,
}

impl LabelTable {
    /// Reads the customers' attributes, and the label that the settings name.
    ///
    /// # Errors
    /// No such attribute in the warehouse, or values of the label that may mean anything.
    pub fn read(context: &Context<'_>, label: &str) -> Result<Self> {
        let settings = context.settings;
        let churn = &settings.config.churn;
        let warehouse = Warehouse::open_any(
            context.engine,
            settings,
            context.out,
            context.as_of,
            context.known_at,
        )?;
        let keys = ["customer_id", "account_id"];
        let attributes = warehouse.columns_beyond("customers", &keys);
        if !attributes.iter().any(|name| name == label) {
            let there: Vec<&str> = attributes.iter().map(String::as_str).collect();
            return Err(Failure::data(format!(
                "the customers that were loaded have no attribute `{label}`"
            ))
            .hint(format!(
                "run ingest again after changing the settings; {}",
                did_you_mean(label, &there)
            )));
        }
        let columns: Vec<String> = attributes.iter().map(|name| quoted(name)).collect();
        let sql = format!(
            "SELECT customer_id, {} FROM customers ORDER BY customer_id",
            columns.join(", ")
        );
        let table = plain_text(&warehouse.engine.query(&sql)?)?;
        let mut warnings = warehouse.warnings;
        let mut labels = Vec::new();
        let mut features: Vec<Feature> = Vec::new();
        let mut left_out: Vec<String> = Vec::new();
        for (name, column) in attributes.iter().zip(&table.columns()[1..]) {
            if name == label {
                let texts = cast(column, &DataType::Utf8)?;
                labels =
                    outcomes(label, texts.as_string(), &churn.positive).map_err(|problem| {
                        let failure = settings.wrong(&["churn", problem.key], problem.message);
                        failure.hint(problem.hint)
                    })?;
            } else if !churn.ignore.contains(name) {
                match feature(name, column)? {
                    Ok(feature) => features.push(feature),
                    Err(why) => left_out.push(format!("{name} ({why})")),
                }
            }
        }
        if !left_out.is_empty() {
            let message = format!(
                "nothing is learned from {}: {}",
                plural(left_out.len() as u64, "attribute"),
                left_out.join(", ")
            );
            warnings.push(Warning::new(UNUSED_ATTRIBUTES, message));
        }
        if features.is_empty() {
            return Err(Failure::data(
                "the customers have no attribute to learn from beside the label",
            )
            .hint("map more of the source's columns under [sources.columns]; any name is an attribute"));
        }
        let values = |(row, column): (usize, usize)| features[column].values[row];
        let shape = (table.num_rows(), features.len());
        Ok(Self {
            customers: table.column(0).clone(),
            features: Array2::from_shape_fn(shape, values),
            names: features
                .iter()
                .map(|feature| feature.name.clone())
                .collect(),
            kinds: features.into_iter().map(|feature| feature.kind).collect(),
            labels,
            warnings,
        })
    }
}

/// Attributes that all but tell the label by themselves: more often than not they are written down
/// once somebody has left.
///
/// - `labels`: for each customer, whether they left; nothing where it is not known.
pub fn telltales(table: &LabelTable) -> Option<Warning> {
    let known: Vec<usize> = (0..table.labels.len())
        .filter(|row| table.labels[*row].is_some())
        .collect();
    let left: Vec<bool> = known.iter().filter_map(|row| table.labels[*row]).collect();
    let tell = |column: usize| {
        let values: Vec<f32> = known
            .iter()
            .map(|row| table.features[[*row, column]])
            .collect();
        let auc = alone(&values, &table.kinds[column], &left)?;
        (auc >= TELLTALE).then(|| format!("{} (ROC AUC {auc:.3})", table.names[column]))
    };
    let found: Vec<String> = (0..table.names.len()).filter_map(tell).collect();
    if found.is_empty() {
        return None;
    }
    Some(Warning::new(
        TELLTALE_ATTRIBUTE,
        format!(
            "all but tells by itself who left: {}; if it is known only afterwards, add it to ignore under [churn]",
            found.join(", ")
        ),
    ))
}

/// How well one column alone tells who left: the ROC AUC of its own rates.
pub fn alone(values: &[f32], kind: &Kind, left: &[bool]) -> Option<f64> {
    let rates: Vec<f64> = match kind {
        Kind::Number => {
            let column = Array2::from_shape_vec((values.len(), 1), values.to_vec()).ok()?;
            let data = Dataset::new(column.clone(), Array1::from(left.to_vec()));
            let model = SingleFeature::params(0).fit(&data).ok()?;
            model.predict_probability(column.view()).to_vec()
        }
        Kind::Category(names) => {
            // With few customers for each, rates fit whatever they are made of.
            if names.len() * 20 > values.len() {
                return None;
            }
            let place = |value: f32| {
                if value.is_nan() {
                    names.len()
                } else {
                    value as usize
                }
            };
            let mut counts = vec![(0u32, 0u32); names.len() + 1];
            for (value, left) in values.iter().zip(left) {
                let (all, gone) = &mut counts[place(*value)];
                *all += 1;
                *gone += u32::from(*left);
            }
            let rate = |(all, gone): (u32, u32)| f64::from(gone) / f64::from(all.max(1));
            values
                .iter()
                .map(|value| rate(counts[place(*value)]))
                .collect()
        }
    };
    roc_auc(ArrayView1::from(left), ArrayView1::from(&rates)).ok()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Why a label cannot be read, the setting that would mend it, and how.
#[derive(Debug)]
struct Unclear {
    key: &'static str,
    message: String,
    hint: String,
}

/// A value of a label as it is compared: without blanks around it, case, and a point behind it. A
/// column of numbers says `1.0` where its source and the settings say `1`.
fn folded(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
    number.map_or_else(
        || text.trim_end_matches('.').to_owned(),
        |number| number.to_string(),
    )
}

/// Whether a text says that somebody left, where it is known to say either.
pub fn meaning(text: &str) -> Option<bool> {
    let text = folded(text);
    let known = |words: &[&str]| words.contains(&text.as_str());
    known(YES).then_some(true).or(known(NO).then_some(false))
}

/// Whether each value of the label says that the customer left.
fn outcomes(
    label: &str,
    texts: &StringArray,
    positive: &[String],
) -> std::result::Result<Vec<Option<bool>>, Unclear> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for text in texts.iter().flatten() {
        *counts.entry(folded(text)).or_default() += 1;
    }
    counts.remove("");
    let listed = || {
        let mut most: Vec<(&String, &u64)> = counts.iter().collect();
        most.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let shown: Vec<String> = most
            .iter()
            .take(5)
            .map(|(text, number)| format!("`{text}` ({})", count(**number)))
            .collect();
        let more = if most.len() > 5 { ", ..." } else { "" };
        format!("{}{more}", shown.join(", "))
    };
    let asked: Vec<String> = positive.iter().map(|text| folded(text)).collect();
    if let Some((text, _)) = positive
        .iter()
        .zip(&asked)
        .find(|(_, folded)| !counts.contains_key(*folded))
    {
        return Err(Unclear {
            key: "positive",
            message: format!("no customer has `{text}` as {label}"),
            hint: format!("its values are {}", listed()),
        });
    }
    let meaning = |text: &str| match asked.as_slice() {
        [] => meaning(text),
        asked => Some(asked.iter().any(|positive| positive == text)),
    };
    if let Some(text) = counts.keys().find(|text| meaning(text).is_none()) {
        return Err(Unclear {
            key: "label",
            message: format!("`{text}` as {label} may mean that a customer left, or not"),
            hint: format!(
                "its values are {}; say which mean left: positive = [\"...\"] under [churn]",
                listed()
            ),
        });
    }
    Ok(texts.iter().map(|text| meaning(&folded(text?))).collect())
}

/// A column as a feature, or why nothing can be learned from it.
fn feature(name: &str, column: &ArrayRef) -> Result<std::result::Result<Feature, String>> {
    let numbers = |name: &str, values: Vec<f32>| Feature {
        name: name.to_owned(),
        kind: Kind::Number,
        values,
    };
    let feature = match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string();
            match measured(texts) {
                Some(values) => numbers(name, values),
                None => return Ok(categories(name, texts)),
            }
        }
        DataType::Timestamp(..) => {
            // Days before the latest one: the table itself does not say which day it speaks of.
            let times = column.as_primitive::<TimestampMicrosecondType>();
            let latest = times.iter().flatten().max().unwrap_or(0);
            let days = |time: i64| ((latest - time) as f64 / 86_400e6) as f32;
            let values = times.iter().map(|time| time.map_or(f32::NAN, days));
            numbers("days_since_joined", values.collect())
        }
        _ => {
            let column = cast(column, &DataType::Float64)?;
            let values = column.as_primitive::<Float64Type>().iter();
            // What single precision cannot hold is as good as missing.
            let finite = |value: f64| Some(value as f32).filter(|value| value.is_finite());
            numbers(
                name,
                values
                    .map(|value| value.and_then(finite).unwrap_or(f32::NAN))
                    .collect(),
            )
        }
    };
    if feature.values.iter().all(|value| value.is_nan()) {
        return Ok(Err("always empty".to_owned()));
    }
    Ok(Ok(feature))
}

/// Texts that are measured rather than named: numbers with a fraction, or so many different whole
/// ones that lie too far apart for a count. Whether values differ from customer to customer says
/// nothing of that: a balance is different for everybody too.
fn measured(texts: &StringArray) -> Option<Vec<f32>> {
    let read = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let filled = || {
        texts
            .iter()
            .flatten()
            .filter(|text| !text.trim().is_empty())
    };
    let mut different = BTreeSet::new();
    let (mut fraction, mut padded) = (false, false);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for text in filled() {
        let number = read(text)?;
        fraction |= number.fract() != 0.0;
        padded |= text.trim().len() > 1 && text.trim().starts_with('0') && number.fract() == 0.0;
        (least, most) = (least.min(number), most.max(number));
        different.insert(number.to_bits());
    }
    let far_apart = different.len() > NAMES && most - least > 4.0 * different.len() as f64;
    (fraction || far_apart && !padded).then(|| {
        let value = |text: Option<&str>| text.and_then(read).map_or(f32::NAN, |n| n as f32);
        texts.iter().map(value).collect()
    })
}

/// Texts as numbers of categories, in the order of the alphabet.
fn categories(name: &str, texts: &StringArray) -> std::result::Result<Feature, String> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let trimmed = || {
        texts
            .iter()
            .map(|text| text.map(str::trim).filter(|text| !text.is_empty()))
    };
    let mut filled = 0;
    for text in trimmed().flatten() {
        numbers.insert(text, 0);
        filled += 1;
    }
    let different = numbers.len();
    if different == 0 {
        return Err("always empty".to_owned());
    }
    if different > NAMES && different * 2 > filled || different > usize::from(MAX_CATEGORY) {
        return Err(format!(
            "{} in {}, so it names customers rather than tells of them",
            plural(different as u64, "different text"),
            plural(filled as u64, "row")
        ));
    }
    for (number, place) in numbers.values_mut().enumerate() {
        *place = number;
    }
    let of: HashMap<&str, f32> = numbers
        .iter()
        .map(|(text, number)| (*text, *number as f32))
        .collect();
    Ok(Feature {
        name: name.to_owned(),
        kind: Kind::Category(numbers.into_keys().map(str::to_owned).collect()),
        values: trimmed()
            .map(|text| text.map_or(f32::NAN, |text| of[text]))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_yes_and_no_are_known_and_others_must_be_named() {
        let texts = StringArray::from(vec![Some("Yes"), Some("no "), None, Some(""), Some("YES")]);
        assert_eq!(
            outcomes("churn", &texts, &[]).unwrap(),
            [Some(true), Some(false), None, None, Some(true)]
        );

        let texts = StringArray::from(vec!["gold", "none", "none"]);
        let unclear = outcomes("tier", &texts, &[]).unwrap_err();
        assert_eq!(unclear.key, "label");
        assert!(
            unclear.hint.contains("`none` (2), `gold` (1)"),
            "{}",
            unclear.hint
        );
        assert_eq!(
            outcomes("tier", &texts, &["None".to_owned()]).unwrap(),
            [Some(false), Some(true), Some(true)]
        );
        let numbers = StringArray::from(vec!["1.0", "0.0", "2.0"]);
        let positive = ["1".to_owned(), "2".to_owned()];
        assert_eq!(
            outcomes("left", &numbers, &positive).unwrap(),
            [Some(true), Some(false), Some(true)]
        );
        let unclear = outcomes("tier", &texts, &["silver".to_owned()]).unwrap_err();
        assert_eq!(
            (unclear.key, unclear.message.as_str()),
            ("positive", "no customer has `silver` as tier")
        );
    }

    #[test]
    fn texts_become_categories_in_the_order_of_the_alphabet() {
        let texts = StringArray::from(vec![Some("b"), None, Some(" a"), Some("b"), Some("  ")]);
        let feature = categories("letter", &texts).unwrap();
        assert_eq!(
            feature.kind,
            Kind::Category(vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(feature.values[0], 1.0);
        assert_eq!(feature.values[2], 0.0);
        assert!(feature.values[1].is_nan() && feature.values[4].is_nan());
    }

    #[test]
    fn what_is_written_down_once_somebody_left_gives_itself_away() {
        let left: Vec<bool> = (0..200).map(|row| row % 4 == 0).collect();
        let reason: Vec<f32> = left
            .iter()
            .map(|left| if *left { 0.0 } else { f32::NAN })
            .collect();
        let kind = Kind::Category(vec!["price".to_owned()]);
        assert_eq!(alone(&reason, &kind, &left), Some(1.0));
        // A number that is lower for leavers tells as much as one that is higher.
        let days: Vec<f32> = left
            .iter()
            .map(|left| if *left { 1.0 } else { 9.0 })
            .collect();
        assert_eq!(alone(&days, &Kind::Number, &left), Some(1.0));
        let nothing: Vec<f32> = (0..200).map(|row| (row % 5) as f32).collect();
        assert!(alone(&nothing, &Kind::Number, &left).unwrap() < 0.7);
    }

    #[test]
    fn what_is_measured_differs_for_everybody_and_is_no_name() {
        let texts =
            |of: &dyn Fn(u64) -> String| StringArray::from((0..90).map(of).collect::<Vec<_>>());
        let balance = texts(&|i| format!("{}.{:02}", 100 + i * 37, i));
        assert!(measured(&balance).is_some_and(|values| values[1] == 137.01));
        assert!(measured(&texts(&|i| (i * 7919 % 100_003).to_string())).is_some());
        for names in [
            texts(&|i| i.to_string()),
            texts(&|i| format!("{:06}", i * 7919)),
            texts(&|i| format!("C{i}")),
        ] {
            assert!(measured(&names).is_none(), "{names:?}");
        }
    }

    #[test]
    fn a_text_that_most_customers_have_alone_is_no_feature() {
        let names: Vec<String> = (0..60).map(|i| format!("customer {i}")).collect();
        let why = categories("name", &StringArray::from(names)).err().unwrap();
        assert!(why.starts_with("60 different texts in 60 rows"), "{why}");
    }
}
