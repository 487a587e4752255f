//! What cannot be fitted, valued or read, and what is said of it.

use super::*;
use crate::value::{
    ContractCell, ContractParams, LifetimeParams, SavedValue, ShiftedBetaGeometric, SpendParams,
    ValueError, held_out,
};

fn history(repeats: u32, last: f64, age: f64) -> History {
    History { repeats, last, age }
}

#[track_caller]
fn assert_says<T: std::fmt::Debug>(result: Result<T, ValueError>, words: &str) {
    let said = result.unwrap_err().to_string();
    assert!(said.contains(words), "{said}");
}

#[test]
fn histories_that_nobody_can_have_are_named_with_their_row() {
    let good = history(1, 2.0, 3.0);
    for (bad, words) in [
        (
            history(1, 4.0, 3.0),
            "customer 1: the last purchase is at 4, after the age of 3",
        ),
        (
            history(1, f64::NAN, 3.0),
            "customer 1: the time of the last purchase is NaN",
        ),
        (history(1, 1.0, f64::INFINITY), "customer 1: the age is inf"),
        (
            history(1, -1.0, 3.0),
            "customer 1: the time of the last purchase is -1, but it cannot",
        ),
        (history(0, 0.0, -3.0), "customer 1: the age is -3"),
        (
            history(2, 0.0, 3.0),
            "customer 1: 2 repeat purchases and the last one at 0",
        ),
        (
            history(0, 1.0, 3.0),
            "customer 1: 0 repeat purchases and the last one at 1",
        ),
    ] {
        assert_says(Histories::new(&[good, bad]), words);
        assert_says(models()[0].predict(&[good, bad], 1.0, 0.9), words);
        let lifetime = LifetimeParams::new(1, 1.0).check().unwrap();
        assert_says(lifetime.value(&models()[0], &[good, bad], None), words);
    }
    assert_says(Histories::counted(&[good], &[]), "0 values for 1 customers");
    let histories = Histories::new(&[good, good]).unwrap();
    assert_says(
        histories.with_log_gaps(f64::NEG_INFINITY),
        "the sum of the logarithms of gaps",
    );
}

#[test]
fn what_carries_no_model_is_said_in_words() {
    let never = history(0, 0.0, 30.0);
    let once = history(1, 4.0, 30.0);
    for kind in PurchaseKind::ALL {
        let fit = |histories: &[History]| {
            let histories = Histories::new(histories)
                .unwrap()
                .with_log_gaps(1.0)
                .unwrap();
            PurchaseParams::new(kind).check().unwrap().fit(&histories)
        };
        assert_says(fit(&[]), "0 customers with a history are too few");
        assert_says(fit(&[once]), "1 customers with a history are too few");
        assert_says(
            fit(&[never, history(0, 0.0, 20.0)]),
            "no customer has a repeat purchase",
        );
        assert_says(fit(&[once, once, once]), "all customers are the same");
    }
    let params = PurchaseParams::new(PurchaseKind::MbgCnbd).check().unwrap();
    let histories = Histories::new(&[never, once]).unwrap();
    assert_says(params.fit(&histories), "with_log_gaps");
    let few = PurchaseParams::new(PurchaseKind::BgNbd)
        .iterations(1)
        .check()
        .unwrap();
    assert_says(
        few.fit(&cdnow_histories()),
        "the fit of bg-nbd did not settle within 1 iterations",
    );
}

#[test]
fn customers_who_do_not_differ_give_a_model_whose_parameters_have_no_error() {
    // All buy as a Poisson process of one rate, and nobody leaves.
    let planted = beta_geometric([1e5, 4e5, 1e-9, 1.0], 1, false);
    let (histories, _, _) = observed(&simulated(&planted, 2_000, 1.0));
    let fitted = fit(PurchaseKind::BgNbd, &Histories::new(&histories).unwrap());
    assert!(
        fitted
            .parameters
            .iter()
            .any(|estimate| estimate.log_error.is_none()),
        "{fitted:?}"
    );
    let rate = fitted.parameters[0].value / fitted.parameters[1].value;
    assert!((rate / 0.25 - 1.0).abs() < 0.05, "{rate}");
}

#[test]
fn settings_that_make_no_sense_are_named_with_their_value() {
    let bg = || PurchaseParams::new(PurchaseKind::BgNbd);
    for (params, words) in [
        (bg().iterations(0), "iterations = 0"),
        (bg().tolerance(0.0), "tolerance = 0"),
        (bg().tolerance(f64::NAN), "tolerance = NaN"),
        (bg().regularity(Some(2)), "regularity = 2"),
        (
            PurchaseParams::new(PurchaseKind::BgCnbd).regularity(Some(0)),
            "regularity = 0",
        ),
    ] {
        assert_says(params.check(), words);
    }
    let lifetime = || LifetimeParams::new(12, 1.0);
    for (params, words) in [
        (LifetimeParams::new(0, 1.0), "periods = 0"),
        (LifetimeParams::new(1, 0.0), "period = 0"),
        (lifetime().rate(-0.1), "rate = -0.1"),
        (lifetime().margin(0.0), "margin = 0"),
        (lifetime().level(1.0), "level = 1"),
        (lifetime().draws(2_000_000), "draws = 2000000"),
    ] {
        assert_says(params.check(), words);
    }
    assert_says(models()[0].predict(&[], 0.0, 0.9), "horizon = 0");
    assert_says(models()[0].predict(&[], 1.0, 0.0), "level = 0");
    let bad = beta_geometric([1.0, -1.0, 1.0, 1.0], 1, false);
    assert_says(bad.predict(&[], 1.0, 0.9), "alpha = -1");
    assert_says(
        SpendParams::default().iterations(0).check(),
        "iterations = 0",
    );
    assert_says(
        ContractParams::default().tolerance(1.0).check(),
        "tolerance = 1",
    );
}

#[test]
fn spends_that_cannot_be_fitted_are_named() {
    let fit = |spends: &[(u32, f64)]| {
        let spends: Vec<Spend> = spends
            .iter()
            .map(|&(repeats, mean)| Spend { repeats, mean })
            .collect();
        SpendParams::default().check().unwrap().fit(&spends)
    };
    assert_says(
        fit(&[(1, 3.0), (2, 0.0)]),
        "customer 1: the mean spend is 0",
    );
    assert_says(
        fit(&[(1, 3.0), (2, -4.0)]),
        "customer 1: the mean spend is -4",
    );
    assert_says(fit(&[(1, f64::NAN)]), "customer 0: the mean spend is NaN");
    assert_says(
        fit(&[(0, 0.0), (1, 3.0)]),
        "1 customers with a repeat purchase are too few",
    );
    assert_says(
        fit(&[(1, 3.0), (5, 3.0)]),
        "all customers are the same in mean spend",
    );
    // A few spend nearly all.
    let planted = GammaGamma {
        p: 4.0,
        q: 0.7,
        v: 10.0,
    };
    let wild = SpendParams::default()
        .check()
        .unwrap()
        .fit(&simulated_spends(&planted, 4_000));
    assert_says(wild, "its mean is infinite at 1 and below");
    let lifetime = LifetimeParams::new(1, 1.0).check().unwrap();
    let model = GammaGamma {
        p: 1.0,
        q: 2.0,
        v: 1.0,
    };
    let result = lifetime.value(&models()[0], &[KNOWN], Some((&model, &[])));
    assert_says(result, "the spend has 0 values for 1 customers");
}

#[test]
fn contracts_that_cannot_be_fitted_are_said() {
    let cell = |periods, ended, customers| ContractCell {
        periods,
        ended,
        customers,
    };
    let fit = |cells: &[ContractCell]| ContractParams::default().check().unwrap().fit(cells);
    assert_says(fit(&[]), "0 customers");
    assert_says(
        fit(&[cell(0, false, 50)]),
        "0 customers with a renewal that was due",
    );
    assert_says(
        fit(&[cell(3, false, 50)]),
        "no customer has ended a contract",
    );
    assert_says(
        fit(&[cell(1, true, 50)]),
        "no customer has renewed a contract",
    );
    let model = ShiftedBetaGeometric { a: 1.0, b: 2.0 };
    assert_says(model.residual_lifetime(0, 0.0), "rate = 0");
    assert_says(model.residual_lifetime(0, f64::NAN), "rate = NaN");
}

#[test]
fn predictions_that_cannot_be_compared_are_named() {
    assert_says(held_out(&[], &[]), "0 customers");
    assert_says(held_out(&[1.0], &[]), "0 values for 1 customers");
    assert_says(
        held_out(&[1.0, f64::NAN], &[1.0, 1.0]),
        "customer 1: the predicted number",
    );
    assert_says(held_out(&[1.0], &[-1.0]), "customer 0: the actual number");
    // By hand: errors of 0.5 and -1.5.
    let told = held_out(&[1.5, 0.5], &[1.0, 2.0]).unwrap();
    assert_eq!((told.mean_absolute_error, told.bias), (1.0, -0.5));
    assert_eq!(told.root_mean_squared_error, 1.25_f64.sqrt());
    assert_eq!(told.total_error, Some(-1.0 / 3.0));
    let told = held_out(&[1.0], &[0.0]).unwrap();
    assert_eq!((told.total_error, told.correlation), (None, None));
}

#[test]
fn saved_models_read_back_to_the_same_bits() {
    for purchases in models() {
        let saved = SavedValue {
            unit: "week".to_owned(),
            purchases: Some(purchases),
            spend: Some(GammaGamma {
                p: 1.0 / 3.0,
                q: 3.7446,
                v: 1e-300,
            }),
            contract: Some(ShiftedBetaGeometric {
                a: 0.1 + 0.2,
                b: 1e22,
            }),
        };
        let text = saved.to_json().unwrap();
        let read = SavedValue::from_json(&text).unwrap();
        assert_eq!(read, saved);
        assert_eq!(read.to_json().unwrap(), text);
    }
    let nothing = SavedValue {
        unit: String::new(),
        purchases: None,
        spend: None,
        contract: None,
    };
    assert_eq!(
        SavedValue::from_json(&nothing.to_json().unwrap()).unwrap(),
        nothing
    );
}

#[test]
fn texts_that_are_no_saved_model_are_refused() {
    let saved = SavedValue {
        unit: "day".to_owned(),
        purchases: Some(models()[2]),
        spend: Some(GammaGamma {
            p: 2.0,
            q: 3.5,
            v: 4.0,
        }),
        contract: None,
    };
    let text = saved.to_json().unwrap();
    for (from, to, words) in [
        (
            "\"version\": 1",
            "\"version\": 2",
            "it is version 2 of `regulars-value`",
        ),
        (
            "regulars-value",
            "regulars-model",
            "it is version 1 of `regulars-model`",
        ),
        ("\"unit\"", "\"units\"", "unknown field `units`"),
        ("\"3.5\"", "\"0.5\"", "q = 0.5"),
        ("\"3.5\"", "\"NaN\"", "q = NaN"),
        ("\"3.5\"", "\"-3.5\"", "q = -3.5"),
        ("\"3.5\"", "\"much\"", "\"much\" is no number"),
        ("\"regularity\": 3", "\"regularity\": 0", "regularity = 0"),
        ("\"regularity\": 3", "\"regularity\": 99", "regularity = 99"),
        (
            "\"leaves\": \"after a purchase\"",
            "\"leaves\": \"never\"",
            "unknown variant `never`",
        ),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        assert_says(SavedValue::from_json(&text.replace(from, to)), words);
    }
    assert_says(SavedValue::from_json(""), "this is no saved value model");
    assert_says(
        SavedValue::from_json(&text[..100]),
        "this is no saved value model",
    );
    let mut bad = saved;
    bad.spend = Some(GammaGamma {
        p: f64::INFINITY,
        q: 3.0,
        v: 1.0,
    });
    assert_says(bad.to_json(), "p = inf");
}
