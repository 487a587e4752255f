//! Derivatives against differences, integrals against those of another library.

use super::*;
use crate::value::optimise::{Stopping, minimise};
use crate::value::quadrature::{discounted_power, powers};

/// The parameters of a model as a list.
fn values(model: &PurchaseModel) -> [f64; 4] {
    match model {
        PurchaseModel::BetaGeometric(m) => [m.r, m.alpha, m.a, m.b],
        PurchaseModel::Pareto(m) => [m.r, m.alpha, m.s, m.beta],
    }
}

fn with(model: &PurchaseModel, values: [f64; 4]) -> PurchaseModel {
    match model {
        PurchaseModel::BetaGeometric(m) => beta_geometric(values, m.regularity, m.leaves_at_start),
        PurchaseModel::Pareto(_) => pareto(values),
    }
}

#[test]
fn slopes_are_differences_of_the_likelihood() {
    let histories = cdnow_histories();
    let far = [[3.0, 40.0, 0.2, 0.5], [0.05, 2.0, 5.0, 30.0]];
    for model in models() {
        for at in [values(&model), far[0], far[1]] {
            let (_, slopes) = with(&model, at).summed(&histories);
            for i in 0..4 {
                let moved = |by: f64| {
                    let mut at = at;
                    at[i] *= 1.0 + by;
                    with(&model, at).summed(&histories).0
                };
                let step = 1e-4;
                // Five points, so that the differences are right to nine digits.
                let difference = (8.0 * (moved(step) - moved(-step))
                    - (moved(2.0 * step) - moved(-2.0 * step)))
                    / (12.0 * step * at[i]);
                let size = slopes[i].abs().max(1.0);
                assert!(
                    (slopes[i] - difference).abs() < 1e-6 * size,
                    "{model:?} at {at:?}: {} for {difference}",
                    slopes[i]
                );
            }
        }
    }
}

#[test]
fn integrals_of_powers_are_scipys() {
    // exp(ln a^m b^n) * scipy.integrate.quad(lambda u: (a + u)**-m * (b + u)**-n, 0, length)[0],
    // scaled so that the integrand starts at 1: m, n, a, b, length, integral.
    for (m, n, a, b, length, want) in INTEGRALS {
        let got = powers(m, n, a, b, length);
        let scaled = (got.ln + m * a.ln() + n * b.ln()).exp();
        assert!(
            (scaled / want - 1.0).abs() < 1e-9,
            "{scaled} for {want}: {m} {n} {a} {b} {length}"
        );
        assert!(got.mean_ln_a >= a.ln() && got.mean_ln_b >= b.ln());
        assert!(got.mean_inverse_a <= 1.0 / a && got.mean_inverse_b <= 1.0 / b);
    }
}

/// Gauss's hypergeometric function by its series.
fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for i in 0..100_000 {
        let i = f64::from(i);
        term *= (a + i) * (b + i) / (c + i) * z / (i + 1.0);
        sum += term;
        if term.abs() < 1e-17 * sum.abs() {
            break;
        }
    }
    sum
}

#[test]
fn pareto_nbd_is_what_its_hypergeometric_functions_say() {
    // Fader and Hardie 2005; where x is small the difference holds enough digits.
    for values in [
        [0.5533, 10.5776, 0.6062, 11.6676],
        [1.2, 30.0, 0.4, 9.0],
        [0.8, 5.0, 2.0, 5.0],
    ] {
        let [r, alpha, s, beta]: [f64; 4] = values;
        for (repeats, last, age) in [(0, 0.0, 30.0), (2, 30.43, 38.86), (6, 12.0, 39.0)] {
            let x = f64::from(repeats);
            let most = alpha.max(beta);
            let c = if alpha >= beta { s + 1.0 } else { r + x };
            let f = |z: f64| {
                let ratio = (alpha - beta).abs() / (most + z);
                hypergeometric(r + s + x, c, r + s + x + 1.0, ratio) / (most + z).powf(r + s + x)
            };
            let a0 = f(last) - f(age);
            let odds = s / (r + s + x) * (alpha + age).powf(r + x) * (beta + age).powf(s) * a0;
            let got = pareto(values).p_alive(&History { repeats, last, age });
            assert!(
                (got - 1.0 / (1.0 + odds)).abs() < 1e-10,
                "{got} for {}",
                1.0 / (1.0 + odds)
            );
        }
    }
}

#[test]
fn bg_nbd_is_what_its_hypergeometric_function_says() {
    // Fader, Hardie and Lee 2005, equation 10.
    for [r, alpha, a, b] in [[0.2426, 4.4135, 0.7929, 2.4258], [1.5, 20.0, 2.0, 3.0]] {
        for (repeats, last, age, time) in [
            (0, 0.0, 30.0, 4.0),
            (2, 30.43, 38.86, 39.0),
            (29, 37.71, 38.0, 100.0),
        ] {
            let history = History { repeats, last, age };
            let model = beta_geometric([r, alpha, a, b], 1, false);
            let x = f64::from(repeats);
            let series = hypergeometric(r + x, b + x, a + b + x - 1.0, time / (alpha + age + time));
            let share = ((alpha + age) / (alpha + age + time)).powf(r + x);
            let want =
                (a + b + x - 1.0) / (a - 1.0) * (1.0 - share * series) * model.p_alive(&history);
            let got = model.expected_purchases(&history, time);
            assert!((got / want - 1.0).abs() < 1e-10, "{got} for {want}");
        }
    }
}

#[test]
fn discounted_powers_are_scipys() {
    // b * scipy.special.hyperu(1, 2 - s, rate * b)
    for (s, b, rate, want) in DISCOUNTED {
        let got = discounted_power(s, b, rate);
        assert!(
            (got / want - 1.0).abs() < 1e-9,
            "{got} for {want}: {s} {b} {rate}"
        );
    }
}

#[test]
fn a_valley_is_gone_down_to_its_end() {
    // The function of Rosenbrock has its minimum at (1, 1).
    let function = |at: &[f64; 2]| {
        let [x, y] = *at;
        let off = y - x * x;
        let value = (1.0 - x).powi(2) + 100.0 * off * off;
        (value, [-2.0 * (1.0 - x) - 400.0 * x * off, 200.0 * off])
    };
    let stopping = Stopping {
        iterations: 200,
        tolerance: 1e-10,
    };
    let minimum = minimise(function, [-1.2, 1.0], stopping);
    assert!(
        minimum.slope <= 1e-10 && minimum.iterations < 60,
        "{minimum:?}"
    );
    assert!(
        minimum.at.iter().all(|at| (at - 1.0).abs() < 1e-8),
        "{minimum:?}"
    );
    assert!((minimum.hessian[0][0] - 802.0).abs() < 1e-3, "{minimum:?}");
    assert_eq!(minimum.at_limit, [false; 2]);
    // What has no minimum ends at the limit.
    let minimum = minimise(
        |at: &[f64; 1]| ((-at[0]).exp(), [-(-at[0]).exp()]),
        [0.0],
        stopping,
    );
    assert_eq!(minimum.at_limit, [true]);
    assert_eq!(minimum.slope, 0.0);
}

const INTEGRALS: [(f64, f64, f64, f64, f64, f64); 8] = [
    (0.55, 1.6, 10.58, 11.67, 39.0, 8.105041259553936),
    (2.55, 1.6, 41.0, 42.1, 8.4, 5.799057591785866),
    (400.5, 1.6, 500.0, 30.0, 20.0, 1.1757791767532206),
    (1000.5, 1.4, 5.0, 2000.0, 300.0, 0.005002483715673823),
    (0.05, 1.02, 3.0, 0.01, 1000.0, 0.0957919953138131),
    (30.0, 5.0, 0.02, 50.0, 700.0, 0.0006896059157083404),
    (3.2, 1.0, 40.0, 0.5, 1000000.0, 1.4748722698467847),
    (12.0, 1.6, 38.0, 3.0, 1e-06, 9.999995754387482e-07),
];

const DISCOUNTED: [(f64, f64, f64, f64); 5] = [
    (0.606, 50.5, 0.0027, 144.42304898562486),
    (0.606, 50.5, 0.2, 4.738472716274211),
    (2.5, 11.0, 1e-05, 7.331749639646408),
    (1.0, 20.0, 0.01, 29.866974938644788),
    (0.1, 300.0, 0.1, 9.96781113729955),
];
