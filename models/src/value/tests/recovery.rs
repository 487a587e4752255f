//! Customers drawn from a law, and the law found again.

use super::*;
use crate::value::{ContractCell, ContractParams, Estimate, ShiftedBetaGeometric, SpendParams};

/// Each planted value lies within 3.3 standard errors (one in a thousand does not).
#[track_caller]
fn assert_found(parameters: &[Estimate], planted: &[f64]) {
    for (estimate, planted) in parameters.iter().zip(planted) {
        let error = estimate.log_error.expect("an error");
        let off = (estimate.value / planted).ln() / error;
        assert!(
            off.abs() < 3.3 && error < 0.5,
            "{estimate:?} for {planted}: {off} errors"
        );
    }
}

#[test]
fn every_purchase_model_is_found_again() {
    for (kind, values, stages) in [
        (PurchaseKind::BgNbd, [0.8, 6.0, 0.8, 2.5], 1),
        (PurchaseKind::MbgNbd, [0.8, 6.0, 0.8, 2.5], 1),
        (PurchaseKind::BgCnbd, [1.2, 3.0, 0.7, 3.0], 3),
        (PurchaseKind::MbgCnbd, [1.2, 3.0, 0.7, 3.0], 2),
        (PurchaseKind::ParetoNbd, [0.8, 6.0, 0.7, 12.0], 1),
    ] {
        let planted = match kind {
            PurchaseKind::ParetoNbd => pareto(values),
            _ => beta_geometric(values, stages, kind.leaves_at_start()),
        };
        let (histories, gaps, _) = observed(&simulated(&planted, 12_000, 1.0));
        let histories = Histories::new(&histories)
            .unwrap()
            .with_log_gaps(gaps)
            .unwrap();
        let fitted = fit(kind, &histories);
        assert_found(&fitted.parameters, &values);
        assert_eq!(fitted.model.kind(), kind);
        if let PurchaseModel::BetaGeometric(model) = fitted.model {
            assert_eq!(model.regularity, stages, "{kind:?}");
        }
        // The law itself is less likely than what fits best, and not by much.
        let less = fitted.log_likelihood - planted.log_likelihood(&histories);
        assert!((0.0..10.0).contains(&less), "{kind:?}: {less}");
    }
}

#[test]
fn the_model_that_made_the_customers_is_the_likeliest() {
    for (planted, kind) in [
        (
            beta_geometric([1.2, 3.0, 0.7, 3.0], 3, true),
            PurchaseKind::MbgCnbd,
        ),
        (pareto([0.8, 6.0, 0.7, 12.0]), PurchaseKind::ParetoNbd),
    ] {
        let (histories, gaps, _) = observed(&simulated(&planted, 12_000, 1.0));
        let histories = Histories::new(&histories)
            .unwrap()
            .with_log_gaps(gaps)
            .unwrap();
        let fits = PurchaseKind::ALL.map(|kind| (fit(kind, &histories).aic(), kind));
        let best = fits.iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        assert_eq!(best.1, kind, "{fits:?}");
    }
}

#[test]
fn the_spend_model_is_found_again() {
    let planted = GammaGamma {
        p: 4.0,
        q: 3.5,
        v: 25.0,
    };
    let spends = simulated_spends(&planted, 12_000);
    let fitted = SpendParams::default()
        .check()
        .unwrap()
        .fit(&spends)
        .unwrap();
    assert_found(&fitted.fit.parameters, &[4.0, 3.5, 25.0]);
    assert!(fitted.correlation.abs() < 0.05);
}

#[test]
fn the_contract_model_is_found_again() {
    let planted = ShiftedBetaGeometric { a: 0.9, b: 2.7 };
    let contract = |i: u64| {
        let mut draws = Draws::new(3, 4, i);
        let leaving = draws.beta(planted.a, planted.b);
        // Between one and eight renewals were due.
        let due = 1 + (draws.unit() * 8.0) as u32;
        let left = (1..=due).find(|_| draws.unit() < leaving);
        ContractCell {
            periods: left.unwrap_or(due),
            ended: left.is_some(),
            customers: 1,
        }
    };
    let cells: Vec<ContractCell> = (0..10_000).map(contract).collect();
    let fitted = ContractParams::default()
        .check()
        .unwrap()
        .fit(&cells)
        .unwrap();
    assert_found(&fitted.parameters, &[0.9, 2.7]);
}
