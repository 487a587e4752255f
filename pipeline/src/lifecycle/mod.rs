//! What becomes of a model: it is kept as a version, used again on new history without being learned
//! again, held against another one, made the champion, and watched.
//!
//! Versions and their files are the business of the [registry](crate::registry), who left that of
//! the stage `churn`; here the two meet.

pub mod card;
pub mod compare;
pub mod drift;
mod evidence;
pub mod keep;
pub mod mlflow;
pub mod promote;
pub mod score;
mod season;
pub mod suits;

use std::path::Path;

use crate::registry::{FOLDER, Registry};
use crate::stages::churn;

/// What models predict.
pub const TASK: &str = churn::NAME;

/// The registry that was asked for, or that of an output folder.
pub fn registry(asked: Option<&Path>, out: &Path) -> Registry {
    match asked {
        Some(folder) => Registry::new(folder, TASK),
        None => Registry::new(&out.join(FOLDER), TASK),
    }
}
