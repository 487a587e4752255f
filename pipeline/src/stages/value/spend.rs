//! What customers spend at a purchase: the model, and what takes its place where it does not fit.

use rayon::prelude::*;
use regulars_models::ParamGuard;
use regulars_models::value::{GammaGamma, Spend, SpendParams, ValueError};

use super::history::Seen;
use super::money::amount;
use super::refusal::refusal;
use crate::text::plural;
use crate::words::{fill, said};

/// Beyond it, amounts and numbers of purchases have to do with each other, which the model takes
/// not to be.
const MOST_CORRELATION: f64 = 0.3;

/// What says how much a purchase of a customer brings.
pub struct SpendModel {
    by: By,
    /// What a person should know of it, in words.
    pub noticed: Vec<String>,
    /// Correlation of the number of repeat purchases with what they bring, where it is known.
    pub correlation: Option<f64>,
}

#[derive(Clone, Copy)]
enum By {
    GammaGamma(GammaGamma),
    /// The customer's own mean, with one purchase of this amount added.
    OwnMean(f64),
}

impl SpendModel {
    /// Fitted to what customers have spent.
    pub fn fit(seen: &[Seen]) -> Self {
        let used = seen.iter().filter(|seen| !seen.nets_to_nothing());
        let spends: Vec<Spend> = used.map(Seen::spending).collect();
        let fitted = SpendParams::default()
            .check()
            .and_then(|params| params.fit(&spends));
        let mut noticed = Vec::new();
        let nothing = (seen.len() - spends.len()) as u64;
        if nothing > 0 {
            noticed.push(tr!(
                "of {customers} the repeat purchases net to nothing or less, returns taken off; they count as next to nothing, and the spend of all is told by the others",
                customers = plural(nothing, "customer")
            ));
        }
        let (by, correlation) = match fitted {
            Ok(fitted) => {
                let correlation = fitted.correlation;
                if correlation.abs() > MOST_CORRELATION {
                    let text = match correlation > 0.0 {
                        true => mark!(
                            "who buys more often spends more at a purchase (correlation {correlation}), and the spend model takes the two to have nothing to do with each other: values of frequent buyers are too low"
                        ),
                        false => mark!(
                            "who buys more often spends less at a purchase (correlation {correlation}), and the spend model takes the two to have nothing to do with each other: values of frequent buyers are too high"
                        ),
                    };
                    let told = format!("{correlation:.2}");
                    noticed.push(fill(text, &[("correlation", &told)]));
                }
                (By::GammaGamma(fitted.fit.model), Some(correlation))
            }
            Err(error) => {
                noticed.push(instead(&error));
                (By::OwnMean(mean(seen)), None)
            }
        };
        Self {
            by,
            noticed,
            correlation,
        }
    }

    /// What a purchase of each customer is expected to bring.
    pub fn expected(&self, spends: &[Spend]) -> Vec<f64> {
        let expected = |spend: &Spend| match self.by {
            By::GammaGamma(model) => model.expected(spend),
            By::OwnMean(all) => {
                let repeats = f64::from(spend.repeats);
                let own = if spend.repeats == 0 { 0.0 } else { spend.mean };
                (all + repeats * own) / (1.0 + repeats)
            }
        };
        spends.par_iter().with_min_len(1024).map(expected).collect()
    }

    /// The model, unless something takes its place.
    pub fn model(&self) -> Option<&GammaGamma> {
        match &self.by {
            By::GammaGamma(model) => Some(model),
            By::OwnMean(_) => None,
        }
    }

    /// Its name in words.
    pub fn title(&self) -> &'static str {
        match self.by {
            By::GammaGamma(_) => "Gamma-Gamma",
            By::OwnMean(_) => said(mark!("own mean, drawn towards that of all")),
        }
    }
}

fn instead(error: &ValueError) -> String {
    tr!(
        "the spend model cannot be fitted ({why}); what a purchase brings is the customer's own mean, with one purchase of the mean of all added",
        why = refusal(error)
    )
}

/// The mean of all purchases, and nothing below 0.
fn mean(seen: &[Seen]) -> f64 {
    let purchases: u64 = seen.iter().map(|seen| u64::from(seen.purchases)).sum();
    let spend: f64 = seen.iter().map(|seen| amount(seen.spend)).sum();
    (spend / purchases.max(1) as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(purchases: u32, spend: i64, repeat_spend: i64) -> Seen {
        Seen {
            purchases,
            last: 9,
            spend: spend * 10_000,
            repeat_spend: repeat_spend * 10_000,
        }
    }

    #[test]
    fn equal_amounts_are_told_without_a_model() {
        let all = [seen(3, 30, 20), seen(1, 10, 0), seen(2, 20, 10)];
        let model = SpendModel::fit(&all);
        assert!(model.model().is_none());
        assert!(
            model.noticed[0].contains("mean spend"),
            "{:?}",
            model.noticed
        );
        let spends: Vec<Spend> = all.iter().map(Seen::spending).collect();
        assert_eq!(model.expected(&spends), [10.0; 3]);
    }

    #[test]
    fn repeat_purchases_that_net_to_nothing_are_counted_and_bring_little() {
        let mut all: Vec<Seen> = (0..60)
            .map(|i| {
                let (purchases, mean) = (2 + i % 4, 5 + i % 7);
                let repeats = mean * (purchases - 1);
                seen(purchases, i64::from(mean * purchases), i64::from(repeats))
            })
            .collect();
        all.push(seen(3, 5, -40));
        let model = SpendModel::fit(&all);
        assert!(
            model.noticed[0].starts_with("of 1 customer "),
            "{:?}",
            model.noticed
        );
        let spends: Vec<Spend> = all.iter().map(Seen::spending).collect();
        let expected = model.expected(&spends);
        let least = expected.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!(expected[60], least);
        assert!(least > 0.0);
    }
}
