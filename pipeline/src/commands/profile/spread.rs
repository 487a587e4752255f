//! How values are spread, as the profile tells it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::profile::cells::{column, counts, unit, wholes};
use crate::commands::profile::distribution::{Collector, Distribution, Unit};
use crate::engine::Scope;
use crate::failure::Result;
use crate::outputs::table::round;

/// The quantiles that are told, in thousandths.
const QUANTILES: [(&str, u64); 7] = [
    ("p1", 10),
    ("p5", 50),
    ("p25", 250),
    ("p50", 500),
    ("p75", 750),
    ("p95", 950),
    ("p99", 990),
];

/// The spread of something that is counted or measured.
#[derive(Clone, Debug, Serialize)]
pub struct Spread {
    /// The least value.
    pub min: Value,
    /// The greatest value.
    pub max: Value,
    /// The mean.
    pub mean: f64,
    /// p1 to p99; each is a value that there is.
    pub quantiles: Map<String, Value>,
    /// Whether quantiles and histogram are exact; else within 0.1 %.
    pub quantiles_exact: bool,
    /// Bars over the values.
    pub histogram: Vec<Bar>,
}

/// One bar of a histogram.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    /// The least value.
    pub from: Value,
    /// The end, which the next bar begins with; the same as `from` for a single value.
    pub to: Value,
    /// Rows.
    pub rows: u64,
}

impl Spread {
    /// What a distribution tells.
    pub fn of(distribution: &Distribution, unit: Unit) -> Self {
        let quantile = |(name, thousandths): (&str, u64)| {
            (
                name.to_owned(),
                unit.json(distribution.quantile(thousandths)),
            )
        };
        let bar = |bin: crate::commands::profile::distribution::Bin| Bar {
            from: unit.json(bin.from),
            to: unit.json(bin.to),
            rows: bin.rows,
        };
        Self {
            min: unit.json(distribution.min),
            max: unit.json(distribution.max),
            mean: round(distribution.mean() / unit.one(), 6),
            quantiles: QUANTILES.map(quantile).into_iter().collect(),
            quantiles_exact: distribution.exact,
            histogram: distribution.histogram(unit).into_iter().map(bar).collect(),
        }
    }
}

/// The distribution of `value` over the rows of `source` (a table, with conditions where wanted).
pub fn distribution(
    scope: &Scope,
    value: &str,
    source: &str,
) -> Result<Option<(Unit, Distribution)>> {
    let mut collector = Collector::default();
    let mut of = Unit::Number(0);
    let sql = format!("SELECT {value} AS v, count(*) AS n FROM {source} GROUP BY 1");
    scope.for_each(&sql, |batch| {
        let values = column(&batch, "v")?;
        of = unit(values.data_type()).unwrap_or(of);
        let rows = counts(&batch, "n")?;
        for (value, rows) in wholes(values)?.into_iter().zip(rows) {
            if let Some(value) = value {
                collector.add(value, rows);
            }
        }
        Ok(())
    })?;
    Ok(collector.finish().map(|distribution| (of, distribution)))
}
