//! The segmenter: learnt from raw features, applied to raw features.

use std::cmp::Ordering;

use linfa::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Axis, Data, Ix2};
use rayon::prelude::*;

use super::lloyd::assign;
use super::mixture::Gaussians;
use super::prototypes::attributes;
use super::select::search;
use super::{
    Algorithm, ClusteringError, Feature, FeatureScaler, KFigures, KMeansSegmenterParams,
    KMeansSegmenterValidParams,
};

/// Customers grouped by k-means on scaled features, the number of groups chosen from a range.
///
/// Fitting scales the raw features (see [`FeatureScaler`]), runs k-means for every number of
/// clusters from several seeded starts, measures each (see [`KFigures`]) and keeps the number
/// that the [`Criterion`](super::Criterion) prefers among those without tiny clusters.
///
/// Clusters are numbered by size, the largest 0. The result depends on the set of rows, the
/// parameters and the seed only: not on the order of the rows, which are sorted by their
/// values first, and not on the number of threads.
///
/// # Example
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use ndarray::Array2;
/// use regulars_models::clustering::{Feature, KMeansSegmenter};
///
/// // Orders and spend: 30 customers with one or two small orders, 20 with many large ones.
/// let x = Array2::from_shape_fn((50, 2), |(i, j)| match (i < 30, j) {
///     (true, 0) => (1 + i % 2) as f64,
///     (true, _) => (10 + i % 7) as f64,
///     (false, 0) => (40 + i % 5) as f64,
///     (false, _) => (900 + i) as f64,
/// });
/// let params = KMeansSegmenter::params(vec![Feature::log(), Feature::log()]).clusters(2..=2);
/// let model = params.fit(&DatasetBase::from(x.view()))?;
/// assert_eq!(model.sizes(), [30, 20]);
/// let labels = model.predict(&x);
/// assert_eq!(labels[0], 0);
/// # Ok::<(), regulars_models::clustering::ClusteringError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansSegmenter {
    scaler: FeatureScaler,
    centres: Array2<f64>,
    sizes: Vec<usize>,
    figures: Vec<KFigures>,
    gaussians: Option<Gaussians>,
}

/// Cluster and distance of every row.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Number of the nearest centre, the lower of two equally near.
    pub labels: Vec<usize>,
    /// Euclidean distance to that centre in scaled units: 1 is about one standard deviation of
    /// one feature. A large distance marks a customer who fits no segment well.
    pub distances: Vec<f64>,
}

impl KMeansSegmenter {
    /// Parameters with one entry for each column of the raw features; see
    /// [`KMeansSegmenterParams`] for the others and their defaults.
    pub fn params(features: Vec<Feature>) -> KMeansSegmenterParams {
        KMeansSegmenterParams::new(features)
    }

    /// Makes a segmenter of parts that were stored.
    ///
    /// # Errors
    /// [`ClusteringError::Columns`] unless `centres` is k x columns of the scaler,
    /// [`ClusteringError::Rows`] unless `sizes` has k entries.
    pub fn from_parts(
        scaler: FeatureScaler,
        centres: Array2<f64>,
        sizes: Vec<usize>,
        figures: Vec<KFigures>,
    ) -> Result<Self, ClusteringError> {
        if centres.ncols() != scaler.columns().len() {
            return Err(ClusteringError::Columns {
                what: "the matrix of centres",
                found: centres.ncols(),
                expected: scaler.columns().len(),
            });
        }
        if sizes.len() != centres.nrows() {
            return Err(ClusteringError::Rows {
                what: "the list of sizes",
                found: sizes.len(),
                expected: centres.nrows(),
            });
        }
        Ok(Self {
            scaler,
            centres,
            sizes,
            figures,
            gaussians: None,
        })
    }

    /// The same with the shapes of the clusters of a mixture: a row belongs to the cluster that most
    /// probably has it, and distances are in standard deviations of that cluster.
    ///
    /// # Errors
    /// [`ClusteringError::Rows`] unless there is a shape for each cluster,
    /// [`ClusteringError::Columns`] unless each is as wide as the centres.
    pub fn with_gaussians(mut self, gaussians: Gaussians) -> Result<Self, ClusteringError> {
        let (k, p) = self.centres.dim();
        let shapes = [gaussians.offsets.len(), gaussians.factors.len()];
        if let Some(found) = shapes.into_iter().find(|shapes| *shapes != k) {
            return Err(ClusteringError::Rows {
                what: "the list of shapes",
                found,
                expected: k,
            });
        }
        if let Some(factor) = gaussians.factors.iter().find(|f| f.dim() != (p, p)) {
            return Err(ClusteringError::Columns {
                what: "the shape of a cluster",
                found: factor.ncols(),
                expected: p,
            });
        }
        self.gaussians = Some(gaussians);
        Ok(self)
    }

    /// The shapes of the clusters of a mixture.
    pub fn gaussians(&self) -> Option<&Gaussians> {
        self.gaussians.as_ref()
    }

    /// How raw features are scaled, and which columns were dropped.
    pub fn scaler(&self) -> &FeatureScaler {
        &self.scaler
    }

    /// k x (columns in use) centres in scaled units: the means of the members.
    pub fn centres(&self) -> ArrayView2<'_, f64> {
        self.centres.view()
    }

    /// Number of clusters.
    pub fn clusters(&self) -> usize {
        self.centres.nrows()
    }

    /// Members of each cluster among the rows of the fit, largest first.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The figures of every number of clusters tried, so that the choice can be read.
    pub fn figures(&self) -> &[KFigures] {
        &self.figures
    }

    /// Cluster and distance to its centre for n rows of raw features; missing values and
    /// extremes are treated as in the fit. The rows of the fit get the clusters of the fit.
    ///
    /// # Errors
    /// [`ClusteringError::Columns`] for another number of columns than in the fit,
    /// [`ClusteringError::NotFinite`] for infinity.
    pub fn assign(&self, x: ArrayView2<'_, f64>) -> Result<Assignment, ClusteringError> {
        let scaled = self.scaler.transform(x)?;
        let (labels, squares) = match &self.gaussians {
            None => assign(scaled.view(), self.centres.view()),
            Some(gaussians) => gaussians.assign(scaled.view(), self.centres.view()),
        };
        Ok(Assignment {
            labels: labels.into_iter().map(|label| label as usize).collect(),
            distances: squares.into_iter().map(f64::sqrt).collect(),
        })
    }
}

impl<D: Data<Elem = f64>, T> Fit<ArrayBase<D, Ix2>, T, ClusteringError>
    for KMeansSegmenterValidParams
{
    type Object = KMeansSegmenter;

    /// Learns scaling, number of clusters and centres from n customers x p raw features, NaN
    /// for missing.
    ///
    /// Numbers of clusters that so few customers do not allow are not tried.
    ///
    /// # Errors
    /// [`ClusteringError::Columns`] if p is not the number of features in the parameters,
    /// [`ClusteringError::NotFinite`] for infinity, [`ClusteringError::NothingVaries`] if every
    /// column was dropped, [`ClusteringError::TooFewRows`] if fewer customers differ than the
    /// smallest number of clusters, or there are no more customers than clusters.
    fn fit(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self::Object, ClusteringError> {
        let x = dataset.records.view();
        let scaler = FeatureScaler::fit(x, &self.features, self.winsor)?;
        if scaler.columns().is_empty() {
            return Err(ClusteringError::NothingVaries(x.ncols()));
        }
        let (sorted, distinct) = canonical(&scaler.transform(x)?);
        let rows = sorted.nrows();
        let most = distinct.min(rows - 1);
        if self.min_clusters > most {
            return Err(ClusteringError::TooFewRows {
                clusters: self.min_clusters,
                distinct,
                rows,
                most,
            });
        }
        let start = self
            .earlier
            .as_ref()
            .map(|(then, centres)| then.carried(centres.view(), &scaler));
        let attributes = match self.algorithm {
            Algorithm::Prototypes => attributes(&scaler, &self.categories),
            _ => Vec::new(),
        };
        let (figures, found) = search(self, sorted.view(), most, start, &attributes)?;
        let mut sizes = vec![0; found.centres.nrows()];
        for label in found.assign(sorted.view()).0 {
            sizes[label as usize] += 1;
        }
        Ok(KMeansSegmenter {
            scaler,
            centres: found.centres,
            sizes,
            figures,
            gaussians: found.gaussians,
        })
    }
}

/// Rows sorted by their values, first column first, and how many differ.
fn canonical(x: &Array2<f64>) -> (Array2<f64>, usize) {
    let row = |i: usize| x.row(i).to_slice().expect("rows are contiguous");
    let compare = |a: usize, b: usize| {
        let pairs = row(a).iter().zip(row(b));
        let unequal = pairs.map(|(p, q)| p.total_cmp(q)).find(|o| o.is_ne());
        unequal.unwrap_or(Ordering::Equal)
    };
    let mut order: Vec<usize> = (0..x.nrows()).collect();
    order.par_sort_unstable_by(|&a, &b| compare(a, b));
    let distinct = order.chunk_by(|&a, &b| compare(a, b).is_eq()).count();
    (x.select(Axis(0), &order), distinct)
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<usize>> for KMeansSegmenter {
    /// Cluster of every row of raw features.
    ///
    /// # Panics
    /// For another number of columns than in the fit, or infinity;
    /// [`KMeansSegmenter::assign`] returns an error instead.
    fn predict_inplace(&self, x: &ArrayBase<D, Ix2>, y: &mut Array1<usize>) {
        match self.assign(x.view()) {
            Ok(found) => *y = Array1::from(found.labels),
            Err(error) => panic!("cannot predict: {error}"),
        }
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<usize> {
        Array1::zeros(x.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clustering::lloyd::{generator, index_below, uniform};
    use crate::clustering::{Algorithm, Criterion, adjusted_rand};
    use linfa::ParamGuard;
    use linfa::traits::Predict;
    use ndarray::array;

    /// Rows in cubes of edge 1 that stand 6 or more apart, in a shuffled order, with the cluster each came from.
    fn blobs(centres: usize, each: usize, seed: u64) -> (Array2<f64>, Vec<usize>) {
        let mut rng = generator(seed, [7, 7, 7]);
        let mut truth: Vec<usize> = (0..centres * each).map(|i| i / each).collect();
        for i in (1..truth.len()).rev() {
            truth.swap(i, index_below(&mut rng, i + 1));
        }
        let mut x = Array2::zeros((truth.len(), 3));
        for (mut row, &c) in x.axis_iter_mut(Axis(0)).zip(&truth) {
            row[0] = (c % 2) as f64 * 6.0 + uniform(&mut rng);
            row[1] = (c / 2) as f64 * 6.0 + uniform(&mut rng);
            row[2] = (c * 3 % 5) as f64 * 6.0 + uniform(&mut rng);
        }
        (x, truth)
    }

    /// Rows without groups, with ties and missing values.
    fn cloud(rows: usize) -> Array2<f64> {
        let mut rng = generator(23, [1, 2, 3]);
        let mut x = Array2::from_shape_fn((rows, 4), |(_, j)| match j {
            0 => (uniform(&mut rng) * 9.0).exp(),
            1 => index_below(&mut rng, 12) as f64,
            2 => uniform(&mut rng) - uniform(&mut rng),
            _ => uniform(&mut rng).powi(3),
        });
        for row in 0..rows / 10 {
            x[[row * 7 % rows, row % 4]] = f64::NAN;
        }
        x
    }

    fn cloud_params() -> KMeansSegmenterParams {
        let features = vec![
            Feature::log(),
            Feature::log(),
            Feature::default(),
            Feature::default(),
        ];
        KMeansSegmenter::params(features)
            .clusters(3..=5)
            .starts(4)
            .resamples(2)
    }

    fn fit(params: KMeansSegmenterParams, x: &Array2<f64>) -> KMeansSegmenter {
        params.fit(&DatasetBase::from(x.view())).unwrap()
    }

    fn refused(params: KMeansSegmenterParams, x: &Array2<f64>) -> String {
        let message = params
            .fit(&DatasetBase::from(x.view()))
            .unwrap_err()
            .to_string();
        assert!(!message.ends_with('.'), "{message}");
        message
    }

    #[test]
    fn planted_groups_are_found_with_their_number_by_every_criterion() {
        let (x, truth) = blobs(4, 60, 1);
        for criterion in [
            Criterion::default(),
            Criterion::Silhouette,
            Criterion::CalinskiHarabasz,
            Criterion::DaviesBouldin,
        ] {
            for algorithm in [Algorithm::Lloyd, Algorithm::Linfa] {
                let params = KMeansSegmenter::params(vec![Feature::default(); 3]);
                let model = fit(params.criterion(criterion).algorithm(algorithm), &x);
                assert_eq!(model.clusters(), 4, "{criterion:?}");
                let labels = model.predict(&x).to_vec();
                assert_eq!(adjusted_rand(&labels, &truth).unwrap(), 1.0);
                let chosen: Vec<_> = model.figures().iter().filter(|f| f.chosen).collect();
                assert_eq!(chosen.len(), 1);
                assert_eq!(chosen[0].sizes, [60; 4]);
            }
        }
    }

    #[test]
    fn the_same_bits_on_one_and_two_threads() {
        let x = cloud(5000);
        for algorithm in [Algorithm::Lloyd, Algorithm::Linfa] {
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| {
                    // Fewer search rows than rows, so that the sample is covered as well.
                    let params = cloud_params().search_rows(3000).algorithm(algorithm);
                    let model = fit(params, &x);
                    let assigned = model.assign(x.view()).unwrap();
                    (model, assigned)
                })
            };
            // Equality of floats is equality of bits here: nothing is NaN or -0 but the input.
            assert_eq!(run(1), run(2), "{algorithm:?}");
        }
    }

    #[test]
    fn the_same_bits_for_any_order_of_rows() {
        let x = cloud(900);
        let mut rng = generator(4, [0; 3]);
        let mut order: Vec<usize> = (0..x.nrows()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, index_below(&mut rng, i + 1));
        }
        let shuffled = x.select(Axis(0), &order);
        let (a, b) = (fit(cloud_params(), &x), fit(cloud_params(), &shuffled));
        assert_eq!(a, b);
        let (a, b) = (
            a.assign(x.view()).unwrap(),
            b.assign(shuffled.view()).unwrap(),
        );
        for (i, &from) in order.iter().enumerate() {
            assert_eq!(b.labels[i], a.labels[from]);
            assert_eq!(b.distances[i], a.distances[from]);
        }
    }

    #[test]
    fn another_seed_gives_another_search() {
        let x = cloud(900);
        let params = || cloud_params().starts(1).tolerance(0.5);
        let stability = |seed| fit(params().seed(seed), &x).figures()[0].stability;
        assert_eq!(stability(1), stability(1));
        assert_ne!(stability(1), stability(2));
    }

    #[test]
    fn clusters_are_numbered_by_size_and_sizes_are_those_of_the_labels() {
        let x = cloud(700);
        let model = fit(cloud_params().clusters(5..=5), &x);
        let mut sizes = vec![0; 5];
        for label in model.predict(&x) {
            sizes[label] += 1;
        }
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        assert_eq!(model.sizes(), sizes);
        assert_eq!(model.figures().len(), 1);
    }

    #[test]
    fn centres_are_the_means_and_distances_reach_to_them() {
        let x = cloud(600);
        let model = fit(cloud_params().clusters(4..=4), &x);
        let scaled = model.scaler().transform(x.view()).unwrap();
        let found = model.assign(x.view()).unwrap();
        for c in 0..4 {
            let members: Vec<usize> = (0..600).filter(|&i| found.labels[i] == c).collect();
            let mean = scaled.select(Axis(0), &members).mean_axis(Axis(0)).unwrap();
            let off = (&mean - &model.centres().row(c)).mapv(f64::abs).sum();
            assert!(off < 1e-9, "{off}");
            for &i in &members {
                let to = |c: usize| {
                    (&scaled.row(i) - &model.centres().row(c))
                        .mapv(|d| d * d)
                        .sum()
                        .sqrt()
                };
                assert!((found.distances[i] - to(c)).abs() < 1e-9);
                assert!((0..4).all(|other| to(c) <= to(other) + 1e-12));
            }
        }
    }

    #[test]
    fn one_giant_customer_does_not_get_a_cluster() {
        let (mut x, _) = blobs(3, 50, 2);
        x[[17, 0]] = 1e12;
        x[[17, 2]] = -1e12;
        let model = fit(KMeansSegmenter::params(vec![Feature::default(); 3]), &x);
        assert_eq!(model.clusters(), 3);
        assert_eq!(model.sizes()[2], 50);
    }

    #[test]
    fn a_number_with_a_tiny_cluster_is_not_chosen() {
        // Two large groups and three customers far off, 1.5 % of 203.
        let mut rng = generator(9, [0; 3]);
        let x = Array2::from_shape_fn((203, 1), |(i, _)| match i {
            0..100 => uniform(&mut rng),
            100..200 => 20.0 + uniform(&mut rng),
            _ => 60.0,
        });
        let params = || {
            KMeansSegmenter::params(vec![Feature::default()])
                .clusters(2..=3)
                .winsor(0.0, 1.0)
                .criterion(Criterion::Silhouette)
        };
        assert_eq!(fit(params().min_share(0.0), &x).sizes(), [100, 100, 3]);
        let model = fit(params(), &x);
        assert_eq!(model.sizes(), [103, 100]);
        assert!(!model.figures()[1].large_enough);
    }

    #[test]
    fn the_whole_is_assigned_when_the_search_saw_a_sample() {
        let (x, truth) = blobs(4, 500, 3);
        let params = KMeansSegmenter::params(vec![Feature::default(); 3]).search_rows(800);
        let model = fit(params, &x);
        assert_eq!(model.sizes(), [500; 4]);
        let labels = model.predict(&x).to_vec();
        assert_eq!(adjusted_rand(&labels, &truth).unwrap(), 1.0);
    }

    #[test]
    fn missing_values_and_constant_columns_are_no_obstacle() {
        let (mut x, _) = blobs(3, 40, 5);
        x[[3, 0]] = f64::NAN;
        x.column_mut(2).fill(8.0);
        let model = fit(KMeansSegmenter::params(vec![Feature::default(); 3]), &x);
        assert_eq!(model.scaler().dropped().len(), 1);
        assert_eq!(model.centres().ncols(), 2);
        assert_eq!(model.predict(&x).len(), 120);
    }

    #[test]
    fn few_customers_limit_the_numbers_that_are_tried() {
        let x = array![[1.0], [1.0], [2.0], [3.0], [9.0], [9.5]];
        let params = || {
            KMeansSegmenter::params(vec![Feature::default()])
                .winsor(0.0, 1.0)
                .clusters(3..=8)
        };
        let model = fit(params(), &x);
        let tried: Vec<usize> = model.figures().iter().map(|f| f.clusters).collect();
        assert_eq!(tried, [3, 4, 5]);
        assert_eq!(
            refused(params().clusters(6..=8), &x),
            "at least 6 clusters were asked for, but 6 customers, of whom 5 differ, allow 5 at most"
        );
    }

    #[test]
    fn nothing_to_cluster_by_is_said() {
        let params = || KMeansSegmenter::params(vec![Feature::default(); 2]);
        let message = refused(params(), &Array2::from_elem((10, 2), 4.0));
        assert!(
            message.starts_with("none of the 2 features varies"),
            "{message}"
        );
        // No rows at all.
        let message = refused(params(), &Array2::zeros((0, 2)));
        assert!(
            message.starts_with("none of the 2 features varies"),
            "{message}"
        );
        let mut x = Array2::zeros((4, 2));
        x[[2, 1]] = f64::NEG_INFINITY;
        assert!(refused(params(), &x).starts_with("the value at row 2, column 1"));
        let message = refused(params(), &Array2::zeros((4, 3)));
        assert_eq!(
            message,
            "the feature matrix has 3 columns, but 2 are expected"
        );
    }

    #[test]
    fn unchecked_parameters_are_checked_by_fit() {
        let x = cloud(50);
        assert!(refused(cloud_params().starts(0), &x).starts_with("starts = 0"));
        assert!(cloud_params().starts(0).check().is_err());
    }

    #[test]
    fn a_model_of_stored_parts_predicts_the_same() {
        let x = cloud(300);
        let model = fit(cloud_params(), &x);
        let stored = KMeansSegmenter::from_parts(
            FeatureScaler::from_parts(
                model.scaler().n_features(),
                model.scaler().columns().to_vec(),
                model.scaler().dropped().to_vec(),
            )
            .unwrap(),
            model.centres().to_owned(),
            model.sizes().to_vec(),
            model.figures().to_vec(),
        )
        .unwrap();
        assert_eq!(stored, model);
        assert_eq!(stored.predict(&x), model.predict(&x));
        let scaler = model.scaler().clone();
        let wrong = KMeansSegmenter::from_parts(scaler, Array2::zeros((2, 9)), vec![1, 1], vec![]);
        assert!(wrong.is_err());
    }

    #[test]
    fn one_row_alone_can_be_assigned() {
        let x = cloud(300);
        let model = fit(cloud_params(), &x);
        let all = model.assign(x.view()).unwrap();
        for i in [0, 7, 299] {
            let one = model.assign(x.select(Axis(0), &[i]).view()).unwrap();
            assert_eq!(one.labels[0], all.labels[i]);
            assert_eq!(one.distances[0], all.distances[i]);
        }
    }
}
