//! What holds for every loss: constraints, weights, threads, continuing, stopping, bad input.

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView2, Axis, Ix1, array};

use super::super::{
    BoostedRegressor, BoostingLoss, BoostingParams, GradientBoosting, Judgement, Lambda,
    LambdaRank, LambdaRankParams, LogLoss, MultiClassBoosting, RegressionLoss, Softmax,
};
use crate::random;
use crate::tree::{Monotone, TreeError};

const ROWS: usize = 1200;

const LOSSES: [RegressionLoss; 4] = [
    RegressionLoss::Squared,
    RegressionLoss::Poisson,
    RegressionLoss::Pinball { quantile: 0.5 },
    RegressionLoss::Pinball { quantile: 0.9 },
];

fn draw(seed: u64, column: u64, row: usize) -> f64 {
    random::unit(seed, column, row as u64)
}

/// Six columns of few values, the third often missing.
fn features(rows: usize, seed: u64) -> Array2<f32> {
    Array2::from_shape_fn((rows, 6), |(row, column)| {
        if column == 2 && draw(seed, 100, row) < 0.3 {
            f32::NAN
        } else {
            (draw(seed, column as u64, row) * 30.0).floor() as f32
        }
    })
}

/// What the labels are made of: rises with column 0, jumps with column 1, and noise.
fn effect(x: &Array2<f32>, row: usize, seed: u64) -> f64 {
    let jump = if x[[row, 1]] > 18.0 { 1.0 } else { 0.0 };
    let missing = if x[[row, 2]].is_nan() { 0.5 } else { 0.0 };
    f64::from(x[[row, 0]]) / 20.0 + jump + missing + draw(seed, 200, row) * 1.5
}

fn amounts(rows: usize, seed: u64) -> Dataset<f32, f32, Ix1> {
    let x = features(rows, seed);
    let y = Array1::from_shape_fn(rows, |row| (effect(&x, row, seed) * 4.0).floor() as f32);
    Dataset::new(x, y)
}

fn kinds(rows: usize, seed: u64) -> Dataset<f32, usize, Ix1> {
    let x = features(rows, seed);
    let y = Array1::from_shape_fn(rows, |row| (effect(&x, row, seed) as usize).min(2));
    Dataset::new(x, y)
}

fn answers(rows: usize, seed: u64) -> Dataset<f32, bool, Ix1> {
    let x = features(rows, seed);
    let y = Array1::from_shape_fn(rows, |row| effect(&x, row, seed) > 2.0);
    Dataset::new(x, y)
}

fn judged(rows: usize, seed: u64) -> Dataset<f32, Judgement, Ix1> {
    let x = features(rows, seed);
    let y = Array1::from_shape_fn(rows, |row| Judgement {
        // Ten rows each, not side by side.
        query: (row % (rows / 10)) as u64,
        relevance: effect(&x, row, seed).floor() as f32,
    });
    Dataset::new(x, y)
}

fn small<L: Default>() -> BoostingParams<L> {
    BoostingParams::default()
        .n_trees(20)
        .learning_rate(0.1)
        .min_rows_per_leaf(10)
        .l2(1.0)
        .feature_fraction(0.7)
}

fn regressor(loss: RegressionLoss) -> BoostingParams<RegressionLoss> {
    small().loss(loss)
}

/// Rises and falls of a score along column 0, others as in the first rows.
fn turns(x: &Array2<f32>, score: impl Fn(ArrayView2<'_, f32>) -> Array1<f64>) -> (usize, usize) {
    let (mut up, mut down) = (0, 0);
    for row in 0..40 {
        let mut grid = Array2::from_shape_fn((40, 6), |(_, column)| x[[row, column]]);
        grid.column_mut(0).assign(&Array1::linspace(-5.0, 35.0, 40));
        for pair in score(grid.view()).to_vec().windows(2) {
            up += usize::from(pair[1] > pair[0] + 1e-12);
            down += usize::from(pair[1] < pair[0] - 1e-12);
        }
    }
    (up, down)
}

/// Column 0 constrained, and column 1, which jumps up, constrained against its effect.
fn constraints(first: Monotone) -> Vec<Monotone> {
    let mut monotone = vec![Monotone::Free; 6];
    monotone[0] = first;
    monotone[1] = Monotone::Decreasing;
    monotone
}

#[test]
fn monotone_scores_never_turn_back_whatever_the_loss() {
    type Score = Box<dyn Fn(ArrayView2<'_, f32>) -> Array1<f64>>;
    let data = amounts(ROWS, 1);
    let (yes, order) = (answers(ROWS, 1), judged(ROWS, 1));
    let fit = |which: usize, monotone: Vec<Monotone>| -> Score {
        if let Some(loss) = LOSSES.get(which) {
            let model = regressor(*loss).monotone(monotone).fit(&data).unwrap();
            Box::new(move |x| model.predict_value(x))
        } else if which == LOSSES.len() {
            let model: GradientBoosting = small::<LogLoss>().monotone(monotone).fit(&yes).unwrap();
            Box::new(move |x| model.predict_score(x))
        } else {
            let model: LambdaRank = small::<Lambda>().monotone(monotone).fit(&order).unwrap();
            Box::new(move |x| model.predict_score(x))
        }
    };
    let mut noise = 0;
    for which in 0..LOSSES.len() + 2 {
        let (up, down) = turns(
            data.records(),
            fit(which, constraints(Monotone::Increasing)),
        );
        assert!(up > 0 && down == 0, "loss {which}: up {up}, down {down}");
        let (up, _) = turns(
            data.records(),
            fit(which, constraints(Monotone::Decreasing)),
        );
        assert_eq!(up, 0, "loss {which}");
        let (_, down) = turns(data.records(), fit(which, vec![Monotone::Free; 6]));
        noise += down;
    }
    assert!(noise > 0, "without the constraints no score turns back");
}

#[test]
fn several_classes_cannot_be_monotone() {
    let params: BoostingParams<Softmax> = small();
    let error = params
        .monotone(constraints(Monotone::Free))
        .fit(&kinds(100, 1))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "monotone constraints do not hold for the probabilities of several classes; fit a GradientBoosting for each class that needs them"
    );
}

/// A data set where row `r` weighs `1 + r % 3`, and one with as many copies.
fn weighted_and_repeated<T: Copy>(
    data: Dataset<f32, T, Ix1>,
) -> (Dataset<f32, T, Ix1>, Dataset<f32, T, Ix1>) {
    let rows = data.records().nrows();
    let picks: Vec<usize> = (0..rows).flat_map(|row| vec![row; 1 + row % 3]).collect();
    let repeated = Dataset::new(
        data.records().select(Axis(0), &picks),
        data.targets().select(Axis(0), &picks),
    );
    let weights = Array1::from_shape_fn(rows, |row| (1 + row % 3) as f32);
    (data.with_weights(weights), repeated)
}

#[test]
fn weights_count_like_copies_whatever_the_loss() {
    // Rows are counted, not weighed, so the limit that counts rows must not bind.
    fn free<L: Default>() -> BoostingParams<L> {
        small()
            .n_trees(5)
            .min_rows_per_leaf(1)
            .min_hessian(4.0)
            .row_fraction(1.0)
    }
    let (weighted, repeated) = weighted_and_repeated(amounts(600, 2));
    let x = weighted.records().view();
    for loss in LOSSES {
        let params = free().loss(loss);
        let a = params.fit(&weighted).unwrap().predict_value(x);
        let b = params.fit(&repeated).unwrap().predict_value(x);
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-5, "{loss:?}: {a} and {b}");
        }
    }
    let (weighted, repeated) = weighted_and_repeated(kinds(600, 2));
    let fit = |data| -> MultiClassBoosting { free::<Softmax>().fit(data).unwrap() };
    let a = fit(&weighted).predict_probabilities(x);
    let b = fit(&repeated).predict_probabilities(x);
    assert!((&a - &b).iter().all(|d| d.abs() < 1e-5));

    // For an order it is queries that weigh: the copies of a query are queries of their own.
    let data = judged(600, 2);
    let copies = |row: usize| 1 + data.targets()[row].query as usize % 3;
    let picks: Vec<(usize, usize)> = (0..3)
        .flat_map(|copy| (0..600).map(move |row| (row, copy)))
        .filter(|(row, copy)| *copy < copies(*row))
        .collect();
    let rows: Vec<usize> = picks.iter().map(|pick| pick.0).collect();
    let labels = picks.iter().map(|(row, copy)| Judgement {
        query: data.targets()[*row].query + 1000 * *copy as u64,
        ..data.targets()[*row]
    });
    let repeated = Dataset::new(data.records().select(Axis(0), &rows), labels.collect());
    let weights = Array1::from_shape_fn(600, |row| copies(row) as f32);
    let weighted = data.clone().with_weights(weights);
    let params: LambdaRankParams = free().min_hessian(0.1);
    let a = params.fit(&weighted).unwrap().predict_score(x);
    let b = params.fit(&repeated).unwrap().predict_score(x);
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits_whatever_the_loss() {
    let (amounts, kinds, judged) = (amounts(9000, 3), kinds(9000, 3), judged(9000, 3));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let x = amounts.records().view();
            let regressors = LOSSES.map(|loss| {
                let model = regressor(loss).n_trees(4).fit(&amounts).unwrap();
                (model.predict_value(x), model)
            });
            let classes: MultiClassBoosting = small::<Softmax>().n_trees(4).fit(&kinds).unwrap();
            let order: LambdaRank = small::<Lambda>().n_trees(4).fit(&judged).unwrap();
            let scores = (classes.predict_probabilities(x), order.predict_score(x));
            (regressors, classes, order, scores)
        })
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(3));
}

/// Fits in one go and in two, with and without validation rows.
fn continues<L>(
    params: BoostingParams<L>,
    data: Dataset<f32, L::Label, Ix1>,
    later: Dataset<f32, L::Label, Ix1>,
) where
    L: BoostingLoss,
    L::Model: PartialEq + std::fmt::Debug,
{
    let at_once = params.clone().n_trees(20).fit(&data).unwrap();
    let first = params.clone().n_trees(8).fit(&data).unwrap();
    let params = params.n_trees(12);
    assert_eq!(params.fit_from(&first, &data).unwrap(), at_once);
    // Other rows make another model, and stopping may keep it as it is.
    assert_ne!(params.fit_from(&first, &later).unwrap(), at_once);
    let params = params.learning_rate(1.0).early_stopping_rounds(Some(3));
    assert!(
        params
            .fit_from_with_validation(&first, &later, &data)
            .is_ok()
    );
}

#[test]
fn continuing_is_the_same_to_the_bit_as_fitting_at_once() {
    for loss in LOSSES {
        continues(regressor(loss), amounts(ROWS, 4), amounts(ROWS, 5));
    }
    continues::<LogLoss>(small(), answers(ROWS, 4), answers(ROWS, 5));
    continues::<Softmax>(small(), kinds(ROWS, 4), kinds(ROWS, 5));
    continues::<Lambda>(small(), judged(ROWS, 4), judged(ROWS, 5));
}

#[test]
fn a_continued_model_is_kept_as_it_is_when_no_tree_helps() {
    // Noise to learn from, so that every further tree makes the validation loss worse.
    let (data, validation) = (amounts(ROWS, 6), amounts(ROWS, 7));
    let params = regressor(RegressionLoss::Squared);
    let model = params.fit(&data).unwrap();
    let noise = Array1::from_shape_fn(ROWS, |row| (draw(8, 0, row) * 900.0) as f32);
    let noise = Dataset::new(data.records().clone(), noise);
    let further = params
        .early_stopping_rounds(Some(4))
        .fit_from_with_validation(&model, &noise, &validation)
        .unwrap();
    assert_eq!(further.trees, model.trees);
    assert_eq!(further.validation_losses().len(), 4);
}

#[test]
fn a_model_is_continued_only_with_its_own_loss_columns_and_classes() {
    let data = amounts(100, 1);
    let model = regressor(RegressionLoss::Squared).fit(&data).unwrap();
    let error = regressor(RegressionLoss::Poisson)
        .fit_from(&model, &data)
        .unwrap_err();
    assert!(matches!(error, TreeError::OtherLoss));
    let narrow = Dataset::new(Array2::zeros((3, 2)), array![1.0, 2.0, 3.0]);
    let error = regressor(RegressionLoss::Squared)
        .fit_from(&model, &narrow)
        .unwrap_err();
    assert!(matches!(
        error,
        TreeError::ColumnCount {
            expected: 6,
            found: 2
        }
    ));
    let data = kinds(100, 1);
    let params: BoostingParams<Softmax> = small();
    let model = params.fit(&data).unwrap();
    let more = Dataset::new(data.records().clone(), data.targets() + 1);
    let message = params.fit_from(&model, &more).unwrap_err().to_string();
    assert!(
        message.ends_with("is class 3, but the model has classes 0 to 2"),
        "{message}"
    );
}

#[test]
fn every_loss_stops_at_the_lowest_loss_of_its_validation_rows() {
    fn check<L: BoostingLoss + Default>(
        params: BoostingParams<L>,
        data: [Dataset<f32, L::Label, Ix1>; 2],
        parts: impl Fn(&L::Model) -> (usize, Vec<f64>),
    ) {
        let params = params
            .n_trees(300)
            .learning_rate(0.4)
            .early_stopping_rounds(Some(10));
        let model = params.fit_with_validation(&data[0], &data[1]).unwrap();
        let (kept, losses) = parts(&model);
        let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let best = losses.iter().position(|l| *l == lowest).unwrap();
        assert_eq!((kept, losses.len()), (best + 1, best + 11));
        assert!(lowest < losses[0] && losses[losses.len() - 1] > lowest);
    }
    for loss in LOSSES {
        let data = [amounts(400, 8), amounts(400, 9)];
        check(regressor(loss), data, |m| {
            (m.tree_count(), m.validation_losses().to_vec())
        });
    }
    let data = [kinds(400, 8), kinds(400, 9)];
    check::<Softmax>(small(), data, |m| {
        (m.round_count(), m.validation_losses().to_vec())
    });
    let data = [judged(400, 8), judged(400, 9)];
    check::<Lambda>(small(), data, |m| {
        (m.tree_count(), m.validation_losses().to_vec())
    });
}

#[test]
fn contributions_sum_to_the_score_whatever_the_loss() {
    let sums = |contributions: Array2<f64>, scores: Array1<f64>| {
        for (row, score) in contributions.rows().into_iter().zip(&scores) {
            assert!(
                (row.sum() - score).abs() < 1e-9,
                "{} for {score}",
                row.sum()
            );
        }
    };
    let data = amounts(ROWS, 10);
    let x = data.records().view();
    for loss in LOSSES {
        let model = regressor(loss).fit(&data).unwrap();
        sums(model.contributions(x), model.predict_score(x));
    }
    let model: MultiClassBoosting = small::<Softmax>().fit(&kinds(ROWS, 10)).unwrap();
    for class in 0..3 {
        let scores = model.predict_scores(x).column(class).to_owned();
        sums(model.contributions(x, class), scores);
    }
    let model: LambdaRank = small::<Lambda>().fit(&judged(ROWS, 10)).unwrap();
    sums(model.contributions(x), model.predict_score(x));
}

#[test]
fn nothing_to_split_on_gives_the_best_constant() {
    // A constant column and one that is all missing.
    let x = Array2::from_shape_fn((40, 2), |(_, column)| [1.0, f32::NAN][column]);
    let y = Array1::from_shape_fn(40, |row| (row % 4) as f32);
    let data = Dataset::new(x.clone(), y.clone());
    for (loss, expected) in LOSSES.into_iter().zip([1.5, 1.5, 1.5, 3.0]) {
        let model = regressor(loss).fit(&data).unwrap();
        for value in model.predict_value(x.view()) {
            assert!((value - expected).abs() < 1e-9, "{loss:?}: {value}");
        }
    }
    let model: MultiClassBoosting = small::<Softmax>()
        .fit(&Dataset::new(x.clone(), y.mapv(|y| y as usize)))
        .unwrap();
    for p in model.predict_probabilities(x.view()) {
        assert!((p - 0.25).abs() < 1e-12, "{p}");
    }
    let labels = Array1::from_shape_fn(40, |row| Judgement {
        query: row as u64 / 8,
        relevance: (row % 4) as f32,
    });
    let model: LambdaRank = small::<Lambda>()
        .fit(&Dataset::new(x.clone(), labels))
        .unwrap();
    assert_eq!(model.predict_score(x.view()), Array1::<f64>::zeros(40));
}

#[test]
fn one_row_or_one_value_of_the_label_gives_that_value() {
    let one = Dataset::new(array![[1.0_f32, f32::NAN]], array![7.0_f32]);
    let same = Dataset::new(features(50, 1), Array1::from_elem(50, 7.0_f32));
    for loss in LOSSES {
        let model = regressor(loss).fit(&one).unwrap();
        let value = model.predict_value(one.records().view())[0];
        assert!((value - 7.0).abs() < 1e-9, "{loss:?}: {value}");
        let model: BoostedRegressor = regressor(loss).fit(&same).unwrap();
        for value in model.predict_value(same.records().view()) {
            assert!((value - 7.0).abs() < 1e-6, "{loss:?}: {value}");
        }
    }
}

#[test]
fn labels_and_weights_of_any_size_give_finite_predictions() {
    let data = amounts(300, 12);
    let x = data.records();
    for (low, high) in [(0.0, f32::MAX), (1.0, 1e30), (0.0, f32::MIN_POSITIVE / 8.0)] {
        for weight in [f32::MAX, 1.0, f32::MIN_POSITIVE / 8.0] {
            // One label in a hundred is the high one.
            let y = Array1::from_shape_fn(300, |row| if row % 100 == 7 { high } else { low });
            let data = Dataset::new(x.clone(), y).with_weights(Array1::from_elem(300, weight));
            for loss in LOSSES {
                let params = regressor(loss).learning_rate(1.0).l2(0.0).min_hessian(0.0);
                let model = params.min_rows_per_leaf(1).fit(&data).unwrap();
                let values = model.predict_value(x.view());
                assert!(
                    values.iter().all(|v| v.is_finite()),
                    "{loss:?}, {low} to {high}, weight {weight}"
                );
            }
        }
    }
}

#[track_caller]
fn refused<L: BoostingLoss>(
    params: BoostingParams<L>,
    labels: Vec<L::Label>,
    weights: Option<Vec<f32>>,
    message: &str,
) where
    L::Model: std::fmt::Debug,
{
    let rows = weights.as_ref().map_or(labels.len(), Vec::len);
    let mut data = Dataset::new(features(rows, 1), Array1::from(labels));
    if let Some(weights) = weights {
        data = data.with_weights(Array1::from(weights));
    }
    assert_eq!(params.fit(&data).unwrap_err().to_string(), message);
}

#[test]
fn bad_amounts_get_the_promised_message() {
    let squared = || regressor(RegressionLoss::Squared);
    let poisson = || regressor(RegressionLoss::Poisson);
    refused(
        squared(),
        vec![1.0, f32::NAN],
        None,
        "the label of row 1 is NaN; labels must be finite: leave out rows without one",
    );
    refused(
        squared(),
        vec![f32::INFINITY, 1.0],
        None,
        "the label of row 0 is inf; labels must be finite: leave out rows without one",
    );
    refused(
        squared(),
        vec![1.0, 2.0],
        Some(vec![0.0, 0.0]),
        "all weights are 0; give at least one row a weight above 0",
    );
    refused(
        squared(),
        vec![1.0, 2.0],
        Some(vec![1.0, 0.0, 1.0]),
        "2 labels for 3 rows of features; give one label a row",
    );
    refused(
        squared(),
        vec![],
        None,
        "there are no rows to learn from; give at least one row of each label",
    );
    refused(
        poisson(),
        vec![1.0, -1.0],
        None,
        "the label of row 1 is -1; Poisson loss needs labels of 0 or more: use squared or pinball loss for amounts that can be negative",
    );
    refused(
        poisson(),
        vec![0.0, 0.0],
        None,
        "all labels that count are 0; Poisson loss needs at least one above 0",
    );
    for quantile in [0.0, 1.0, f64::NAN] {
        refused(
            regressor(RegressionLoss::Pinball { quantile }),
            vec![1.0, 2.0],
            None,
            &format!(
                "quantile = {quantile}; choose a number above 0 and below 1, such as 0.5 for the median"
            ),
        );
    }
}

#[test]
fn bad_classes_get_the_promised_message() {
    let params = small::<Softmax>;
    refused(
        params(),
        vec![1, 1],
        None,
        "all rows that count are of class 1; a classifier needs rows of at least two classes",
    );
    refused(
        params(),
        vec![0, usize::MAX],
        None,
        "class 1 has no row that counts, though class 18446744073709551615 has; number the classes from 0 without gaps",
    );
    refused(
        params(),
        vec![0, 1, 2],
        Some(vec![0.0, 1.0, 1.0]),
        "class 0 has no row that counts, though class 2 has; number the classes from 0 without gaps",
    );
    refused(
        params().class_weights(vec![1.0]),
        vec![0, 1],
        None,
        "1 class weights for 2 classes; give one a class, or none",
    );
    refused(
        params().class_weights(vec![1.0, 0.0]),
        vec![0, 1],
        None,
        "class_weights = 0; choose a finite number above 0",
    );
    refused(
        small::<LogLoss>().scale_positive(-2.0),
        vec![true, false],
        None,
        "scale_positive = -2; choose a finite number above 0",
    );
}

#[test]
fn bad_judgements_get_the_promised_message() {
    let judge = |relevances: &[f32]| -> Vec<Judgement> {
        let judge = |relevance: &f32| Judgement {
            query: 1,
            relevance: *relevance,
        };
        relevances.iter().map(judge).collect()
    };
    for value in [-1.0, 31.0, f32::NAN] {
        refused(
            LambdaRank::params(),
            judge(&[1.0, value]),
            None,
            &format!("the relevance of row 1 is {value}; relevances lie between 0 and 30"),
        );
    }
    refused(
        LambdaRank::params(),
        judge(&[2.0, 2.0]),
        None,
        "no query that counts has rows of different relevance; there is no order to learn: check the query numbers",
    );
    refused(
        LambdaRank::params().ndcg_at(0),
        judge(&[1.0, 2.0]),
        None,
        "ndcg_at = 0; choose at least 1",
    );
}

#[test]
fn class_weights_are_weights_of_the_rows_of_a_class() {
    let data = kinds(600, 11);
    let weights = vec![1.0, 4.0, 2.0];
    let by_row = data.targets().mapv(|class| weights[class] as f32);
    let by_class = small::<Softmax>().class_weights(weights);
    let a = by_class.fit(&data).unwrap();
    let b = small::<Softmax>()
        .fit(&data.clone().with_weights(by_row))
        .unwrap();
    assert_eq!(a, b);

    let data = answers(600, 11);
    let by_row = data.targets().mapv(|yes| if yes { 4.0 } else { 1.0 });
    let scaled = small::<LogLoss>().scale_positive(4.0);
    let a = scaled.fit(&data).unwrap();
    let b = small::<LogLoss>()
        .fit(&data.clone().with_weights(by_row))
        .unwrap();
    assert_eq!(a, b);
}

#[test]
fn linfa_predict_gives_what_the_model_is_for() {
    let data = amounts(300, 13);
    let x = data.records();
    let model = regressor(RegressionLoss::Poisson).fit(&data).unwrap();
    let values = model.predict_value(x.view()).mapv(|v| v as f32);
    assert_eq!(model.predict(x), values);
    let model: MultiClassBoosting = small::<Softmax>().fit(&kinds(300, 13)).unwrap();
    let p = model.predict_probabilities(x.view());
    for (class, p) in model.predict(x).iter().zip(p.rows()) {
        assert!(p.iter().all(|other| *other <= p[*class]));
    }
    let model: LambdaRank = small::<Lambda>().fit(&judged(300, 13)).unwrap();
    let scores = model.predict_score(x.view()).mapv(|v| v as f32);
    assert_eq!(model.predict(x), scores);
}
