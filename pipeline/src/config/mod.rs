//! What is written in `regulars.toml`: a file a section, with every setting, its default, what it
//! means, and what it must be.

pub mod churn;
mod classes;
mod engine;
mod features;
pub mod gate;
mod ingest;
mod life_cycle;
mod limits;
mod models;
pub mod offers;
mod project;
mod publish;
mod read;
mod rfm;
pub mod rules;
mod run;
pub mod schema;
mod segment;
mod settings;
mod source;
mod tables;
pub mod targets;
mod value;
mod values;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::churn::{Bands, CalibrationMethod, CampaignProfit, Churn, Leaks};
pub use self::classes::{Classes, OwnSegment, WorthBy};
pub use self::engine::Engine;
pub use self::features::{Features, Known};
pub use self::gate::Gate;
pub use self::ingest::{Cancelled, ChangedFiles, Duplicates, Ingest, SameContent, SameLines};
pub use self::life_cycle::LifeCycle;
pub use self::models::{Models, Promote};
pub use self::offers::Offers;
pub use self::project::{CsvIds, Project};
pub use self::publish::{LONGEST_NAME, PUBLISHED, Publish};
pub use self::rfm::{Refunds, RfmSettings, ScoredBy};
pub use self::rules::{BasketOf, Rules};
pub use self::run::Run;
pub use self::segment::{ClusterMethod, Segment, SmallClusters};
pub use self::settings::{Location, Settings, hex};
pub use self::source::{
    Address, Column, Constant, EXCEL, Encoding, FixedField, Format, ISO, Join, JoinKeys, Mapping,
    Paths, Quote, Sheets, Source, TimeFormats, UNIX, UNIX_MILLISECONDS, Unmatched, ValueType,
    decoded, without_secrets,
};
pub use self::targets::{Target, Targets};
pub use self::value::{BOOSTED_TREES, Contract, PRICED, Value};
pub use self::values::{ByteSize, Day, TimeZone};

/// Everything in `regulars.toml`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What holds for every stage.
    pub project: Project,
    /// Files, and how their columns become canonical tables; in the order of the file.
    pub sources: Vec<Source>,
    /// What queries may use.
    pub engine: Engine,
    /// What a load tolerates.
    pub ingest: Ingest,
    /// What the snapshots hold.
    pub features: Features,
    /// RFM and clusters.
    pub segment: Segment,
    /// Who has churned, and the dates that the models learn from.
    pub churn: Churn,
    /// Which models are kept, and which of them is used.
    pub models: Models,
    /// What each customer is worth, and the models that say so.
    pub value: Value,
    /// Tiers by what customers are worth, key accounts, and the shop's own segments.
    pub classes: Classes,
    /// What is mined from baskets.
    pub rules: Rules,
    /// Suggestions of what a customer has not bought before.
    pub offers: Offers,
    /// The lists that marketing can send.
    pub targets: Targets,
    /// The database that results are written to.
    pub publish: Publish,
    /// What a run makes of warnings.
    pub run: Run,
    /// What must be true of a load before it is committed; in the order of the file.
    pub gates: Vec<Gate>,
}

impl Config {
    /// The sources of one canonical table, each with its number in the settings.
    pub fn sources_of<'a>(&'a self, table: &'a str) -> impl Iterator<Item = (usize, &'a Source)> {
        self.sources
            .iter()
            .enumerate()
            .filter(move |(_, source)| source.table == table)
    }

    /// Whether the settings tell of customers whose outcome is in a table, and of no history.
    pub fn lacks_history(&self) -> bool {
        self.churn.label.is_some() && self.sources_of("interactions").next().is_none()
    }
}
