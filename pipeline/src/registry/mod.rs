//! Kept models: numbered versions that never change, and which of them is the champion.
//!
//! ```text
//! DIR/churn/0001/      model.json tested.json features.json reference.json card.md version.json
//! DIR/churn/0002/
//! DIR/churn/champion.json
//! ```
//!
//! A version is written beside its place and renamed whole, so that it is there or it is not. Its
//! number is drawn, and the champion changed, by one process at a time (`guard.rs`). What is read is
//! held against the checksums in `version.json`. How a model is learned, and what is made of it,
//! is nothing to this room.

mod champion;
mod features;
mod guard;
mod record;
mod reference;
mod store;
mod version;

pub use self::champion::{Act, Action, Champion};
pub use self::features::{KeptFeature, KeptFeatures};
pub use self::record::{
    Data, Definition, Figure, FileSum, ModelName, Quality, Record, SeasonTest, Solo, Training,
};
pub use self::reference::{Bins, CategoryCount, Column, Reference, Shape, single};
pub use self::store::Registry;
pub use self::version::{CARD, Candidate, FEATURES, MODEL, RECORD, REFERENCE, TESTED, Version};

/// The folder of kept models below an output folder.
pub const FOLDER: &str = "models";
