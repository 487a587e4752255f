//! What is odd about purchase lines and baskets.

use serde_json::{Map, Value};

use super::{Findings, Weight, by_share, of};
use crate::commands::profile::Profile;
use crate::commands::profile::baskets::Baskets;
use crate::commands::profile::cells::grouped;
use crate::commands::profile::columns::share;
use crate::commands::profile::history::Signs;
use crate::commands::profile::lines::Measure;
use crate::text::{count, plural};
use crate::words::{fill, said};

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
                    tr!("; in {share} of the baskets", share = of(share))
                });
                tr!(
                    "`{product}` ({reason}{baskets})",
                    product = code.product_id,
                    reason = code.reason,
                    baskets = baskets
                )
            })
            .collect();
        let more = found.len() - told.len();
        let told = told.join(said(mark!(", ")));
        let told = match more {
            0 => told,
            more => tr!("{things} and {n} more", things = told, n = more),
        };
        let codes: Vec<String> = found
            .iter()
            .map(|code| format!("\"{}\"", code.product_id))
            .collect();
        let lines = found.iter().map(|code| code.lines).sum();
        let part = share(lines, profile.signs.lines);
        let (of_them, codes) = (plural(lines, "purchase line"), codes.join(", "));
        let text = match lines {
            1 => tr!(
                "{lines} ({share}) is of no product, it seems: {told}; leave them out with exclude = [{codes}] under [rules] and [offers]",
                lines = of_them,
                share = of(part),
                told = told,
                codes = codes
            ),
            _ => tr!(
                "{lines} ({share}) are of no product, it seems: {told}; leave them out with exclude = [{codes}] under [rules] and [offers]",
                lines = of_them,
                share = of(part),
                told = told,
                codes = codes
            ),
        };
        let weight = by_share(part, 0.05, 0.001);
        self.add(weight, "not-products", "lines", part, text);
    }

    /// Amounts, quantities and products that are missing or have an odd sign.
    fn odd(&mut self, signs: &Signs) {
        for (what, &rows) in signs.purchases.iter().filter(|(_, rows)| **rows > 0) {
            let part = share(rows, signs.lines);
            let (code, one, many) = match *what {
                "amount negative" => (
                    "negative-amounts",
                    mark!("{lines} ({share}) has an amount below 0: returns?"),
                    mark!("{lines} ({share}) have an amount below 0: returns?"),
                ),
                "amount zero" => (
                    "zero-amounts",
                    mark!("{lines} ({share}) has an amount of 0"),
                    mark!("{lines} ({share}) have an amount of 0"),
                ),
                "amount missing" => (
                    "missing-amounts",
                    mark!("{lines} ({share}) has no amount"),
                    mark!("{lines} ({share}) have no amount"),
                ),
                "quantity negative" => (
                    "negative-quantities",
                    mark!("{lines} ({share}) has a quantity below 0: returns?"),
                    mark!("{lines} ({share}) have a quantity below 0: returns?"),
                ),
                "quantity zero" => (
                    "zero-quantities",
                    mark!("{lines} ({share}) has a quantity of 0"),
                    mark!("{lines} ({share}) have a quantity of 0"),
                ),
                "quantity missing" => (
                    "missing-quantities",
                    mark!("{lines} ({share}) has no quantity"),
                    mark!("{lines} ({share}) have no quantity"),
                ),
                _ => (
                    "missing-products",
                    mark!("{lines} ({share}) names no product"),
                    mark!("{lines} ({share}) name no product"),
                ),
            };
            let weight = match code {
                "negative-amounts" | "negative-quantities" | "missing-amounts" => {
                    by_share(part, 0.02, 0.001)
                }
                "missing-products" => by_share(part, 0.05, 0.005),
                _ => by_share(part, 1.1, 0.05),
            };
            let lines = plural(rows, "purchase line");
            let text = if rows == 1 { one } else { many };
            let text = fill(text, &[("lines", &lines), ("share", &of(part))]);
            self.add(weight, code, "lines", part, text);
        }
    }

    /// A few amounts or quantities that are far too large.
    fn outliers(&mut self, profile: &Profile, measure: &Measure) {
        let currency = match measure.column {
            "amount" => &profile.currency,
            _ => "",
        };
        let text = match (measure.column, measure.outliers) {
            ("amount", 1) => {
                mark!("{lines} ({share}) has an amount above {fence}; the largest is {largest}")
            }
            ("amount", _) => {
                mark!("{lines} ({share}) have an amount above {fence}; the largest is {largest}")
            }
            (_, 1) => {
                mark!("{lines} ({share}) has a quantity above {fence}; the largest is {largest}")
            }
            _ => mark!("{lines} ({share}) have a quantity above {fence}; the largest is {largest}"),
        };
        let text = fill(
            text,
            &[
                ("lines", &plural(measure.outliers, "purchase line")),
                ("share", &of(measure.outlier_share(profile.signs.lines))),
                ("fence", &with_currency(measure.outlier_above, currency)),
                ("largest", &with_currency(largest(measure), currency)),
            ],
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
            let text = tr!(
                "returns have both signs: {above} above 0 and {below} below",
                above = count(signs.returns_positive),
                below = count(signs.returns_negative)
            );
            let value = signs.returns_positive.min(signs.returns_negative) as f64;
            self.add(Weight::Low, "return-signs", "lines", value, text);
        }
        let returned = share(signs.returns, signs.lines);
        if returned > 0.2 {
            let text = tr!(
                "for every hundred purchase lines {n} are returned",
                n = grouped((returned * 1000.0).round() / 10.0)
            );
            self.add(Weight::Low, "many-returns", "lines", returned, text);
        }
    }

    /// Baskets that are far too large.
    pub fn baskets(&mut self, baskets: &Baskets) {
        let largest = baskets.lines.max.as_f64().unwrap_or_default();
        if baskets.giants > 0 && largest >= 1.5 * baskets.giant_above as f64 {
            let text = match baskets.giants {
                1 => mark!("{baskets} holds more than {fence} lines; the largest {largest}"),
                _ => mark!("{baskets} hold more than {fence} lines; the largest {largest}"),
            };
            let text = fill(
                text,
                &[
                    ("baskets", &plural(baskets.giants, "basket")),
                    ("fence", &grouped(baskets.giant_above as f64)),
                    ("largest", &grouped(largest)),
                ],
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
