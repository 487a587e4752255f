//! Figures of papers and of reference implementations.

use super::*;
use crate::value::{ContractCell, ContractParams, LifetimeParams, SpendParams, held_out};

#[track_caller]
fn assert_near(got: f64, want: f64, within: f64) {
    assert!((got / want - 1.0).abs() < within, "{got} for {want}");
}

#[track_caller]
fn assert_parameters<M>(fit: &Fitted<M>, want: &[f64], within: f64) {
    assert!(fit.slope < 1e-8, "slope {}", fit.slope);
    for (estimate, want) in fit.parameters.iter().zip(want) {
        let off = (estimate.value / want - 1.0).abs();
        assert!(off < within, "{estimate:?} for {want}");
        assert!(!estimate.at_limit && estimate.log_error.unwrap() > 0.0);
    }
}

#[test]
fn bg_nbd_of_cdnow_is_the_published_one() {
    // Fader, Hardie and Lee 2005, table 2.
    let fit = fit(PurchaseKind::BgNbd, &cdnow_histories());
    assert_parameters(&fit, &[0.2426, 4.4135, 0.7929, 2.4258], 2e-3);
    assert_parameters(&fit, &[0.243, 4.414, 0.793, 2.426], 5e-3);
    assert!(
        (fit.log_likelihood + 9582.4).abs() < 0.05,
        "{}",
        fit.log_likelihood
    );
    assert_eq!(fit.customers, 2357);
    assert_near(fit.model.p_alive(&KNOWN), 0.72661, 1e-4);
    assert_near(fit.model.expected_purchases(&KNOWN, 39.0), 1.22591, 1e-4);
    assert_near(
        fit.model.expected_purchases(&History::NEW, 39.0),
        1.19502,
        1e-4,
    );
}

#[test]
fn mbg_nbd_of_cdnow_is_that_of_lifetimes() {
    // lifetimes 0.11.3, ModifiedBetaGeoFitter().fit(frequency, recency, T), to three places.
    let fit = fit(PurchaseKind::MbgNbd, &cdnow_histories());
    assert_parameters(&fit, &[0.525, 6.183, 0.891, 1.614], 5e-3);
}

#[test]
fn pareto_nbd_of_cdnow_is_the_published_one() {
    // Fader, Hardie and Lee 2005, table 2.
    let fit = fit(PurchaseKind::ParetoNbd, &cdnow_histories());
    assert_parameters(&fit, &[0.5533, 10.5776, 0.6062, 11.6676], 2e-3);
    assert_parameters(&fit, &[0.553, 10.578, 0.606, 11.669], 5e-3);
    assert!(
        (fit.log_likelihood + 9595.0).abs() < 0.05,
        "{}",
        fit.log_likelihood
    );
    assert_near(fit.model.p_alive(&KNOWN), 0.86912, 1e-4);
    assert_near(fit.model.expected_purchases(&KNOWN, 39.0), 1.45511, 1e-4);
    assert_near(
        fit.model.expected_purchases(&History::NEW, 39.0),
        1.21340,
        1e-4,
    );
}

#[test]
fn gamma_gamma_of_cdnow_is_the_published_one() {
    let (customers, _) = cdnow();
    let spends: Vec<Spend> = customers.iter().map(|customer| customer.spend).collect();
    let fitted = SpendParams::default()
        .check()
        .unwrap()
        .fit(&spends)
        .unwrap();
    assert_eq!(fitted.fit.customers, 946);
    assert_parameters(&fitted.fit, &[6.2488, 3.7446, 15.4478], 2e-3);
    let ln = fitted.fit.log_likelihood;
    assert!((ln + 4055.92).abs() < 0.05, "{ln}");
    assert!(fitted.correlation.abs() < 0.3, "{}", fitted.correlation);
    let known = Spend {
        repeats: 2,
        mean: 30.0,
    };
    let model = fitted.fit.model;
    let unknown = Spend {
        repeats: 0,
        mean: f64::NAN,
    };
    let predicted = model.predict(&[known, unknown]).unwrap();
    assert_near(predicted[0], 30.9311, 1e-4);
    assert_eq!(predicted[1], model.mean());
}

/// Customers of the two tiers of Fader and Hardie 2007, of whom this many were there after each
/// year.
fn contracts(survivors: &[u64]) -> Vec<ContractCell> {
    let lost = survivors
        .windows(2)
        .enumerate()
        .map(|(t, pair)| ContractCell {
            periods: t as u32 + 1,
            ended: true,
            customers: pair[0] - pair[1],
        });
    let kept = ContractCell {
        periods: survivors.len() as u32 - 1,
        ended: false,
        customers: *survivors.last().unwrap(),
    };
    lost.chain([kept]).collect()
}

#[test]
fn contracts_are_those_of_fader_and_hardie() {
    let high_end = [1000, 869, 743, 653, 593, 551, 517, 491];
    let regular = [1000, 631, 468, 382, 326, 289, 262, 241];
    let params = ContractParams::default().check().unwrap();
    let fit = params.fit(&contracts(&high_end)).unwrap();
    assert_parameters(&fit, &[0.668, 3.806], 2e-3);
    assert!(
        (fit.log_likelihood + 1611.2).abs() < 0.1,
        "{}",
        fit.log_likelihood
    );
    let other = params.fit(&contracts(&regular)).unwrap();
    assert_parameters(&other, &[0.704, 1.182], 2e-3);
    // From seven years the twelfth is foretold to two points: 39.4 % were there.
    assert!(
        (fit.model.survival(12) - 0.394).abs() < 0.02,
        "{}",
        fit.model.survival(12)
    );
    // Retention is what survival falls by.
    for t in 1..20 {
        let falls = fit.model.survival(t) / fit.model.survival(t - 1);
        assert_near(fit.model.retention(t), falls, 1e-12);
    }
    // The sum of what is left of survival, by definition.
    let worth: f64 = (0..2000)
        .map(|t| fit.model.survival(3 + t) / fit.model.survival(2) / 1.1_f64.powi(t as i32))
        .sum();
    assert_near(fit.model.residual_lifetime(2, 0.1).unwrap(), worth, 1e-10);
}

#[test]
fn models_predict_the_second_39_weeks_of_cdnow() {
    let (customers, _) = cdnow();
    let histories: Vec<History> = customers.iter().map(|customer| customer.history).collect();
    let actual: Vec<f64> = customers.iter().map(|customer| customer.later).collect();
    let cells = cdnow_histories();
    for kind in PurchaseKind::ALL {
        let model = fit(kind, &cells).model;
        let outlooks = model.predict(&histories, 39.0, 0.9).unwrap();
        let predicted: Vec<f64> = outlooks.iter().map(|outlook| outlook.purchases).collect();
        let told = held_out(&predicted, &actual).unwrap();
        assert_eq!(told.actual, 1882.0);
        assert!(told.total_error.unwrap().abs() < 0.2, "{kind:?} {told:?}");
        assert!(told.root_mean_squared_error < 1.7, "{kind:?} {told:?}");
        // Fader, Hardie and Lee 2005, table 4.
        let published = match kind {
            PurchaseKind::BgNbd => Some(0.626),
            PurchaseKind::ParetoNbd => Some(0.630),
            _ => None,
        };
        if let Some(published) = published {
            assert_near(told.correlation.unwrap(), published, 2e-3);
        }
        // So does the value without discount, in one period.
        let lifetime = LifetimeParams::new(1, 39.0).draws(0).check().unwrap();
        let values = lifetime.value(&model, &histories, None).unwrap();
        assert!(values.iter().zip(&predicted).all(|(v, p)| v.value == *p));
    }
}
