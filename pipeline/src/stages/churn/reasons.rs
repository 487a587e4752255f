//! Why a customer has this score: the themes that weigh most, each told by one feature.

use ndarray::{ArrayView1, ArrayView2};

use crate::contract::features::SEASON;

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
struct Reason {
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
    let themes = themes(features.ncols(), telling);
    let of = |(row, told): (usize, &Told)| {
        let (values, weights) = (features.row(row), contributions.row(row));
        let reason = |theme: &Vec<usize>| reason(theme, values, weights, telling);
        let reasons: Vec<Reason> = themes.iter().filter_map(reason).collect();
        in_words(reasons, values, *told, most, telling)
    };
    told.iter().enumerate().map(of).collect()
}

/// The first reasons in words.
fn in_words(
    mut reasons: Vec<Reason>,
    values: ArrayView1<'_, f32>,
    told: Told,
    most: usize,
    telling: &impl Telling,
) -> Vec<String> {
    reasons.retain(|reason| match told {
        Told::Raises => reason.effect > 0.0,
        Told::Lowers => reason.effect < 0.0,
        Told::Both => true,
    });
    if reasons.is_empty() {
        return vec![telling.nothing(told)];
    }
    // What was first among equals stays so: the sort is stable.
    reasons.sort_by(|a, b| {
        let larger = b.effect.abs().total_cmp(&a.effect.abs());
        a.contradicts.cmp(&b.contradicts).then(larger)
    });
    let say = |reason: &Reason| {
        let (feature, value) = (reason.feature, f64::from(values[reason.feature]));
        if reason.contradicts {
            return telling.plainly(feature, value);
        }
        let what = telling.phrase(feature, value);
        match reason.effect > 0.0 {
            true => tr!("{what} (raises the risk)", what = what),
            false => tr!("{what} (lowers the risk)", what = what),
        }
    };
    reasons.iter().take(most).map(say).collect()
}

/// What a theme adds to a score, and which of its features tells it; nothing where it adds nothing.
fn reason(
    features: &[usize],
    values: ArrayView1<'_, f32>,
    weights: ArrayView1<'_, f64>,
    telling: &impl Telling,
) -> Option<Reason> {
    let effect: f64 = features.iter().map(|feature| weights[*feature]).sum();
    let along = features.iter().filter(|f| weights[**f] * effect > 0.0);
    let told = along.map(|&feature| {
        let (value, weight) = (f64::from(values[feature]), weights[feature]);
        Reason {
            effect,
            feature,
            contradicts: telling.contradicts(feature, value, weight),
        }
    });
    told.min_by(|a, b| {
        let larger = weights[b.feature]
            .abs()
            .total_cmp(&weights[a.feature].abs());
        a.contradicts.cmp(&b.contradicts).then(larger)
    })
}

/// The features of each theme, in the order of the first of each.
fn themes(features: usize, telling: &impl Telling) -> Vec<Vec<usize>> {
    let mut themes: Vec<(&str, Vec<usize>)> = Vec::new();
    for feature in 0..features {
        let theme = telling.theme(feature);
        match themes.iter_mut().find(|(known, _)| *known == theme) {
            Some((_, features)) => features.push(feature),
            None => themes.push((theme, vec![feature])),
        }
    }
    // What is the same for everybody is a reason of nobody's.
    themes.retain(|(theme, _)| *theme != SEASON);
    themes.into_iter().map(|(_, features)| features).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::features::{Column, Shop};

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
        let rows = ndarray::aview1(&values).insert_axis(ndarray::Axis(0));
        let weights = ndarray::aview1(&weights).insert_axis(ndarray::Axis(0));
        let said = reasons(rows, weights, &[told], 3, &catalogue());
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
