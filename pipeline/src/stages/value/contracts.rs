//! Customers under contract: who renews, how long they will stay, and what that is worth, by the shifted
//! beta-geometric model (Fader and Hardie 2007, 2010).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Date32Array, RecordBatch, UInt32Array};
use arrow::datatypes::{Float64Type, Int32Type};
use regulars_models::ParamGuard;
use regulars_models::value::{ContractCell, ContractParams, ShiftedBetaGeometric};

use super::history::{Buyer, Buyers};
use super::margin::Margin;
use super::metrics::{Found, Renewal};
use super::money::amount;
use super::refusal::refusal;
use super::tables::Made;
use super::worth::YEAR;
use crate::config::{Contract, Value};
use crate::failure::{Failure, Result};
use crate::known::rows_of;
use crate::outputs::Pending;
use crate::outputs::table::{TableBuilder, numbers};
use crate::stages::Context;
use crate::warning::{MODEL_LEFT_OUT, Warning};

/// The smallest discount a period for which what is to come can be added up without an end.
const LEAST_RATE: f64 = 1e-6;

/// A customer's contract.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Term {
    /// The day on which it began, counted from 1970.
    start: i32,
    /// Days from one renewal to the next.
    period: u32,
    /// Renewals that were due: of an ended contract the last was not made.
    periods: u32,
    ended: bool,
    /// What is paid a period.
    payment: f64,
}

impl Term {
    /// Renewals that were made.
    fn renewals(&self) -> u32 {
        self.periods - u32::from(self.ended)
    }
}

/// What a customer has still to bring.
#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    next: f64,
    within: f64,
    discounted: f64,
}

/// What was found.
pub struct Contracts {
    terms: Vec<Term>,
    rests: Vec<Rest>,
    /// The model.
    pub model: ShiftedBetaGeometric,
    /// What the manifest says.
    pub found: Found,
    share: f64,
}

/// What the attributes say of a customer.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    started: Option<i32>,
    ended: Option<i32>,
    payment: Option<f64>,
}

impl Contracts {
    /// Reads the contracts and fits the model; nothing where the settings know of none, or the model does not
    /// fit, which is a warning.
    pub fn of(
        context: &Context<'_>,
        buyers: &Buyers,
        margin: &Margin,
        end: i32,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Self>> {
        let settings = &context.settings.config.value;
        let Some(contract) = &settings.contract else {
            return Ok(None);
        };
        let said = said(context, buyers, contract)?;
        let usual = usual_period(&buyers.buyers, contract);
        let terms: Vec<Term> = buyers
            .buyers
            .iter()
            .zip(&said)
            .map(|(buyer, said)| term(buyer, said, contract, usual, end))
            .collect();
        let cells = cells(&terms);
        let fitted = ContractParams::default()
            .check()
            .and_then(|params| params.fit(&cells));
        let fitted = match fitted {
            Ok(fitted) => fitted,
            Err(error) => {
                let message = tr!(
                    "the model of contracts does not fit: {why}",
                    why = refusal(&error)
                );
                warnings.push(Warning::new(MODEL_LEFT_OUT, message));
                return Ok(None);
            }
        };
        let model = fitted.model;
        let rests = rests(&model, &terms, settings)?;
        let running = || terms.iter().zip(&rests).filter(|(term, _)| !term.ended);
        let count = running().count();
        let residual: f64 = running()
            .map(|(term, rest)| margin.share * term.payment * rest.discounted)
            .sum();
        Ok(Some(Self {
            found: Found {
                customers: terms.len() as u64,
                ended: (terms.len() - count) as u64,
                a: model.a,
                b: model.b,
                log_likelihood: fitted.log_likelihood,
                next: running().map(|(_, rest)| rest.next).sum::<f64>() / count.max(1) as f64,
                residual_value: residual.is_finite().then_some(residual),
                retention: retention(&cells, &model),
            },
            share: margin.share,
            terms,
            rests,
            model,
        }))
    }

    /// Writes what was found.
    pub fn write(&self, files: &mut Pending, buyers: &Buyers, made: &Made<'_>) -> Result<()> {
        files.parquet_and_csv(
            "contracts",
            &tr!(
                "Every contract: who will renew, for how long, and what that brings, {made}",
                made = made.words()
            ),
            &self.table(buyers, made.settings)?,
        )?;
        files.parquet_and_csv(
            "contract_retention",
            &tr!("Renewal after renewal: who was due, who renewed, and what the model says"),
            &self.curve()?,
        )
    }

    /// Every contract.
    fn table(&self, buyers: &Buyers, settings: &Value) -> Result<RecordBatch> {
        let both = || self.terms.iter().zip(&self.rests);
        let whole = |of: fn(&Term) -> u32| -> Arc<UInt32Array> {
            Arc::new(self.terms.iter().map(|term| Some(of(term))).collect())
        };
        let number = |of: &dyn Fn(&Term, &Rest) -> f64, digits| {
            numbers(both().map(|(term, rest)| of(term, rest)), digits)
        };
        let started: Date32Array = self.terms.iter().map(|term| Some(term.start)).collect();
        let ended: BooleanArray = self.terms.iter().map(|term| Some(term.ended)).collect();
        let days = settings.horizon_days;
        TableBuilder::new()
            .column("customer_id", "Who", buyers.ids.clone())
            .column("started_on", "Day on which the contract began", Arc::new(started))
            .column("period_days", "Days from one renewal to the next", whole(|term| term.period))
            .column("renewals", "Renewals that were made", whole(Term::renewals))
            .column("ended", "Whether the contract has ended", Arc::new(ended))
            .column(
                "next_renewal_probability",
                "Probability that the next renewal is made; 0 where the contract has ended",
                number(&|_, rest| rest.next, 6),
            )
            .column(
                "expected_renewals",
                &tr!("Renewals expected in the next {days} days", days = days),
                number(&|_, rest| rest.within, 4),
            )
            .column(
                "expected_remaining_days",
                &tr!(
                    "The same in days: how long of the next {days} the contract is expected to run on",
                    days = days
                ),
                number(&|term, rest| rest.within * f64::from(term.period), 1),
            )
            .column(
                "residual_lifetime",
                "Discounted payments that are still to come, in payments, without an end; empty where the rate is 0",
                number(&|_, rest| rest.discounted, 4),
            )
            .column(
                "payment",
                "What is paid a period",
                number(&|term, _| term.payment, 2),
            )
            .column(
                "residual_value",
                "What these payments bring, as margin",
                number(&|term, rest| self.share * term.payment * rest.discounted, 2),
            )
            .build()
    }

    /// The retention curve.
    fn curve(&self) -> Result<RecordBatch> {
        let rows = &self.found.retention;
        let number = |of: fn(&Renewal) -> f64| numbers(rows.iter().map(of), 6);
        let whole = |of: fn(&Renewal) -> u64| -> Arc<UInt32Array> {
            let count = |row: &Renewal| u32::try_from(of(row)).ok();
            Arc::new(rows.iter().map(count).collect())
        };
        TableBuilder::new()
            .column("renewal", "Which renewal", whole(|row| row.renewal.into()))
            .column("due", "Customers for whom it was due", whole(|row| row.due))
            .column(
                "renewed",
                "Those of them who renewed",
                whole(|row| row.renewed),
            )
            .column(
                "retention",
                "The share of them",
                number(|row| row.renewed as f64 / row.due as f64),
            )
            .column(
                "survival",
                "The share of all that is left after it (Kaplan and Meier)",
                number(|row| row.survival),
            )
            .column(
                "model_retention",
                "The share that renews, by the shifted beta-geometric model",
                number(|row| row.model_retention),
            )
            .column(
                "model_survival",
                "The share of all that is left, by that model",
                number(|row| row.model_survival),
            )
            .build()
    }
}

/// Days from a purchase to the next of customers who have at least two gaps, their median; a month where
/// nobody has.
fn usual_period(buyers: &[Buyer], contract: &Contract) -> u32 {
    if let Some(days) = contract.period_days {
        return days;
    }
    let mut own: Vec<u32> = buyers.iter().filter_map(own_period).collect();
    let middle = own.len() / 2;
    match own.is_empty() {
        true => 30,
        false => *own.select_nth_unstable(middle).1,
    }
}

fn own_period(buyer: &Buyer) -> Option<u32> {
    let seen = buyer.whole;
    let gap = || f64::from(seen.last - buyer.first) / f64::from(seen.purchases - 1);
    (seen.purchases > 2).then(|| (gap().round() as u32).max(1))
}

/// A customer's contract at the day `end`.
fn term(buyer: &Buyer, said: &Said, contract: &Contract, usual: u32, end: i32) -> Term {
    let seen = buyer.whole;
    let start = said.started.unwrap_or(buyer.first).min(end - 1);
    let period = match contract.period_days {
        Some(days) => days,
        None => own_period(buyer).unwrap_or(usual),
    };
    let passed = |day: i32| f64::from((day - start).max(0)) / f64::from(period);
    let (periods, ended) = match (&contract.ended, said.ended) {
        (Some(_), Some(day)) if day < end => ((passed(day).round() as u32).max(1), true),
        (Some(_), _) => (passed(end) as u32, false),
        // A customer who has stopped paying has not renewed.
        (None, _) => {
            let paid = passed(seen.last).round() as u32;
            let silent = f64::from(end - seen.last);
            match silent > contract.lapse_periods * f64::from(period) {
                true => (paid + 1, true),
                false => (paid, false),
            }
        }
    };
    let renewals = periods - u32::from(ended);
    let mean = amount(seen.spend) / f64::from(renewals + 1);
    Term {
        start,
        period,
        periods,
        ended,
        payment: said.payment.unwrap_or(mean).max(0.0),
    }
}

fn cells(terms: &[Term]) -> Vec<ContractCell> {
    let mut cells: BTreeMap<(u32, bool), u64> = BTreeMap::new();
    for term in terms {
        *cells.entry((term.periods, term.ended)).or_default() += 1;
    }
    let cell = |((periods, ended), customers)| ContractCell {
        periods,
        ended,
        customers,
    };
    cells.into_iter().map(cell).collect()
}

/// Renewal after renewal, as long as any was due.
fn retention(cells: &[ContractCell], model: &ShiftedBetaGeometric) -> Vec<Renewal> {
    let last = cells.iter().map(|cell| cell.periods).max().unwrap_or(0);
    let mut survival = 1.0;
    let mut rows = Vec::new();
    for renewal in 1..=last {
        let sum = |is: &dyn Fn(&ContractCell) -> bool| -> u64 {
            let cells = cells.iter().filter(|cell| is(cell));
            cells.map(|cell| cell.customers).sum()
        };
        let due = sum(&|cell| cell.periods >= renewal);
        let left = sum(&|cell| cell.periods == renewal && cell.ended);
        survival *= (due - left) as f64 / due as f64;
        rows.push(Renewal {
            renewal,
            due,
            renewed: due - left,
            survival,
            model_retention: model.retention(renewal),
            model_survival: model.survival(renewal),
        });
    }
    rows
}

/// What is still to come; the same for customers with as many renewals and as long a period.
fn rests(model: &ShiftedBetaGeometric, terms: &[Term], settings: &Value) -> Result<Vec<Rest>> {
    let mut known: BTreeMap<(u32, u32), Rest> = BTreeMap::new();
    let mut rests = Vec::with_capacity(terms.len());
    for term in terms {
        if term.ended {
            rests.push(Rest::default());
            continue;
        }
        let key = (term.renewals(), term.period);
        let rest = match known.get(&key) {
            Some(rest) => *rest,
            None => {
                let rest = rest(model, key, settings)?;
                known.insert(key, rest);
                rest
            }
        };
        rests.push(rest);
    }
    Ok(rests)
}

fn rest(
    model: &ShiftedBetaGeometric,
    (renewals, period): (u32, u32),
    settings: &Value,
) -> Result<Rest> {
    let rate = (f64::from(period) / YEAR * settings.rate.ln_1p()).exp_m1();
    let discounted = match rate < LEAST_RATE {
        true => f64::NAN,
        false => model
            .residual_lifetime(renewals, rate)
            .map_err(|error| Failure::machine(error.to_string()))?,
    };
    let (mut there, mut within) = (1.0, 0.0);
    for renewal in 1..=settings.horizon_days / period {
        there *= model.retention(renewals + renewal);
        within += there;
    }
    Ok(Rest {
        next: model.retention(renewals + 1),
        within,
        discounted,
    })
}

/// What the attributes that the settings name say of each customer.
fn said(context: &Context<'_>, buyers: &Buyers, contract: &Contract) -> Result<Vec<Said>> {
    let warehouse = context.warehouse()?;
    let joined = warehouse.has_column("customers", "joined_at");
    let started = match (&contract.started, joined) {
        (Some(name), _) => Some(name.as_str()),
        (None, true) => Some("joined_at"),
        (None, false) => None,
    };
    let named = [
        (
            "started",
            started,
            "a day",
            "arrow_cast(try_cast({} AS DATE), 'Int32')",
            "CAST(NULL AS INT)",
        ),
        (
            "ended",
            contract.ended.as_deref(),
            "a day",
            "arrow_cast(try_cast({} AS DATE), 'Int32')",
            "CAST(NULL AS INT)",
        ),
        (
            "payment",
            contract.payment.as_deref(),
            "an amount",
            "try_cast({} AS DOUBLE)",
            "CAST(NULL AS DOUBLE)",
        ),
    ];
    if named.iter().all(|(_, column, ..)| column.is_none()) {
        return Ok(vec![Said::default(); buyers.len()]);
    }
    let mut columns = Vec::new();
    for (key, column, what, sql, none) in named {
        let Some(column) = column else {
            columns.push(none.to_owned());
            continue;
        };
        if !warehouse.has_column("customers", column) {
            let problem = format!("the customers have no attribute `{column}`");
            return Err(context
                .settings
                .wrong(&["value", "contract", key], problem)
                .hint("name one that is mapped under [sources.columns] of the customers"));
        }
        let quoted = format!("\"{}\"", column.replace('"', "\"\""));
        let sql = sql.replace("{}", &quoted);
        let odd = warehouse.scope.query(&format!(
            "SELECT CAST(count(*) AS DOUBLE) FROM customers WHERE {quoted} IS NOT NULL \
             AND trim(CAST({quoted} AS VARCHAR)) <> '' AND {sql} IS NULL"
        ))?;
        let odd = odd.column(0).as_primitive::<Float64Type>().value(0);
        if odd > 0.0 {
            let problem = format!("{odd} values of the attribute `{column}` are not {what}");
            return Err(context
                .settings
                .wrong(&["value", "contract", key], problem)
                .hint("say what it holds where it is mapped: { column = \"...\", type = \"time\" } or \"number\""));
        }
        columns.push(sql);
    }
    let table = warehouse.scope.query(&format!(
        "SELECT customer_id, {} AS a, {} AS b, {} AS c FROM customers ORDER BY 1",
        columns[0], columns[1], columns[2]
    ))?;
    let day = |place: usize| table.column(place).as_primitive::<Int32Type>();
    let (started, ended) = (day(1), day(2));
    let payment = table.column(3).as_primitive::<Float64Type>();
    let of = |row: Option<usize>| match row {
        Some(row) => Said {
            started: started.is_valid(row).then(|| started.value(row)),
            ended: ended.is_valid(row).then(|| ended.value(row)),
            payment: payment.is_valid(row).then(|| payment.value(row)),
        },
        None => Said::default(),
    };
    let rows = rows_of(table.column(0), &buyers.ids);
    Ok(rows.into_iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::value::history::Seen;

    fn contract() -> Contract {
        Contract {
            period_days: Some(30),
            ..Contract::default()
        }
    }

    fn buyer(first: i32, purchases: u32, last: i32) -> Buyer {
        Buyer {
            first,
            whole: Seen {
                purchases,
                last,
                spend: 100_000 * i64::from(purchases),
                repeat_spend: 0,
            },
            ..Buyer::default()
        }
    }

    #[test]
    fn silence_ends_a_contract_and_a_day_that_is_told_does_before() {
        // Four payments, the last on day 90.
        let paid = buyer(0, 4, 90);
        let of = |said: Said, contract: &Contract, end| term(&paid, &said, contract, 30, end);
        let running = of(Said::default(), &contract(), 110);
        assert_eq!(
            (running.periods, running.ended, running.renewals()),
            (3, false, 3)
        );
        assert_eq!(running.payment, 10.0);
        let silent = of(Said::default(), &contract(), 140);
        assert_eq!(
            (silent.periods, silent.ended, silent.renewals()),
            (4, true, 3)
        );
        let told = Contract {
            ended: Some("left".to_owned()),
            ..contract()
        };
        let left = Said {
            ended: Some(61),
            payment: Some(12.0),
            ..Said::default()
        };
        let ended = of(left, &told, 140);
        assert_eq!((ended.periods, ended.ended, ended.payment), (2, true, 12.0));
        // Who has not said so goes on, whatever was paid; a later day is not yet.
        assert_eq!(of(Said::default(), &told, 140).periods, 4);
        assert!(!of(left, &told, 61).ended);
    }

    #[test]
    fn a_period_is_the_customers_own_where_none_is_set() {
        let own = Contract::default();
        let buyers = [buyer(0, 5, 56), buyer(0, 1, 0), buyer(0, 4, 90)];
        assert_eq!(usual_period(&buyers, &own), 30);
        let period = |buyer: &Buyer| term(buyer, &Said::default(), &own, 30, 100).period;
        assert_eq!(buyers.each_ref().map(period), [14, 30, 30]);
    }

    /// Fader and Hardie (2007), "high end": of 1,000 customers so many are left after each year; what the
    /// model says of the first years is in the paper.
    #[test]
    fn the_curve_counts_who_was_due_and_who_renewed() {
        let left = [131, 126, 90, 60, 42, 34];
        let mut cells: Vec<ContractCell> = (1..)
            .zip(left)
            .map(|(periods, customers)| ContractCell {
                periods,
                ended: true,
                customers,
            })
            .collect();
        cells.push(ContractCell {
            periods: 6,
            ended: false,
            customers: 1000 - left.iter().sum::<u64>(),
        });
        let model = ShiftedBetaGeometric { a: 0.668, b: 3.806 };
        let rows = retention(&cells, &model);
        assert_eq!((rows[0].due, rows[0].renewed), (1000, 869));
        assert!((rows[1].survival - 0.743).abs() < 1e-9);
        assert!((rows[0].model_retention - 3.806 / 4.474).abs() < 1e-9);
        assert_eq!(rows.len(), 6);
        let settings = Value {
            horizon_days: 90,
            ..Value::default()
        };
        let rest = rest(&model, (1, 30), &settings).unwrap();
        let r = |t: u32| model.retention(t);
        assert!((rest.within - (r(2) + r(2) * r(3) + r(2) * r(3) * r(4))).abs() < 1e-12);
        assert!(rest.discounted > rest.within);
    }
}
