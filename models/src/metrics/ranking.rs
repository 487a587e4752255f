//! How good lists of suggestions are.

use super::MetricError;

/// Means over the customers who took up at least one item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankingQuality {
    /// Customers that the means are over.
    pub customers: usize,
    /// The share of customers with at least one hit among the first `k` suggestions.
    pub hit_rate: f64,
    /// The share of the first `k` places that hit; places left empty count as misses.
    pub precision: f64,
    /// The share of a customer's items that are among the first `k` suggestions.
    pub recall: f64,
    /// Normalised discounted cumulative gain: hits weigh `1 / log2(place + 1)`, over what the
    /// best list of `k` could have had (Järvelin and Kekäläinen 2002, with gains of 0 and 1).
    pub ndcg: f64,
    /// Mean average precision: the precision at each hit's place, summed over the hits and
    /// divided by the most hits that `k` places could hold.
    pub map: f64,
}

/// Measures lists of suggestions against what the customers took up.
///
/// Each element of `lists` is one customer: the suggestions, best first, and the items taken
/// up in any order. Only the first `k` suggestions count. An item suggested twice counts at its
/// first place, one taken up twice counts once. A customer who took up nothing says nothing
/// about the order and is left out; one with no suggestions counts with 0.
///
/// Sums are in the order of the customers, so the result does not depend on threads.
///
/// # Errors
/// [`MetricError::NoPlaces`] when `k` is 0; [`MetricError::NoRows`] when no customer is left.
pub fn ranking_quality<'a, T: Ord + 'a>(
    k: usize,
    lists: impl IntoIterator<Item = (&'a [T], &'a [T])>,
) -> Result<RankingQuality, MetricError> {
    if k == 0 {
        return Err(MetricError::NoPlaces);
    }
    let discount = |place: usize| 1.0 / libm::log2(place as f64 + 2.0);
    let mut customers = 0;
    let (mut hit_rate, mut precision, mut recall, mut ndcg, mut map) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (suggested, taken_up) in lists {
        let mut wanted: Vec<&T> = taken_up.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            continue;
        }
        customers += 1;
        let mut found = vec![false; wanted.len()];
        let (mut hits, mut gain, mut precisions) = (0_usize, 0.0, 0.0);
        for (place, item) in suggested.iter().take(k).enumerate() {
            if let Ok(index) = wanted.binary_search(&item)
                && !found[index]
            {
                found[index] = true;
                hits += 1;
                gain += discount(place);
                precisions += hits as f64 / (place + 1) as f64;
            }
        }
        let most = wanted.len().min(k);
        hit_rate += if hits > 0 { 1.0 } else { 0.0 };
        precision += hits as f64 / k as f64;
        recall += hits as f64 / wanted.len() as f64;
        ndcg += gain / (0..most).map(discount).sum::<f64>();
        map += precisions / most as f64;
    }
    if customers == 0 {
        return Err(MetricError::NoRows);
    }
    let n = customers as f64;
    Ok(RankingQuality {
        customers,
        hit_rate: hit_rate / n,
        precision: precision / n,
        recall: recall / n,
        ndcg: ndcg / n,
        map: map / n,
    })
}
