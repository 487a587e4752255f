use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Axis, array};

use super::super::fixtures::{assert_close, line, table};
use super::*;

fn params() -> ElasticNetParams {
    let plain = Preprocessing::params().skew_limit(None);
    ElasticNet::params().preprocessing(plain)
}

fn data(weighted: bool) -> Dataset<f32, bool, ndarray::Ix1> {
    let table = table(300);
    let data = Dataset::new(table.amounts, Array1::from(table.labels));
    if weighted {
        data.with_weights(Array1::from(table.weights))
    } else {
        data
    }
}

#[test]
fn coefficients_are_those_of_scikit_learn() {
    for penalty in [0.003, 0.03, 0.1] {
        for (ratio, said) in [(0.0, "0.0"), (0.5, "0.5"), (1.0, "1.0")] {
            for (weighted, name) in [(false, "plain"), (true, "weighted")] {
                // By way of a sample of the rows it comes to the same.
                for sample in [50_000, 60] {
                    let params = params().penalty(Some(penalty)).l1_ratio(ratio);
                    let model = params.sample_rows(sample).fit(&data(weighted)).unwrap();
                    let what = format!("net-{name}-{penalty}-{said}");
                    let theirs = line(&what);
                    let mut ours = model.coefficients().to_vec();
                    ours.push(model.intercept());
                    assert_close(&ours, &theirs, 1e-5, &what);
                    // Zeros are exact, and the same ones.
                    for (ours, theirs) in ours.iter().zip(&theirs) {
                        assert_eq!(*ours == 0.0, *theirs == 0.0, "{what}");
                    }
                    assert!(model.violation() <= 1e-7, "{what}");
                }
            }
        }
    }
}

#[test]
fn the_path_begins_with_no_coefficient_and_its_best_is_kept() {
    let table = table(900);
    let rows = |from: usize, to: usize| {
        let rows: Vec<usize> = (from..to).collect();
        let labels = Array1::from(table.labels[from..to].to_vec());
        Dataset::new(table.amounts.select(Axis(0), &rows), labels)
    };
    let (train, held) = (rows(0, 600), rows(600, 900));
    let model = params().fit_with_validation(&train, &held).unwrap();
    let path = model.path();
    assert_eq!(path[0].nonzero, 0);
    assert!(path[1].nonzero > 0);
    assert!(path.windows(2).all(|p| p[0].penalty > p[1].penalty));
    let best = path.iter().map(|p| p.loss).fold(f64::INFINITY, f64::min);
    let chosen = path.iter().find(|p| p.penalty == model.penalty()).unwrap();
    assert_eq!(chosen.loss, best);
    // The loss that the path speaks of is that of the model on the validation rows.
    let p = model.predict_probability(held.records().view());
    let loss = crate::metrics::log_loss(held.targets().view(), p.view()).unwrap();
    assert!((loss - best).abs() < 1e-12);
    // The path and one penalty alone come to the same.
    let alone = params().penalty(Some(model.penalty())).fit(&train).unwrap();
    assert_close(
        alone.coefficients(),
        &model.coefficients().to_vec(),
        1e-5,
        "alone",
    );
    // Without validation rows some of its own choose, and it learns from all.
    let by_itself = params().fit(&train).unwrap();
    assert!(!by_itself.path().is_empty());
    let again = params()
        .penalty(Some(by_itself.penalty()))
        .fit(&train)
        .unwrap();
    assert_close(
        again.coefficients(),
        &by_itself.coefficients().to_vec(),
        1e-5,
        "by itself",
    );
}

/// A table of more rows than are drawn: what the sample chooses is as good on rows that neither
/// has seen, and the coefficients are those of all rows.
#[test]
fn of_many_rows_a_sample_chooses_the_penalty_and_all_of_them_are_learned_from() {
    let table = table(4000);
    let rows = |from: usize, to: usize| {
        let rows: Vec<usize> = (from..to).collect();
        let labels = Array1::from(table.labels[from..to].to_vec());
        Dataset::new(table.amounts.select(Axis(0), &rows), labels)
    };
    let (train, held, test) = (rows(0, 3000), rows(3000, 3500), rows(3500, 4000));
    let loss = |model: &ElasticNet| {
        let p = model.predict_probability(test.records().view());
        crate::metrics::log_loss(test.targets().view(), p.view()).unwrap()
    };
    let few = params().sample_rows(600);
    for (sampled, whole) in [
        (few.fit(&train).unwrap(), params().fit(&train).unwrap()),
        (
            few.fit_with_validation(&train, &held).unwrap(),
            params().fit_with_validation(&train, &held).unwrap(),
        ),
    ] {
        assert!(!sampled.path().is_empty());
        assert!(sampled.violation() <= 1e-7);
        let off = loss(&sampled) - loss(&whole);
        assert!(off.abs() < 2e-3, "{off}");
        let of_all = params()
            .penalty(Some(sampled.penalty()))
            .fit(&train)
            .unwrap();
        assert_close(
            of_all.coefficients(),
            &sampled.coefficients().to_vec(),
            1e-5,
            "all rows",
        );
    }
}

#[test]
fn labels_that_a_line_parts_have_a_finite_solution() {
    let x = array![[1.0], [2.0], [3.0], [4.0]];
    let data = Dataset::new(x, array![false, false, true, true]);
    for ratio in [0.0, 1.0] {
        let model = params()
            .penalty(Some(1e-4))
            .l1_ratio(ratio)
            .fit(&data)
            .unwrap();
        assert!(model.violation() <= 1e-7, "{}", model.violation());
        let p = model.predict_probability(data.records().view());
        assert!(p[1] < 0.01 && p[2] > 0.99, "{p}");
    }
}

#[test]
fn columns_that_are_the_same_share_the_weight_under_l2() {
    let table = table(300);
    let x = ndarray::concatenate![
        Axis(1),
        table.amounts.select(Axis(1), &[0]),
        table.amounts.select(Axis(1), &[0])
    ];
    let data = Dataset::new(x, Array1::from(table.labels));
    let model = params()
        .penalty(Some(0.01))
        .l1_ratio(0.1)
        .fit(&data)
        .unwrap();
    let c = model.coefficients();
    assert!(c[0] > 0.1 && (c[0] - c[1]).abs() < 1e-5, "{c}");
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |params: ElasticNetParams| params.check().unwrap_err().to_string();
    assert_eq!(
        refused(params().penalty(Some(0.0))),
        "penalty = 0; choose a finite number above 0"
    );
    assert_eq!(
        refused(params().l1_ratio(1.5)),
        "l1_ratio = 1.5; choose a share from 0 to 1"
    );
    assert_eq!(
        refused(params().path_length(1)),
        "path_length = 1; choose at least 2"
    );
    assert_eq!(
        refused(params().path_end(1.0)),
        "path_end = 1; choose a share between 0 and 1"
    );
    assert_eq!(
        refused(params().tolerance(f64::NAN)),
        "tolerance = NaN; choose a share above 0 and at most 1"
    );
    assert_eq!(
        refused(params().patience(0)),
        "patience = 0; choose at least 1"
    );
    assert_eq!(
        refused(params().sample_rows(0)),
        "sample_rows = 0; choose at least 1"
    );
    assert_eq!(
        refused(params().max_iterations(0)),
        "max_iterations = 0; choose at least 1"
    );
}
