use super::search::ROUNDING;
use super::*;
use crate::random;
use crate::tree::criterion::{Entropy, Gini, Newton};
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
    Grower::new(data, &stats, fixed, criterion, limits, &features)
        .grow(rows, &mut Workspace::default())
}

fn limits(max_leaves: usize, min_rows_per_leaf: usize) -> Limits {
    Limits {
        max_leaves,
        min_rows_per_leaf,
        ..Limits::default()
    }
}

fn newton(l2: f64) -> Newton {
    Newton { l1: 0.0, l2 }
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
        check_first_split(seed, || newton(1.0), false);
        check_first_split(seed, || newton(0.0), false);
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
        let grown = grow(&data, &stats, newton(0.5), &limits(100, 2));
        for (node, range) in &grown.leaves {
            let rows = &grown.rows[range.clone()];
            let leaf = &grown.tree.nodes[*node as usize];
            let sum: f64 = rows.iter().map(|row| stats[*row as usize].0).sum();
            assert_eq!((leaf.rows, leaf.gradient), (rows.len(), sum), "seed {seed}");
            let fixed = FixedPoint::for_largest(1.0);
            let all: Vec<RowStat> = stats.iter().map(|(g, h)| fixed.row(*g, *h)).collect();
            let features: Vec<u32> = (0..data.features().len() as u32).collect();
            let again = Grower::new(&data, &all, fixed, newton(0.5), &limits(2, 2), &features)
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
        grow(&data, &stats, newton(0.0), &limits(9, 1))
            .tree
            .leaf_count(),
        1
    );
}

/// Rows and columns of random numbers, few-valued and categorical columns and missing values
/// among them, and a label that rests on all.
fn mixed_problem(seed: u64, rows: usize) -> (BinnedMatrix, Vec<(f64, f64)>) {
    let draw = |row: usize, column: u64| random::unit(seed, column, row as u64);
    let x = Array2::from_shape_fn((rows, 6), |(row, column)| {
        let value = draw(row, column as u64);
        match column {
            _ if draw(row, 10 + column as u64) < 0.1 => f32::NAN,
            0 | 1 => value as f32,
            2 | 3 => (value * 4.0).floor() as f32,
            _ => (value * value * 20.0).floor() as f32,
        }
    });
    let known = |row: usize, column: usize| Some(x[[row, column]]).filter(|v| !v.is_nan());
    let stats = (0..rows)
        .map(|row| {
            let odd = known(row, 4).is_some_and(|c| c as u64 % 3 == 1);
            let sum = known(row, 0).unwrap_or(0.7) + known(row, 2).unwrap_or(1.0) / 3.0;
            let level = f64::from(sum) - if odd { 0.8 } else { 0.0 } + draw(row, 99) / 2.0;
            (level.clamp(-1.0, 1.0), 0.25 + draw(row, 98) / 2.0)
        })
        .collect();
    let data = BinnedMatrix::with_categories(x.view(), 255, &[4, 5]).unwrap();
    (data, stats)
}

/// What the plain grower has not.
#[derive(Default)]
struct Extras<'a> {
    monotone: &'a [Monotone],
    interactions: &'a [Vec<u32>],
    chance: Chance,
    alone: bool,
}

fn grow_with(
    data: &BinnedMatrix,
    stats: &[(f64, f64)],
    limits: &Limits,
    extras: Extras<'_>,
) -> Grown {
    let fixed = FixedPoint::for_largest(1.0);
    let stats: Vec<RowStat> = stats.iter().map(|(g, h)| fixed.row(*g, *h)).collect();
    let features: Vec<u32> = (0..data.features().len() as u32).collect();
    let rows = (0..data.rows() as u32).collect();
    Grower {
        monotone: extras.monotone,
        interactions: extras.interactions,
        chance: extras.chance,
        shared: !extras.alone,
        ..Grower::new(data, &stats, fixed, newton(1.0), limits, &features)
    }
    .grow(rows, &mut Workspace::default())
}

#[test]
fn an_and_of_a_number_and_a_flag_is_found_in_two_levels() {
    // The label needs both; neither split alone is perfect, and the first must leave the second.
    // By Gini, best first splits at another number exist in some samples; by entropy in none.
    for seed in 0..200 {
        let x = Array2::from_shape_fn((1000, 2), |(row, column)| {
            let value = random::unit(seed, column as u64, row as u64);
            (value * [100.0, 2.0][column]).floor() as f32
        });
        let stats: Vec<(f64, f64)> = x
            .rows()
            .into_iter()
            .map(|row| (f64::from(u8::from(row[0] > 49.0 && row[1] > 0.0)), 1.0))
            .collect();
        let data = BinnedMatrix::new(x.view(), 255).unwrap();
        let limits = Limits {
            max_depth: Some(2),
            ..Limits::default()
        };
        let tree = grow(&data, &stats, Entropy, &limits).tree;
        for (row, stat) in x.rows().into_iter().zip(&stats) {
            assert_eq!(tree.leaf(&[row[0], row[1]]).value, stat.0, "seed {seed}");
        }
    }
}

#[test]
fn sets_of_categories_are_the_best_of_all_subsets() {
    for seed in 0..300 {
        let draw = |stream: u64, index: usize, below: u64| {
            random::bits(seed, stream, index as u64) % below
        };
        let (rows, categories) = (30, 2 + draw(0, 0, 6));
        let x = Array2::from_shape_fn((rows, 1), |(row, _)| {
            let value = draw(1, row, categories + 1);
            if value == categories {
                f32::NAN
            } else {
                (value * 9) as f32
            }
        });
        let data = BinnedMatrix::with_categories(x.view(), 255, &[0]).unwrap();
        let column = data.column(0);
        let slots = data.features()[0].bins() + 1;
        let check = |criterion: &dyn Criterion, found: &Grown, stats: &[(f64, f64)]| {
            let mut best = 0.0;
            for subset in 0_u32..1 << slots {
                let sums = |left: bool| {
                    let (mut g, mut h) = (0.0, 0.0);
                    for (bin, stat) in column.iter().zip(stats) {
                        if (subset >> bin & 1 == 1) == left {
                            g += stat.0;
                            h += stat.1;
                        }
                    }
                    (g, h)
                };
                let ((lg, lh), (rg, rh)) = (sums(true), sums(false));
                if lh > 0.0 && rh > 0.0 {
                    let gain = criterion.score(lg, lh) + criterion.score(rg, rh)
                        - criterion.score(lg + rg, lh + rh);
                    best = f64::max(best, gain);
                }
            }
            let root = &found.tree.nodes[0];
            assert!(
                (root.gain - best).abs() < 1e-7,
                "seed {seed}: {} for {best}",
                root.gain
            );
            // Rows go the same way by their values as by their bins.
            for (row, value) in x.column(0).iter().enumerate() {
                assert!(std::ptr::eq(
                    found.tree.leaf(&[*value]),
                    found.tree.leaf_binned(&data, row)
                ));
            }
        };
        let flags: Vec<(f64, f64)> = (0..rows).map(|row| (draw(2, row, 2) as f64, 1.0)).collect();
        check(&Gini, &grow(&data, &flags, Gini, &limits(2, 1)), &flags);
        check(
            &Entropy,
            &grow(&data, &flags, Entropy, &limits(2, 1)),
            &flags,
        );
        let numbers: Vec<(f64, f64)> = (0..rows)
            .map(|row| {
                (
                    draw(3, row, 9) as f64 / 8.0,
                    0.5 + draw(4, row, 4) as f64 / 8.0,
                )
            })
            .collect();
        let found = grow(&data, &numbers, newton(0.0), &limits(2, 1));
        check(&newton(0.0), &found, &numbers);
    }
}

#[test]
fn few_categories_are_tried_one_against_the_rest() {
    let x = ndarray::array![[7.0], [7.0], [3.0], [3.0], [5.0], [5.0], [4.0], [4.0]];
    let data = BinnedMatrix::with_categories(x.view(), 255, &[0]).unwrap();
    let stats = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0].map(|g| (g, 1.0));
    let alone = Limits {
        categories: CategoryLimits {
            one_against_rest: 4,
            ..CategoryLimits::exact()
        },
        ..limits(2, 1)
    };
    let split = grow(&data, &stats, Gini, &alone).tree.nodes[0]
        .categories
        .clone()
        .unwrap();
    assert_eq!(split.left.iter().collect::<Vec<_>>(), [7]);
    assert_eq!(split.right.iter().collect::<Vec<_>>(), [3, 4, 5]);
}

#[test]
fn rare_categories_stay_together_and_smoothing_orders_the_others() {
    // Category 9 is all gradient but has one row.
    let x = Array2::from_shape_fn(
        (61, 1),
        |(row, _)| if row == 60 { 9.0 } else { (row / 20) as f32 },
    );
    let data = BinnedMatrix::with_categories(x.view(), 255, &[0]).unwrap();
    let stats: Vec<(f64, f64)> = (0..61)
        .map(|row| {
            (
                if row == 60 {
                    -1.0
                } else {
                    [0.5, -0.5, -0.2][row / 20]
                },
                1.0,
            )
        })
        .collect();
    let careful = Limits {
        categories: CategoryLimits {
            min_rows: 10,
            smoothing: 10.0,
            l2: 10.0,
            ..CategoryLimits::exact()
        },
        ..limits(2, 1)
    };
    let root = &grow(&data, &stats, newton(0.0), &careful).tree.nodes[0];
    let split = root.categories.clone().unwrap();
    // Least share first: 1, 2 | 0, then from the greatest: 0 | 1, 2, 9, which gains more.
    assert_eq!(split.left.iter().collect::<Vec<_>>(), [0]);
    assert_eq!(split.right.iter().collect::<Vec<_>>(), [1, 2, 9]);
    // 10^2 / (20 + 10) + 15^2 / (41 + 10) - 5^2 / 61, by hand.
    assert!((root.gain - (100.0 / 30.0 + 225.0 / 51.0 - 25.0 / 61.0)).abs() < 1e-6);
}

#[test]
fn level_by_level_grows_the_same_tree_where_every_leaf_is_split() {
    let (data, stats) = mixed_problem(1, 2000);
    let of = |growth| {
        let limits = Limits {
            growth,
            min_rows_per_leaf: 20,
            ..Limits::default()
        };
        let grown = grow_with(&data, &stats, &limits, Extras::default());
        let depth = grown.tree.depth();
        let mut leaves: Vec<Vec<u32>> = grown
            .leaves
            .iter()
            .map(|(_, rows)| grown.rows[rows.clone()].to_vec())
            .collect();
        leaves.sort();
        (depth, leaves)
    };
    assert_eq!(of(Growth::LeafWise), of(Growth::DepthWise));
}

#[test]
fn level_by_level_splits_the_shallowest_leaves_first() {
    let (data, stats) = mixed_problem(2, 3000);
    let limits = Limits {
        growth: Growth::DepthWise,
        max_leaves: 8,
        min_rows_per_leaf: 5,
        ..Limits::default()
    };
    assert_eq!(
        grow_with(&data, &stats, &limits, Extras::default())
            .tree
            .depth(),
        3
    );
}

#[test]
fn features_of_different_groups_never_share_a_path() {
    let groups = [vec![0, 4], vec![1, 2, 4]];
    let mut met_together = 0;
    for seed in 0..20 {
        let (data, stats) = mixed_problem(seed, 1500);
        let limits = Limits {
            min_rows_per_leaf: 10,
            max_leaves: 60,
            ..Limits::default()
        };
        let tree = grow_with(
            &data,
            &stats,
            &limits,
            Extras {
                interactions: &groups,
                ..Extras::default()
            },
        )
        .tree;
        let mut paths = vec![Vec::new(); tree.nodes.len()];
        for (i, node) in tree.nodes.iter().enumerate() {
            let path: Vec<u32> = paths[i].clone();
            let fits = |group: &Vec<u32>| path.iter().all(|f| group.contains(f));
            let alone = path.iter().all(|f| *f == path[0]);
            assert!(alone || groups.iter().any(fits), "seed {seed}: {path:?}");
            met_together += usize::from(!alone);
            if !node.is_leaf() {
                for child in [node.left, node.right] {
                    paths[child as usize] = [&path[..], &[node.feature]].concat();
                }
            }
        }
    }
    assert!(met_together > 100);
}

#[test]
fn monotone_columns_keep_their_way_beside_categories() {
    for seed in 0..20 {
        let (data, stats) = mixed_problem(seed, 1500);
        let limits = Limits {
            min_rows_per_leaf: 10,
            max_leaves: 60,
            ..Limits::default()
        };
        use Monotone::{Decreasing, Free, Increasing};
        let monotone = [Decreasing, Free, Increasing, Free, Increasing, Free];
        let tree = grow_with(
            &data,
            &stats,
            &limits,
            Extras {
                monotone: &monotone,
                ..Extras::default()
            },
        )
        .tree;
        assert!(tree.nodes.iter().any(|node| node.categories.is_some()));
        for probe in 0..200 {
            let draw =
                |column: u64, n: f64| (random::unit(seed, 50 + column, probe) * n).floor() as f32;
            let row = [
                draw(0, 10.0) / 10.0,
                draw(1, 10.0) / 10.0,
                draw(2, 4.0),
                draw(3, 4.0),
                draw(4, 20.0),
                draw(5, 20.0),
            ];
            let values = |column: usize, values: &[f32]| -> Vec<f64> {
                let at = |value: &f32| {
                    let mut row = row;
                    row[column] = *value;
                    tree.leaf(&row).value
                };
                values.iter().map(at).collect()
            };
            let tenths: Vec<f32> = (0..=10).map(|i| i as f32 / 10.0).collect();
            assert!(
                values(0, &tenths).is_sorted_by(|a, b| a >= b),
                "seed {seed}"
            );
            assert!(values(2, &[0.0, 1.0, 2.0, 3.0]).is_sorted(), "seed {seed}");
        }
    }
}

#[test]
fn any_number_of_threads_grows_the_same_tree() {
    let (data, stats) = mixed_problem(3, 40_000);
    let limits = Limits {
        max_leaves: 40,
        min_rows_per_leaf: 5,
        ..Limits::default()
    };
    let on = |threads: usize, shared: bool, chance: Chance| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let grown = grow_with(
                &data,
                &stats,
                &limits,
                Extras {
                    chance,
                    alone: !shared,
                    ..Extras::default()
                },
            );
            (grown.tree, grown.rows)
        })
    };
    for chance in [
        Chance::default(),
        Chance {
            features_per_node: Some(2),
            random_thresholds: true,
            seed: 5,
            tree: 7,
        },
    ] {
        let one = on(1, true, chance.clone());
        for (threads, shared) in [(2, true), (3, true), (2, false)] {
            assert_eq!(on(threads, shared, chance.clone()), one);
        }
    }
}

#[test]
fn a_row_that_is_listed_twice_counts_as_two_rows() {
    let (data, stats) = mixed_problem(4, 300);
    let fixed = FixedPoint::for_largest(1.0);
    let stats: Vec<RowStat> = stats.iter().map(|(g, h)| fixed.row(*g, *h)).collect();
    let limits = limits(12, 5);
    let features: Vec<u32> = (0..6).collect();
    let grower = Grower::new(&data, &stats, fixed, newton(1.0), &limits, &features);
    let rows: Vec<u32> = (0..300)
        .flat_map(|row| vec![row; row as usize % 3])
        .collect();
    let repeated = grower.grow(rows.clone(), &mut Workspace::default()).tree;
    assert_eq!(repeated.nodes[0].rows, rows.len());
    let gradient = |row: &u32| i64::from(stats[*row as usize].gradient);
    let sum: i64 = rows.iter().map(gradient).sum();
    assert_eq!(repeated.nodes[0].gradient, fixed.real(sum));
    for (i, node) in repeated
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, n)| n.is_leaf())
    {
        let is_here = |row: &&u32| std::ptr::eq(repeated.leaf_binned(&data, **row as usize), node);
        assert_eq!(node.rows, rows.iter().filter(is_here).count(), "leaf {i}");
    }
}

#[test]
fn drawn_features_and_cuts_differ_by_tree_and_use_all_features_in_time() {
    let (data, stats) = mixed_problem(5, 3000);
    let limits = limits(30, 5);
    let tree = |tree: u64, random_thresholds: bool| {
        grow_with(
            &data,
            &stats,
            &limits,
            Extras {
                chance: Chance {
                    features_per_node: Some(1),
                    random_thresholds,
                    seed: 1,
                    tree,
                },
                ..Extras::default()
            },
        )
        .tree
    };
    for random_thresholds in [false, true] {
        let trees: Vec<Tree> = (0..5).map(|n| tree(n, random_thresholds)).collect();
        assert!(trees.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(trees[2], tree(2, random_thresholds));
        let used: std::collections::BTreeSet<u32> = trees
            .iter()
            .flat_map(|tree| &tree.nodes)
            .filter(|node| !node.is_leaf())
            .map(|node| node.feature)
            .collect();
        assert_eq!(used.len(), 6);
        assert!(trees.iter().all(|tree| tree.leaf_count() == 30));
    }
}

#[test]
fn a_penalty_on_absolute_values_draws_leaves_to_zero() {
    // 4 - 1 over 2 + 1, and 0.5 within the penalty.
    let newton = Newton { l1: 1.0, l2: 1.0 };
    assert_eq!(newton.value(-4.0, 2.0), 1.0);
    assert_eq!(newton.value(0.5, 2.0), 0.0);
    assert_eq!(newton.score(-4.0, 2.0), 3.0);
    // At its best value a leaf is worth its score; anywhere else less.
    assert_eq!(newton.score_at(-4.0, 2.0, 1.0), 3.0);
    assert!(newton.score_at(-4.0, 2.0, 0.9) < 3.0 && newton.score_at(-4.0, 2.0, 1.1) < 3.0);
}
