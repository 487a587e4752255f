//! `[run]`: what a run makes of warnings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::{Result, did_you_mean};
use crate::warning;

/// `[run]`: what a run makes of warnings.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Codes of warnings that make a finished run exit with 1; `"all"` for every one.
    pub fail_on: Vec<String>,
}

/// The codes are those of warnings.
pub(super) fn check(settings: &Settings) -> Result<()> {
    for code in &settings.config.run.fail_on {
        if code != "all" && !warning::CODES.contains(&code.as_str()) {
            return Err(settings
                .wrong(&["run", "fail_on"], format!("`{code}` is no warning"))
                .hint(did_you_mean(code, warning::CODES)));
        }
    }
    Ok(())
}
