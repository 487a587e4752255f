//! Why a customer has this score: the themes that weigh most, each told by one feature.

use std::cmp::Reverse;

use ndarray::{ArrayView1, ArrayView2};

/// What is told of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// What raises the risk, of a customer at high risk.
    Raises,
    /// What lowers it, of one at low risk.
    Lowers,
    /// Both.
    Both,
}

/// How features are told.
pub trait Telling {
    /// What a feature speaks of: of several that speak of the same, one is given.
    fn theme(&self, feature: usize) -> &str;
    /// Whether the words for a value say the opposite of its effect on the risk.
    fn contradicts(&self, feature: usize, value: f64, effect: f64) -> bool;
    /// A feature and its value in words.
    fn phrase(&self, feature: usize, value: f64) -> String;
    /// What a feature is and its value, without a word of judgement.
    fn plainly(&self, feature: usize, value: f64) -> String;
    /// What is said of a customer whom nothing sets apart from all, neither up nor down.
    fn nothing(&self, told: Told) -> String;
}

/// What a theme adds to a score, and the feature that tells it.
struct Reason<'a> {
    theme: &'a str,
    /// What all of its features add together.
    effect: f64,
    feature: usize,
    contradicts: bool,
}

/// For each row the themes with the largest contributions, in words, largest first.
///
/// A theme counts with what all of its features add together, and is told by the feature that adds
/// most in that direction. Where the words for each of them would say the opposite of the effect
/// (more orders, more risk), the value is given plainly, behind the others.
///
/// - `features`: customers by features, NaN where empty.
/// - `contributions`: customers by features and a last column, the base value, in log-odds.
/// - `told`: for each customer, which effects.
pub fn reasons(
    features: ArrayView2<'_, f32>,
    contributions: ArrayView2<'_, f64>,
    told: &[Told],
    most: usize,
    telling: &impl Telling,
) -> Vec<Vec<String>> {
    let of = |(row, told): (usize, &Told)| {
        let (values, weights) = (features.row(row), contributions.row(row));
        of_row(values, weights, *told, most, telling)
    };
    told.iter().enumerate().map(of).collect()
}

fn of_row(
    values: ArrayView1<'_, f32>,
    weights: ArrayView1<'_, f64>,
    told: Told,
    most: usize,
    telling: &impl Telling,
) -> Vec<String> {
    let mut reasons = themes(values, weights, telling);
    reasons.retain(|reason| match told {
        Told::Raises => reason.effect > 0.0,
        Told::Lowers => reason.effect < 0.0,
        Told::Both => reason.effect != 0.0,
    });
    if reasons.is_empty() {
        return vec![telling.nothing(told)];
    }
    // What was first among equals stays so: the sort is stable.
    reasons.sort_by(|a, b| {
        let larger = b.effect.abs().total_cmp(&a.effect.abs());
        a.contradicts.cmp(&b.contradicts).then(larger)
    });
    let say = |reason: &Reason<'_>| {
        let (feature, value) = (reason.feature, f64::from(values[reason.feature]));
        if reason.contradicts {
            return telling.plainly(feature, value);
        }
        let effect = if reason.effect > 0.0 {
            "raises the risk"
        } else {
            "lowers the risk"
        };
        format!("{} ({effect})", telling.phrase(feature, value))
    };
    reasons.iter().take(most).map(say).collect()
}

/// What each theme adds, and which feature tells it.
fn themes<'a>(
    values: ArrayView1<'_, f32>,
    weights: ArrayView1<'_, f64>,
    telling: &'a impl Telling,
) -> Vec<Reason<'a>> {
    let mut themes: Vec<Reason<'a>> = Vec::new();
    let of = |feature: usize| telling.theme(feature);
    for feature in 0..values.len() {
        let (theme, effect) = (of(feature), weights[feature]);
        match themes.iter_mut().find(|known| known.theme == theme) {
            Some(known) => known.effect += effect,
            None => themes.push(Reason {
                theme,
                effect,
                feature,
                contradicts: false,
            }),
        }
    }
    for known in &mut themes {
        let along = |feature: &usize| {
            of(*feature) == known.theme && weights[*feature] * known.effect > 0.0
        };
        let rank = |feature: &usize| {
            let (value, weight) = (f64::from(values[*feature]), weights[*feature]);
            let contradicts = telling.contradicts(*feature, value, weight);
            (contradicts, Reverse(Ordered(weight.abs())))
        };
        let best = (0..values.len()).filter(along).min_by_key(rank);
        if let Some(feature) = best {
            known.feature = feature;
            known.contradicts = rank(&feature).0;
        }
    }
    themes
}

/// A number that can be sorted by.
#[derive(PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::features::{Column, Shop};
    use ndarray::array;

    const SHOP: Shop<'_> = Shop {
        currency: "USD",
        basket: "order",
    };

    /// Features of the catalogue, beside customers whose medians are all 5.
    struct Catalogue([Column<'static>; 5]);

    impl Telling for Catalogue {
        fn theme(&self, feature: usize) -> &str {
            self.0[feature].theme()
        }

        fn contradicts(&self, feature: usize, value: f64, effect: f64) -> bool {
            self.0[feature].risk().contradicts(value, 5.0, effect)
        }

        fn phrase(&self, feature: usize, value: f64) -> String {
            self.0[feature].phrase(value, SHOP)
        }

        fn plainly(&self, feature: usize, value: f64) -> String {
            self.0[feature].plainly(value, SHOP)
        }

        fn nothing(&self, _: Told) -> String {
            "nothing".to_owned()
        }
    }

    fn catalogue() -> Catalogue {
        Catalogue(
            [
                "recency_days",
                "recency_over_gap",
                "trips_28",
                "spend_trend_84",
                "weekend_share",
            ]
            .map(Column::named),
        )
    }

    #[track_caller]
    fn check(values: [f32; 5], weights: [f64; 6], told: Told, want: &[&str]) {
        let (values, weights) = (array![values], array![weights]);
        let rows: ndarray::Array2<f32> =
            ndarray::Array2::from_shape_fn((1, 5), |(_, at)| values[0][at]);
        let weights: ndarray::Array2<f64> =
            ndarray::Array2::from_shape_fn((1, 6), |(_, at)| weights[0][at]);
        let said = reasons(rows.view(), weights.view(), &[told], 3, &catalogue());
        assert_eq!(said[0], want);
    }

    #[test]
    fn the_heaviest_reasons_come_first_and_no_theme_twice() {
        check(
            [30.0, 3.4, 7.0, -0.6, 0.0],
            [0.9, 0.8, -0.2, 0.3, 0.0, -2.0],
            Told::Both,
            &[
                "last purchase 30 days ago (raises the risk)",
                "spend falling over the last 84 days (raises the risk)",
                "7 orders in the last 28 days (lowers the risk)",
            ],
        );
    }

    #[test]
    fn a_risk_is_told_by_what_makes_it() {
        let (values, weights) = (
            [30.0, 3.4, 7.0, -0.6, 0.25],
            [0.9, -0.8, -0.2, 0.05, -0.1, 0.4],
        );
        check(
            values,
            weights,
            Told::Raises,
            &[
                "last purchase 30 days ago (raises the risk)",
                "spend falling over the last 84 days (raises the risk)",
            ],
        );
        check(
            values,
            weights,
            Told::Lowers,
            &[
                "7 orders in the last 28 days (lowers the risk)",
                "25.0 % of orders at weekends (lowers the risk)",
            ],
        );
        check(values, [0.0; 6], Told::Raises, &["nothing"]);
    }

    #[test]
    fn words_that_say_the_opposite_of_the_effect_give_way_to_the_value() {
        // Rising spend that raises the risk: a value, behind what agrees.
        check(
            [30.0, 3.4, 9.0, 0.6, 0.25],
            [0.1, 0.0, 0.0, 0.5, 0.2, 0.0],
            Told::Raises,
            &[
                "25.0 % of orders at weekends (raises the risk)",
                "last purchase 30 days ago (raises the risk)",
                "change of spend from the 84 days before to the last 84 days, from -1 to 1: 0.6",
            ],
        );
        // Of a theme the feature whose words agree is told.
        check(
            [2.0, 3.4, 9.0, 0.0, 0.0],
            [0.4, 0.3, 0.0, 0.0, 0.0, 0.0],
            Told::Raises,
            &["away 3.4 times as long as usual (raises the risk)"],
        );
    }
}
