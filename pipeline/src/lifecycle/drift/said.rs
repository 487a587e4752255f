//! What was found, in words.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::{Metrics, Since};
use crate::text::{count, percent, plural};

fn four(value: f64) -> String {
    format!("{value:.4}")
}

impl Metrics {
    /// What was found, for a terminal.
    pub fn words(&self) -> String {
        let date = |date: Option<NaiveDate>| {
            date.map_or_else(|| tr!("the table"), |date| date.to_string())
        };
        let [then, now] = self.mean_score;
        let mut words = format!(
            "{}\n  {}\n",
            tr!(
                "version {version}, {customers} of {now} beside {before} of {then}",
                version = self.version,
                customers = plural(self.customers[1], "customer"),
                now = date(self.now),
                before = count(self.customers[0]),
                then = date(self.then)
            ),
            tr!(
                "mean probability {then} then, {now} now{moved}",
                then = percent(then),
                now = percent(now),
                moved = match self.scores_drifted {
                    true => tr!(", and differently distributed"),
                    false => String::new(),
                }
            )
        );
        let drifted = match self.drifted_in_words.as_slice() {
            [] => tr!("no feature has drifted"),
            some => tr!("drifted: {features}", features = some.join(&tr!("; "))),
        };
        let _ = writeln!(words, "  {drifted}");
        match &self.since {
            Since::Nothing(why) => {
                let _ = writeln!(words, "  {}", tr!("no outcomes since: {why}", why = why));
            }
            Since::Outcomes {
                dates,
                left,
                said,
                log_loss,
                roc_auc,
                ..
            } => {
                let dates: Vec<String> = dates.iter().map(NaiveDate::to_string).collect();
                let _ = writeln!(
                    words,
                    "  {}",
                    tr!(
                        "outcomes since, of {dates}: it said {said}, and {left} left; log loss {loss} ({loss_low} to {loss_high}), ROC AUC {auc} ({auc_low} to {auc_high})",
                        dates = dates.join(&tr!(", ")),
                        said = percent(*said),
                        left = percent(*left),
                        loss = four(log_loss.value),
                        loss_low = four(log_loss.low),
                        loss_high = four(log_loss.high),
                        auc = four(roc_auc.value),
                        auc_low = four(roc_auc.low),
                        auc_high = four(roc_auc.high)
                    )
                );
            }
        }
        words
    }
}
