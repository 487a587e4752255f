//! The best split of a node: a histogram for each feature drawn, never subtracted or kept.
//!
//! Nodes of deep trees have fewer rows than a histogram has bins. So only the bins that are met
//! are looked at: they are marked while summing, and wiped when read.

use super::super::criterion::Criterion;
use super::cell::Cell;

/// A gain must be more than this share of the parent's worth: less is rounding.
const ROUNDING: f64 = 1e-12;

/// What is known of a feature's bins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bins {
    /// Bins of values; missing values have the one after.
    pub count: u8,
    pub has_missing: bool,
    pub categorical: bool,
}

/// Which bins go left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    /// Those up to this one.
    UpTo(u8),
    /// Those of the first set, as bits; the second has those that go right. Bins that no row of
    /// the node is in are in neither.
    Sets([u64; 4], [u64; 4]),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Split<C> {
    /// `score(left) + score(right)`.
    worth: f64,
    pub gain: f64,
    pub feature: u32,
    pub turn: Turn,
    pub missing_left: bool,
    pub left: C,
}

/// What a split has to keep to, and the numbers drawn for it.
pub(super) struct Rules<'a, K> {
    pub criterion: &'a K,
    pub min_rows: u32,
    pub max_features: usize,
    pub random_cuts: bool,
    /// Whether the labels are 0 and 1, so that a node of one of them is done.
    pub classes: bool,
}

/// Room for one histogram and what is read off it. The histogram is all zeros between uses.
pub(super) struct Search<C> {
    histogram: Box<[C; 256]>,
    met: Vec<(u8, C)>,
    /// The features in the order of the last draws: each draw shuffles on.
    order: Vec<u32>,
}

impl<C: Cell> Search<C> {
    pub(super) fn new(features: usize) -> Self {
        Self {
            histogram: Box::new([C::default(); 256]),
            met: Vec::with_capacity(256),
            order: (0..features as u32).collect(),
        }
    }

    /// Puts the features in their own order, so that a tree does not depend on the one before.
    pub(super) fn reset(&mut self) {
        self.order.sort_unstable();
    }

    /// The best split on the features drawn for this node; of equals the one drawn first, then
    /// the lower bin, then missing to the left.
    ///
    /// - `column`: the bins of a feature; the rows of the node are at `places` in it.
    /// - `draw`: the `i`-th random number of this node.
    pub(super) fn best<'a, K: Criterion>(
        &mut self,
        rules: &Rules<'_, K>,
        bins: &[Bins],
        column: impl Fn(usize) -> &'a [u8],
        (places, cells, total): (&[u32], &[C], C),
        draw: impl Fn(u64) -> u64,
    ) -> Option<Split<C>> {
        let parent = score(rules.criterion, total);
        let mut best: Option<Split<C>> = None;
        let mut varied = false;
        let features = self.order.len();
        for i in 0..features {
            if i >= rules.max_features && varied {
                break;
            }
            let left = (features - i) as u64;
            let j = i + (((draw(i as u64) >> 32) * left) >> 32) as usize;
            self.order.swap(i, j);
            let feature = self.order[i];
            let of = bins[feature as usize];
            if of.count == 1 && !of.has_missing {
                continue;
            }
            let missing = self.sum(column(feature as usize), places, cells, of);
            if self.met.len() + usize::from(missing.rows() > 0) < 2 {
                continue;
            }
            varied = true;
            let mut chooser = Chooser {
                rules,
                total,
                missing,
                feature,
                best: &mut best,
            };
            if of.categorical {
                if rules.random_cuts {
                    chooser.flip(&self.met, |bin| {
                        draw(1 << 32 | (i as u64) << 8 | u64::from(bin))
                    });
                } else {
                    chooser.sets(&mut self.met);
                }
            } else if rules.random_cuts {
                chooser.cut(&self.met, of, draw(1 << 32 | i as u64));
            } else {
                chooser.scan(&self.met, of);
            }
        }
        let mut best = best?;
        best.gain = best.worth - parent;
        (best.gain > ROUNDING * parent.abs()).then_some(best)
    }

    /// Sums by bin: `met` gets the bins that rows have, ascending; the missing bin is returned.
    fn sum(&mut self, column: &[u8], places: &[u32], cells: &[C], of: Bins) -> C {
        let histogram = &mut self.histogram;
        self.met.clear();
        if of.count < 63 {
            // The marks fit a register.
            let mut marks = 0_u64;
            for (place, cell) in places.iter().zip(cells) {
                let bin = column[*place as usize];
                let sum = &mut histogram[usize::from(bin)];
                *sum = sum.plus(*cell);
                marks |= 1 << (bin & 63);
            }
            read(histogram, &mut self.met, 0, marks);
        } else if places.len() < 1024 {
            let mut marks = [0_u64; 4];
            for (place, cell) in places.iter().zip(cells) {
                let bin = column[*place as usize];
                let sum = &mut histogram[usize::from(bin)];
                *sum = sum.plus(*cell);
                marks[usize::from(bin >> 6)] |= 1 << (bin & 63);
            }
            for (word, marks) in marks.into_iter().enumerate() {
                read(histogram, &mut self.met, word, marks);
            }
        } else {
            for (place, cell) in places.iter().zip(cells) {
                let sum = &mut histogram[usize::from(column[*place as usize])];
                *sum = sum.plus(*cell);
            }
            for (bin, sum) in histogram[..=usize::from(of.count)].iter_mut().enumerate() {
                if sum.rows() > 0 {
                    self.met.push((bin as u8, *sum));
                    *sum = C::default();
                }
            }
        }
        match self.met.last() {
            Some((bin, missing)) if *bin == of.count => {
                let missing = *missing;
                self.met.pop();
                missing
            }
            _ => C::default(),
        }
    }
}

/// Moves the marked sums of a word of 64 bins out of the histogram.
fn read<C: Cell>(histogram: &mut [C; 256], met: &mut Vec<(u8, C)>, word: usize, marks: u64) {
    let mut marks = marks;
    while marks != 0 {
        let bin = (word << 6 | marks.trailing_zeros() as usize) & 255;
        met.push((bin as u8, histogram[bin]));
        histogram[bin] = C::default();
        marks &= marks - 1;
    }
}

fn score<C: Cell>(criterion: &impl Criterion, cell: C) -> f64 {
    let (sum, weight) = cell.sums();
    criterion.score(sum as f64, weight as f64)
}

/// Keeps the best of the splits on one feature that it is offered.
struct Chooser<'a, C, K> {
    rules: &'a Rules<'a, K>,
    total: C,
    missing: C,
    feature: u32,
    best: &'a mut Option<Split<C>>,
}

impl<C: Cell, K: Criterion> Chooser<'_, C, K> {
    fn offer(&mut self, left: C, missing_left: bool, turn: impl FnOnce() -> Turn) {
        let right = self.total.minus(left);
        let rows = left.rows().min(right.rows());
        if rows < self.rules.min_rows || left.sums().1.min(right.sums().1) <= 0 {
            return;
        }
        let worth = score(self.rules.criterion, left) + score(self.rules.criterion, right);
        if self.best.as_ref().is_none_or(|best| worth > best.worth) {
            *self.best = Some(Split {
                worth,
                gain: 0.0,
                feature: self.feature,
                turn: turn(),
                // With nothing missing the way of later missing values is the larger side's.
                missing_left: if self.missing.rows() == 0 {
                    left.rows() >= right.rows()
                } else {
                    missing_left
                },
                left,
            });
        }
    }

    /// Offers a cut with missing values on either side.
    fn offer_both(&mut self, left: C, turn: impl Fn() -> Turn) {
        if self.missing.rows() > 0 {
            self.offer(left.plus(self.missing), true, &turn);
        }
        self.offer(left, false, &turn);
    }

    /// Offers missing values alone against the rest.
    fn offer_missing(&mut self, turn: impl FnOnce() -> Turn) {
        if self.missing.rows() > 0 {
            self.offer(self.total.minus(self.missing), false, turn);
        }
    }

    /// Every cut between bins that are met; the threshold is in the middle of those between.
    fn scan(&mut self, met: &[(u8, C)], of: Bins) {
        let mut left = C::default();
        for pair in met.windows(2) {
            let ((bin, sum), (next, _)) = (pair[0], pair[1]);
            left = left.plus(sum);
            self.offer_both(left, || Turn::UpTo(bin + (next - bin - 1) / 2));
        }
        self.offer_missing(|| Turn::UpTo(of.count - 1));
    }

    /// One cut, drawn from those between the lowest and the highest bin that is met.
    fn cut(&mut self, met: &[(u8, C)], of: Bins, random: u64) {
        let (Some((low, _)), Some((high, _))) = (met.first(), met.last()) else {
            return;
        };
        if low == high {
            self.offer_missing(|| Turn::UpTo(of.count - 1));
            return;
        }
        let cut = low + (((random >> 32) * u64::from(high - low)) >> 32) as u8;
        let left = met
            .iter()
            .take_while(|(bin, _)| *bin <= cut)
            .fold(C::default(), |left, (_, sum)| left.plus(*sum));
        self.offer_both(left, || Turn::UpTo(cut));
    }

    /// Categories in the order of their means, cut in two: no other two sets are better (Fisher
    /// 1958; Breiman et al. 1984, theorem 4.5).
    fn sets(&mut self, met: &mut [(u8, C)]) {
        let mean = |cell: C| {
            let (sum, weight) = cell.sums();
            if weight > 0 {
                sum as f64 / weight as f64
            } else {
                0.0
            }
        };
        met.sort_by(|a, b| mean(a.1).total_cmp(&mean(b.1)).then(a.0.cmp(&b.0)));
        let (mut left, mut set, all) = (C::default(), [0; 4], set_of(met));
        for (i, (bin, sum)) in met.iter().enumerate() {
            left = left.plus(*sum);
            mark(&mut set, *bin);
            if i + 1 < met.len() {
                self.offer_both(left, || Turn::sets(set, all));
            } else {
                self.offer_missing(|| Turn::sets(set, all));
            }
        }
    }

    /// Each category that is met to a side by the flip of a coin.
    fn flip(&mut self, met: &[(u8, C)], coin: impl Fn(u8) -> u64) {
        let (mut left, mut set) = (C::default(), [0; 4]);
        for (bin, sum) in met {
            if coin(*bin) >> 63 == 1 {
                left = left.plus(*sum);
                mark(&mut set, *bin);
            }
        }
        let all = set_of(met);
        self.offer_both(left, || Turn::sets(set, all));
    }
}

fn set_of<C>(met: &[(u8, C)]) -> [u64; 4] {
    let mut set = [0; 4];
    for (bin, _) in met {
        mark(&mut set, *bin);
    }
    set
}

fn mark(set: &mut [u64; 4], bin: u8) {
    set[usize::from(bin >> 6)] |= 1 << (bin & 63);
}

pub(super) fn holds(set: &[u64; 4], bin: u8) -> bool {
    set[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1
}

impl Turn {
    fn sets(left: [u64; 4], all: [u64; 4]) -> Self {
        let mut right = all;
        for (right, left) in right.iter_mut().zip(left) {
            *right &= !left;
        }
        Self::Sets(left, right)
    }
}
