//! How good an order within queries is.

use ndarray::ArrayView1;

use super::MetricError;

/// The largest relevance: its gain is 2^30.
pub(crate) const MAX_RELEVANCE: f32 = 30.0;

/// Mean normalised discounted cumulative gain at `k` (Järvelin and Kekäläinen 2002; with the
/// gains of Burges and others 2005, "Learning to rank using gradient descent").
///
/// - `queries`: which query (customer, search, shelf) each row belongs to, in any order.
/// - `relevance`: 0 to 30, one a row; a row of relevance `r` gains `2^r - 1`.
/// - `scores`: one a row, higher first; the gain of place `p`, counted from 1, is divided by
///   `log2(p + 1)`, and places beyond `k` count nothing.
///
/// Rows of equal score share their places: each has the mean gain of all of them (McSherry and
/// Najork 2008, "Computing information retrieval performance measures efficiently in the
/// presence of tied scores"). Queries without a relevance above 0 have no order to find and
/// are left out. The mean is taken in the order of the queries' numbers.
///
/// # Errors
/// [`MetricError::NoPlaces`] when `k` is 0, [`MetricError::Lengths`],
/// [`MetricError::NotANumber`], [`MetricError::Relevance`], and [`MetricError::NoRows`] when no
/// query is left.
pub fn ndcg(
    k: usize,
    queries: ArrayView1<'_, u64>,
    relevance: ArrayView1<'_, f32>,
    scores: ArrayView1<'_, f64>,
) -> Result<f64, MetricError> {
    if k == 0 {
        return Err(MetricError::NoPlaces);
    }
    for labels in [queries.len(), relevance.len()] {
        if labels != scores.len() {
            return Err(MetricError::Lengths {
                labels,
                scores: scores.len(),
            });
        }
    }
    if let Some(row) = scores.iter().position(|s| s.is_nan()) {
        return Err(MetricError::NotANumber { row });
    }
    if let Some(row) = relevance.iter().position(|r| !is_relevance(*r)) {
        return Err(MetricError::Relevance {
            row,
            value: relevance[row],
        });
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by_key(|row| queries[*row]);
    let (mut sum, mut counted) = (0.0, 0_usize);
    for rows in order.chunk_by(|a, b| queries[*a] == queries[*b]) {
        let mut list: Vec<(f64, f64)> = rows
            .iter()
            .map(|row| (scores[*row], gain(relevance[*row])))
            .collect();
        if let Some(value) = of_query(k, &mut list) {
            sum += value;
            counted += 1;
        }
    }
    if counted == 0 {
        return Err(MetricError::NoRows);
    }
    Ok(sum / counted as f64)
}

/// Whether a number is a relevance.
pub(crate) fn is_relevance(value: f32) -> bool {
    (0.0..=MAX_RELEVANCE).contains(&value)
}

/// What a row of a relevance gains.
pub(crate) fn gain(relevance: f32) -> f64 {
    libm::exp2(f64::from(relevance)) - 1.0
}

/// What the gain of a place, counted from 0, is multiplied by.
pub(crate) fn discount(place: usize) -> f64 {
    1.0 / libm::log2(place as f64 + 2.0)
}

/// The best discounted cumulative gain that `k` places can hold.
pub(crate) fn ideal(k: usize, gains: impl Iterator<Item = f64>) -> f64 {
    let mut gains: Vec<f64> = gains.collect();
    gains.sort_unstable_by(|a, b| b.total_cmp(a));
    let places = gains.iter().take(k).enumerate();
    places.map(|(place, gain)| gain * discount(place)).sum()
}

/// The normalised gain at `k` of one query's pairs of score and gain, which it sorts; `None`
/// where nothing can be gained.
pub(crate) fn of_query(k: usize, list: &mut [(f64, f64)]) -> Option<f64> {
    let ideal = ideal(k, list.iter().map(|pair| pair.1));
    if ideal <= 0.0 {
        return None;
    }
    list.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut place, mut gained) = (0, 0.0);
    for tied in list.chunk_by(|a, b| a.0 == b.0) {
        if place >= k {
            break;
        }
        let places = place..k.min(place + tied.len());
        let mean = tied.iter().map(|pair| pair.1).sum::<f64>() / tied.len() as f64;
        gained += mean * places.map(discount).sum::<f64>();
        place += tied.len();
    }
    Some(gained / ideal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};

    fn at(k: usize, relevance: &[f32], scores: &[f64]) -> f64 {
        let queries = Array1::zeros(scores.len());
        ndcg(k, queries.view(), relevance.into(), scores.into()).unwrap()
    }

    #[test]
    fn figures_worked_by_hand() {
        // Gains 7, 0, 3 at the places 1, 2, 3: 7 + 3 / 2. Best: 7 + 3 / log2(3).
        let best = 7.0 + 3.0 / 3.0_f64.log2();
        let found = at(10, &[3.0, 0.0, 2.0], &[0.9, 0.5, 0.1]);
        assert!((found - 8.5 / best).abs() < 1e-12);
        assert!((at(1, &[3.0, 0.0, 2.0], &[0.9, 0.5, 0.1]) - 1.0).abs() < 1e-12);
        assert!((at(1, &[2.0, 0.0, 3.0], &[0.9, 0.5, 0.1]) - 3.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn ties_are_scikit_learns() {
        // from sklearn.metrics import ndcg_score
        // ndcg_score([[1, 0, 3, 0, 7]], [[.5, .5, .2, .5, .2]], k=4)
        let found = at(4, &[1.0, 0.0, 2.0, 0.0, 3.0], &[0.5, 0.5, 0.2, 0.5, 0.2]);
        assert!((found - 0.304_882_035_435_586_7).abs() < 1e-12, "{found}");
        // Whatever the order of the rows.
        let turned = at(4, &[3.0, 0.0, 2.0, 0.0, 1.0], &[0.2, 0.5, 0.2, 0.5, 0.5]);
        assert!((found - turned).abs() < 1e-12);
    }

    #[test]
    fn queries_without_a_relevance_are_left_out() {
        let queries = array![7, 3, 7, 3];
        let relevance = array![1.0_f32, 0.0, 0.0, 0.0];
        let scores = array![0.1, 0.2, 0.3, 0.4];
        let of = |relevance: &Array1<f32>| ndcg(5, queries.view(), relevance.view(), scores.view());
        assert!((of(&relevance).unwrap() - 1.0 / 3.0_f64.log2()).abs() < 1e-12);
        assert_eq!(of(&Array1::zeros(4)), Err(MetricError::NoRows));
        let message = of(&array![0.0, -1.0, 0.0, 0.0]).unwrap_err().to_string();
        assert_eq!(
            message,
            "the relevance of row 1 is -1; relevances lie between 0 and 30"
        );
    }
}
