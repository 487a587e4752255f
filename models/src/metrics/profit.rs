//! What a campaign to keep customers would earn, if it were aimed by a score.

use ndarray::ArrayView1;
use thiserror::Error;

use super::{MetricError, both_classes, ties, totals};
use crate::special::beta_share;

/// What a customer is worth and what keeping one costs, in one currency.
///
/// The defaults are those of the reference implementation (R package EMP 2.0.6). A customer who
/// would leave and is contacted accepts the offer and stays with probability `gamma`, which is
/// not known exactly: it has a beta distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CampaignTerms {
    /// What a customer who stays is worth.
    pub lifetime_value: f64,
    /// What the offer costs when it is taken.
    pub offer_cost: f64,
    /// What contacting a customer costs.
    pub contact_cost: f64,
    /// The two parameters of the beta distribution of `gamma`; its mean is `a / (a + b)`.
    pub acceptance: [f64; 2],
}

impl Default for CampaignTerms {
    fn default() -> Self {
        Self {
            lifetime_value: 200.0,
            offer_cost: 10.0,
            contact_cost: 1.0,
            acceptance: [6.0, 14.0],
        }
    }
}

/// Why a profit has no value.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ProfitError {
    /// The labels or scores cannot be measured.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// Terms under which no campaign makes sense.
    #[error("{name} = {value}; {expected}")]
    Terms {
        /// Which.
        name: &'static str,
        /// What it was.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
}

/// What the best campaign earns, and how many customers it is aimed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profit {
    /// Earnings for each customer scored, contacted or not.
    pub per_customer: f64,
    /// Share of the customers to contact, those with the highest scores first.
    pub share: f64,
}

/// The best profit of one cut-off, with the mean acceptance: `max_t P(t; E[gamma])`.
///
/// A cut-off never falls between equal scores. Labels are `true` for customers who leave; a
/// higher score means more likely to leave. Contacting nobody earns 0, so no profit is below it;
/// of equal profits the smaller campaign is given. Source: Verbeke et al. (2012), "New insights
/// into churn prediction in the telecommunication sector: a profit driven data mining approach".
///
/// # Errors
/// [`ProfitError::Terms`]; one label only, no rows, unequal lengths or a NaN among the scores.
pub fn maximum_profit(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
    terms: &CampaignTerms,
) -> Result<Profit, ProfitError> {
    let terms = Shares::new(terms)?;
    let [a, b] = terms.acceptance;
    let curve = Curve::new(labels, scores)?;
    let mut best = Profit {
        per_customer: 0.0,
        share: 0.0,
    };
    for &point in &curve.points {
        let per_customer = curve.profit(point, a / (a + b), &terms);
        if per_customer > best.per_customer {
            best = Profit {
                per_customer,
                share: curve.share(point),
            };
        }
    }
    Ok(best)
}

/// What a campaign of every size earns, with the mean acceptance: from nobody contacted to everybody,
/// a point for each cut-off. The largest is that of [`maximum_profit`].
///
/// # Errors
/// As [`maximum_profit`].
pub fn profit_curve(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
    terms: &CampaignTerms,
) -> Result<Vec<Profit>, ProfitError> {
    let terms = Shares::new(terms)?;
    let [a, b] = terms.acceptance;
    let curve = Curve::new(labels, scores)?;
    let point = |point: &[f64; 2]| Profit {
        per_customer: curve.profit(*point, a / (a + b), &terms),
        share: curve.share(*point),
    };
    Ok(curve.points.iter().map(point).collect())
}

/// The expected maximum profit for customer churn (EMPC): for every acceptance the best cut-off,
/// over the distribution of the acceptance.
///
/// `share` is the expected share to contact. Computed exactly: each vertex of the convex hull of
/// the ROC curve is the best cut-off for an interval of acceptances, over which the integral is
/// two incomplete beta functions. Conventions as in [`maximum_profit`]. Source: Verbraken,
/// Verbeke and Baesens (2013), "A novel profit maximizing metric for measuring classification
/// performance of customer churn prediction models", IEEE TKDE 25(5), equations 13 and 17.
///
/// # Errors
/// As [`maximum_profit`].
pub fn expected_maximum_profit(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
    terms: &CampaignTerms,
) -> Result<Profit, ProfitError> {
    let terms = Shares::new(terms)?;
    let [a, b] = terms.acceptance;
    let curve = Curve::new(labels, scores)?;
    let hull = hull(&curve.points);
    let mean = a / (a + b);
    // The chance that the acceptance is below g, and its mean over that part.
    let below = |g: f64| beta_share(a, b, g, 1.0 - g);
    let mean_below = |g: f64| mean * beta_share(a + 1.0, b, g, 1.0 - g);
    let mut total = Profit {
        per_customer: 0.0,
        share: 0.0,
    };
    let mut from = 0.0;
    for (place, &point) in hull.iter().enumerate() {
        let to = match hull.get(place + 1) {
            Some(&next) => curve.indifference(point, next, &terms).clamp(from, 1.0),
            None => 1.0,
        };
        let (chance, weight) = (below(to) - below(from), mean_below(to) - mean_below(from));
        let [leavers, stayers] = curve.targeted(point);
        let gain = (1.0 - terms.offer) * leavers * weight;
        let cost = (terms.contact * leavers + (terms.offer + terms.contact) * stayers) * chance;
        total.per_customer += terms.lifetime_value * (gain - cost);
        total.share += (leavers + stayers) * chance;
        from = to;
    }
    Ok(total)
}

/// Costs as shares of the lifetime value.
struct Shares {
    lifetime_value: f64,
    offer: f64,
    contact: f64,
    acceptance: [f64; 2],
}

impl Shares {
    fn new(terms: &CampaignTerms) -> Result<Self, ProfitError> {
        let wrong = |name, value, expected| {
            Err(ProfitError::Terms {
                name,
                value,
                expected,
            })
        };
        let CampaignTerms {
            lifetime_value,
            offer_cost,
            contact_cost,
            acceptance,
        } = *terms;
        if !(lifetime_value.is_finite() && lifetime_value > 0.0) {
            return wrong("lifetime_value", lifetime_value, "it has to be above 0");
        }
        for (name, cost) in [("offer_cost", offer_cost), ("contact_cost", contact_cost)] {
            if !(0.0..lifetime_value).contains(&cost) {
                let expected = "it has to be 0 or more and below the lifetime value";
                return wrong(name, cost, expected);
            }
        }
        if let Some(&value) = acceptance.iter().find(|a| !(a.is_finite() && **a > 0.0)) {
            return wrong("acceptance", value, "both parameters have to be above 0");
        }
        Ok(Self {
            lifetime_value,
            offer: offer_cost / lifetime_value,
            contact: contact_cost / lifetime_value,
            acceptance,
        })
    }
}

/// The ROC curve: for every cut-off the share of the stayers and of the leavers above it.
struct Curve {
    leavers: f64,
    points: Vec<[f64; 2]>,
}

impl Curve {
    fn new(labels: ArrayView1<'_, bool>, scores: ArrayView1<'_, f64>) -> Result<Self, MetricError> {
        let ties = ties(labels, scores)?;
        let (positives, rows) = totals(&ties);
        both_classes(positives, rows)?;
        let mut points = vec![[0.0, 0.0]];
        let (mut found, mut seen) = (0.0, 0.0);
        for tie in &ties {
            found += tie.positives;
            seen += tie.rows;
            points.push([(seen - found) / (rows - positives), found / positives]);
        }
        Ok(Self {
            leavers: positives / rows,
            points,
        })
    }

    /// Shares of all customers that are contacted: those who leave, and those who stay.
    fn targeted(&self, [stayers, leavers]: [f64; 2]) -> [f64; 2] {
        [self.leavers * leavers, (1.0 - self.leavers) * stayers]
    }

    fn share(&self, point: [f64; 2]) -> f64 {
        self.targeted(point).iter().sum()
    }

    fn profit(&self, point: [f64; 2], acceptance: f64, terms: &Shares) -> f64 {
        let [leavers, stayers] = self.targeted(point);
        let gain = (acceptance * (1.0 - terms.offer) - terms.contact) * leavers;
        terms.lifetime_value * (gain - (terms.offer + terms.contact) * stayers)
    }

    /// The acceptance from which on the second of two cut-offs earns more.
    fn indifference(&self, first: [f64; 2], second: [f64; 2], terms: &Shares) -> f64 {
        let [leavers, stayers] = {
            let ([l1, s1], [l2, s2]) = (self.targeted(first), self.targeted(second));
            [l2 - l1, s2 - s1]
        };
        if leavers <= 0.0 {
            return 1.0; // more stayers alone never pay
        }
        ((terms.offer + terms.contact) * stayers + terms.contact * leavers)
            / ((1.0 - terms.offer) * leavers)
    }
}

/// The upper convex hull of points whose coordinates both rise.
fn hull(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut hull: Vec<[f64; 2]> = Vec::new();
    for &point in points {
        while let [.., first, second] = hull[..] {
            let turn = (second[0] - first[0]) * (point[1] - first[1])
                - (second[1] - first[1]) * (point[0] - first[0]);
            // On one line, the point between has nothing to say.
            if turn < 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(point);
    }
    hull
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    fn example() -> (Array1<bool>, Array1<f64>) {
        let labels = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0].map(|label| label == 1);
        let scores = array![0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1];
        (Array1::from(labels.to_vec()), scores)
    }

    /// The best profit for each of many acceptances, averaged: nothing of the hull.
    fn integrated(labels: &Array1<bool>, scores: &Array1<f64>, terms: &CampaignTerms) -> Profit {
        let shares = Shares::new(terms).unwrap();
        let curve = Curve::new(labels.view(), scores.view()).unwrap();
        let [a, b] = terms.acceptance;
        let steps = 20_000;
        let mut total = Profit {
            per_customer: 0.0,
            share: 0.0,
        };
        for step in 0..steps {
            let (low, high) = (
                f64::from(step) / f64::from(steps),
                f64::from(step + 1) / f64::from(steps),
            );
            let chance = beta_share(a, b, high, 1.0 - high) - beta_share(a, b, low, 1.0 - low);
            let middle = low.midpoint(high);
            let profit = |point: &[f64; 2]| curve.profit(*point, middle, &shares);
            let best = curve.points.iter().copied().reduce(|best, point| {
                match profit(&point) > profit(&best) {
                    true => point,
                    false => best,
                }
            });
            let best = best.unwrap();
            total.per_customer += chance * profit(&best);
            total.share += chance * curve.share(best);
        }
        total
    }

    #[test]
    fn the_published_example() {
        // EMP-PY 2.0 and numerical integration give the same.
        let (labels, scores) = example();
        let terms = CampaignTerms::default();
        let expected = expected_maximum_profit(labels.view(), scores.view(), &terms).unwrap();
        assert!(
            (expected.per_customer - 19.108546).abs() < 1e-6,
            "{expected:?}"
        );
        assert!((expected.share - 0.693520).abs() < 1e-6, "{expected:?}");
        let best = maximum_profit(labels.view(), scores.view(), &terms).unwrap();
        assert!((best.per_customer - 19.10).abs() < 1e-9, "{best:?}");
        assert!((best.share - 0.7).abs() < 1e-12);
    }

    #[test]
    fn the_curve_goes_from_nobody_to_everybody_over_the_best() {
        let (labels, scores) = example();
        let terms = CampaignTerms::default();
        let curve = profit_curve(labels.view(), scores.view(), &terms).unwrap();
        assert_eq!(curve.len(), 11, "a point for each score, and nobody");
        assert_eq!((curve[0].share, curve[0].per_customer), (0.0, 0.0));
        // The first leaves: 200 (.3 .95 - .005) of one in ten.
        assert!(
            (curve[1].per_customer - 5.6).abs() < 1e-12 && (curve[1].share - 0.1).abs() < 1e-12
        );
        // All: 200 (.4 .28 - .6 .055).
        assert!(
            (curve[10].per_customer - 15.8).abs() < 1e-9 && (curve[10].share - 1.0).abs() < 1e-12
        );
        let best = maximum_profit(labels.view(), scores.view(), &terms).unwrap();
        assert!(curve.contains(&best));
        assert!(
            curve
                .iter()
                .all(|point| point.per_customer <= best.per_customer)
        );
    }

    #[test]
    fn a_score_that_says_nothing_contacts_all_or_none() {
        let (labels, _) = example();
        let same = Array1::zeros(labels.len());
        let terms = CampaignTerms::default();
        // Of 100, 40 leave: all contacted earn 200 (.4 (.3 .95 - .005) - .6 .055).
        let all = maximum_profit(labels.view(), same.view(), &terms).unwrap();
        assert!((all.per_customer - 15.8).abs() < 1e-9, "{all:?}");
        assert_eq!(all.share, 1.0);
        let dear = CampaignTerms {
            contact_cost: 60.0,
            ..terms
        };
        let none = maximum_profit(labels.view(), same.view(), &dear).unwrap();
        assert_eq!((none.per_customer, none.share), (0.0, 0.0));
    }

    #[test]
    fn terms_that_make_no_sense_are_named() {
        let (labels, scores) = example();
        let with = |terms: CampaignTerms| {
            maximum_profit(labels.view(), scores.view(), &terms)
                .unwrap_err()
                .to_string()
        };
        let terms = CampaignTerms::default();
        let wrong = CampaignTerms {
            offer_cost: 250.0,
            ..terms
        };
        assert!(with(wrong).starts_with("offer_cost = 250"));
        let wrong = CampaignTerms {
            lifetime_value: f64::NAN,
            ..terms
        };
        assert!(with(wrong).starts_with("lifetime_value = NaN"));
        let wrong = CampaignTerms {
            acceptance: [0.0, 1.0],
            ..terms
        };
        assert!(with(wrong).starts_with("acceptance = 0"));
        let all = Array1::from_elem(10, true);
        let one_class = maximum_profit(all.view(), scores.view(), &terms).unwrap_err();
        assert!(one_class.to_string().contains("rows of both labels"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn the_exact_value_is_that_of_the_integral(
            rows in proptest::collection::vec((any::<bool>(), 0u8..9), 4..30),
            value in 20.0..500.0f64,
            offer in 0.0..0.3f64,
            contact in 0.0..0.1f64,
            a in 1.0..9.0f64,
            b in 1.0..20.0f64,
        ) {
            let labels: Array1<bool> = rows.iter().map(|row| row.0).collect();
            let scores: Array1<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            prop_assume!(labels.iter().any(|label| *label) && labels.iter().any(|label| !label));
            let terms = CampaignTerms {
                lifetime_value: value,
                offer_cost: offer * value,
                contact_cost: contact * value,
                acceptance: [a, b],
            };
            let exact = expected_maximum_profit(labels.view(), scores.view(), &terms).unwrap();
            let near = integrated(&labels, &scores, &terms);
            prop_assert!((exact.per_customer - near.per_customer).abs() < 1e-3 * value, "{exact:?} {near:?}");
            prop_assert!((exact.share - near.share).abs() < 2e-3, "{exact:?} {near:?}");
            // Whoever may choose the cut-off for each acceptance earns no less than who may not.
            let one = maximum_profit(labels.view(), scores.view(), &terms).unwrap();
            prop_assert!(exact.per_customer >= one.per_customer - 1e-9);
        }
    }
}
