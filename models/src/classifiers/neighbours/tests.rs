use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, array};

use super::super::fixtures::{assert_close, line, table};
use super::*;
use crate::random;

fn plain() -> NeighboursParams {
    Neighbours::params()
        .preprocessing(Preprocessing::params().skew_limit(None))
        .prior_rows(0.0)
}

#[test]
fn votes_are_those_of_scikit_learn() {
    // scikit-learn standardised by all 300 rows; the voters are the first 250 of them.
    let table = table(300);
    let all = Preprocessing::params().skew_limit(None);
    let labels = Array1::from(table.labels);
    let data = Dataset::new(table.amounts.clone(), labels.clone());
    let z = all.fit(&data).unwrap().transform(table.amounts.view());
    let z = z.mapv(|value| value as f32);
    let rows = |from: usize, to: usize| (from..to).collect::<Vec<_>>();
    let voters = Dataset::new(
        z.select(Axis(0), &rows(0, 250)),
        labels.select(Axis(0), &rows(0, 250)),
    );
    let asked = z.select(Axis(0), &rows(250, 290));
    let as_it_is = Preprocessing::params()
        .skew_limit(None)
        .scaling(super::super::preprocess::Scaling::None);
    for k in [1, 7, 40] {
        for (by_distance, name) in [(false, "uniform"), (true, "distance")] {
            for index in [NeighbourIndex::KdTree, NeighbourIndex::Scan] {
                let params = plain().preprocessing(as_it_is.clone()).k(k).index(index);
                let model = params.distance_weights(by_distance).fit(&voters).unwrap();
                let what = format!("neighbours-{k}-{name}");
                let p = model.predict_probability(asked.view());
                assert_close(&p, &line(&what), 1e-5, &what);
            }
        }
    }
}

#[test]
fn rows_at_the_same_distance_share_the_places_left() {
    // From 0: one row at 1, four at 2 (of which one true), of two places left of three.
    let x = array![[1.0], [2.0], [-2.0], [2.0], [-2.0], [9.0]];
    let y = array![true, true, false, false, false, true];
    let as_it_is = Preprocessing::params()
        .skew_limit(None)
        .scaling(super::super::preprocess::Scaling::None);
    for index in [NeighbourIndex::KdTree, NeighbourIndex::Scan] {
        let params = plain().preprocessing(as_it_is.clone()).k(3).index(index);
        let model = params
            .clone()
            .distance_weights(false)
            .fit(&Dataset::new(x.clone(), y.clone()))
            .unwrap();
        assert_eq!(model.point_count(), 4);
        let p = model.predict_probability(array![[0.0], [2.0]].view());
        // From 2: two at 0 (one true), the third at 1 (true).
        assert_close(&p, &[(1.0 + 2.0 / 4.0) / 3.0, 2.0 / 3.0], 1e-12, "shared");
        // By distance: weights 1 and 1/2 each for half a place; rows at no distance alone.
        let model = params.fit(&Dataset::new(x.clone(), y.clone())).unwrap();
        let p = model.predict_probability(array![[0.0], [2.0]].view());
        assert_close(&p, &[1.25 / 2.0, 0.5], 1e-12, "by distance");
    }
}

#[test]
fn a_k_d_tree_and_a_look_at_all_rows_find_the_same() {
    // Few values in one column, many in the others, and rows that are the same.
    let x = Array2::from_shape_fn((500, 3), |(row, column)| {
        let unit = random::unit(1, column as u64, row as u64);
        if column == 0 {
            (unit * 3.0) as f32 as u8 as f32
        } else {
            (unit * 9.0).floor() as f32
        }
    });
    let y = Array1::from_shape_fn(500, |row| random::unit(2, 0, row as u64) < 0.3);
    let data = Dataset::new(x.clone(), y);
    let with = |index| {
        let model = plain().k(30).index(index).fit(&data).unwrap();
        assert!(model.point_count() < 300);
        model.predict_probability(x.view())
    };
    assert_eq!(with(NeighbourIndex::KdTree), with(NeighbourIndex::Scan));
}

#[test]
fn the_number_of_neighbours_is_chosen_on_validation_rows() {
    let table = table(900);
    let rows = |from: usize, to: usize| {
        let rows: Vec<usize> = (from..to).collect();
        let labels = Array1::from(table.labels[from..to].to_vec());
        Dataset::new(table.amounts.select(Axis(0), &rows), labels)
    };
    let (train, held) = (rows(0, 600), rows(600, 900));
    let params = plain().prior_rows(1.0).candidates(vec![2, 9, 30, 500]);
    let chosen = params.fit_with_validation(&train, &held).unwrap();
    let loss = |k: usize| {
        let model = params.clone().k(k).fit(&train).unwrap();
        let p = model.predict_probability(held.records().view());
        log_loss(held.targets().view(), p.view()).unwrap()
    };
    for k in [2, 9, 30, 500] {
        assert!(
            loss(chosen.k()) <= loss(k),
            "{k} rather than {}",
            chosen.k()
        );
    }
    let kept = params.candidates(vec![]).k(3);
    assert_eq!(kept.fit_with_validation(&train, &held).unwrap().k(), 3);
}

#[test]
fn of_many_rows_so_many_are_kept_as_are_wanted() {
    let x = Array2::from_shape_fn((1000, 1), |(row, _)| row as f32);
    let y = Array1::from_shape_fn(1000, |row| row >= 500);
    let model = plain()
        .k(5)
        .max_rows(100)
        .fit(&Dataset::new(x.clone(), y))
        .unwrap();
    assert_eq!(model.point_count(), 100);
    let p = model.predict_probability(x.view());
    assert!(p[100] < 0.1 && p[900] > 0.9);
    // More neighbours than there are rows: all of them vote.
    let few = plain().k(50).distance_weights(false);
    let data = Dataset::new(array![[1.0], [2.0], [3.0]], array![true, false, false]);
    let p = few
        .fit(&data)
        .unwrap()
        .predict_probability(array![[1.0]].view());
    assert_close(&p, &[1.0 / 3.0], 1e-12, "all");
}

#[test]
fn rows_without_weight_do_not_vote() {
    let x = array![[1.0], [2.0], [3.0], [4.0], [1.5]];
    let y = array![true, true, false, false, false];
    let weights = array![1.0, 1.0, 1.0, 1.0, 0.0];
    let weighted = Dataset::new(x.clone(), y.clone()).with_weights(weights);
    let first: Vec<usize> = (0..4).collect();
    let without = Dataset::new(x.select(Axis(0), &first), y.select(Axis(0), &first));
    let p = plain()
        .k(2)
        .fit(&weighted)
        .unwrap()
        .predict_probability(x.view());
    let q = plain()
        .k(2)
        .fit(&without)
        .unwrap()
        .predict_probability(x.view());
    assert_eq!(p, q);
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |params: NeighboursParams| params.check().unwrap_err().to_string();
    assert_eq!(refused(plain().k(0)), "k = 0; choose at least 1");
    assert_eq!(
        refused(plain().candidates(vec![5, 0])),
        "candidate k = 0; choose at least 1"
    );
    assert_eq!(
        refused(plain().max_rows(0)),
        "max_rows = 0; choose at least 1"
    );
    assert_eq!(
        refused(plain().prior_rows(f64::INFINITY)),
        "prior_rows = inf; choose a finite number, 0 or more"
    );
}
