//! Why a customer has this score: the contributions that weigh most, each theme once.

use ndarray::{ArrayView1, ArrayView2};

/// For each row the features with the largest contributions, in words, largest first.
///
/// - `features`: customers by features, NaN where empty.
/// - `contributions`: customers by features and a last column, the base value, in log-odds.
/// - `theme`: what a feature speaks of; of several that speak of the same, one is given.
/// - `phrase`: a feature and its value in words.
pub fn reasons<'a>(
    features: ArrayView2<'_, f32>,
    contributions: ArrayView2<'_, f64>,
    most: usize,
    theme: impl Fn(usize) -> &'a str,
    phrase: impl Fn(usize, f64) -> String,
) -> Vec<Vec<String>> {
    let of = |row| {
        let (values, weights) = (features.row(row), contributions.row(row));
        of_row(values, weights, most, &theme, &phrase)
    };
    (0..features.nrows()).map(of).collect()
}

fn of_row<'a>(
    values: ArrayView1<'_, f32>,
    weights: ArrayView1<'_, f64>,
    most: usize,
    theme: &impl Fn(usize) -> &'a str,
    phrase: &impl Fn(usize, f64) -> String,
) -> Vec<String> {
    let mut order: Vec<usize> = (0..values.len())
        .filter(|&place| weights[place] != 0.0)
        .collect();
    order.sort_by(|a, b| {
        weights[*b]
            .abs()
            .total_cmp(&weights[*a].abs())
            .then(a.cmp(b))
    });
    let mut said = Vec::new();
    let mut themes: Vec<&str> = Vec::new();
    for place in order {
        // "28 days since the last purchase" and "3 times as long away as usual" are one reason.
        let theme = theme(place);
        if themes.contains(&theme) {
            continue;
        }
        themes.push(theme);
        let effect = if weights[place] > 0.0 {
            "raises the risk"
        } else {
            "lowers the risk"
        };
        said.push(format!(
            "{} ({effect})",
            phrase(place, f64::from(values[place]))
        ));
        if said.len() == most {
            break;
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::features::Column;
    use ndarray::array;

    #[test]
    fn the_heaviest_reasons_come_first_and_no_theme_twice() {
        let names = [
            "recency_days",
            "recency_over_gap",
            "trips_28",
            "spend_trend_84",
        ]
        .map(Column::named);
        let features = array![[30.0f32, 3.4, 1.0, -0.6]];
        let contributions = array![[0.9, 0.8, -0.2, 0.3, -2.0]];
        let said = reasons(
            features.view(),
            contributions.view(),
            3,
            |column| names[column].theme(),
            |column, value| names[column].phrase(value, "USD"),
        );
        assert_eq!(
            said[0],
            [
                "last purchase 30 days ago (raises the risk)",
                "spend falling over the last 84 days (raises the risk)",
                "1 basket in the last 28 days (lowers the risk)",
            ]
        );
    }
}
