//! What a user may set, and the check of it.

use std::ops::RangeInclusive;

use linfa::ParamGuard;
use ndarray::Array2;

use super::scaling::{check_weights, check_winsor};
use super::{ClusteringError, Feature, FeatureScaler};

/// Which k-means runs. Both give the same kind of result, and the same bits on any number of
/// threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// Greedy k-means++ starts and Lloyd's iterations of this crate. The default.
    ///
    /// Measured against [`Self::Linfa`]: on 20,000 rows without groups in 20 columns, ten starts
    /// for each of 3 to 8 clusters take 5.1 s of processor time against 12.2 s and end equally
    /// low (within 0.04 %). On the 2,469 households of a grocery panel in 7 columns they take
    /// half the time, 10 of 24 single starts end within 0.01 % of the best known 5 clusters
    /// against 5 of 24, and the worst is 0.1 % off against 5.5 %. Starts run in parallel.
    #[default]
    Lloyd,
    /// k-prototypes: as [`Self::Lloyd`], but a centre has one category of each attribute, the most
    /// frequent one, instead of shares of all. See [`KMeansSegmenterParams::categories`].
    Prototypes,
    /// A mixture of Gaussians with full covariances, of `linfa_clustering`: a row belongs to the
    /// cluster that most probably has it. One start by k-means for each number of clusters; it does
    /// not start from an earlier segmenter.
    Mixture,
    /// Kohonen's self-organising map: the clusters are the units of a grid as square as their number
    /// allows, and neighbours on it are alike. The batch map from a start along the two directions
    /// of largest variance; no iterations of k-means follow.
    Map,
    /// `linfa_clustering::KMeans` with k-means++ starts, followed by Lloyd's iterations until
    /// its centres are the means of their members.
    Linfa,
}

/// How the number of clusters is chosen among those tried.
///
/// Customers seldom fall into natural groups: most indices then fall or rise steadily and
/// choose the end of whatever range is tried. What a list of customers needs is that next
/// month's run finds the same groups again, so the default asks for that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Criterion {
    /// The **largest** number that is nearly as stable as the most stable one: as many segments
    /// as can be found again. Stability is the mean adjusted Rand index of pairs of partitions
    /// learnt from independent bootstrap samples: 1 if every sample leads to the same groups,
    /// 0 if none resembles another.
    ///
    /// Source: Dolnicar and Leisch, "Evaluation of structure and reproducibility of cluster
    /// solutions using the bootstrap", *Marketing Letters* 21, 2010 (their measure; the rule
    /// that reads it is ours).
    Stability {
        /// How far below the highest stability is still good enough, 0 or more, below 1.
        within: f64,
    },
    /// The highest silhouette with squared distances.
    Silhouette,
    /// The highest Calinski-Harabasz index.
    CalinskiHarabasz,
    /// The lowest Davies-Bouldin index.
    DaviesBouldin,
}

impl Default for Criterion {
    fn default() -> Self {
        Self::Stability { within: 0.1 }
    }
}

/// Parameters of a [`KMeansSegmenter`](super::KMeansSegmenter). Nothing is checked yet.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansSegmenterParams(KMeansSegmenterValidParams);

/// Checked parameters. Only [`ParamGuard::check`] on [`KMeansSegmenterParams`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansSegmenterValidParams {
    pub(super) features: Vec<Feature>,
    pub(super) min_clusters: usize,
    pub(super) max_clusters: usize,
    pub(super) criterion: Criterion,
    pub(super) min_share: f64,
    pub(super) merge_small: bool,
    pub(super) winsor: (f64, f64),
    pub(super) algorithm: Algorithm,
    pub(super) starts: usize,
    pub(super) tolerance: f64,
    pub(super) max_iterations: usize,
    pub(super) resamples: usize,
    pub(super) references: usize,
    pub(super) search_rows: usize,
    pub(super) earlier: Option<(FeatureScaler, Array2<f64>)>,
    pub(super) categories: Vec<Option<usize>>,
    pub(super) seed: u64,
}

impl KMeansSegmenterParams {
    pub(super) fn new(features: Vec<Feature>) -> Self {
        Self(KMeansSegmenterValidParams {
            features,
            min_clusters: 3,
            max_clusters: 8,
            criterion: Criterion::default(),
            min_share: 0.02,
            merge_small: false,
            winsor: (0.01, 0.99),
            algorithm: Algorithm::default(),
            starts: 10,
            tolerance: 0.01,
            max_iterations: 300,
            resamples: 20,
            references: 0,
            search_rows: 20_000,
            earlier: None,
            categories: Vec::new(),
            seed: 42,
        })
    }

    /// Numbers of clusters to try, 2 to 1000. Default 3 to 8. Give `5..=5` for exactly five.
    pub fn clusters(mut self, range: RangeInclusive<usize>) -> Self {
        self.0.min_clusters = *range.start();
        self.0.max_clusters = *range.end();
        self
    }

    /// How the number is chosen. Default: the largest whose stability is
    /// within 0.1 of the highest.
    pub fn criterion(mut self, criterion: Criterion) -> Self {
        self.0.criterion = criterion;
        self
    }

    /// A number of clusters loses if its smallest cluster has less than this share of the
    /// rows; 0 or more, below 1 / smallest number tried. Default 0.02. If every number
    /// loses, the one whose smallest cluster is largest is taken.
    pub fn min_share(mut self, share: f64) -> Self {
        self.0.min_share = share;
        self
    }

    /// Whether a cluster that is smaller than [`Self::min_share`] asks is given up where every number
    /// loses: its rows go to the nearest other centre, and the others go on from there, until none
    /// is too small or two are left. Default false.
    pub fn merge_small(mut self, merge: bool) -> Self {
        self.0.merge_small = merge;
        self
    }

    /// Quantiles to which lower and higher values are set. Default 0.01 and 0.99; 0 and 1
    /// switch it off.
    pub fn winsor(mut self, low: f64, high: f64) -> Self {
        self.0.winsor = (low, high);
        self
    }

    /// Which k-means runs. Default [`Algorithm::Lloyd`].
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.0.algorithm = algorithm;
        self
    }

    /// Random starts for every number of clusters; the best is kept. At least 1, default 10.
    pub fn starts(mut self, starts: usize) -> Self {
        self.0.starts = starts;
        self
    }

    /// A start is done when its centres together move less than this, in scaled units; the
    /// best start then goes on until no label changes. 0 or more, default 0.01.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.tolerance = tolerance;
        self
    }

    /// Most iterations of a start, and of the best one afterwards. At least 1, default 300.
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.0.max_iterations = iterations;
        self
    }

    /// Pairs of bootstrap samples for the stability, for every number of clusters. Default
    /// 20; 0 leaves stability out, for a criterion that does not need it.
    pub fn resamples(mut self, resamples: usize) -> Self {
        self.0.resamples = resamples;
        self
    }

    /// References of the gap statistic for every number of clusters, see [`Gap`](super::Gap).
    /// Default 0, which leaves it out; 10 are usual.
    pub fn references(mut self, references: usize) -> Self {
        self.0.references = references;
        self
    }

    /// For each column the attribute that it is a category of, by number, for
    /// [`Algorithm::Prototypes`]; such columns are [`Feature::indicator`]s. Default none.
    pub fn categories(mut self, categories: Vec<Option<usize>>) -> Self {
        self.0.categories = categories;
        self
    }

    /// Segments of an earlier time to go on from: their centres are the start of their number of
    /// clusters, and that number is chosen if it is among those tried and leaves no tiny cluster.
    /// They are given by their scaler and k x (columns in use) centres, and must be of the same
    /// features. Default none.
    pub fn earlier(mut self, earlier: Option<(FeatureScaler, Array2<f64>)>) -> Self {
        self.0.earlier = earlier;
        self
    }

    /// With more rows than this, starts and bootstrap samples use a random sample of so many
    /// rows; the best start is then carried on over all rows, and the other indices are those
    /// of all rows. At least 100 for each of the clusters. Default 20,000.
    pub fn search_rows(mut self, rows: usize) -> Self {
        self.0.search_rows = rows;
        self
    }

    /// Same seed, same input, same result. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for KMeansSegmenterParams {
    type Checked = KMeansSegmenterValidParams;
    type Error = ClusteringError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        check_weights(&p.features)?;
        let (min, max) = (p.min_clusters, p.max_clusters);
        if min < 2 || max < min || max > 1000 {
            return Err(ClusteringError::Clusters { min, max });
        }
        if p.starts == 0 {
            return Err(ClusteringError::Starts(0));
        }
        if !(p.tolerance.is_finite() && p.tolerance >= 0.0) {
            return Err(ClusteringError::Tolerance(p.tolerance));
        }
        if p.max_iterations == 0 {
            return Err(ClusteringError::MaxIterations(0));
        }
        if !(p.min_share >= 0.0 && p.min_share < 1.0 / min as f64) {
            return Err(ClusteringError::MinShare {
                min_share: p.min_share,
                clusters: min,
            });
        }
        check_winsor(p.winsor)?;
        if let Some((then, centres)) = &p.earlier {
            let pairs = [
                ("the earlier segmenter", then.n_features(), p.features.len()),
                (
                    "the matrix of earlier centres",
                    centres.ncols(),
                    then.columns().len(),
                ),
            ];
            if let Some((what, found, expected)) = pairs.into_iter().find(|(_, a, b)| a != b) {
                return Err(ClusteringError::Columns {
                    what,
                    found,
                    expected,
                });
            }
        }
        if let Criterion::Stability { within } = p.criterion {
            if !(0.0..1.0).contains(&within) {
                return Err(ClusteringError::StabilityWithin(within));
            }
            if p.resamples == 0 && min < max {
                return Err(ClusteringError::NoResamples);
            }
        }
        if p.search_rows < 100 * max {
            return Err(ClusteringError::SearchRows {
                search_rows: p.search_rows,
                clusters: max,
            });
        }
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> KMeansSegmenterParams {
        KMeansSegmenterParams::new(vec![Feature::default(); 2])
    }

    #[track_caller]
    fn refused(params: KMeansSegmenterParams, start: &str) {
        let message = params.check().unwrap_err().to_string();
        assert!(message.starts_with(start), "{message}");
        assert!(!message.ends_with('.'), "{message}");
    }

    #[test]
    fn the_defaults_are_valid() {
        assert!(params().check().is_ok());
    }

    #[test]
    fn clusters_start_at_two_do_not_fall_and_end_at_a_thousand() {
        refused(params().clusters(1..=4), "clusters = 1 to 4");
        #[allow(clippy::reversed_empty_ranges)]
        let falling = params().clusters(5..=4);
        refused(falling, "clusters = 5 to 4");
        refused(params().clusters(3..=1001), "clusters = 3 to 1001");
        assert!(params().clusters(2..=2).check().is_ok());
    }

    #[test]
    fn starts_cannot_be_zero() {
        refused(params().starts(0), "starts = 0");
    }

    #[test]
    fn tolerance_is_a_distance() {
        refused(params().tolerance(-1e-9), "tolerance = -0.000000001");
        refused(params().tolerance(f64::NAN), "tolerance = NaN");
        refused(params().tolerance(f64::INFINITY), "tolerance = inf");
        assert!(params().tolerance(0.0).check().is_ok());
    }

    #[test]
    fn max_iterations_cannot_be_zero() {
        refused(params().max_iterations(0), "max_iterations = 0");
    }

    #[test]
    fn min_share_must_be_within_reach() {
        refused(params().min_share(-0.1), "min_share = -0.1");
        refused(params().min_share(0.34), "min_share = 0.34");
        refused(params().min_share(f64::NAN), "min_share = NaN");
        assert!(params().min_share(0.33).check().is_ok());
    }

    #[test]
    fn winsorising_leaves_the_middle() {
        refused(
            params().winsor(-0.01, 0.99),
            "winsorising quantiles are -0.01 and 0.99",
        );
        refused(params().winsor(0.5, 0.99), "winsorising");
        refused(params().winsor(0.01, 0.5), "winsorising");
        refused(params().winsor(0.01, 1.01), "winsorising");
        refused(params().winsor(f64::NAN, 1.0), "winsorising");
        assert!(params().winsor(0.0, 1.0).check().is_ok());
    }

    #[test]
    fn stability_within_is_zero_or_more_and_below_one() {
        for within in [-0.01, 1.0, f64::NAN] {
            let criterion = Criterion::Stability { within };
            refused(params().criterion(criterion), "stability within");
        }
        let strict = params().criterion(Criterion::Stability { within: 0.0 });
        assert!(strict.check().is_ok());
    }

    #[test]
    fn stability_needs_resamples_unless_the_number_is_given() {
        refused(params().resamples(0), "resamples = 0");
        assert!(params().resamples(0).clusters(4..=4).check().is_ok());
        let by_silhouette = params().criterion(Criterion::Silhouette);
        assert!(by_silhouette.resamples(0).check().is_ok());
    }

    #[test]
    fn search_rows_allow_a_hundred_for_each_cluster() {
        refused(params().search_rows(799), "search_rows = 799");
        assert!(params().search_rows(800).check().is_ok());
    }

    #[test]
    fn weights_are_above_zero() {
        for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let features = vec![Feature::default(), Feature::log().weight(weight)];
            refused(
                KMeansSegmenterParams::new(features),
                "the weight of feature 1 is",
            );
        }
    }
}
