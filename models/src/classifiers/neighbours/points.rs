//! The training rows kept, the nearest of them, and their vote.

use linfa_nn::distance::L2Dist;
use linfa_nn::{KdTree, NearestNeighbour, NearestNeighbourIndex};
use ndarray::{Array2, ArrayView1, Axis};
use rayon::prelude::*;

use super::NeighbourIndex;
use super::scan::{Found, Scan};
use crate::random;
use crate::tree::Targets;

/// Streams of their own among the random numbers of a seed.
const SAMPLE: u64 = 0x6e65_6172;
const SHUFFLE: u64 = 0x6e65_6173;

/// Up to this many columns the k-d tree is faster than looking at all rows. Of 20,000 rows of the
/// Complete Journey data, it takes 0.25 of the time with 8 columns, 0.58 with 16, 1.1 with 24 and
/// 4.7 with 48.
const KD_TREE_COLUMNS: usize = 20;

/// Rows made ready, each once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Points {
    pub rows: Array2<f64>,
    /// How many training rows each stands for, their weight, and that of those labelled `true`.
    pub counts: Vec<usize>,
    pub weights: Vec<f64>,
    pub positives: Vec<f64>,
    /// The k-d tree rather than a look at all rows.
    pub kd_tree: bool,
}

/// How neighbours vote.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Votes {
    pub k: usize,
    pub distance_weights: bool,
    pub prior_rows: f64,
    pub base: f64,
}

impl Points {
    /// Keeps at most `max_rows` rows of weight above 0.
    pub(super) fn collect(
        z: &Array2<f64>,
        targets: &Targets,
        max_rows: usize,
        seed: u64,
        index: NeighbourIndex,
    ) -> Self {
        let mut rows: Vec<usize> = (0..z.nrows())
            .filter(|row| targets.weight(*row) > 0.0)
            .collect();
        if rows.len() > max_rows {
            rows.sort_unstable_by_key(|row| (random::bits(seed, SAMPLE, *row as u64), *row));
            rows.truncate(max_rows);
        }
        let line = |row: usize| z.row(row);
        let compare = |a: &usize, b: &usize| {
            let pairs = line(*a).into_iter().zip(line(*b));
            let differs = pairs.map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne());
            // Of the same rows the order is that of labels and weights, which are summed.
            differs
                .unwrap_or(std::cmp::Ordering::Equal)
                .then(targets.labels[*a].cmp(&targets.labels[*b]))
                .then(targets.weight(*a).total_cmp(&targets.weight(*b)))
        };
        rows.par_sort_by(compare);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for row in rows {
            match groups.last_mut() {
                Some(group) if line(group[0]) == line(row) => group.push(row),
                _ => groups.push(vec![row]),
            }
        }
        // A k-d tree that is given sorted points grows lopsided.
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_unstable_by_key(|place| (random::bits(seed, SHUFFLE, *place as u64), *place));
        let groups: Vec<&Vec<usize>> = order.into_iter().map(|place| &groups[place]).collect();
        let firsts: Vec<usize> = groups.iter().map(|group| group[0]).collect();
        let weight = |label: Option<bool>| -> Vec<f64> {
            let of = |group: &&Vec<usize>| {
                let rows = group.iter().copied();
                rows.filter(|row| label.is_none_or(|label| targets.labels[*row] == label))
                    .map(|row| targets.weight(row))
                    .sum()
            };
            groups.iter().map(of).collect()
        };
        Self {
            rows: z.select(Axis(0), &firsts),
            counts: groups.iter().map(|group| group.len()).collect(),
            weights: weight(None),
            positives: weight(Some(true)),
            kd_tree: match index {
                NeighbourIndex::Auto => z.ncols() <= KD_TREE_COLUMNS,
                NeighbourIndex::KdTree => true,
                NeighbourIndex::Scan => false,
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// The probability of each row of `z` by each of some votes, none of more than `largest`
    /// neighbours.
    pub(super) fn probabilities(
        &self,
        z: &Array2<f64>,
        largest: usize,
        votes: &[Votes],
    ) -> Vec<Vec<f64>> {
        let by_row: Vec<Vec<f64>> = if self.kd_tree {
            let index = KdTree
                .from_batch(&self.rows, L2Dist)
                .expect("a point has at least one column");
            (0..z.nrows())
                .into_par_iter()
                .map(|row| {
                    let found = self.nearest(index.as_ref(), z.row(row), largest);
                    votes.iter().map(|votes| self.vote(&found, votes)).collect()
                })
                .collect()
        } else {
            let scan = Scan::of(&self.rows);
            let all = |found: Vec<Found>| -> Vec<f64> {
                votes.iter().map(|votes| self.vote(&found, votes)).collect()
            };
            let rows: Vec<usize> = (0..z.nrows()).collect();
            rows.par_chunks(Scan::TOGETHER)
                .flat_map_iter(|rows| scan.nearest(z, rows, largest).into_iter().map(all))
                .collect()
        };
        (0..votes.len())
            .map(|vote| by_row.iter().map(|found| found[vote]).collect())
            .collect()
    }

    /// All points up to the distance of the `k`-th row, by distance and then by place.
    fn nearest(
        &self,
        index: &dyn NearestNeighbourIndex<f64>,
        at: ArrayView1<'_, f64>,
        k: usize,
    ) -> Vec<Found> {
        let measure = |found: Vec<(ArrayView1<'_, f64>, usize)>| -> Vec<Found> {
            let mut found: Vec<Found> = found
                .into_iter()
                .map(|(point, place)| (squared_distance(at, point), place))
                .collect();
            found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found
        };
        const SAME: &str = "rows and points have the same columns";
        // One more, to see whether the k-th has others at its distance.
        let mut found = measure(index.k_nearest(at, k.saturating_add(1)).expect(SAME));
        let furthest = self.distance_of(&found, k);
        let complete = found.len() == self.len() || found.last().is_none_or(|f| f.0 > furthest);
        if !complete {
            // A little further than needed, for the root is rounded.
            let reach = (furthest.sqrt() * (1.0 + 1e-9)).max(1e-150);
            found = measure(index.within_range(at, reach).expect(SAME));
        }
        found.retain(|f| f.0 <= furthest);
        found
    }

    /// The squared distance of the `k`-th row; of the last, if there are fewer.
    fn distance_of(&self, found: &[Found], k: usize) -> f64 {
        let mut rows = 0;
        for (distance, place) in found {
            rows += self.counts[*place];
            if rows >= k {
                return *distance;
            }
        }
        found.last().map_or(0.0, |f| f.0)
    }

    fn vote(&self, found: &[Found], votes: &Votes) -> f64 {
        let furthest = self.distance_of(found, votes.k);
        let rows = |keep: &dyn Fn(f64) -> bool| -> usize {
            let kept = found.iter().filter(|f| keep(f.0));
            kept.map(|f| self.counts[f.1]).sum()
        };
        let nearer = rows(&|distance| distance < furthest);
        let at_edge = rows(&|distance| distance == furthest);
        let places = votes.k.min(nearer + at_edge) - nearer;
        let share = places as f64 / at_edge.max(1) as f64;
        let touching = found.first().is_some_and(|f| f.0 == 0.0);
        let (mut weight, mut positive) = (0.0, 0.0);
        for (distance, place) in found {
            if *distance > furthest {
                break;
            }
            let mut counted = if *distance == furthest { share } else { 1.0 };
            if votes.distance_weights {
                if touching && *distance > 0.0 {
                    break;
                }
                if !touching {
                    counted /= distance.sqrt();
                }
            }
            weight += counted * self.weights[*place];
            positive += counted * self.positives[*place];
        }
        let neighbours = votes.k.min(nearer + at_edge) as f64;
        let rate = if weight > 0.0 {
            positive / weight
        } else {
            votes.base
        };
        let m = votes.prior_rows;
        let drawn = (neighbours * rate + m * votes.base) / (neighbours + m);
        drawn.clamp(0.0, 1.0)
    }
}

fn squared_distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
