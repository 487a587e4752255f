//! What models say of customers: by their own law, drawn, and by what must hold for any.

use proptest::prelude::*;

use super::*;
use crate::value::{LifetimeParams, Outlook};

#[test]
fn discounted_purchases_are_what_the_discounted_rate_adds_up_to() {
    // 15 % a year, by steps of a hundredth of a week over two centuries.
    let PurchaseModel::Pareto(model) = pareto([0.5533, 10.5776, 0.6062, 11.6676]) else {
        panic!("a Pareto/NBD model");
    };
    let rate = 1.15_f64.ln() / 52.0;
    let history = History {
        repeats: 7,
        last: 35.0,
        age: 38.86,
    };
    let got = model.residual_purchases(&history, rate).unwrap();
    let whole = PurchaseModel::Pareto(model);
    let (mut sum, mut before) = (0.0, 0.0);
    for i in 1..1_000_000 {
        let time = f64::from(i) * 0.01;
        let by_then = whole.expected_purchases(&history, time);
        sum += (by_then - before) * (-rate * (time - 0.005)).exp();
        before = by_then;
    }
    assert!((got / sum - 1.0).abs() < 1e-6, "{got} for {sum}");
}

/// The mean of what was seen less what was expected, over its standard error.
fn deviations(expected: &[f64], seen: &[f64]) -> f64 {
    let count = seen.len() as f64;
    let off: Vec<f64> = seen
        .iter()
        .zip(expected)
        .map(|(seen, said)| seen - said)
        .collect();
    let mean = off.iter().sum::<f64>() / count;
    let square = off.iter().map(|off| (off - mean).powi(2)).sum::<f64>();
    mean / (square / count / count).sqrt()
}

#[test]
fn expectations_are_what_customers_of_that_law_do() {
    const LATER: f64 = 30.0;
    for model in models() {
        let customers = simulated(&model, 20_000, LATER);
        let (histories, _, later) = observed(&customers);
        let outlooks = model.predict(&histories, LATER, 0.8).unwrap();
        let all = |of: fn(&Outlook) -> f64| -> Vec<f64> { outlooks.iter().map(of).collect() };
        let off = deviations(&all(|o| o.purchases), &later);
        assert!(off.abs() < 3.5, "purchases of {model:?}: {off}");

        let bought: Vec<f64> = later.iter().map(|count| count.min(1.0)).collect();
        let off = deviations(&all(|o| o.p_purchase), &bought);
        assert!(off.abs() < 3.5, "buyers of {model:?}: {off}");

        // Among those who bought twice or more, too, and as long silent.
        let some: Vec<usize> = (0..histories.len())
            .filter(|i| histories[*i].repeats >= 2 && histories[*i].last < 0.7 * histories[*i].age)
            .collect();
        let pick = |values: Vec<f64>| -> Vec<f64> { some.iter().map(|i| values[*i]).collect() };
        let off = deviations(&pick(all(|o| o.purchases)), &pick(later.clone()));
        assert!(
            off.abs() < 3.5,
            "purchases of the silent of {model:?}: {off}"
        );

        // The next purchase has come before its median with half the probability of coming.
        let before: Vec<f64> = (0..histories.len())
            .map(|i| {
                let (age, times) = &customers[i];
                let next = times
                    .get(histories[i].repeats as usize)
                    .map(|time| time - age);
                let soon = next.is_some_and(|next| next < outlooks[i].next.median.min(LATER));
                f64::from(u8::from(soon))
            })
            .collect();
        let said: Vec<f64> = outlooks
            .iter()
            .map(|o| match o.next.median < LATER {
                true => 0.5 * o.next.probability,
                false => o.p_purchase,
            })
            .collect();
        let off = deviations(&said, &before);
        assert!(off.abs() < 3.5, "next purchases of {model:?}: {off}");
    }
}

#[test]
fn values_lie_within_their_intervals_as_often_as_said() {
    for model in models() {
        let customers = simulated(&model, 2_000, 52.0);
        let (histories, _, later) = observed(&customers);
        let lifetime = LifetimeParams::new(4, 13.0).check().unwrap();
        let values = lifetime.value(&model, &histories, None).unwrap();
        let within = values.iter().zip(&later).filter(|(value, later)| {
            let (low, high) = value.interval.unwrap();
            (low..=high).contains(*later)
        });
        // Numbers of purchases are whole, and so are bounds, which are met more often for it.
        let share = within.count() as f64 / histories.len() as f64;
        assert!((0.89..0.985).contains(&share), "{share} of {model:?}");
    }
}

#[test]
fn equal_customers_are_worth_the_same_on_any_number_of_threads() {
    let model = models()[0];
    let lifetime = LifetimeParams::new(4, 13.0).check().unwrap();
    let other = History {
        repeats: 1,
        last: 4.0,
        age: 39.0,
    };
    let on = |threads: usize, histories: &[History]| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| lifetime.value(&model, histories, None).unwrap())
    };
    let one = on(1, &[KNOWN, other, KNOWN]);
    let four = on(4, &[other, KNOWN]);
    assert_eq!(one[0], one[2]);
    assert_eq!((one[1], one[0]), (four[0], four[1]));
    let fits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| PurchaseKind::ALL.map(|kind| fit(kind, &cdnow_histories())))
    };
    assert_eq!(fits(1), fits(3));
}

#[test]
fn the_order_of_customers_and_how_they_are_counted_decide_nothing() {
    let (customers, _) = cdnow();
    let mut histories: Vec<History> = customers.iter().map(|customer| customer.history).collect();
    let one_each = Histories::new(&histories).unwrap();
    assert_eq!((one_each.customers(), one_each.distinct()), (2357, 1016));
    histories.reverse();
    let twice = Histories::counted(&histories, &vec![2; histories.len()]).unwrap();
    let (one, two) = (
        fit(PurchaseKind::BgNbd, &one_each),
        fit(PurchaseKind::BgNbd, &twice),
    );
    let off = two.log_likelihood / one.log_likelihood - 2.0;
    assert!(off.abs() < 1e-12, "{off}");
    for (a, b) in one.parameters.iter().zip(&two.parameters) {
        assert!((a.value / b.value - 1.0).abs() < 1e-6);
        // Twice the customers, so errors are less by the root of 2.
        assert!((a.log_error.unwrap() / b.log_error.unwrap() - 2.0_f64.sqrt()).abs() < 1e-4);
    }
}

#[test]
fn one_stage_is_the_plain_model() {
    let histories = cdnow_histories();
    for (plain, regular) in [
        (PurchaseKind::BgNbd, PurchaseKind::BgCnbd),
        (PurchaseKind::MbgNbd, PurchaseKind::MbgCnbd),
    ] {
        let params = PurchaseParams::new(regular)
            .regularity(Some(1))
            .check()
            .unwrap();
        assert_eq!(params.fit(&histories).unwrap(), fit(plain, &histories));
    }
    // The law of k stages of a homogeneous customer with no silence does not depend on them.
    let now = History {
        repeats: 4,
        last: 30.0,
        age: 30.0,
    };
    let alive = |stages| beta_geometric([50.0, 100.0, 1.0, 3.0], stages, true).p_alive(&now);
    assert!((alive(1) - alive(3)).abs() < 1e-12);
}

fn any_model() -> impl Strategy<Value = PurchaseModel> {
    let values = (0.05..5.0, 0.5..200.0, 0.05..5.0, 0.1..100.0, 1_u32..6, 0..3);
    values.prop_map(
        |(r, alpha, third, fourth, stages, which): (f64, f64, f64, f64, u32, i32)| match which {
            0 => pareto([r, alpha, third, fourth]),
            1 => beta_geometric([r, alpha, third, fourth * 0.1], stages, false),
            _ => beta_geometric([r, alpha, third, fourth * 0.1], stages, true),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_must_hold_for_any_customer_holds(
        model in any_model(),
        repeats in 0_u32..300,
        last in 0.01..500.0_f64,
        silent in 0.0..500.0_f64,
        horizon in 0.1..300.0_f64,
    ) {
        let last = if repeats == 0 { 0.0 } else { last };
        let history = History { repeats, last, age: last + silent };
        let outlook = model.predict(&[history], horizon, 0.8).unwrap()[0];
        let is_share = |share: f64| (0.0..=1.0).contains(&share);
        prop_assert!(is_share(outlook.p_alive) && is_share(outlook.p_purchase), "{outlook:?}");
        prop_assert!(outlook.purchases >= 0.0 && outlook.purchases.is_finite(), "{outlook:?}");
        // Nobody buys who is gone, and who buys buys once at least.
        prop_assert!(outlook.p_purchase <= outlook.p_alive + 1e-12, "{outlook:?}");
        prop_assert!(outlook.p_purchase <= outlook.purchases * (1.0 + 1e-9) + 1e-12, "{outlook:?}");
        prop_assert!(outlook.p_purchase <= outlook.next.probability + 1e-9, "{outlook:?}");
        prop_assert!(outlook.next.low <= outlook.next.median, "{outlook:?}");
        prop_assert!(outlook.next.median <= outlook.next.high, "{outlook:?}");
        let (at_median, _) = model.again_if_alive(&history, outlook.next.median);
        let (ever, _) = model.again_if_alive(&history, f64::INFINITY);
        prop_assert!((at_median - 0.5 * ever).abs() < 1e-6, "{at_median} of {ever}");

        let longer = model.predict(&[history], horizon * 1.5, 0.8).unwrap()[0];
        prop_assert!(longer.purchases >= outlook.purchases * (1.0 - 1e-9), "{longer:?} {outlook:?}");
        prop_assert!(longer.p_purchase >= outlook.p_purchase - 1e-9);
        let later = History { age: history.age + 20.0, ..history };
        let falls = model.p_alive(&history) - model.p_alive(&later);
        // Without repeats nobody leaves in the BG models.
        prop_assert!(falls >= -1e-9, "P(alive) grows by {} with silence", -falls);
    }

    #[test]
    fn likelihoods_are_finite_however_large_the_numbers(
        model in any_model(),
        repeats in 0_u32..20_000,
        last in 0.001..3_000.0_f64,
        silent in 0.0..3_000.0_f64,
    ) {
        let last = if repeats == 0 { 0.0 } else { last };
        let history = History { repeats, last, age: last + silent };
        let (ln, slopes) = model.summed(&Histories::new(&[history]).unwrap());
        prop_assert!(ln.is_finite() && slopes.iter().all(|slope| slope.is_finite()), "{ln} {slopes:?}");
    }
}
