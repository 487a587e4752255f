//! Splits of categories into two sets.

use super::super::criterion::Criterion;
use super::search::Search;
use super::*;

impl<C: Criterion> Grower<'_, C> {
    /// Two sets of categories, with missing values as one more category; see
    /// [`CategoryLimits`]. Of equal gains the first wins: alone against the rest by bin; in
    /// order from the least gradient over hessian on, then from the greatest on.
    pub(super) fn best_sides(&self, search: &mut Search<'_>, histogram: &[Sums]) {
        let limits = &self.limits.categories;
        let met: Vec<usize> = (0..histogram.len())
            .filter(|bin| histogram[*bin].rows > 0)
            .collect();
        if met.len() < 2 {
            return;
        }
        if met.len() <= limits.one_against_rest {
            for bin in &met {
                self.consider_sides(search, &met, &[*bin], histogram[*bin], 0.0);
            }
            return;
        }
        let mut order: Vec<(f64, usize)> = met
            .iter()
            .filter(|bin| histogram[**bin].rows as usize >= limits.min_rows)
            .map(|bin| {
                let (gradient, hessian) = self.real(histogram[*bin]);
                let hessian = hessian + limits.smoothing;
                let share = if hessian > 0.0 {
                    gradient / hessian
                } else {
                    0.0
                };
                (share, *bin)
            })
            .collect();
        // The sort is stable: equals stay in the order of their bins.
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut order: Vec<usize> = order.into_iter().map(|(_, bin)| bin).collect();
        for _ in ["from the least on", "from the greatest on"] {
            let mut left = Sums::default();
            // With all in order the whole is no side.
            let most = limits.max_categories.min(met.len() - 1).min(order.len());
            for last in 0..most {
                left = left.plus(histogram[order[last]]);
                self.consider_sides(search, &met, &order[..=last], left, limits.l2);
            }
            order.reverse();
        }
    }

    /// Each category to a side by the flip of a coin.
    pub(super) fn random_sides(&self, search: &mut Search<'_>, histogram: &[Sums]) {
        let met: Vec<usize> = (0..histogram.len())
            .filter(|bin| histogram[*bin].rows > 0)
            .collect();
        let coins = self.draw(search.leaf, 2, search.feature);
        let lefts: Vec<usize> = met
            .iter()
            .copied()
            .filter(|bin| random::bits(coins, 0, *bin as u64) & 1 == 0)
            .collect();
        let left = lefts
            .iter()
            .fold(Sums::default(), |sum, bin| sum.plus(histogram[*bin]));
        self.consider_sides(search, &met, &lefts, left, 0.0);
    }

    fn consider_sides(
        &self,
        search: &mut Search<'_>,
        met: &[usize],
        lefts: &[usize],
        left: Sums,
        extra: f64,
    ) {
        let Some(gain) = self.gain(search, left, extra) else {
            return;
        };
        let [mut left_set, mut right_set] = [BinSet::default(); 2];
        for bin in lefts {
            left_set.insert(*bin);
        }
        let missing_bin = self.data.features()[search.feature as usize].missing_bin();
        for bin in met {
            if !left_set.contains(*bin as u8) {
                right_set.insert(*bin);
            }
        }
        search.least = gain;
        search.best = Some(Split {
            gain,
            feature: search.feature,
            bin: 0,
            sides: Some([left_set, right_set]),
            missing_left: search.missing_goes_left(left_set.contains(missing_bin), left),
            left,
        });
    }
}
