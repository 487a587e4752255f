use super::*;
use crate::tree::criterion::{Entropy, Gini, Newton};
use crate::tree::random;
use ndarray::Array2;

/// What a split is by definition: the rows that go left, and the gain, for every feature, every
/// place between two bins and either side for missing values, in the stated order.
fn brute_force<C: Criterion>(
    data: &BinnedMatrix,
    stats: &[(f64, f64)],
    criterion: &C,
    min_rows: usize,
) -> Option<(f64, u32, Vec<bool>)> {
    let score = |side: &dyn Fn(usize) -> bool| {
        let (mut g, mut h, mut n) = (0.0, 0.0, 0);
        for (_, stat) in stats.iter().enumerate().filter(|(row, _)| side(*row)) {
            g += stat.0;
            h += stat.1;
            n += 1;
        }
        (n >= min_rows && h > 0.0).then(|| criterion.score(g, h))
    };
    let whole = score(&|_| true)?;
    let mut best: Option<(f64, u32, Vec<bool>)> = None;
    for (feature, bins) in data.features().iter().enumerate() {
        let column = data.column(feature);
        for bin in 0..bins.bins() {
            for missing_left in [true, false] {
                let left: Vec<bool> = column
                    .iter()
                    .map(|b| {
                        if *b == bins.missing_bin() {
                            missing_left
                        } else {
                            usize::from(*b) <= bin
                        }
                    })
                    .collect();
                let (Some(l), Some(r)) = (score(&|row| left[row]), score(&|row| !left[row])) else {
                    continue;
                };
                let gain = l + r - whole;
                // Sums of quarters are exact, so equal gains are equal to the bit.
                if gain > best.as_ref().map_or(whole.abs() * ROUNDING, |b| b.0) {
                    best = Some((gain, feature as u32, left));
                }
            }
        }
    }
    best
}

/// Rows of small whole numbers, some missing, with gradients in quarters, so that sums are
/// exact and ties are many.
fn small_problem(seed: u64) -> (BinnedMatrix, Vec<(f64, f64)>) {
    let draw = |index: u64, below: u64| random::bits(seed, 0, index) % below;
    let (rows, columns) = (2 + draw(0, 14) as usize, 1 + draw(1, 3) as usize);
    let x = Array2::from_shape_fn((rows, columns), |(row, column)| {
        let value = draw(10 + (row * columns + column) as u64, 6);
        if value == 5 { f32::NAN } else { value as f32 }
    });
    let stats = (0..rows as u64)
        .map(|row| {
            (
                draw(1000 + row, 5) as f64 / 4.0,
                0.25 + draw(2000 + row, 4) as f64 / 4.0,
            )
        })
        .collect();
    (BinnedMatrix::new(x.view(), 255).unwrap(), stats)
}

fn grow<C: Criterion>(
    data: &BinnedMatrix,
    stats: &[(f64, f64)],
    criterion: C,
    limits: &Limits,
) -> Grown {
    let fixed = FixedPoint::for_largest(1.0);
    let stats: Vec<RowStat> = stats.iter().map(|(g, h)| fixed.row(*g, *h)).collect();
    let features: Vec<u32> = (0..data.features().len() as u32).collect();
    let rows = (0..data.rows() as u32).collect();
    Grower {
        data,
        stats: &stats,
        fixed,
        criterion,
        limits,
        features: &features,
        monotone: &[],
    }
    .grow(rows, &mut Workspace::default())
}

fn limits(max_leaves: usize, min_rows_per_leaf: usize) -> Limits {
    Limits {
        max_leaves,
        max_depth: None,
        min_rows_per_leaf,
        min_hessian: 0.0,
        min_gain: 0.0,
    }
}

#[track_caller]
fn check_first_split<C: Criterion>(seed: u64, make: impl Fn() -> C, one_sided: bool) {
    let (data, mut stats) = small_problem(seed);
    if one_sided {
        // Impurities are of rows that weigh 1 and are positive or not.
        stats
            .iter_mut()
            .for_each(|s| *s = (f64::from(u8::from(s.0 > 0.5)), 1.0));
    }
    let min_rows = 1 + seed as usize % 3;
    let grown = grow(&data, &stats, make(), &limits(2, min_rows));
    match brute_force(&data, &stats, &make(), min_rows) {
        None => assert_eq!(grown.tree.leaf_count(), 1, "seed {seed}"),
        Some((gain, feature, left)) => {
            let root = &grown.tree.nodes[0];
            assert!(
                (root.gain - gain).abs() < 1e-9,
                "seed {seed}: {} for {gain}",
                root.gain
            );
            assert_eq!(root.feature, feature, "seed {seed}");
            let went_left: Vec<bool> = (0..data.rows())
                .map(|row| std::ptr::eq(grown.tree.leaf_binned(&data, row), &grown.tree.nodes[1]))
                .collect();
            assert_eq!(went_left, left, "seed {seed}");
        }
    }
}

#[test]
fn the_first_split_is_the_best_of_all_splits() {
    for seed in 0..600 {
        check_first_split(seed, || Newton { l2: 1.0 }, false);
        check_first_split(seed, || Newton { l2: 0.0 }, false);
        check_first_split(seed, || Gini, true);
        check_first_split(seed, || Entropy, true);
    }
}

#[test]
fn the_histogram_of_a_sibling_leads_to_the_same_tree_as_one_summed_from_its_rows() {
    // A tree grown to its end must split every leaf that can be split: each leaf, taken alone,
    // has no gainful split left. Leaves found through subtraction are checked with the others.
    for seed in 0..300 {
        let (data, stats) = small_problem(seed);
        let grown = grow(&data, &stats, Newton { l2: 0.5 }, &limits(100, 2));
        for (node, range) in &grown.leaves {
            let rows = &grown.rows[range.clone()];
            let leaf = &grown.tree.nodes[*node as usize];
            let sum: f64 = rows.iter().map(|row| stats[*row as usize].0).sum();
            assert_eq!((leaf.rows, leaf.gradient), (rows.len(), sum), "seed {seed}");
            let fixed = FixedPoint::for_largest(1.0);
            let all: Vec<RowStat> = stats.iter().map(|(g, h)| fixed.row(*g, *h)).collect();
            let features: Vec<u32> = (0..data.features().len() as u32).collect();
            let again = Grower {
                data: &data,
                stats: &all,
                fixed,
                criterion: Newton { l2: 0.5 },
                limits: &limits(2, 2),
                features: &features,
                monotone: &[],
            }
            .grow(rows.to_vec(), &mut Workspace::default());
            assert_eq!(
                again.tree.leaf_count(),
                1,
                "seed {seed}: leaf {node} could be split"
            );
        }
    }
}

#[test]
fn of_equal_splits_the_lower_feature_then_the_lower_bin_wins() {
    // Both columns part the rows alike, and no row lies between 1 and 3.
    let x = ndarray::array![[1.0, 0.0], [1.0, 0.0], [3.0, 9.0], [3.0, 9.0]];
    let data = BinnedMatrix::new(x.view(), 255).unwrap();
    let stats = [(1.0, 1.0), (1.0, 1.0), (0.0, 1.0), (0.0, 1.0)];
    let root = grow(&data, &stats, Gini, &limits(2, 1)).tree.nodes[0].clone();
    assert_eq!((root.feature, root.bin, root.threshold), (0, 0, 2.0));
    // Positives k of n: 2 * 4/4 = 2 before, 2 * 4/2 + 0 = 4 after: gain 2.
    assert_eq!(root.gain, 2.0);
}

#[test]
fn missing_values_go_to_the_side_that_gains_or_make_a_side_of_their_own() {
    let nan = f32::NAN;
    let leave = |positive: [u8; 6]| {
        let x = ndarray::array![[1.0], [1.0], [5.0], [5.0], [nan], [nan]];
        let data = BinnedMatrix::new(x.view(), 255).unwrap();
        let stats = positive.map(|p| (f64::from(p), 1.0));
        let root = grow(&data, &stats, Gini, &limits(2, 1)).tree.nodes[0].clone();
        (root.threshold, root.missing_left)
    };
    assert_eq!(leave([1, 1, 0, 0, 1, 1]), (3.0, true));
    assert_eq!(leave([1, 1, 0, 0, 0, 0]), (3.0, false));
    assert_eq!(leave([0, 0, 0, 0, 1, 1]), (f32::INFINITY, false));
}

#[test]
fn with_nothing_missing_later_missing_values_go_with_most_rows() {
    let way = |column: [f32; 4]| {
        let x = Array2::from_shape_vec((4, 1), column.to_vec()).unwrap();
        let data = BinnedMatrix::new(x.view(), 255).unwrap();
        let stats = column.map(|v| (if v > 2.0 { 1.0 } else { 0.0 }, 1.0));
        grow(&data, &stats, Gini, &limits(2, 1)).tree.nodes[0].missing_left
    };
    assert!(way([1.0, 1.0, 1.0, 3.0]));
    assert!(!way([1.0, 3.0, 3.0, 3.0]));
    assert!(way([1.0, 1.0, 3.0, 3.0]), "left when even");
}

#[test]
fn limits_are_kept() {
    let x = Array2::from_shape_fn((64, 1), |(row, _)| row as f32);
    let data = BinnedMatrix::new(x.view(), 255).unwrap();
    // A label that changes at every row: there is always something to gain.
    let stats: Vec<(f64, f64)> = (0..64).map(|row| (f64::from(row % 2), 1.0)).collect();
    let tree = grow(&data, &stats, Gini, &limits(7, 1)).tree;
    assert_eq!(tree.leaf_count(), 7);
    let tree = grow(&data, &stats, Gini, &limits(100, 5)).tree;
    assert!(tree.nodes.iter().all(|node| node.rows >= 5));
    let shallow = Limits {
        max_depth: Some(2),
        ..limits(100, 1)
    };
    assert!(grow(&data, &stats, Gini, &shallow).tree.depth() <= 2);
    let dear = Limits {
        min_gain: 1e6,
        ..limits(100, 1)
    };
    assert_eq!(grow(&data, &stats, Gini, &dear).tree.leaf_count(), 1);
    let heavy = Limits {
        min_hessian: 33.0,
        ..limits(100, 1)
    };
    assert_eq!(grow(&data, &stats, Gini, &heavy).tree.leaf_count(), 1);
}

#[test]
fn rows_of_one_kind_are_left_together() {
    let x = Array2::from_shape_fn((50, 3), |(row, column)| (row * (column + 3) % 11) as f32);
    let data = BinnedMatrix::new(x.view(), 255).unwrap();
    // Rounding must not pass for gain: 0.3 has no exact square.
    let stats = vec![(0.3, 0.7); 50];
    assert_eq!(
        grow(&data, &stats, Newton { l2: 0.0 }, &limits(9, 1))
            .tree
            .leaf_count(),
        1
    );
}

#[test]
fn partition_keeps_the_order_on_both_sides_across_chunks() {
    for n in [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 7] {
        let mut rows: Vec<u32> = (0..n as u32).collect();
        let left = |row: u32| random::bits(1, 1, u64::from(row)).is_multiple_of(3);
        let mut expected: Vec<u32> = rows.iter().copied().filter(|row| left(*row)).collect();
        let lefts = expected.len();
        expected.extend(rows.iter().copied().filter(|row| !left(*row)));
        assert_eq!(partition(&mut rows, &mut Vec::new(), left), lefts);
        assert_eq!(rows, expected);
    }
}
