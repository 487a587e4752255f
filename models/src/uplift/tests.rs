//! Against figures worked out by hand, and campaigns whose uplift is known.

use ndarray::Array2;

use super::{Learner, Trials, Uplift, UpliftError, UpliftModel, qini, qini_interval};
use crate::format::{Feature, Model, SavedModel};
use crate::random::unit;

/// Ten customers in the order of their scores: the worked example of the curve.
const TREATED: [u8; 10] = [1, 0, 1, 1, 0, 1, 0, 0, 1, 0];
const OUTCOME: [u8; 10] = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1];

fn ten() -> (Vec<f64>, Vec<bool>, Vec<f64>) {
    let scores = (0..10).map(|row| 1.0 - 0.1 * f64::from(row)).collect();
    let treated = TREATED.iter().map(|t| *t == 1).collect();
    (
        scores,
        treated,
        OUTCOME.iter().map(|y| f64::from(*y)).collect(),
    )
}

#[test]
fn the_curve_of_ten_customers_by_hand() {
    let (scores, treated, outcomes) = ten();
    let found = qini(&scores, &treated, &outcomes).unwrap();
    let want = [0.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 5.0 / 3.0, 2.0, 1.75, 1.0];
    for ((share, gain), (place, want)) in found.points.iter().zip((0..).zip(want)) {
        assert!((share - 0.1 * f64::from(place)).abs() < 1e-12);
        assert!((gain - want).abs() < 1e-12, "{place}: {gain}");
    }
    assert!((found.coefficient - 1.391_667).abs() < 1e-6);
    assert!((found.per_treated - 0.278_333).abs() < 1e-6);
}

#[test]
fn equal_scores_are_one_step_and_no_order_is_worth_nothing() {
    let (_, treated, outcomes) = ten();
    let found = qini(&[0.5; 10], &treated, &outcomes).unwrap();
    assert_eq!(found.points.len(), 2);
    assert!(found.coefficient.abs() < 1e-12);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    assert!(matches!(
        qini(&[], &[], &[]),
        Err(UpliftError::Lengths { .. })
    ));
    assert!(matches!(
        qini(&[1.0], &[true], &[1.0]),
        Err(UpliftError::OneGroup {
            treated: 1,
            control: 0
        })
    ));
    assert!(matches!(
        qini(&[1.0, f64::NAN], &[true, false], &[1.0, 0.0]),
        Err(UpliftError::NotFinite(1))
    ));
}

/// A campaign among `n` customers: the features, who was contacted, who bought, and how much more
/// likely the contact made it. One feature moves what is bought anyway, another the uplift, which is
/// below nothing for some.
fn campaign(n: usize, seed: u64) -> (Array2<f32>, Vec<bool>, Vec<f64>, Vec<f64>) {
    let feature = |row: usize, column: u64| unit(seed, column, row as u64);
    let x = Array2::from_shape_fn((n, 4), |(row, column)| feature(row, column as u64) as f32);
    let (mut treated, mut bought, mut uplift) = (vec![], vec![], vec![]);
    for row in 0..n {
        let anyway = 0.1 + 0.4 * feature(row, 0);
        let change = 0.4 * (feature(row, 1) - 0.3).clamp(-0.2, 0.5);
        let contacted = feature(row, 10) < 0.7;
        let chance = anyway + if contacted { change } else { 0.0 };
        treated.push(contacted);
        bought.push(f64::from(u8::from(feature(row, 11) < chance)));
        uplift.push(change);
    }
    (x, treated, bought, uplift)
}

fn trials<'a>(
    x: &'a Array2<f32>,
    treated: &'a [bool],
    outcomes: &'a [f64],
    campaigns: &'a [usize],
) -> Trials<'a> {
    Trials {
        x: x.view(),
        treated,
        outcomes,
        campaigns,
    }
}

#[test]
fn every_learner_orders_later_customers_nearly_as_well_as_the_truth() {
    let (x, treated, bought, _) = campaign(20_000, 1);
    let (later_x, later_treated, later_bought, truth) = campaign(40_000, 2);
    let best = qini(&truth, &later_treated, &later_bought)
        .unwrap()
        .per_treated;
    let one = vec![0; treated.len()];
    for learner in Learner::ALL {
        let model = UpliftModel::fit(learner, trials(&x, &treated, &bought, &one), 7).unwrap();
        let scores = model.predict(later_x.view()).to_vec();
        let reached = qini(&scores, &later_treated, &later_bought)
            .unwrap()
            .per_treated;
        assert!(reached > 0.85 * best, "{learner:?}: {reached} of {best}");
        // Not the order alone: the mean change is that of the campaign.
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean(&scores) - mean(&truth)).abs() < 0.02, "{learner:?}");
    }
}

#[test]
fn the_best_is_chosen_and_none_where_nothing_is_changed() {
    let (x, treated, bought, _) = campaign(20_000, 3);
    let one = vec![0; treated.len()];
    let found = Uplift::choose(trials(&x, &treated, &bought, &one), 7).unwrap();
    let model = found.model.unwrap();
    // It can be saved, and says the same to the bit.
    let features = (0..4).map(|column| Feature::numeric(format!("f{column}")));
    let saved = SavedModel::new(model.clone(), features.collect()).unwrap();
    let read = SavedModel::from_json(&saved.to_json()).unwrap();
    assert_eq!(read.model(), &Model::from(model.clone()));
    assert_eq!(
        read.model().predict(x.view()).column(0),
        model.predict(x.view())
    );
    let mut text = saved.to_json();
    let share = text.find("share").unwrap();
    let zero = share + text[share..].find('0').unwrap();
    text.replace_range(zero..=zero, "1");
    let wrong = SavedModel::from_json(&text);
    assert!(wrong.is_err(), "a share of more than all");
    let best = found
        .held_out
        .iter()
        .map(|held| held.qini.value)
        .fold(f64::MIN, f64::max);
    let chosen = found
        .held_out
        .iter()
        .find(|held| held.learner == model.learner());
    assert_eq!(chosen.unwrap().qini.value, best);
    assert!(
        found
            .held_out
            .iter()
            .all(|held| held.qini.low <= held.qini.value)
    );
    // A contact that does nothing: who buys anyway is no reason to write to them.
    let idle: Vec<f64> = (0..20_000_u64)
        .map(|row| {
            f64::from(u8::from(
                unit(3, 11, row) < 0.1 + 0.4 * f64::from(x[[row as usize, 0]]),
            ))
        })
        .collect();
    let found = Uplift::choose(trials(&x, &treated, &idle, &one), 7).unwrap();
    assert!(found.model.is_none(), "{:?}", found.held_out);
}

#[test]
fn the_interval_holds_the_value_and_depends_on_the_seed_alone() {
    let (_, treated, bought, truth) = campaign(2_000, 4);
    let found = qini_interval(&truth, &treated, &bought, 200, 9).unwrap();
    assert!(found.low < found.value && found.value < found.high);
    assert_eq!(
        found,
        qini_interval(&truth, &treated, &bought, 200, 9).unwrap()
    );
}

/// Two campaigns in one: in a season in which much is bought nearly all were contacted, and in another
/// few were. Taken together without a thought the contact would seem to work where it does nothing.
#[test]
fn campaigns_that_contacted_other_shares_are_held_apart() {
    let n = 20_000;
    let x = Array2::from_shape_fn((n, 2), |(row, column)| {
        unit(5, column as u64, row as u64) as f32
    });
    let campaigns: Vec<usize> = (0..n).map(|row| row % 2).collect();
    let share = |row: usize| [0.9, 0.3][campaigns[row]];
    let treated: Vec<bool> = (0..n)
        .map(|row| unit(5, 10, row as u64) < share(row))
        .collect();
    let bought: Vec<f64> = (0..n)
        .map(|row| {
            let chance = [0.6, 0.1][campaigns[row]];
            f64::from(u8::from(unit(5, 11, row as u64) < chance))
        })
        .collect();
    for learner in Learner::ALL {
        let model =
            UpliftModel::fit(learner, trials(&x, &treated, &bought, &campaigns), 7).unwrap();
        let changes = model.predict(x.view());
        let mean = changes.sum() / n as f64;
        assert!(mean.abs() < 0.03, "{learner:?}: {mean}");
    }
    let alone = vec![true; n];
    assert!(matches!(
        UpliftModel::fit(
            Learner::XLearner,
            trials(&x, &alone, &bought, &campaigns),
            7
        ),
        Err(UpliftError::OneGroup { control: 0, .. })
    ));
}
