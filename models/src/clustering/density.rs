//! HDBSCAN: groups that are denser than what is around them, and who belongs to none.
//!
//! Sources: Campello, Moulavi and Sander, "Density-based clustering based on hierarchical density
//! estimates", PAKDD 2013; Campello, Moulavi, Zimek and Sander, "Hierarchical density estimates for
//! data clustering, visualization, and outlier detection", *ACM TKDD* 10(1), 2015 (GLOSH, the
//! outlier score).

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use super::ClusteringError;

/// Distances of rows to one another, which are held nowhere: so many rows are looked at against
/// each other at most.
pub const MOST_DENSITY_ROWS: usize = 20_000;
/// No distance is taken to be smaller than this part of the median distance to the `min_samples`-th
/// neighbour, so that copies of a row are not infinitely dense.
const SMALLEST: f64 = 1e-3;

/// Groups by density, learned from n rows.
#[derive(Clone, Debug, PartialEq)]
pub struct DensityGroups {
    /// The rows, scaled.
    rows: Array2<f64>,
    /// The distance of each to its `min_samples`-th neighbour.
    core: Vec<f64>,
    min_samples: usize,
    smallest: f64,
    /// The group of each row, if it is in one; the largest group first.
    labels: Vec<Option<usize>>,
    /// The outlier score of each row.
    scores: Vec<f64>,
    /// For each row the density that its surroundings reach.
    densest: Vec<f64>,
    groups: usize,
}

/// An edge of the tree that spans all rows.
#[derive(Clone, Copy)]
struct Edge {
    ends: [usize; 2],
    length: f64,
}

/// A node of the condensed tree: what leaves a group, at which density (1 / distance).
struct Leaves {
    parent: usize,
    /// A row, or a smaller group.
    what: What,
    density: f64,
    size: usize,
}

enum What {
    Row(usize),
    Group(usize),
}

impl DensityGroups {
    /// Looks for groups among n scaled rows.
    ///
    /// - `min_size`: fewer rows than this are no group; 2 or more.
    /// - `min_samples`: a row is as dense as the distance to so many of the nearest rows says, itself
    ///   among them, as in scikit-learn; 1 or more.
    ///
    /// Exact: every distance is looked at, in time of n², and memory of n. The result is the same on
    /// any number of threads.
    ///
    /// # Errors
    /// [`ClusteringError::Density`] for no rows, more than [`MOST_DENSITY_ROWS`], or a number that
    /// is too small or not below n; [`ClusteringError::NotFinite`].
    pub fn fit(
        x: ArrayView2<'_, f64>,
        min_size: usize,
        min_samples: usize,
    ) -> Result<Self, ClusteringError> {
        let rows = x.nrows();
        let fits = min_size >= 2 && min_samples >= 1 && min_samples < rows && min_size < rows;
        if !fits || rows > MOST_DENSITY_ROWS {
            return Err(ClusteringError::Density {
                rows,
                min_size,
                min_samples,
                most: MOST_DENSITY_ROWS,
            });
        }
        if let Some(((row, column), value)) = x.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(ClusteringError::NotFinite {
                row,
                column,
                value: *value,
            });
        }
        let x = x.as_standard_layout().into_owned();
        let core: Vec<f64> = (0..rows)
            .into_par_iter()
            .map(|row| core_distance(x.row(row), x.view(), min_samples))
            .collect();
        let smallest = smallest(&core);
        let mut edges = spanning_tree(x.view(), &core, smallest);
        // Stable, so that of equally long ones the order is that in which they were found.
        edges.sort_by(|a, b| a.length.total_cmp(&b.length));
        let (tree, groups) = condensed(&edges, rows, min_size);
        let (labels, chosen) = labelled(&tree, rows, groups);
        let (scores, densest) = scored(&tree, rows, groups);
        Ok(Self {
            rows: x,
            core,
            min_samples,
            smallest,
            labels,
            scores,
            densest,
            groups: chosen,
        })
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The group of each row of the fit, the largest 0; none for rows that are in no group.
    pub fn labels(&self) -> &[Option<usize>] {
        &self.labels
    }

    /// The outlier score of each row of the fit (GLOSH): from 0, as dense as its surroundings get, to
    /// 1, far away from anybody.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Group and outlier score of another scaled row: those that it would have beside the row that it
    /// is nearest to by mutual reachability, at the density at which it reaches that.
    ///
    /// # Panics
    /// For another number of columns than in the fit.
    pub fn place(&self, row: ArrayView1<'_, f64>) -> (Option<usize>, f64) {
        assert_eq!(row.len(), self.rows.ncols(), "columns of the row");
        // Itself is among the rows that count, as in the fit.
        let own = match self.min_samples {
            1 => 0.0,
            samples => core_distance(row, self.rows.view(), samples - 1),
        };
        let mut nearest = (f64::INFINITY, 0);
        for (place, other) in self.rows.axis_iter(Axis(0)).enumerate() {
            let reach = distance(row, other).max(own).max(self.core[place]);
            if reach < nearest.0 {
                nearest = (reach, place);
            }
        }
        let (reach, place) = nearest;
        let density = 1.0 / reach.max(self.smallest);
        let score = score(density, self.densest[place]);
        // No nearer than its neighbour is to the rest: in the group where that is a member.
        let within = score <= self.scores[place].max(EDGE);
        (self.labels[place].filter(|_| within), score)
    }
}

/// A row that was not in the fit is at the edge of a group up to this score.
const EDGE: f64 = 0.5;

fn score(density: f64, densest: f64) -> f64 {
    match densest > 0.0 {
        true => ((densest - density) / densest).clamp(0.0, 1.0),
        false => 0.0,
    }
}

fn distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    let pairs = a.iter().zip(b.iter());
    pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// The distance to the nearest rows, so many of them.
fn core_distance(row: ArrayView1<'_, f64>, rows: ArrayView2<'_, f64>, samples: usize) -> f64 {
    let mut distances: Vec<f64> = rows
        .axis_iter(Axis(0))
        .map(|other| distance(row, other))
        .collect();
    let (_, core, _) = distances.select_nth_unstable_by(samples - 1, f64::total_cmp);
    *core
}

fn smallest(core: &[f64]) -> f64 {
    let mut sorted = core.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let some = sorted.iter().copied().find(|core| *core > 0.0);
    let usual = if median > 0.0 {
        median
    } else {
        some.unwrap_or(1.0)
    };
    SMALLEST * usual
}

/// The shortest edges that join all rows, by mutual reachability (Prim).
fn spanning_tree(x: ArrayView2<'_, f64>, core: &[f64], smallest: f64) -> Vec<Edge> {
    let rows = x.nrows();
    let mut nearest = vec![(f64::INFINITY, 0_usize); rows];
    let mut left: Vec<usize> = (1..rows).collect();
    let mut edges = Vec::with_capacity(rows - 1);
    let mut at = 0;
    while !left.is_empty() {
        let reached: Vec<(f64, usize)> = left
            .par_iter()
            .with_min_len(1024)
            .map(|row| {
                let reach = distance(x.row(at), x.row(*row))
                    .max(core[at])
                    .max(core[*row]);
                let reach = reach.max(smallest);
                let (so_far, from) = nearest[*row];
                if reach < so_far {
                    (reach, at)
                } else {
                    (so_far, from)
                }
            })
            .collect();
        let mut best = 0;
        for (place, row) in left.iter().enumerate() {
            nearest[*row] = reached[place];
            if reached[place].0 < reached[best].0 {
                best = place;
            }
        }
        let next = left[best];
        edges.push(Edge {
            ends: [nearest[next].1, next],
            length: nearest[next].0,
        });
        // In order, so that of equally near rows the first is taken.
        left.remove(best);
        at = next;
    }
    edges
}

/// A join of two parts of the hierarchy; parts below `rows` are rows, others are joins.
struct Join {
    parts: [usize; 2],
    length: f64,
    size: usize,
}

fn joins(edges: &[Edge], rows: usize) -> Vec<Join> {
    let mut parent: Vec<usize> = (0..rows).collect();
    let mut part: Vec<usize> = (0..rows).collect();
    let mut size = vec![1; rows];
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    let mut joins: Vec<Join> = Vec::with_capacity(edges.len());
    for edge in edges {
        let [a, b] = edge.ends.map(|end| root(&mut parent, end));
        joins.push(Join {
            parts: [part[a], part[b]],
            length: edge.length,
            size: size[a] + size[b],
        });
        parent[b] = a;
        size[a] += size[b];
        part[a] = rows + joins.len() - 1;
    }
    joins
}

/// The hierarchy without parts that are too small to be groups: what leaves which group, and how many
/// groups there are, the whole being the first.
fn condensed(edges: &[Edge], rows: usize, min_size: usize) -> (Vec<Leaves>, usize) {
    let joins = joins(edges, rows);
    let size = |part: usize| part.checked_sub(rows).map_or(1, |join| joins[join].size);
    let mut tree = Vec::with_capacity(rows);
    let mut groups = 1;
    // Parts of the hierarchy with the group that they are.
    let mut open = vec![(rows + joins.len() - 1, 0)];
    while let Some((part, group)) = open.pop() {
        let Some(join) = part.checked_sub(rows).map(|join| &joins[join]) else {
            continue;
        };
        let density = 1.0 / join.length;
        let large = join.parts.map(|part| size(part) >= min_size);
        for (part, is_large) in join.parts.into_iter().zip(large) {
            match (is_large, large == [true, true]) {
                (true, true) => {
                    tree.push(Leaves {
                        parent: group,
                        what: What::Group(groups),
                        density,
                        size: size(part),
                    });
                    open.push((part, groups));
                    groups += 1;
                }
                (true, false) => open.push((part, group)),
                (false, _) => {
                    let mut below = vec![part];
                    while let Some(part) = below.pop() {
                        match part.checked_sub(rows) {
                            Some(join) => below.extend(joins[join].parts),
                            None => tree.push(Leaves {
                                parent: group,
                                what: What::Row(part),
                                density,
                                size: 1,
                            }),
                        }
                    }
                }
            }
        }
    }
    (tree, groups)
}

/// The groups that last longest (excess of mass), and the rows in them; the whole is no group.
fn labelled(tree: &[Leaves], rows: usize, groups: usize) -> (Vec<Option<usize>>, usize) {
    let mut birth = vec![0.0; groups];
    let mut parent = vec![0; groups];
    for leaves in tree {
        if let What::Group(group) = leaves.what {
            birth[group] = leaves.density;
            parent[group] = leaves.parent;
        }
    }
    let mut stability = vec![0.0; groups];
    for leaves in tree {
        stability[leaves.parent] += (leaves.density - birth[leaves.parent]) * leaves.size as f64;
    }
    let mut chosen = vec![true; groups];
    chosen[0] = false;
    // A group has a larger number than the one that it is in.
    let mut below = vec![0.0; groups];
    for group in (1..groups).rev() {
        if below[group] > stability[group] {
            chosen[group] = false;
            stability[group] = below[group];
        }
        below[parent[group]] += stability[group];
    }
    // What is in a chosen group is none of its own.
    let mut top: Vec<Option<usize>> = vec![None; groups];
    for group in 1..groups {
        top[group] = top[parent[group]].or(chosen[group].then_some(group));
    }
    let mut of_row: Vec<Option<usize>> = vec![None; rows];
    let mut sizes = vec![0_usize; groups];
    for leaves in tree {
        if let What::Row(row) = leaves.what {
            of_row[row] = top[leaves.parent];
            if let Some(group) = of_row[row] {
                sizes[group] += 1;
            }
        }
    }
    let mut order: Vec<usize> = (0..groups).filter(|group| sizes[*group] > 0).collect();
    order.sort_by_key(|group| std::cmp::Reverse(sizes[*group]));
    let number = |group: usize| order.iter().position(|known| *known == group);
    let labels = of_row.into_iter().map(|group| number(group?)).collect();
    (labels, order.len())
}

/// Outlier scores of the rows, and the density that the surroundings of each reach.
fn scored(tree: &[Leaves], rows: usize, groups: usize) -> (Vec<f64>, Vec<f64>) {
    let mut densest = vec![0.0_f64; groups];
    let mut parent = vec![0; groups];
    for leaves in tree {
        match leaves.what {
            What::Row(_) => densest[leaves.parent] = densest[leaves.parent].max(leaves.density),
            What::Group(group) => parent[group] = leaves.parent,
        }
    }
    for group in (1..groups).rev() {
        densest[parent[group]] = densest[parent[group]].max(densest[group]);
    }
    let (mut scores, mut around) = (vec![0.0; rows], vec![0.0; rows]);
    for leaves in tree {
        if let What::Row(row) = leaves.what {
            around[row] = densest[leaves.parent];
            scores[row] = score(leaves.density, around[row]);
        }
    }
    (scores, around)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two squares and some rows around them.
    fn rows() -> Array2<f64> {
        let u = |i: usize, a: usize, b: usize| ((i * a + b) % 101) as f64 / 101.0;
        Array2::from_shape_fn((150, 2), |(i, column)| match (column, i) {
            (0, i) => {
                let at = if i < 60 {
                    0.0
                } else if i < 120 {
                    5.0
                } else {
                    (i * 37 % 29) as f64 - 10.0
                };
                at + u(i, 7919, 3)
            }
            (_, i) => {
                let at = if i < 60 {
                    0.0
                } else if i < 120 {
                    4.0
                } else {
                    (i * 17 % 23) as f64 - 8.0
                };
                at + u(i, 104_729 % 101, 5) * 1.5
            }
        })
    }

    /// ```text
    /// import numpy as np; from sklearn.cluster import HDBSCAN; import hdbscan
    /// i = np.arange(150)
    /// def u(a, b): return ((i*a + b) % 101) / 101
    /// x = np.c_[np.where(i < 60, 0, np.where(i < 120, 5, (i*37 % 29) - 10)) + u(7919, 3),
    ///           np.where(i < 60, 0, np.where(i < 120, 4, (i*17 % 23) - 8)) + u(104729 % 101, 5)*1.5]
    /// print(HDBSCAN(min_cluster_size=15, min_samples=5).fit(x).labels_)
    /// # In this package a row is not among its own neighbours.
    /// s = hdbscan.HDBSCAN(min_cluster_size=15, min_samples=4, algorithm='generic').fit(x).outlier_scores_
    /// print(s[[0, 7, 59, 60, 119, 120, 121, 124, 131, 149]], s.sum())
    /// ```
    #[test]
    fn groups_are_those_of_scikit_learn_and_scores_those_of_hdbscan() {
        let found = DensityGroups::fit(rows().view(), 15, 5).unwrap();
        assert_eq!(found.groups(), 2);
        let alone = [
            120, 122, 123, 124, 126, 127, 128, 130, 131, 133, 134, 135, 137, 138, 139, 141, 142,
            143, 144, 145, 146, 148, 149,
        ];
        let second =
            |row: usize| (60..120).contains(&row) || [125, 129, 132, 136, 140, 147].contains(&row);
        for (row, label) in found.labels().iter().enumerate() {
            // The second square has more rows, so that it is the first group.
            let want = (!alone.contains(&row)).then_some(usize::from(!second(row)));
            assert_eq!(*label, want, "row {row}");
        }
        let picked = [0, 7, 59, 60, 119, 120, 121, 124, 131, 149];
        for (row, want) in picked.into_iter().zip(SCORES) {
            let got = found.scores()[row];
            assert!((got - want).abs() < 1e-5, "row {row}: {got} for {want}");
        }
        let sum: f64 = found.scores().iter().sum();
        assert!((sum - SUM).abs() < 1e-4, "{sum}");
    }

    /// Printed by the lines above.
    const SCORES: [f64; 10] = [
        0.310488, 0.0, 0.256152, 0.0, 0.0, 0.95939, 0.846296, 0.952909, 0.946617, 0.974253,
    ];
    const SUM: f64 = 35.093_473_863_584_02;

    #[test]
    fn a_row_that_comes_later_is_placed_like_its_neighbours() {
        let x = rows();
        let found = DensityGroups::fit(x.view(), 15, 5).unwrap();
        let (inside, score) = found.place(ndarray::array![0.5, 0.7].view());
        assert_eq!(inside, found.labels()[0]);
        assert!(score < 0.5, "{score}");
        let (outside, score) = found.place(ndarray::array![60.0, -70.0].view());
        assert_eq!(outside, None);
        assert!(score > 0.95, "{score}");
    }

    #[test]
    fn copies_and_too_few_rows_are_told() {
        let same = Array2::from_elem((50, 2), 3.0);
        let found = DensityGroups::fit(same.view(), 5, 3).unwrap();
        assert!(found.scores().iter().all(|score| *score == 0.0));
        for (size, samples) in [(1, 3), (5, 0), (60, 3), (5, 50)] {
            let error = DensityGroups::fit(same.view(), size, samples).unwrap_err();
            assert!(error.to_string().contains("50 rows"), "{error}");
        }
        let mut gaps = same;
        gaps[[7, 1]] = f64::NAN;
        assert!(DensityGroups::fit(gaps.view(), 5, 3).is_err());
    }

    #[test]
    fn the_same_bits_on_one_and_two_threads() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| DensityGroups::fit(rows().view(), 10, 4).unwrap())
        };
        assert_eq!(run(1), run(2));
    }
}
