//! What was found, in words.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::{Metrics, Since};
use crate::text::{count, percent, plural};

impl Metrics {
    /// What was found, for a terminal.
    pub fn words(&self) -> String {
        let date = |date: Option<NaiveDate>| {
            date.map_or_else(|| "the table".to_owned(), |date| date.to_string())
        };
        let [then, now] = self.mean_score;
        let mut words = format!(
            "version {}, {} of {} beside {} of {}\n  mean probability {} then, {} now{}\n",
            self.version,
            plural(self.customers[1], "customer"),
            date(self.now),
            count(self.customers[0]),
            date(self.then),
            percent(then),
            percent(now),
            match self.scores_drifted {
                true => ", and differently distributed",
                false => "",
            }
        );
        let _ = match self.drifted_in_words.as_slice() {
            [] => writeln!(words, "  no feature has drifted"),
            some => writeln!(words, "  drifted: {}", some.join("; ")),
        };
        match &self.since {
            Since::Nothing(why) => {
                let _ = writeln!(words, "  no outcomes since: {why}");
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
                    "  outcomes since, of {}: it said {}, and {} left; log loss {:.4} ({:.4} to {:.4}), ROC AUC {:.4} ({:.4} to {:.4})",
                    dates.join(", "),
                    percent(*said),
                    percent(*left),
                    log_loss.value,
                    log_loss.low,
                    log_loss.high,
                    roc_auc.value,
                    roc_auc.low,
                    roc_auc.high
                );
            }
        }
        words
    }
}
