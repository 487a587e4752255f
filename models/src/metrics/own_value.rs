//! What a campaign to keep customers would earn where each customer has a value of their own.
//!
//! With values `v_i`, an offer that costs `d` and a contact that costs `f`, contacting everybody with a
//! score of `t` and more earns, for each of the `N` customers,
//!
//! ```text
//! P(t; gamma) = gamma A(t) - B(t)
//! A(t) = 1/N sum over leavers contacted of (v_i - d)
//! B(t) = 1/N (f contacted + d stayers contacted)
//! ```
//!
//! which is the profit of [`maximum_profit`](super::maximum_profit) where all values are the same: leavers
//! accept with probability `gamma`, and who would stay anyway takes the offer. Source: Óskarsdóttir, Baesens,
//! Vanthienen (2018), "Profit-based model selection for customer retention using individual customer
//! lifetime values", Big Data 6(1), doi 10.1089/big.2018.0015.

use ndarray::ArrayView1;

use super::profit::{CampaignTerms, Profit, ProfitError};
use super::{both_classes, ties, totals};
use crate::special::beta_share;

/// A cut-off: what is earned times the acceptance, what is paid, and the share that is contacted.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    gain: f64,
    cost: f64,
    share: f64,
}

impl Cut {
    const NOBODY: Self = Self {
        gain: 0.0,
        cost: 0.0,
        share: 0.0,
    };

    fn profit(self, acceptance: f64) -> f64 {
        acceptance * self.gain - self.cost
    }
}

/// What contacting one customer is expected to earn: `p (gamma (v - d) - f) - (1 - p) (d + f)`, with the
/// probability `p` of leaving and the mean acceptance `gamma`.
pub fn contact_profit(probability: f64, value: f64, terms: &CampaignTerms) -> f64 {
    let [a, b] = terms.acceptance;
    let kept = a / (a + b) * (value - terms.offer_cost);
    probability * kept - (1.0 - probability) * terms.offer_cost - terms.contact_cost
}

/// The best profit of one cut-off with the mean acceptance, where `values` are what each customer is
/// worth; of `terms` all but the lifetime value count.
///
/// Conventions as in [`maximum_profit`](super::maximum_profit).
///
/// # Errors
/// As there; and a value that is not finite.
pub fn maximum_profit_by_value(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
    values: ArrayView1<'_, f64>,
    terms: &CampaignTerms,
) -> Result<Profit, ProfitError> {
    let [a, b] = terms.acceptance;
    let cuts = cuts(labels, scores, values, terms)?;
    let mean = a / (a + b);
    let mut best = Cut::NOBODY;
    for cut in cuts {
        if cut.profit(mean) > best.profit(mean) {
            best = cut;
        }
    }
    Ok(Profit {
        per_customer: best.profit(mean),
        share: best.share,
    })
}

/// The expected maximum profit where `values` are what each customer is worth: for every acceptance the
/// best cut-off, over the distribution of the acceptance.
///
/// Exact: a cut-off is a line in the acceptance, and the best ones are the upper envelope of the lines.
/// Conventions as in [`expected_maximum_profit`](super::expected_maximum_profit), which this is where all
/// values are the same.
///
/// # Errors
/// As [`maximum_profit_by_value`].
pub fn expected_maximum_profit_by_value(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
    values: ArrayView1<'_, f64>,
    terms: &CampaignTerms,
) -> Result<Profit, ProfitError> {
    let [a, b] = terms.acceptance;
    let envelope = envelope(&cuts(labels, scores, values, terms)?);
    let mean = a / (a + b);
    let below = |g: f64| beta_share(a, b, g, 1.0 - g);
    let mean_below = |g: f64| mean * beta_share(a + 1.0, b, g, 1.0 - g);
    let mut total = Profit {
        per_customer: 0.0,
        share: 0.0,
    };
    let mut from = 0.0;
    for (place, cut) in envelope.iter().enumerate() {
        let to = match envelope.get(place + 1) {
            Some(next) => crossing(*cut, *next).clamp(from, 1.0),
            None => 1.0,
        };
        let (chance, weight) = (below(to) - below(from), mean_below(to) - mean_below(from));
        total.per_customer += cut.gain * weight - cut.cost * chance;
        total.share += cut.share * chance;
        from = to;
    }
    Ok(total)
}

/// The cut-offs by falling score, the first one contacting nobody.
fn cuts(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
    values: ArrayView1<'_, f64>,
    terms: &CampaignTerms,
) -> Result<Vec<Cut>, ProfitError> {
    let (positives, rows) = totals(&ties(labels, scores)?);
    both_classes(positives, rows)?;
    check(labels.len(), values, terms)?;
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let (mut gain, mut contacted, mut stayers) = (0.0, 0.0, 0.0);
    let mut cuts = vec![Cut::NOBODY];
    // `==` makes one score of -0.0 and 0.0, which are neighbours in the total order.
    for tie in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        for row in tie {
            contacted += 1.0;
            match labels[*row] {
                true => gain += values[*row] - terms.offer_cost,
                false => stayers += 1.0,
            }
        }
        cuts.push(Cut {
            gain: gain / rows,
            cost: (terms.contact_cost * contacted + terms.offer_cost * stayers) / rows,
            share: contacted / rows,
        });
    }
    Ok(cuts)
}

fn check(
    rows: usize,
    values: ArrayView1<'_, f64>,
    terms: &CampaignTerms,
) -> Result<(), ProfitError> {
    let wrong = |name, value, expected| ProfitError::Terms {
        name,
        value,
        expected,
    };
    if values.len() != rows {
        let expected = "there has to be one for each row";
        return Err(wrong("values", values.len() as f64, expected));
    }
    if let Some(&value) = values.iter().find(|value| !value.is_finite()) {
        return Err(wrong("value", value, "it has to be finite"));
    }
    for (name, cost) in [
        ("offer_cost", terms.offer_cost),
        ("contact_cost", terms.contact_cost),
    ] {
        if !(cost.is_finite() && cost >= 0.0) {
            return Err(wrong(name, cost, "it has to be 0 or more"));
        }
    }
    match terms
        .acceptance
        .iter()
        .find(|a| !(a.is_finite() && **a > 0.0))
    {
        Some(&value) => Err(wrong(
            "acceptance",
            value,
            "both parameters have to be above 0",
        )),
        None => Ok(()),
    }
}

/// The acceptance from which on the second earns more, which gains more and costs more.
fn crossing(first: Cut, second: Cut) -> f64 {
    (second.cost - first.cost) / (second.gain - first.gain)
}

/// The cut-offs that are best for some acceptance, by rising acceptance. Costs rise along `cuts`, gains
/// may fall where an offer costs more than a customer is worth.
fn envelope(cuts: &[Cut]) -> Vec<Cut> {
    let mut best: Vec<Cut> = Vec::new();
    for &cut in cuts {
        if best.last().is_some_and(|last| cut.gain <= last.gain) {
            continue; // it pays more for no more
        }
        while let [.., first, second] = best[..] {
            if crossing(first, second) < crossing(second, cut) {
                break;
            }
            best.pop();
        }
        // Without a cost it is better from the first on.
        while best.last().is_some_and(|last| cut.cost <= last.cost) {
            best.pop();
        }
        best.push(cut);
    }
    best
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::super::{expected_maximum_profit, maximum_profit};
    use super::*;

    fn example() -> (Array1<bool>, Array1<f64>) {
        let labels = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0].map(|label| label == 1);
        let scores = array![0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1];
        (Array1::from(labels.to_vec()), scores)
    }

    #[test]
    fn with_one_value_it_is_the_published_example() {
        let (labels, scores) = example();
        let terms = CampaignTerms::default();
        let same = Array1::from_elem(10, 200.0);
        let (labels, scores, same) = (labels.view(), scores.view(), same.view());
        let expected = expected_maximum_profit_by_value(labels, scores, same, &terms).unwrap();
        assert!(
            (expected.per_customer - 19.108546).abs() < 1e-6,
            "{expected:?}"
        );
        assert!((expected.share - 0.693520).abs() < 1e-6, "{expected:?}");
        let best = maximum_profit_by_value(labels, scores, same, &terms).unwrap();
        assert!((best.per_customer - 19.10).abs() < 1e-9, "{best:?}");
    }

    #[test]
    fn who_is_worth_more_earns_more_and_who_is_worth_little_is_not_contacted() {
        let (labels, scores) = example();
        let terms = CampaignTerms::default();
        // The first two leavers alone are worth anything.
        let values = array![1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let best =
            maximum_profit_by_value(labels.view(), scores.view(), values.view(), &terms).unwrap();
        // 0.3 * 2 * (1000 - 10) - 2 contacts, of ten customers.
        assert!(
            (best.per_customer - (0.3 * 1980.0 - 2.0) / 10.0).abs() < 1e-9,
            "{best:?}"
        );
        assert_eq!(best.share, 0.2);
        let gone = contact_profit(1.0, 1000.0, &terms);
        assert!((gone - (0.3 * 990.0 - 1.0)).abs() < 1e-9);
        assert_eq!(contact_profit(0.0, 1000.0, &terms), -11.0);
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        let (labels, scores) = example();
        let terms = CampaignTerms::default();
        let said = |values: &Array1<f64>, terms: &CampaignTerms| {
            maximum_profit_by_value(labels.view(), scores.view(), values.view(), terms)
                .unwrap_err()
                .to_string()
        };
        assert!(said(&Array1::zeros(3), &terms).starts_with("values = 3"));
        assert!(said(&Array1::from_elem(10, f64::NAN), &terms).starts_with("value = NaN"));
        let wrong = CampaignTerms {
            offer_cost: -1.0,
            ..terms
        };
        assert!(said(&Array1::zeros(10), &wrong).starts_with("offer_cost = -1"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn the_exact_value_is_that_of_the_integral(
            rows in proptest::collection::vec((any::<bool>(), 0u8..9, 0.0..500.0f64), 4..30),
            offer in 0.0..60.0f64,
            contact in 0.0..10.0f64,
            a in 1.0..9.0f64,
            b in 1.0..20.0f64,
        ) {
            let labels: Array1<bool> = rows.iter().map(|row| row.0).collect();
            let scores: Array1<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            let values: Array1<f64> = rows.iter().map(|row| row.2).collect();
            prop_assume!(labels.iter().any(|label| *label) && labels.iter().any(|label| !label));
            let terms = CampaignTerms {
                lifetime_value: 200.0,
                offer_cost: offer,
                contact_cost: contact,
                acceptance: [a, b],
            };
            let (l, s, v) = (labels.view(), scores.view(), values.view());
            let exact = expected_maximum_profit_by_value(l, s, v, &terms).unwrap();
            let cuts = cuts(l, s, v, &terms).unwrap();
            let steps = 4000;
            let mut near = 0.0;
            for step in 0..steps {
                let (low, high) = (
                    f64::from(step) / f64::from(steps),
                    f64::from(step + 1) / f64::from(steps),
                );
                let chance = beta_share(a, b, high, 1.0 - high) - beta_share(a, b, low, 1.0 - low);
                let best = cuts.iter().map(|cut| cut.profit(low.midpoint(high)));
                near += chance * best.fold(f64::NEG_INFINITY, f64::max);
            }
            prop_assert!((exact.per_customer - near).abs() < 0.5, "{exact:?} {near}");
            let one = maximum_profit_by_value(l, s, v, &terms).unwrap();
            prop_assert!(exact.per_customer >= one.per_customer - 1e-9);
            // All alike is what the published measures say.
            let same = Array1::from_elem(labels.len(), 200.0);
            let alike = expected_maximum_profit_by_value(l, s, same.view(), &terms).unwrap();
            let published = expected_maximum_profit(l, s, &terms).unwrap();
            prop_assert!((alike.per_customer - published.per_customer).abs() < 1e-6, "{alike:?} {published:?}");
            let alike = maximum_profit_by_value(l, s, same.view(), &terms).unwrap();
            let published = maximum_profit(l, s, &terms).unwrap();
            prop_assert!((alike.per_customer - published.per_customer).abs() < 1e-9);
        }
    }
}
