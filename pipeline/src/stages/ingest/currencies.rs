//! Amounts of several currencies are converted or refused, and never added up as they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal64Type};
use datafusion::physical_plan::PhysicalExpr;

use super::coerce::{Currency, currency_named};
use crate::config::Config;
use crate::contract::{MONEY_PRECISION, MONEY_SCALE};
use crate::failure::{Failure, Result};
use crate::text::percent;
use crate::warehouse::record;

/// Canonical columns that hold money.
const MONEY: [&str; 4] = ["amount", "discount", "cost", "unit_cost"];

/// What the amounts of a source are worth.
#[derive(Clone, Default)]
pub struct Money {
    /// The column that says in which currency a row's amounts are.
    pub currency: Option<Arc<dyn PhysicalExpr>>,
    /// What one unit is worth in the currency of the project.
    rates: BTreeMap<String, f64>,
    /// The currency of the project, if it is a known one.
    own: Option<Currency>,
}

/// How many amounts are in which currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    named: BTreeMap<String, u64>,
    /// Amounts that name none.
    bare: u64,
}

impl Money {
    /// What the settings say.
    pub fn new(config: &Config, currency: Option<Arc<dyn PhysicalExpr>>) -> Self {
        let rates = config.ingest.rates.iter();
        Self {
            currency,
            rates: rates
                .map(|(name, rate)| (known(name).to_owned(), *rate))
                .collect(),
            own: currency_named(config.project.currency.trim()),
        }
    }

    /// Whether a canonical column is one of money.
    pub fn is(column: &str) -> bool {
        MONEY.contains(&column)
    }

    /// The currency of each row, as the source's column says.
    pub fn named(&self, rows: &RecordBatch) -> Result<Option<ArrayRef>> {
        let Some(expression) = &self.currency else {
            return Ok(None);
        };
        let values = expression.evaluate(rows)?.into_array(rows.num_rows())?;
        Ok(Some(cast(&values, &DataType::Utf8)?))
    }

    /// Counts the currencies of some amounts, and converts what there is a rate for. What stands
    /// beside an amount wins over what the row says. Rows without a rate come with the reason.
    pub fn apply(
        &self,
        amounts: &ArrayRef,
        beside: &[(usize, Currency)],
        rows: Option<&ArrayRef>,
        tally: &mut Tally,
    ) -> Result<(ArrayRef, Vec<(usize, String)>)> {
        if rows.is_none() && beside.is_empty() {
            tally.bare += (amounts.len() - amounts.null_count()) as u64;
            return Ok((Arc::clone(amounts), Vec::new()));
        }
        let texts = rows.map(|rows| rows.as_string::<i32>());
        let mut currencies: Vec<Option<&str>> = (0..amounts.len())
            .map(|row| {
                let texts = texts.filter(|texts| texts.is_valid(row))?;
                Some(texts.value(row).trim()).filter(|text| !text.is_empty())
            })
            .map(|name| name.map(known))
            .collect();
        for &(row, currency) in beside {
            currencies[row] = Some(currency);
        }
        let values = amounts.as_primitive::<Decimal64Type>();
        let mut problems = Vec::new();
        let converted: Decimal64Array = currencies
            .into_iter()
            .enumerate()
            .map(|(row, currency)| {
                let value = values.is_valid(row).then(|| values.value(row))?;
                let Some(currency) = currency else {
                    tally.bare += 1;
                    return Some(value);
                };
                *tally.named.entry(currency.to_owned()).or_default() += 1;
                match self.rates.get(currency) {
                    _ if self.rates.is_empty() => Some(value),
                    Some(rate) => Some((value as f64 * rate).round() as i64),
                    None if self.own == Some(currency) => Some(value),
                    None => {
                        problems.push((
                            row,
                            tr!(
                                "is in {currency}, for which [ingest] rates has no rate",
                                currency = currency
                            ),
                        ));
                        None
                    }
                }
            })
            .collect();
        let converted = converted.with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)?;
        Ok((Arc::new(converted), problems))
    }
}

/// The code of a currency where its name is known, else the name.
fn known(name: &str) -> &str {
    currency_named(name).unwrap_or(name)
}

impl Tally {
    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.bare += other.bare;
        for (name, count) in &other.named {
            *self.named.entry(name.clone()).or_default() += count;
        }
    }

    /// Fails where amounts of a table would be added up that are in several currencies.
    ///
    /// # Errors
    /// Several currencies, and no rates.
    pub fn must_be_one(&self, table: &str, config: &Config) -> Result<()> {
        let mut named = self.named.clone();
        let own = currency_named(config.project.currency.trim());
        if let Some(own) = own
            && self.bare > 0
            && !named.is_empty()
        {
            *named.entry(own.to_owned()).or_default() += self.bare;
        }
        if named.len() < 2 || !config.ingest.rates.is_empty() {
            return Ok(());
        }
        let all: u64 = named.values().sum();
        let mut shares: Vec<(&String, &u64)> = named.iter().collect();
        shares.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let said: Vec<String> = shares
            .iter()
            .map(|(name, count)| format!("{name} {}", percent(**count as f64 / all as f64)))
            .collect();
        let others = shares.iter().map(|(name, _)| name.as_str());
        let example: Vec<String> = others
            .filter(|name| own != Some(*name))
            .take(3)
            .map(|name| format!("{name:?} = ..."))
            .collect();
        Err(Failure::data(format!(
            "{table}: amounts are in several currencies ({}), and the settings do not say what one is worth in another",
            said.join(", ")
        ))
        .hint(format!(
            "say under [ingest] what one unit of each is worth in the currency of the project: rates = {{ {} }}",
            example.join(", ")
        )))
    }

    /// What the amounts of a table are in once they are loaded; none where nobody says.
    pub fn kept(&self, config: &Config) -> Option<record::Currency> {
        let own = currency_named(config.project.currency.trim());
        let kept = |code: &str, named| record::Currency {
            code: code.to_owned(),
            named,
        };
        let converted = !config.ingest.rates.is_empty();
        match self.named.keys().next() {
            Some(_) if converted => own.map(|own| kept(own, true)),
            Some(code) => Some(kept(code, true)),
            None if self.bare > 0 => own.map(|own| kept(own, false)),
            None => None,
        }
    }
}

/// Fails where amounts of a load would be added up with those of earlier ones that are in another
/// currency. Where neither load names one, the settings have only changed their mind.
///
/// # Errors
/// Two currencies, at least one of which a source has named.
pub fn must_be_as_before(
    table: &str,
    earlier: Option<&record::Currency>,
    now: Option<&record::Currency>,
) -> Result<()> {
    match (earlier, now) {
        (Some(earlier), Some(now))
            if earlier.code != now.code && (earlier.named || now.named) =>
        {
            Err(Failure::data(format!(
                "{table}: the amounts are in {}, and those of earlier loads are in {}",
                now.code, earlier.code
            ))
            .hint("name one currency under [project] and under [ingest] what one unit of each other is worth in it (rates), then load everything again: regulars ingest --rebuild"))
        }
        _ => Ok(()),
    }
}
