//! How far it is: a moving line on a terminal, plain lines elsewhere, lines of JSON for machines, nothing when asked
//! for quiet.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use serde_json::{Value, json};

use crate::log;
use crate::text::visible;
use crate::warning::Warning;

/// Tells a person how far a run is. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
    stage: &'static str,
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Quiet,
    Lines,
    Terminal,
    Machine,
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
        Self {
            bar: ProgressBar::hidden(),
            stage: "",
            mode,
        }
    }

    /// A stage begins.
    pub fn stage(&mut self, stage: &'static str) {
        self.stage = stage;
        if self.mode == Mode::Machine {
            log::write("stage-started", "", json!({ "stage": stage }));
        }
        if self.mode == Mode::Terminal {
            self.bar = ProgressBar::new_spinner();
            self.bar.set_style(
                ProgressStyle::with_template("{spinner} {prefix:>8}  {msg}  {elapsed}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            self.bar.set_prefix(stage);
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    /// What is being done right now; shown on a terminal and to machines only.
    pub fn step(&self, doing: &str) {
        match self.mode {
            Mode::Terminal => self.bar.set_message(visible(doing).into_owned()),
            Mode::Machine => log::write("step", doing, json!({ "stage": self.stage })),
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
