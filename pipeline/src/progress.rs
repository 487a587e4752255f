//! How far it is: a moving line on a terminal, plain lines elsewhere, lines of JSON for machines, nothing when asked
//! for quiet.
//!
//! The moving line says what is being done, how much of it is done where that is counted, and from two seconds on how
//! fast that goes and how long it will take: by its own rate, else by what the stage took when it last ran here. It
//! has no colours, so that there is nothing for `NO_COLOR` to take away.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use serde_json::{Value, json};

use crate::log;
use crate::text::{count, visible};
use crate::warning::Warning;

/// Nothing is foretold of what may be over before it is read.
const SOON: Duration = Duration::from_secs(2);

/// Tells a person how far a run is. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
    stage: &'static str,
    mode: Mode,
    now: Arc<Mutex<Now>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Quiet,
    Lines,
    Terminal,
    Machine,
}

/// What the moving line shows.
#[derive(Clone)]
struct Now {
    /// When the stage began, and how long it took the last time.
    stage: (Instant, Option<Duration>),
    /// What is being done, and since when.
    step: (String, Instant),
    counted: Option<Counted>,
}

/// How much of a step is done.
#[derive(Clone, Copy)]
pub struct Counted {
    /// So many.
    pub done: u64,
    /// Of so many, where that is known.
    pub of: Option<u64>,
    /// Of these: `rows`.
    pub unit: &'static str,
}

impl Progress {
    /// Writes to standard error, so that standard output stays for results.
    pub fn new(quiet: bool) -> Self {
        let mode = match quiet {
            true => Mode::Quiet,
            false if log::is_for_machines() => Mode::Machine,
            false if std::io::stderr().is_terminal() => Mode::Terminal,
            false => Mode::Lines,
        };
        let now = Instant::now();
        Self {
            bar: ProgressBar::hidden(),
            stage: "",
            mode,
            now: Arc::new(Mutex::new(Now {
                stage: (now, None),
                step: (String::new(), now),
                counted: None,
            })),
        }
    }

    /// Whether somebody watches a moving line, for whom it is worth while to count beforehand.
    pub fn is_watched(&self) -> bool {
        self.mode == Mode::Terminal
    }

    /// A stage begins.
    pub fn stage(&mut self, stage: &'static str) {
        self.stage_as_before(stage, None);
    }

    /// A stage begins that took so many seconds when it last ran on the same.
    pub fn stage_as_before(&mut self, stage: &'static str, before: Option<f64>) {
        self.stage = stage;
        if self.mode == Mode::Machine {
            log::write("stage-started", "", json!({ "stage": stage }));
        }
        if self.mode == Mode::Terminal {
            let began = Instant::now();
            let before = before.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            self.change(|now| {
                now.stage = (began, before);
                now.step = (String::new(), began);
                now.counted = None;
            });
            let shown = Arc::clone(&self.now);
            let line = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = out.write_str(&shown.line(Instant::now()));
            };
            self.bar = ProgressBar::new_spinner();
            self.bar.set_style(
                ProgressStyle::with_template("{spinner} {prefix:>8}  {line}  {elapsed}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner())
                    .with_key("line", line),
            );
            self.bar.set_prefix(stage);
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    fn change(&self, how: impl FnOnce(&mut Now)) {
        how(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What is being done right now; shown on a terminal and to machines only.
    pub fn step(&self, doing: &str) {
        match self.mode {
            Mode::Terminal => self.change(|now| now.begin(doing, None)),
            Mode::Machine => log::write("step", doing, json!({ "stage": self.stage })),
            Mode::Quiet | Mode::Lines => {}
        }
    }

    /// The same, and how much of it is done.
    pub fn part(&self, doing: &str, counted: Counted) {
        match self.mode {
            Mode::Terminal => self.change(|now| now.begin(doing, Some(counted))),
            Mode::Machine => {
                let message = format!("{doing}: {}", counted.words());
                log::write("step", &message, json!({ "stage": self.stage }));
            }
            Mode::Quiet | Mode::Lines => {}
        }
    }

    /// A stage has ended.
    pub fn done(&mut self, result: &str, seconds: f64) {
        self.done_with(result, seconds, json!({}));
    }

    /// A stage has ended, with facts that only machines are told: an object.
    pub fn done_with(&mut self, result: &str, seconds: f64, mut facts: Value) {
        if self.mode == Mode::Machine {
            facts["stage"] = json!(self.stage);
            facts["seconds"] = json!((seconds * 1e3).round() / 1e3);
            log::write("stage-done", result, facts);
            return;
        }
        let line = format!("{:>10}  {} ({seconds:.1} s)", self.stage, visible(result));
        match self.mode {
            Mode::Quiet | Mode::Machine => {}
            Mode::Lines => eprintln!("{line}"),
            Mode::Terminal => {
                self.bar.finish_and_clear();
                eprintln!("{line}");
            }
        }
    }

    /// Something that a person should know although it goes on.
    pub fn warning(&self, warning: &Warning) {
        if self.mode == Mode::Machine {
            let facts = json!({ "code": warning.code });
            log::write("warning", &warning.message, facts);
        } else {
            self.warn(&warning.message);
        }
    }

    /// The same for what has no code.
    pub fn warn(&self, message: &str) {
        let message = visible(message);
        match self.mode {
            Mode::Quiet => {}
            Mode::Machine => log::write("warning", &message, json!({})),
            Mode::Lines => eprintln!("warning: {message}"),
            Mode::Terminal => self.bar.suspend(|| eprintln!("warning: {message}")),
        }
    }
}

impl Now {
    /// Goes on with a step, or begins another one.
    fn begin(&mut self, doing: &str, counted: Option<Counted>) {
        let doing = visible(doing);
        if self.step.0 != doing {
            self.step = (doing.into_owned(), Instant::now());
        }
        self.counted = counted;
    }

    /// What is being done, how much of it, how fast, and how long it will take.
    fn line(&self, at: Instant) -> String {
        let (doing, since) = &self.step;
        let took = at.saturating_duration_since(*since);
        let mut line = doing.clone();
        let mut left = None;
        if let Some(counted) = self.counted {
            let _ = write!(line, ": {}", counted.words());
            if took >= SOON && counted.done > 0 {
                let _ = write!(line, ", {}", counted.rate(took));
                left = counted.left(took);
            }
        }
        let (began, before) = self.stage;
        let so_far = at.saturating_duration_since(began);
        if let Some(left) = left {
            let _ = write!(line, ", {} left", about(left));
        } else if let Some(before) = before.filter(|_| so_far >= SOON)
            && let Some(left) = before.checked_sub(so_far).filter(|left| !left.is_zero())
        {
            let stage = about(left);
            let _ = write!(line, ", {stage} left by what the last run took");
        }
        line
    }
}

impl Counted {
    /// `3 of 12 dates`, `1,234 rows`.
    fn words(&self) -> String {
        let done = count(self.done);
        match self.of {
            Some(of) => format!("{done} of {} {}", count(of.max(self.done)), self.unit),
            None => format!("{done} {}", self.unit),
        }
    }

    /// `1,234 rows a second`, `2.5 dates a minute`.
    fn rate(&self, took: Duration) -> String {
        let a_second = self.done as f64 / took.as_secs_f64();
        let of = |rate: f64| match rate >= 10.0 {
            true => count(rate.round() as u64),
            false => format!("{rate:.1}"),
        };
        match a_second >= 1.0 {
            true => format!("{} {} a second", of(a_second), self.unit),
            false => format!("{} {} a minute", of(60.0 * a_second), self.unit),
        }
    }

    /// How long the rest takes at the same rate; nothing where it is not known how much there is.
    fn left(&self, took: Duration) -> Option<Duration> {
        let rest = self.of?.checked_sub(self.done)?;
        Some(took.mul_f64(rest as f64 / self.done as f64))
    }
}

/// `about 40 s`, `about 3 min`, `about 2.5 h`.
fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        few if few < 100.0 => format!("about {:.0} s", few.ceil()),
        some if some < 6000.0 => format!("about {:.0} min", (some / 60.0).ceil()),
        many => format!("about {:.1} h", many / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(counted: Option<Counted>, before: Option<u64>, seconds: [u64; 2]) -> String {
        let began = Instant::now();
        let now = Now {
            stage: (began, before.map(Duration::from_secs)),
            step: (
                "reading".to_owned(),
                began + Duration::from_secs(seconds[0]),
            ),
            counted,
        };
        now.line(began + Duration::from_secs(seconds[0] + seconds[1]))
    }

    #[test]
    fn what_is_counted_has_a_rate_and_a_time_left_from_two_seconds_on() {
        let rows = |done, of| {
            Some(Counted {
                done,
                of,
                unit: "rows",
            })
        };
        // 5,000 rows in four seconds: 1,250 a second, so the other 10,000 take eight.
        assert_eq!(
            shown(rows(5_000, Some(15_000)), None, [3, 4]),
            "reading: 5,000 of 15,000 rows, 1,250 rows a second, about 8 s left"
        );
        assert_eq!(
            shown(rows(5_000, Some(15_000)), None, [0, 1]),
            "reading: 5,000 of 15,000 rows"
        );
        assert_eq!(
            shown(rows(30, None), None, [0, 60]),
            "reading: 30 rows, 30 rows a minute"
        );
        // More than was expected: nothing is left that is known of.
        assert_eq!(
            shown(rows(20, Some(15)), None, [0, 10]),
            "reading: 20 of 20 rows, 2.0 rows a second"
        );
        assert_eq!(
            shown(rows(0, Some(15)), None, [0, 10]),
            "reading: 0 of 15 rows"
        );
    }

    #[test]
    fn what_is_not_counted_has_the_time_of_the_last_run() {
        assert_eq!(
            shown(None, Some(200), [10, 5]),
            "reading, about 4 min left by what the last run took"
        );
        assert_eq!(shown(None, Some(200), [0, 1]), "reading");
        assert_eq!(
            shown(None, Some(12), [10, 5]),
            "reading",
            "longer than the last time"
        );
        assert_eq!(shown(None, None, [10, 5]), "reading");
    }

    #[test]
    fn long_times_are_told_roughly() {
        let said = [0.2, 99.0, 150.0, 9_000.0].map(|s| about(Duration::from_secs_f64(s)));
        assert_eq!(
            said,
            ["about 1 s", "about 99 s", "about 3 min", "about 2.5 h"]
        );
    }
}
