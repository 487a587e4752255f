//! Fits the models of customer value to a CSV of histories, for timing and for comparing.
//!
//!     value_fit HISTORIES.csv MODEL THREADS [PREDICTIONS.csv]
//!
//! The file has one customer a line: repeats, time of the last purchase, age and, for the model
//! `gamma-gamma`, the mean amount of a repeat purchase; lines that start with a letter or `#` are
//! left out. Prints the parameters and seconds as JSON; predictions are of the next 39 units of
//! time.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Instant;

use linfa::ParamGuard;
use regulars_models::value::{
    Estimate, Histories, History, LifetimeParams, PurchaseKind, PurchaseParams, Spend, SpendParams,
};

const HORIZON: f64 = 39.0;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, model, threads, out @ ..] = arguments.as_slice() else {
        return Err("value_fit HISTORIES.csv MODEL THREADS [PREDICTIONS.csv]".into());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.parse()?)
        .build_global()?;
    let text = std::fs::read_to_string(file)?;
    let rows: Vec<Vec<f64>> = text
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .map(|line| line.split(',').map(str::parse).collect())
        .collect::<Result<_, _>>()?;
    if model == "gamma-gamma" {
        return fit_spend(&rows);
    }
    let histories: Vec<History> = rows
        .iter()
        .map(|row| History {
            repeats: row[0] as u32,
            last: row[1],
            age: row[2],
        })
        .collect();
    let kind = PurchaseKind::ALL
        .into_iter()
        .find(|kind| kind.name() == model)
        .ok_or("no such model")?;
    let started = Instant::now();
    let cells = Histories::new(&histories)?;
    let fit = PurchaseParams::new(kind).check()?.fit(&cells)?;
    let fitted = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let outlooks = fit.model.predict(&histories, HORIZON, 0.9)?;
    let predicted = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let lifetime = LifetimeParams::new(12, HORIZON / 12.0).rate(0.01);
    let values = lifetime.check()?.value(&fit.model, &histories, None)?;
    let valued = started.elapsed().as_secs_f64();
    print(
        &fit.parameters,
        fit.log_likelihood,
        fit.iterations,
        fitted,
        predicted,
        valued,
    );
    if let [out] = out {
        let mut text = String::from("p_alive,purchases,median_next,value\n");
        for (outlook, value) in outlooks.iter().zip(&values) {
            let (p_alive, purchases) = (outlook.p_alive, outlook.purchases);
            writeln!(
                text,
                "{p_alive},{purchases},{},{}",
                outlook.next.median, value.value
            )?;
        }
        std::fs::write(out, text)?;
    }
    Ok(())
}

fn fit_spend(rows: &[Vec<f64>]) -> Result<(), Box<dyn Error>> {
    let spends: Vec<Spend> = rows
        .iter()
        .map(|row| Spend {
            repeats: row[0] as u32,
            mean: row[3],
        })
        .collect();
    let started = Instant::now();
    let fitted = SpendParams::default().check()?.fit(&spends)?;
    let seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let expected = fitted.fit.model.predict(&spends)?;
    let predicted = started.elapsed().as_secs_f64();
    assert_eq!(expected.len(), spends.len());
    let fit = fitted.fit;
    print(
        &fit.parameters,
        fit.log_likelihood,
        fit.iterations,
        seconds,
        predicted,
        0.0,
    );
    Ok(())
}

fn print(parameters: &[Estimate], ln: f64, steps: usize, fit: f64, predict: f64, value: f64) {
    let named: Vec<String> = parameters
        .iter()
        .map(|estimate| format!("\"{}\": {}", estimate.name, estimate.value))
        .collect();
    let named = named.join(", ");
    println!(
        "{{\"parameters\": {{{named}}}, \"log_likelihood\": {ln}, \"steps\": {steps}, \
         \"fit\": {fit}, \"predict\": {predict}, \"value\": {value}}}"
    );
}
