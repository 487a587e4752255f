//! Dates, horizons and snapshots: when is what seen, and what came of it.

pub mod dates;
pub mod horizon;
pub mod snapshot;

/// The stage that takes the snapshots, as the manifest calls it.
pub const FEATURES: &str = "features";
