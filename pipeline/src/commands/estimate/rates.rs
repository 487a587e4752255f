//! What the stages take, as rates that were measured.
//!
//! Origin: runs of `regulars run --timings` with the settings that `demo` and `generate` write, on a
//! machine of two cores (`docs/results.md`, "What a run takes"). CPU time is a fixed part, a part for
//! each interaction and a part for each customer. Other settings (more models, more test dates,
//! products instead of departments) take another time: what a run into the same folder took corrects
//! the rates.

/// How large a history is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Interactions.
    pub lines: f64,
    /// Customers.
    pub customers: f64,
}

/// What a stage takes.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The stage's name.
    pub stage: &'static str,
    /// CPU seconds: of every run, for a million interactions, for a thousand customers.
    cpu: [f64; 3],
    /// The share of them that several threads can take at once.
    parallel: f64,
}

/// The stages in the order of a run.
pub const RATES: [Rate; 9] = [
    rate("ingest", [0.2, 1.7, 0.0], 0.7),
    rate("features", [0.0, 2.05, 0.0], 0.66),
    rate("segment", [0.3, 0.0, 0.27], 0.42),
    rate("value", [0.1, 0.05, 0.25], 0.77),
    rate("churn", [0.1, 0.0, 1.4], 0.4),
    rate("classes", [0.03, 0.0, 0.02], 0.4),
    rate("rules", [0.5, 1.35, 0.0], 0.73),
    rate("offers", [0.2, 0.8, 0.4], 0.42),
    rate("report", [0.1, 0.15, 0.0], 0.4),
];

const fn rate(stage: &'static str, cpu: [f64; 3], parallel: f64) -> Rate {
    Rate {
        stage,
        cpu,
        parallel,
    }
}

impl Rate {
    /// CPU seconds.
    pub fn cpu_seconds(&self, size: &Size) -> f64 {
        let [fixed, of_lines, of_customers] = self.cpu;
        fixed + of_lines * size.lines / 1e6 + of_customers * size.customers / 1e3
    }

    /// Wall time of so many CPU seconds, on an idle machine (Amdahl 1967).
    pub fn wall_seconds(&self, cpu_seconds: f64, threads: usize) -> f64 {
        cpu_seconds * (1.0 - self.parallel + self.parallel / threads.max(1) as f64)
    }
}

/// MiB of memory at most: what waits for its month on the disk, and what queries spill, makes it grow
/// more slowly than the history.
pub fn memory_mib(size: &Size) -> f64 {
    160.0 + 300.0 * (size.lines / 1e6).sqrt()
}

/// MiB below the output folder.
pub fn disk_mib(size: &Size) -> f64 {
    5.0 + 22.0 * size.lines / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::STAGES;

    #[test]
    fn every_stage_has_its_rate() {
        let rates: Vec<&str> = RATES.iter().map(|rate| rate.stage).collect();
        let stages: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        assert_eq!(rates, stages);
    }

    /// The runs of docs/results.md: interactions, customers, CPU seconds by stage, MiB of memory and
    /// on the disk.
    #[test]
    fn three_histories_take_what_the_rates_say_within_a_factor_of_two() {
        for (lines, customers, cpu, memory, disk) in [
            (
                994_414.0,
                1666.0,
                [1.11, 1.52, 0.84, 0.47, 1.42, 0.04, 2.40, 1.30, 0.23],
                452.0,
                31.0,
            ),
            (
                1_675_198.0,
                2969.0,
                [2.79, 3.47, 1.37, 0.84, 6.22, 0.10, 1.85, 2.49, 0.34],
                541.0,
                40.0,
            ),
            (
                11_233_401.0,
                19_806.0,
                [19.42, 21.88, 5.73, 5.52, 24.31, 0.49, 15.89, 17.05, 1.86],
                1293.0,
                251.0,
            ),
        ] {
            let size = Size { lines, customers };
            let near = |what: &str, said: f64, took: f64| {
                let ratio = said / took;
                assert!((0.5..=2.0).contains(&ratio), "{what}: {said} for {took}");
            };
            for (rate, took) in RATES.iter().zip(cpu) {
                near(rate.stage, rate.cpu_seconds(&size), took);
            }
            near("memory", memory_mib(&size), memory);
            near("disk", disk_mib(&size), disk);
        }
    }

    #[test]
    fn more_threads_take_less_time_and_no_less_than_what_is_left_to_one() {
        let rate = &RATES[0];
        assert_eq!(rate.wall_seconds(10.0, 1), 10.0);
        assert!(rate.wall_seconds(10.0, 2) < 10.0);
        assert!(rate.wall_seconds(10.0, 1000) > 10.0 * (1.0 - rate.parallel));
    }
}
