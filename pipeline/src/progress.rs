//! How far it is: a moving line on a terminal, plain lines elsewhere, nothing when asked for quiet.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::text::visible;

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
}

impl Progress {
    /// Writes to standard error, so that standard output stays for results.
    pub fn new(quiet: bool) -> Self {
        let mode = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Mode::Quiet,
            (false, true) => Mode::Terminal,
            (false, false) => Mode::Lines,
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

    /// What is being done right now; shown on a terminal only.
    pub fn step(&self, doing: &str) {
        if self.mode == Mode::Terminal {
            self.bar.set_message(visible(doing).into_owned());
        }
    }

    /// A stage has ended.
    pub fn done(&mut self, result: &str, seconds: f64) {
        let line = format!("{:>10}  {} ({seconds:.1} s)", self.stage, visible(result));
        match self.mode {
            Mode::Quiet => {}
            Mode::Lines => eprintln!("{line}"),
            Mode::Terminal => {
                self.bar.finish_and_clear();
                eprintln!("{line}");
            }
        }
    }

    /// Something that a person should know although it goes on.
    pub fn warn(&self, message: &str) {
        let message = visible(message);
        match self.mode {
            Mode::Quiet => {}
            Mode::Lines => eprintln!("warning: {message}"),
            Mode::Terminal => self.bar.suspend(|| eprintln!("warning: {message}")),
        }
    }
}
