//! What bootstrap samples make of the clusters: how alike the partitions are that they lead to, and
//! how surely each cluster is found again.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use super::lloyd::{generator, index_below};
use super::search::Search;
use super::{ClusteringError, KMeansSegmenterValidParams, adjusted_rand};

/// Starts of each fit to a bootstrap sample. Fewer than for the result, because an optimum that
/// is hard to find is also one that the next month's run will miss, and should count as such.
pub(super) const RESAMPLE_STARTS: usize = 3;

/// Most rows of a bootstrap sample.
pub(super) const RESAMPLE_ROWS: usize = 5_000;

/// Partitions of the same rows that bootstrap samples lead to, two after two.
pub(super) struct Resampled(Vec<Vec<usize>>);

impl Resampled {
    pub(super) fn draw(
        params: &KMeansSegmenterValidParams,
        search: Search<'_>,
        x: ArrayView2<'_, f64>,
        k: usize,
    ) -> Result<Self, ClusteringError> {
        let search = Search {
            starts: search.starts.min(RESAMPLE_STARTS),
            ..search
        };
        let rows = x.nrows().min(RESAMPLE_ROWS);
        let partition = |stream: u64| -> Result<Vec<usize>, ClusteringError> {
            let mut rng = generator(params.seed, [k as u64, stream, u64::MAX]);
            let mut drawn: Vec<usize> = (0..rows)
                .map(|_| index_below(&mut rng, x.nrows()))
                .collect();
            drawn.sort_unstable();
            let resample = x.select(Axis(0), &drawn);
            let found = search.best(resample.view(), k, params.seed, stream)?;
            let (labels, _) = found.assign(x);
            Ok(labels.into_iter().map(|label| label as usize).collect())
        };
        // Stream 1 is the search itself.
        let streams = 2..2 + 2 * params.resamples as u64;
        let partitions = streams.into_par_iter().map(partition);
        Ok(Self(partitions.collect::<Result<_, _>>()?))
    }

    /// Mean adjusted Rand index of the partitions that two bootstrap samples lead to.
    pub(super) fn stability(&self) -> Result<Option<f64>, ClusteringError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let agreements: Vec<f64> = self
            .0
            .par_chunks_exact(2)
            .map(|pair| adjusted_rand(&pair[0], &pair[1]))
            .collect::<Result<_, _>>()?;
        Ok(Some(
            agreements.iter().sum::<f64>() / agreements.len() as f64,
        ))
    }

    /// For each cluster of a partition of the same rows the mean of its largest Jaccard index with
    /// a cluster of each sample.
    ///
    /// Samples are held against all rows, each of which has a nearest centre, so that a cluster is
    /// not judged by the rows alone that happened to be drawn.
    pub(super) fn jaccard(&self, own: impl FnOnce() -> Vec<u32>, k: usize) -> Vec<f64> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let own = own();
        let of_sample = |theirs: &Vec<usize>| -> Vec<f64> {
            let mut both = vec![0_usize; k * k];
            let (mut mine, mut other) = (vec![0_usize; k], vec![0_usize; k]);
            for (a, b) in own.iter().zip(theirs) {
                let a = *a as usize;
                both[a * k + b] += 1;
                mine[a] += 1;
                other[*b] += 1;
            }
            let index = |a: usize, b: usize| {
                let both = both[a * k + b];
                both as f64 / (mine[a] + other[b] - both).max(1) as f64
            };
            let largest = |a: usize| (0..k).map(|b| index(a, b)).fold(0.0, f64::max);
            (0..k).map(largest).collect()
        };
        let samples: Vec<Vec<f64>> = self.0.par_iter().map(of_sample).collect();
        (0..k)
            .map(|c| samples.iter().map(|sample| sample[c]).sum::<f64>() / samples.len() as f64)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_every_sample_finds_has_1_and_one_that_falls_apart_less() {
        // Rows 0 to 3 stay together, 4 to 7 are cut in two by one of the two samples.
        let samples = Resampled(vec![
            vec![1, 1, 1, 1, 0, 0, 0, 0],
            vec![0, 0, 0, 0, 1, 1, 2, 2],
        ]);
        let own = || vec![0, 0, 0, 0, 1, 1, 1, 1];
        assert_eq!(samples.jaccard(own, 3), [1.0, 0.75, 0.0]);
        let pairs = adjusted_rand(&samples.0[0], &samples.0[1]).unwrap();
        assert_eq!(samples.stability().unwrap(), Some(pairs));
        assert!(Resampled(Vec::new()).jaccard(own, 2).is_empty());
    }
}
