//! `[models]`: which models are kept, and which of them is used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::Result;

/// `[models]`: which models are kept, and which of them is used.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Models {
    /// Whether `run` and `churn` keep the model that they learn, as a version below `models/` of the
    /// output folder; `train` always does.
    pub keep: bool,
    /// When a model that `run` or `churn` has kept becomes the champion, which `score` uses.
    pub promote: Promote,
    /// A population stability index above this, and above what chance explains, is drift.
    pub max_psi: f64,
}

/// When a model that was just kept becomes the champion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Promote {
    /// Where its log loss is lower than the champion's on dates that neither has seen, beyond the
    /// interval of the difference; or where there is no champion yet.
    Better,
    /// Always.
    Always,
    /// Never; `models promote` does it.
    Never,
}

impl Default for Models {
    fn default() -> Self {
        Self {
            keep: false,
            promote: Promote::Better,
            max_psi: 0.25,
        }
    }
}

/// Numbers that the types cannot check.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let most = settings.config.models.max_psi;
    if most.is_finite() && most > 0.0 {
        return Ok(());
    }
    Err(settings
        .wrong(&["models", "max_psi"], format!("{most} is no limit"))
        .hint("give a number above 0; 0.1 is often called small, 0.25 a shift"))
}
