//! Twelve months of refits: who does what they did keeps the segment.

use ndarray::Array2;
use regulars_models::clustering::{Continuity, Feature, KMeansSegmenter, SAME};
use regulars_models::linfa::DatasetBase;
use regulars_models::linfa::traits::Fit;
use regulars_models::random::draw;

const CUSTOMERS: usize = 3000;
const COLUMNS: usize = 5;

/// From 0 to 1.
fn unit(seed: u64, index: u64) -> f64 {
    (draw(seed, index) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A customer who is drawn anew: around one of six middles, `apart` from each other.
fn customer(seed: u64, apart: f64) -> [f64; COLUMNS] {
    let group = draw(seed, 99) % 6;
    std::array::from_fn(|column| {
        let middle = (draw(7 + group, column as u64) % 5) as f64 * apart;
        // About normal: the sum of twelve uniform numbers.
        let noise: f64 = (0..12).map(|i| unit(seed, 12 * column as u64 + i)).sum();
        middle + noise - 6.0
    })
}

/// The smallest share, over twelve months, of customers who were not drawn anew and have the id that
/// they had; and the number of ids that were ever given.
fn year(apart: f64, seed: u64, goes_on: bool) -> (f64, u64) {
    let of = |month: u64, row: usize| customer(seed + 1_000_000 * month + row as u64, apart);
    let mut x = Array2::zeros((CUSTOMERS, COLUMNS));
    for row in 0..CUSTOMERS {
        x.row_mut(row).assign(&ndarray::arr1(&of(0, row)));
    }
    let params = || {
        KMeansSegmenter::params(vec![Feature::default(); COLUMNS])
            .clusters(4..=7)
            .starts(5)
            .resamples(3)
    };
    let mut segmenter = params().fit(&DatasetBase::from(x.view())).unwrap();
    let mut ids: Vec<u64> = (1..=segmenter.clusters() as u64).collect();
    let mut next = ids.len() as u64 + 1;
    let mut least = 1.0_f64;
    for month in 1..=12 {
        let before = segmenter.assign(x.view()).unwrap().labels;
        let mut changed = vec![false; CUSTOMERS];
        for (row, changed) in changed.iter_mut().enumerate() {
            // One customer in twenty.
            if draw(seed ^ month, row as u64) % 20 == 0 {
                *changed = true;
                x.row_mut(row).assign(&ndarray::arr1(&of(month, row)));
            }
        }
        let last = segmenter.assign(x.view()).unwrap().labels;
        let earlier = goes_on.then(|| (segmenter.scaler().clone(), segmenter.centres().to_owned()));
        let fitted = params().seed(month).earlier(earlier);
        let fitted = fitted.fit(&DatasetBase::from(x.view())).unwrap();
        let now = fitted.assign(x.view()).unwrap().labels;
        let (old, new) = (segmenter.clusters(), fitted.clusters());
        let found = Continuity::of(&last, old, &now, new, SAME).unwrap();
        let of_new = found.of_new.iter().map(|old| {
            old.map_or_else(
                || {
                    next += 1;
                    next - 1
                },
                |old| ids[old],
            )
        });
        let new_ids: Vec<u64> = of_new.collect();
        let unchanged = (0..CUSTOMERS).filter(|row| !changed[*row]);
        let same = |row: &usize| ids[before[*row]] == new_ids[now[*row]];
        let (all, kept) = (unchanged.clone().count(), unchanged.filter(same).count());
        least = least.min(kept as f64 / all as f64);
        (segmenter, ids) = (fitted, new_ids);
    }
    (least, next - 1)
}

#[test]
fn groups_that_stand_apart_keep_everybody() {
    for seed in [1, 2] {
        let (least, given) = year(6.0, seed, true);
        assert!(least >= 0.99, "seed {seed}: {least}");
        assert!(given <= 7, "{given} ids");
    }
}

#[test]
fn customers_without_clear_groups_keep_their_id_too() {
    for seed in [3, 4] {
        let (least, given) = year(1.2, seed, true);
        assert!(least >= 0.95, "seed {seed}: {least}");
        assert!(given <= 7, "{given} ids");
    }
}
