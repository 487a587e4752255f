//! Rows that ask a model for all that it can tell.

use ndarray::Array2;

use super::ExportError;
use super::edge::edge;
use super::shape::{Adds, Score, shape};
use crate::format::{FeatureKind, SavedModel};
use crate::random;

/// A stream of its own among the random numbers of a seed.
const ROWS: u64 = 0x726f_7773;

/// Beyond single precision, and what single precision takes for nothing.
const EXTREMES: [f64; 5] = [f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e39, 1e-60];

/// Rows (`n_rows x n_features`, in double precision, as tables hold features; a category by its number,
/// NaN for missing ones) on which two programs that both have a model are sure to differ where they
/// can: values on the model's own thresholds, the last double below and the first above, values
/// between and beyond them, extremes, missing values, every category.
///
/// # Errors
/// As for [`to_sql`](super::to_sql).
pub fn telling_rows(saved: &SavedModel, rows: usize) -> Result<Array2<f64>, ExportError> {
    let score = shape(saved)?;
    let features = saved.features();
    let corners: Vec<Vec<f64>> = (0..features.len())
        .map(|feature| corners(&score, feature))
        .collect();
    Ok(Array2::from_shape_fn(
        (rows, features.len()),
        |(row, column)| {
            let place = (row * features.len() + column) as u64;
            let bits = random::bits(ROWS, 1, place);
            let unit = (random::bits(ROWS, 2, place) >> 11) as f64 / (1_u64 << 53) as f64;
            let pick = |n: usize| (unit * n as f64) as usize;
            if bits.is_multiple_of(12) {
                return f64::NAN;
            }
            if let FeatureKind::Categorical(names) = &features[column].kind {
                return pick(names.len()) as f64;
            }
            let corners = &corners[column];
            let corner = corners[pick(corners.len())];
            match bits % 60 {
                1..=3 => EXTREMES[pick(EXTREMES.len())],
                4..=14 => corner,
                15..=25 => corner.next_up(),
                26..=36 => corner.next_down(),
                // Somewhere from one corner to another, or as far beyond.
                _ => {
                    let other = corners[(bits >> 8) as usize % corners.len()];
                    corner + (other - corner) * (3.0 * unit - 1.0)
                }
            }
        },
    ))
}

/// Where the answer turns with a feature, or where its training values ended; 0 and 1 where it does
/// not look at it.
fn corners(score: &Score<'_>, feature: usize) -> Vec<f64> {
    let mut corners = turns(score, feature);
    if corners.is_empty() {
        corners = vec![0.0, 1.0];
    }
    corners.sort_unstable_by(f64::total_cmp);
    corners.dedup();
    corners
}

fn turns(score: &Score<'_>, feature: usize) -> Vec<f64> {
    match score {
        Score::Trees { sum, .. } => {
            let nodes = sum.trees.iter().flat_map(|tree| &tree.nodes);
            let own = nodes.filter(|node| !node.is_leaf() && node.feature as usize == feature);
            let own = own.filter(|node| node.categories.is_none());
            let finite = own.filter(|node| node.threshold != f32::INFINITY);
            finite.map(|node| edge(node.threshold).at).collect()
        }
        Score::Linear { terms, .. } => {
            let own = terms.iter().filter(|term| term.feature == feature);
            own.flat_map(|term| match &term.adds {
                Adds::Amount(amount) => vec![
                    f64::from(amount.range.0),
                    f64::from(amount.range.1),
                    f64::from(amount.fill),
                ],
                Adds::Category { .. } => Vec::new(),
            })
            .collect()
        }
        Score::Points {
            feature: own,
            points,
            ..
        } => match *own == feature {
            true => points.iter().map(|point| point.0).collect(),
            false => Vec::new(),
        },
        Score::Mean { members } => {
            let of = |(_, member): &(f64, Score<'_>)| turns(member, feature);
            members.iter().flat_map(of).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use linfa::Dataset;
    use linfa::traits::Fit;
    use ndarray::{Array1, Array2};

    use super::*;
    use crate::format::Feature;
    use crate::tree::DecisionTree;

    #[test]
    fn rows_lie_on_both_sides_of_a_threshold_and_miss_values() {
        let x = Array2::from_shape_fn((40, 1), |(row, _)| row as f32);
        let labels = Array1::from_shape_fn(40, |row| row >= 20);
        let tree = DecisionTree::params()
            .min_rows_per_leaf(1)
            .fit(&Dataset::new(x, labels))
            .unwrap();
        let saved = SavedModel::new(tree, vec![Feature::numeric("age")]).unwrap();
        let rows = telling_rows(&saved, 1_000).unwrap();
        let threshold = edge(19.5).at;
        for wanted in [threshold, threshold.next_up(), threshold.next_down(), 1e300] {
            assert!(rows.iter().any(|value| *value == wanted), "{wanted}");
        }
        let missing = rows.iter().filter(|value| value.is_nan()).count();
        assert!((50..150).contains(&missing), "{missing}");
        assert_eq!(
            telling_rows(&saved, 1_000).unwrap().mapv(f64::to_bits),
            rows.mapv(f64::to_bits)
        );
    }
}
