//! Codes that are sold and are no products, by what they are called and by how they are sold.

use serde::Serialize;

use crate::commands::profile::cells::{counts, texts};
use crate::commands::profile::columns::share;
use crate::contract::no_products::{are_numbered, meaning, meaning_of_short};
use crate::failure::Result;
use crate::outputs::table::round;
use crate::text::count;
use crate::warehouse::Warehouse;
use crate::words::said;

/// The highest price of something is this many times the lowest: no product's price is.
const WILD: f64 = 50.0;
/// With fewer lines nobody knows how it is sold.
const FEWEST_LINES: u64 = 10;

/// A code that is no product's, it seems.
#[derive(Clone, Debug, Serialize)]
pub struct NoProduct {
    /// The code.
    pub product_id: String,
    /// Its name, where the products have one.
    pub name: Option<String>,
    /// Purchase lines with it.
    pub lines: u64,
    /// The share of the baskets that hold it; none without baskets.
    pub basket_share: Option<f64>,
    /// The lowest and the highest price of one, where amounts and quantities are known.
    pub prices: Option<[f64; 2]>,
    /// Why, in words.
    pub reason: String,
}

/// Looks at every code that is sold.
pub fn read(warehouse: &Warehouse) -> Result<Vec<NoProduct>> {
    if !warehouse.has_column("interactions", "product_id") {
        return Ok(Vec::new());
    }
    let sold = Sold::read(warehouse)?;
    let with_digits = sold.codes.iter().filter(|code| has_digit(code)).count();
    let numbered = are_numbered(sold.codes.len() as u64, with_digits as u64);
    Ok((0..sold.codes.len())
        .filter_map(|row| sold.no_product(row, numbered))
        .collect())
}

/// Every code that is sold, a row each.
struct Sold {
    codes: Vec<String>,
    names: Vec<String>,
    lines: Vec<u64>,
    baskets: Vec<u64>,
    all_baskets: u64,
    lowest: Vec<f64>,
    highest: Vec<f64>,
}

impl Sold {
    fn read(warehouse: &Warehouse) -> Result<Self> {
        let has = |column: &str| warehouse.has_column("interactions", column);
        let price = match has("amount") && has("quantity") {
            true => {
                "abs(CASE WHEN amount <> 0 AND quantity <> 0 THEN CAST(amount AS DOUBLE) / CAST(quantity AS DOUBLE) END)"
            }
            false => "CAST(NULL AS DOUBLE)",
        };
        let baskets = match has("basket_id") {
            true => "count(DISTINCT basket_id)",
            false => "CAST(0 AS BIGINT)",
        };
        let (name, join) = match warehouse.has_column("products", "name") {
            true => (
                "max(p.name)",
                " LEFT JOIN products p ON p.product_id = i.product_id",
            ),
            false => ("''", ""),
        };
        let where_sold = "WHERE i.kind = 'purchase' AND i.product_id IS NOT NULL";
        let sold = warehouse.scope.query(&format!(
            "SELECT CAST(i.product_id AS VARCHAR) AS code, coalesce({name}, '') AS name, \
             count(*) AS lines, {baskets} AS baskets, \
             min({price}) AS lowest, max({price}) AS highest \
             FROM interactions i{join} {where_sold} GROUP BY i.product_id ORDER BY code"
        ))?;
        let all = warehouse.scope.query(&format!(
            "SELECT {baskets} AS baskets FROM interactions i {where_sold}"
        ))?;
        let numbers = |name: &str| -> Result<Vec<f64>> {
            let texts = texts(&sold, name)?;
            let number = |text: &String| text.parse().unwrap_or(f64::NAN);
            Ok(texts.iter().map(number).collect())
        };
        Ok(Self {
            codes: texts(&sold, "code")?,
            names: texts(&sold, "name")?,
            lines: counts(&sold, "lines")?,
            baskets: counts(&sold, "baskets")?,
            all_baskets: counts(&all, "baskets")?.first().copied().unwrap_or(0),
            lowest: numbers("lowest")?,
            highest: numbers("highest")?,
        })
    }

    /// Why a code is no product's, if it is not; `numbered` tells whether nearly all have digits.
    fn no_product(&self, row: usize, numbered: bool) -> Option<NoProduct> {
        let (code, name) = (&self.codes[row], &self.names[row]);
        let (lowest, highest) = (self.lowest[row], self.highest[row]);
        let odd_code = numbered && !has_digit(code);
        let wild = highest >= WILD * lowest && self.lines[row] >= FEWEST_LINES;
        let short = || meaning_of_short(code).filter(|_| numbered);
        let mut reason = match (meaning(code).or_else(short), meaning(name)) {
            (Some(means), _) => tr!("the code says {meaning}", meaning = said(means)),
            (None, Some(means)) => tr!("the name says {meaning}", meaning = said(means)),
            (None, None) if odd_code && wild => {
                tr!("the code has no digit, as nearly all others have")
            }
            (None, None) => return None,
        };
        if wild {
            reason = tr!(
                "{reason}, and prices run from {lowest} to {highest}",
                reason = reason,
                lowest = round(lowest, 2),
                highest = count(highest.round() as u64)
            );
        }
        Some(NoProduct {
            product_id: code.clone(),
            name: (!name.is_empty()).then(|| name.clone()),
            lines: self.lines[row],
            basket_share: (self.all_baskets > 0)
                .then(|| share(self.baskets[row], self.all_baskets)),
            prices: lowest
                .is_finite()
                .then(|| [round(lowest, 4), round(highest, 4)]),
            reason,
        })
    }
}

fn has_digit(code: &str) -> bool {
    code.chars().any(char::is_numeric)
}
