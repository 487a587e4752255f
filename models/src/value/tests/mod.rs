//! Tests against published figures, derivatives, customers whose law is known, and bad input.

mod expectations;
mod published;
mod recovery;
mod refused;
mod slopes;

use linfa::ParamGuard;

use super::draws::Draws;
use super::{
    BetaGeometric, Fitted, GammaGamma, Histories, History, ParetoNbd, PurchaseKind, PurchaseModel,
    PurchaseParams, Spend,
};

/// One row of the CDNOW data.
struct Customer {
    history: History,
    spend: Spend,
    later: f64,
}

/// The customers of the CDNOW data, one entry a customer, and the sum of the logarithms of gaps.
fn cdnow() -> (Vec<Customer>, f64) {
    let text = include_str!("../../../tests/fixtures/cdnow.csv");
    let gaps = text
        .lines()
        .find_map(|line| line.strip_prefix("# sum of the logarithms of gaps: "));
    let rows = text.lines().filter(|line| !line.starts_with(['#', 'r']));
    let mut customers = Vec::new();
    for row in rows {
        let values: Vec<f64> = row.split(',').map(|value| value.parse().unwrap()).collect();
        let [repeats, last, age, mean, later, count] = values[..] else {
            panic!("{row}");
        };
        let repeats = repeats as u32;
        for _ in 0..count as usize {
            customers.push(Customer {
                history: History { repeats, last, age },
                spend: Spend { repeats, mean },
                later,
            });
        }
    }
    (customers, gaps.unwrap().parse().unwrap())
}

fn cdnow_histories() -> Histories {
    let (customers, gaps) = cdnow();
    let histories: Vec<History> = customers.iter().map(|customer| customer.history).collect();
    Histories::new(&histories)
        .unwrap()
        .with_log_gaps(gaps)
        .unwrap()
}

fn fit(kind: PurchaseKind, histories: &Histories) -> Fitted<PurchaseModel> {
    PurchaseParams::new(kind)
        .check()
        .unwrap()
        .fit(histories)
        .unwrap()
}

/// The customer of the check numbers.
const KNOWN: History = History {
    repeats: 2,
    last: 30.43,
    age: 38.86,
};

fn beta_geometric(values: [f64; 4], regularity: u32, leaves_at_start: bool) -> PurchaseModel {
    let [r, alpha, a, b] = values;
    PurchaseModel::BetaGeometric(BetaGeometric {
        r,
        alpha,
        a,
        b,
        regularity,
        leaves_at_start,
    })
}

fn pareto(values: [f64; 4]) -> PurchaseModel {
    let [r, alpha, s, beta] = values;
    PurchaseModel::Pareto(ParetoNbd { r, alpha, s, beta })
}

/// One model of each kind, with parameters near those of the CDNOW customers.
fn models() -> [PurchaseModel; 6] {
    [
        beta_geometric([0.2426, 4.4135, 0.7929, 2.4258], 1, false),
        beta_geometric([0.525, 6.183, 0.891, 1.614], 1, true),
        beta_geometric([0.6, 5.0, 0.7, 2.2], 3, false),
        beta_geometric([0.9, 5.0, 1.0, 2.0], 2, true),
        pareto([0.5533, 10.5776, 0.6062, 11.6676]),
        pareto([0.5, 3.0, 1.0, 20.0]),
    ]
}

/// Customers whose first purchase lies 20 to 60 before the end, drawn from the law of a model: the
/// times of their repeat purchases up to `later` after the end.
fn simulated(model: &PurchaseModel, customers: u64, later: f64) -> Vec<(f64, Vec<f64>)> {
    let customer = |i: u64| {
        let mut draws = Draws::new(2024, 5, i);
        let age = 20.0 + 40.0 * draws.unit();
        let mut times = Vec::new();
        let mut time = 0.0;
        let (rate, stages, leaving, end, at_start) = match model {
            PurchaseModel::BetaGeometric(m) => {
                let rate = draws.gamma(m.r) / m.alpha;
                let leaving = draws.beta(m.a, m.b);
                (rate, m.regularity, leaving, age + later, m.leaves_at_start)
            }
            PurchaseModel::Pareto(m) => {
                let rate = draws.gamma(m.r) / m.alpha;
                let leaves = draws.exponential() * m.beta / draws.gamma(m.s);
                (rate, 1, 0.0, leaves.min(age + later), false)
            }
        };
        if at_start && draws.unit() < leaving {
            return (age, times);
        }
        loop {
            time += (0..stages).map(|_| draws.exponential()).sum::<f64>() / rate;
            if time.is_nan() || time >= end {
                return (age, times);
            }
            times.push(time);
            if draws.unit() < leaving {
                return (age, times);
            }
        }
    };
    (0..customers).map(customer).collect()
}

/// What is known of simulated customers at their end, and how often they buy after it.
fn observed(customers: &[(f64, Vec<f64>)]) -> (Vec<History>, f64, Vec<f64>) {
    let (mut histories, mut gaps, mut later) = (Vec::new(), 0.0, Vec::new());
    for (age, times) in customers {
        let seen: Vec<f64> = times.iter().copied().filter(|time| time <= age).collect();
        later.push((times.len() - seen.len()) as f64);
        let mut before = 0.0;
        for time in &seen {
            gaps += (time - before).ln();
            before = *time;
        }
        histories.push(History {
            repeats: seen.len() as u32,
            last: before,
            age: *age,
        });
    }
    (histories, gaps, later)
}

/// Customers' spend, drawn from the law of a model.
fn simulated_spends(model: &GammaGamma, customers: u64) -> Vec<Spend> {
    let spend = |i: u64| {
        let mut draws = Draws::new(7, 8, i);
        let scale = draws.gamma(model.q) / model.v;
        let repeats = (draws.unit() * 6.0) as u32;
        let all: f64 = (0..repeats).map(|_| draws.gamma(model.p) / scale).sum();
        Spend {
            repeats,
            mean: all / f64::from(repeats),
        }
    };
    (0..customers).map(spend).collect()
}
