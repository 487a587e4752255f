use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, array};

use super::*;
use crate::random;

const NAN: f32 = f32::NAN;

fn labels(labels: &[u8]) -> Array1<bool> {
    labels.iter().map(|label| *label == 1).collect()
}

/// Fits on rows whose labels do not matter.
fn learn(params: PreprocessingParams, x: &Array2<f32>) -> Preprocessing {
    let labels = Array1::from_shape_fn(x.nrows(), |row| row % 2 == 0);
    params.fit(&Dataset::new(x.clone(), labels)).unwrap()
}

fn plain() -> PreprocessingParams {
    Preprocessing::params()
        .skew_limit(None)
        .scaling(Scaling::None)
}

#[test]
fn missing_values_become_the_training_median_and_stay_so_on_new_rows() {
    let train = array![[1.0, NAN], [NAN, NAN], [2.0, NAN], [10.0, NAN], [3.0, NAN]];
    let rows = array![[NAN, NAN], [7.0, 5.0]];
    // Present: 1, 2, 3, 10, so 2.5. An all-missing column is 0.
    let median = learn(plain(), &train);
    assert_eq!(
        median.transform(rows.view()),
        array![[2.5, 0.0], [7.0, 5.0]]
    );
    let mean = learn(plain().imputation(Imputation::Mean), &train);
    assert_eq!(mean.transform(rows.view())[[0, 0]], 4.0);
    let constant = learn(plain().imputation(Imputation::Constant(-1.0)), &train);
    assert_eq!(constant.transform(rows.view())[[0, 0]], -1.0);
}

#[test]
fn a_column_beside_it_says_that_a_value_is_missing() {
    // Column 1 is complete and column 2 all missing: neither has anything to say.
    let train = array![[1.0, 5.0, NAN], [NAN, 6.0, NAN], [3.0, 7.0, NAN]];
    let learned = learn(plain().missing_indicators(true), &train);
    assert_eq!(learned.sources(), [0, 0, 1, 2]);
    assert_eq!(
        learned.transform(array![[NAN, NAN, NAN], [9.0, 1.0, 1.0]].view()),
        array![[2.0, 1.0, 6.0, 0.0], [9.0, 0.0, 1.0, 1.0]]
    );
}

#[test]
fn columns_are_standardised_by_the_training_rows() {
    let train = array![[1.0, 7.0], [3.0, 7.0]];
    let learned = learn(Preprocessing::params().skew_limit(None), &train);
    // Mean 2, deviation 1; the constant column becomes 0, whatever comes later.
    assert_eq!(
        learned.transform(array![[5.0, 9.0]].view()),
        array![[3.0, 0.0]]
    );
    // Median 2, quartiles 1 and 3; where the quartiles are equal the deviation is taken.
    let far = array![
        [1.0, 0.0],
        [2.0, 0.0],
        [2.0, 0.0],
        [3.0, 0.0],
        [1000.0, 10.0]
    ];
    let params = Preprocessing::params().skew_limit(None);
    let robust = learn(params.scaling(Scaling::Robust), &far);
    assert_eq!(
        robust.transform(array![[4.0, 4.0]].view()),
        array![[2.0, 1.0]]
    );
}

#[test]
fn only_skewed_columns_are_logged_and_the_sign_is_kept() {
    let train = array![
        [0.0, -1.0],
        [0.0, 0.0],
        [0.0, 0.5],
        [0.0, 1.0],
        [1000.0, -0.5]
    ];
    let learned = learn(plain().skew_limit(Some(1.0)), &train);
    let ready = learned.transform(array![[-9.0, -9.0]].view());
    assert!((ready[[0, 0]] + 10.0_f64.ln()).abs() < 1e-12);
    assert_eq!(ready[[0, 1]], -9.0);
}

#[test]
fn infinities_are_drawn_back_to_the_training_range() {
    let learned = learn(plain(), &array![[1.0], [3.0]]);
    let got = learned.transform(array![[f32::INFINITY], [f32::NEG_INFINITY], [99.0]].view());
    assert_eq!(got, array![[3.0], [1.0], [99.0]]);
}

#[test]
fn few_categories_get_a_column_each_and_rare_ones_share_one() {
    // Category 7 three times, 9 twice, 2 and 4 once each, missing once.
    let train = array![[7.0], [7.0], [7.0], [9.0], [9.0], [2.0], [4.0], [NAN]];
    let learned = learn(plain().categorical(vec![0]).min_category_rows(2), &train);
    // Missing comes first and is rare itself: outputs are rare, 7, 9.
    assert_eq!(learned.sources(), [0, 0, 0]);
    assert_eq!(
        learned.transform(array![[7.0], [9.0], [2.0], [4.0], [NAN], [5.0], [0.5]].view()),
        array![
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0]
        ]
    );
    assert_eq!(learned.means, [3.0 / 8.0, 3.0 / 8.0, 2.0 / 8.0]);
}

#[test]
fn many_categories_become_their_smoothed_rates() {
    // Category 0: 3 of 4; category 1: 0 of 2; missing: 1 of 2; base 4 of 8; m = 2.
    let x = array![[0.0], [0.0], [0.0], [0.0], [1.0], [1.0], [NAN], [NAN]];
    let y = labels(&[1, 1, 1, 0, 0, 0, 1, 0]);
    let learned = plain()
        .categorical(vec![0])
        .max_one_hot(0)
        .prior_rows(2.0)
        .fit(&Dataset::new(x, y))
        .unwrap();
    assert_eq!(
        learned.transform(array![[0.0], [1.0], [NAN], [8.0]].view()),
        array![[4.0 / 6.0], [1.0 / 4.0], [2.0 / 4.0], [0.5]]
    );
}

#[test]
fn no_training_row_is_encoded_with_its_own_label() {
    // Many categories of few rows and labels that have nothing to do with them: the encoding of
    // a category by all its rows seems to tell the label, the out-of-fold one does not.
    let rows = 4000;
    let x = Array2::from_shape_fn((rows, 1), |(row, _)| ((row * 7919) % 1009) as f32);
    let y = Array1::from_shape_fn(rows, |row| random::bits(1, 2, row as u64) % 5 < 2);
    let params = plain().categorical(vec![0]).max_one_hot(0).prior_rows(1.0);
    let data = Dataset::new(x.clone(), y.clone());
    let (learned, out_of_fold) = params.fit_transform(&data).unwrap();
    let auc = |encoded: &Array2<f64>| crate::metrics::roc_auc(y.view(), encoded.column(0)).unwrap();
    assert!(auc(&learned.transform(x.view())) > 0.7);
    assert!(
        (auc(&out_of_fold) - 0.5).abs() < 0.06,
        "{}",
        auc(&out_of_fold)
    );
    // Turning one label moves the encodings of other rows of its category, and not its own.
    let mut turned = y.clone();
    turned[5] = !turned[5];
    let (_, after) = params
        .fit_transform(&Dataset::new(x.clone(), turned))
        .unwrap();
    assert_eq!(out_of_fold[[5, 0]], after[[5, 0]]);
    assert_ne!(out_of_fold, after);
}

#[test]
fn a_weight_counts_as_so_many_rows() {
    let x = array![[1.0, 0.0], [4.0, 1.0], [NAN, 1.0], [9.0, 2.0], [2.0, NAN]];
    let y = labels(&[1, 0, 1, 0, 0]);
    let weights = [2_usize, 1, 3, 0, 1];
    let repeats: Vec<usize> = weights
        .iter()
        .enumerate()
        .flat_map(|(row, n)| vec![row; *n])
        .collect();
    for max_one_hot in [0, 9] {
        let params = Preprocessing::params()
            .categorical(vec![1])
            .max_one_hot(max_one_hot)
            .min_category_rows(0)
            .missing_indicators(true);
        let weighted = Dataset::new(x.clone(), y.clone())
            .with_weights(weights.iter().map(|w| *w as f32).collect());
        let repeated = Dataset::new(x.select(Axis(0), &repeats), y.select(Axis(0), &repeats));
        let one = params.fit(&weighted).unwrap().transform(x.view());
        let other = params.fit(&repeated).unwrap().transform(x.view());
        assert_eq!(one.dim(), other.dim());
        assert!((&one - &other).iter().all(|d| d.abs() < 1e-12));
    }
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    let x = Array2::from_shape_fn((300, 2), |(row, column)| match column {
        0 if row % 11 == 0 => NAN,
        0 => ((row * 7919) % 1009) as f32 / 7.0,
        _ => (row % 5) as f32,
    });
    let order: Vec<usize> = (0..300).map(|row| (row * 77 + 13) % 300).collect();
    let params = Preprocessing::params().categorical(vec![1]);
    assert_eq!(
        learn(params.clone(), &x),
        learn(params, &x.select(Axis(0), &order))
    );
}

#[test]
fn what_is_no_category_is_named() {
    let fit = |params: PreprocessingParams| {
        let x = array![[1.0, 0.0], [2.0, 0.5]];
        let data = Dataset::new(x, labels(&[0, 1]));
        params.fit(&data).unwrap_err().to_string()
    };
    assert_eq!(
        fit(plain().categorical(vec![1])),
        "row 1, column 1 of the features is 0.5, and the column holds categories; \
         number them from 0 to 65535, or leave NaN where missing"
    );
    assert_eq!(
        fit(plain().categorical(vec![2])),
        "column 2 is said to hold categories, but there are 2 columns; count from 0"
    );
    assert_eq!(fit(plain().folds(1)), "folds = 1; choose 2 or more");
    assert_eq!(
        fit(plain().prior_rows(f64::NAN)),
        "prior_rows = NaN; choose a finite number, 0 or more"
    );
    assert_eq!(
        fit(plain().imputation(Imputation::Constant(f32::INFINITY))),
        "imputation = inf; choose a finite number"
    );
}
