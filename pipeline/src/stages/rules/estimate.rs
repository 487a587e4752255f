//! How much there would be to mine, before it is mined.

use std::fmt::Write as _;
use std::time::Duration;

use regulars_models::associations::Estimate;

use super::choice::Choice;
use super::mine::Miner;
use super::no_baskets;
use super::plan::Plan;
use super::sold::Sold;
use crate::cli::Common;
use crate::config::Settings;
use crate::failure::Result;
use crate::outputs::lock::Lock;
use crate::purchases::Purchases;
use crate::text::{count, percent, plural, print};
use crate::warehouse::Warehouse;
use crate::workbench::Workbench;

/// The supports that are looked at: the one asked for, and what lower ones would cost.
const PARTS: [f64; 3] = [1.0, 0.5, 0.25];

/// Prints how many itemsets, how much memory and how much time a support will take. Writes nothing.
///
/// # Errors
/// As for the stage itself, up to where mining would begin.
pub fn estimate(settings: &Settings, common: &Common) -> Result<()> {
    let out = common.output.out.as_path();
    // What queries spill lies there.
    let lock = Lock::take(out, "rules --estimate", common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage("estimate");
    let (engine, progress) = (&bench.engine, &mut bench.progress);
    let warehouse = Warehouse::open(engine, settings, out, common.as_of, common.known_at)?;
    let plan = Plan::new(settings, &warehouse, &bench.manifest, out, common.as_of)?;
    progress.step(&format!("collecting baskets by {}", plan.ask.level));
    let purchases = Purchases::read(&warehouse, settings, &plan.ask)?;
    let choice = Choice::new(&purchases, &settings.config.rules.outliers, plan.mined());
    let sold = Sold::new(&purchases, &plan.mined());
    let miner = Miner::new(settings, &purchases, &choice.customers, &sold)?;
    let mined = miner.generalised(choice.part(&plan.mined())?)?;
    let n_baskets = mined.baskets.n_baskets() as u64;
    no_baskets(settings, &plan, &purchases, n_baskets)?;
    let seed = common.seed.unwrap_or(settings.config.project.seed);
    let asked = settings.config.rules.min_support;
    let mut text = format!(
        "{} {} by {}, {}, at most {} in a set; {}\n\n",
        count(n_baskets),
        plan.ask.basket.words(),
        plan.ask.level,
        plural(purchases.items.len() as u64, "item"),
        settings.config.rules.max_length,
        plural(bench.threads as u64, "thread")
    );
    let _ = writeln!(
        text,
        "{:>12}  {:>9}  {:>16}  {:>7}  {:>10}  {:>13}",
        "min_support", "baskets", "itemsets", "within", "memory", "search"
    );
    for part in PARTS {
        let support = asked * part;
        progress.step(&format!("looking at a support of {support}"));
        let found = miner.estimate(&mined.baskets, support, seed)?;
        let _ = writeln!(text, "{}", line(support, &found));
        if part == 1.0 && found.itemsets > settings.config.rules.max_itemsets as f64 {
            let _ = writeln!(
                text,
                "  more than max_itemsets, {}: the support would be raised",
                count(settings.config.rules.max_itemsets as u64)
            );
        }
    }
    progress.done("nothing written", 0.0);
    text.push_str(
        "\nMemory is that of the itemsets, search the time to find them; reading the baskets, tests and\n\
         everything else come on top. `within` is twice the standard error.\n",
    );
    // Whoever closes the pipe early has seen enough.
    print(&text);
    Ok(())
}

fn line(support: f64, found: &Estimate) -> String {
    let within = match found.relative_error {
        error if error <= 0.0 => "exact".to_owned(),
        error => percent(2.0 * error),
    };
    format!(
        "{:>12}  {:>9}  {:>16}  {within:>7}  {:>10}  {:>13}",
        crate::outputs::table::round(support, 9),
        count(found.min_count.into()),
        count(found.itemsets.round() as u64),
        bytes(found.bytes),
        time(found.search_time),
    )
}

/// A number of bytes as people say it.
fn bytes(bytes: f64) -> String {
    let mib = bytes / f64::from(1 << 20);
    match mib {
        _ if mib >= 1024.0 => format!("{:.1} GiB", mib / 1024.0),
        _ if mib >= 10.0 => format!("{mib:.0} MiB"),
        _ => format!("{mib:.1} MiB"),
    }
}

/// A time as people say it.
fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 90.0 => format!("{:.0} minutes", seconds / 60.0),
        seconds if seconds >= 1.0 => format!("{seconds:.0} s"),
        _ => "under 1 s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_said_as_people_say_them() {
        assert_eq!(bytes(2.5e6), "2.4 MiB");
        assert_eq!(bytes(5.0e9), "4.7 GiB");
        assert_eq!(time(Duration::from_millis(20)), "under 1 s");
        assert_eq!(time(Duration::from_secs(300)), "5 minutes");
    }
}
