//! What is odd about purchase lines and baskets.

use serde_json::{Map, Value};

use super::{Findings, Weight, by_share, of, verb};
use crate::commands::profile::Profile;
use crate::commands::profile::baskets::Baskets;
use crate::commands::profile::cells::grouped;
use crate::commands::profile::columns::share;
use crate::commands::profile::history::Signs;
use crate::commands::profile::lines::Measure;
use crate::text::{count, plural};

/// So many codes that are no products are told with their reasons.
const NO_PRODUCTS_TOLD: usize = 4;

impl Findings {
    /// What purchase lines lack, and what lies far outside in them.
    pub fn lines(&mut self, profile: &Profile) {
        self.odd(&profile.signs);
        for measure in profile
            .measures
            .iter()
            .filter(|measure| is_far_out(measure))
        {
            self.outliers(profile, measure);
        }
        self.returns(&profile.signs);
        self.no_products(profile);
    }

    /// Codes that are sold and are no products.
    fn no_products(&mut self, profile: &Profile) {
        let found = &profile.no_products;
        if found.is_empty() {
            return;
        }
        let mut by_lines: Vec<_> = found.iter().collect();
        by_lines.sort_by_key(|code| std::cmp::Reverse(code.lines));
        let told: Vec<String> = by_lines
            .iter()
            .take(NO_PRODUCTS_TOLD)
            .map(|code| {
                let baskets = code.basket_share.map_or_else(String::new, |share| {
                    format!("; in {} of the baskets", of(share))
                });
                format!("`{}` ({}{baskets})", code.product_id, code.reason)
            })
            .collect();
        let more = match found.len() - told.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let codes: Vec<String> = found
            .iter()
            .map(|code| format!("\"{}\"", code.product_id))
            .collect();
        let lines = found.iter().map(|code| code.lines).sum();
        let part = share(lines, profile.signs.lines);
        let text = format!(
            "{} ({}) {} no product, it seems: {}{more}; leave them out with exclude = [{}] under [rules] and [offers]",
            plural(lines, "purchase line"),
            of(part),
            verb(lines, "is of", "are of"),
            told.join(", "),
            codes.join(", ")
        );
        let weight = by_share(part, 0.05, 0.001);
        self.add(weight, "not-products", "lines", part, text);
    }

    /// Amounts, quantities and products that are missing or have an odd sign.
    fn odd(&mut self, signs: &Signs) {
        for (what, &rows) in signs.purchases.iter().filter(|(_, rows)| **rows > 0) {
            let part = share(rows, signs.lines);
            let (code, has, what) = match *what {
                "amount negative" => ("negative-amounts", true, "an amount below 0: returns?"),
                "amount zero" => ("zero-amounts", true, "an amount of 0"),
                "amount missing" => ("missing-amounts", true, "no amount"),
                "quantity negative" => {
                    ("negative-quantities", true, "a quantity below 0: returns?")
                }
                "quantity zero" => ("zero-quantities", true, "a quantity of 0"),
                "quantity missing" => ("missing-quantities", true, "no quantity"),
                _ => ("missing-products", false, "no product"),
            };
            let weight = match code {
                "negative-amounts" | "negative-quantities" | "missing-amounts" => {
                    by_share(part, 0.02, 0.001)
                }
                "missing-products" => by_share(part, 0.05, 0.005),
                _ => by_share(part, 1.1, 0.05),
            };
            let verb = match has {
                true => verb(rows, "has", "have"),
                false => verb(rows, "names", "name"),
            };
            let text = format!(
                "{} ({}) {verb} {what}",
                plural(rows, "purchase line"),
                of(part)
            );
            self.add(weight, code, "lines", part, text);
        }
    }

    /// A few amounts or quantities that are far too large.
    fn outliers(&mut self, profile: &Profile, measure: &Measure) {
        let currency = match measure.column {
            "amount" => &profile.currency,
            _ => "",
        };
        let text = format!(
            "{} ({}) {} {} above {}; the largest is {}",
            plural(measure.outliers, "purchase line"),
            of(measure.outlier_share(profile.signs.lines)),
            verb(measure.outliers, "has", "have"),
            match measure.column {
                "amount" => "an amount",
                _ => "a quantity",
            },
            with_currency(measure.outlier_above, currency),
            with_currency(largest(measure), currency),
        );
        let code = match measure.column {
            "amount" => "amount-outliers",
            _ => "quantity-outliers",
        };
        let weight = by_share(measure.outliers_share_of_sum, 0.05, 0.001);
        self.add(weight, code, "lines", measure.outliers as f64, text);
    }

    /// Returns with both signs, or too many.
    fn returns(&mut self, signs: &Signs) {
        if signs.returns_positive > 0 && signs.returns_negative > 0 {
            let text = format!(
                "returns have both signs: {} above 0 and {} below",
                count(signs.returns_positive),
                count(signs.returns_negative)
            );
            let value = signs.returns_positive.min(signs.returns_negative) as f64;
            self.add(Weight::Low, "return-signs", "lines", value, text);
        }
        let returned = share(signs.returns, signs.lines);
        if returned > 0.2 {
            let text = format!(
                "for every hundred purchase lines {} are returned",
                grouped((returned * 1000.0).round() / 10.0)
            );
            self.add(Weight::Low, "many-returns", "lines", returned, text);
        }
    }

    /// Baskets that are far too large.
    pub fn baskets(&mut self, baskets: &Baskets) {
        let largest = baskets.lines.max.as_f64().unwrap_or_default();
        if baskets.giants > 0 && largest >= 1.5 * baskets.giant_above as f64 {
            let text = format!(
                "{} {} more than {} lines; the largest {}",
                plural(baskets.giants, "basket"),
                verb(baskets.giants, "holds", "hold"),
                grouped(baskets.giant_above as f64),
                grouped(largest)
            );
            let weight = by_share(baskets.giants_share_of_lines, 0.05, 0.0001);
            let giants = baskets.giants as f64;
            self.add(weight, "giant-baskets", "baskets", giants, text);
        }
    }
}

fn largest(measure: &Measure) -> f64 {
    let first: Option<&Map<String, Value>> = measure.largest.first();
    let value = first.and_then(|line| line.get(measure.column)?.as_f64());
    value.unwrap_or_default()
}

/// Every long history has a few values just beyond the fence; they are worth a word when they
/// are many or far away.
fn is_far_out(measure: &Measure) -> bool {
    measure.outliers > 0
        && (largest(measure) >= 10.0 * measure.outlier_above
            || measure.outliers_share_of_sum >= 0.05)
}

fn with_currency(value: f64, currency: &str) -> String {
    match currency {
        "" => grouped(value),
        currency => format!("{} {currency}", grouped(value)),
    }
}
