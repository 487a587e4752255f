//! Features that know the outcome: what no honest feature reaches alone.

use super::Population;
use crate::config::{Churn, Leaks};
use crate::failure::{Failure, Result};
use crate::learning::solo::telltales;
use crate::warning::{TELLTALE_ATTRIBUTE, Warning};

/// Looks for features that tell by themselves who left; a failure, or a warning where the settings
/// want no more.
///
/// # Errors
/// There are such features, and the settings do not say that they are learned from all the same.
pub fn look(population: &Population, churn: &Churn) -> Result<Option<Warning>> {
    let found = telltales(&population.task, churn.implausible_auc);
    if found.is_empty() {
        return Ok(None);
    }
    let named: Vec<String> = found
        .iter()
        .map(|one| format!("{} (ROC AUC {:.3})", one.name, one.roc_auc))
        .collect();
    let message = format!(
        "all but tells by itself who left, as only what is known afterwards can: {}",
        named.join(", ")
    );
    if churn.leaks == Leaks::Warn {
        let message = tr!(
            "all but tells by itself who left, as only what is known afterwards can: {features}; if it is known only afterwards, add it to ignore under [churn]",
            features = named.join(", ")
        );
        return Ok(Some(Warning::new(TELLTALE_ATTRIBUTE, message)));
    }
    let failure = Failure::data(message).hint(format!(
        "under [churn], add it to ignore if it is known only afterwards; if it is known before, set implausible_auc above {} or leaks = \"warn\"",
        churn.implausible_auc
    ));
    Err(failure.ending_the_run())
}
