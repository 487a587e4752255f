//! What is written in `regulars.toml`: every setting, its default and what it means.

mod check;
pub mod churn;
mod database;
mod formats;
pub mod gate;
mod join;
mod mapping;
mod read;
pub mod rules;
pub mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use churn::{CalibrationMethod, CampaignProfit};
pub use database::{Address, decoded};
pub use formats::{
    EXCEL, Encoding, FixedField, Format, ISO, Quote, TimeFormats, UNIX, UNIX_MILLISECONDS,
};
pub use gate::Gate;
pub use join::{Join, JoinKeys, Unmatched};
pub use mapping::{Column, Constant, Mapping, Paths, Sheets, ValueType, without_secrets};
pub use read::{Location, Settings, hex};
pub use rules::{BasketOf, Rules};

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
    /// What is mined from baskets.
    pub rules: Rules,
    /// Suggestions of what a customer has not bought before.
    pub offers: Offers,
    /// What a run makes of warnings.
    pub run: Run,
    /// What must be true of a load before it is committed; in the order of the file.
    pub gates: Vec<Gate>,
}

/// `[project]`: what holds for every stage.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// The title of summaries.
    pub name: String,
    /// The IANA time zone that decides what a day is.
    pub timezone: TimeZone,
    /// Printed behind amounts.
    pub currency: String,
    /// Seed of everything random; `--seed` wins over it.
    pub seed: u64,
    /// Whether ids in CSV files are kept from being taken for formulas, as other texts are.
    pub csv_ids: CsvIds,
}

/// What happens to ids in CSV files that a spreadsheet would take for formulas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum CsvIds {
    /// An apostrophe stands before them, as before any such text.
    #[default]
    #[serde(rename = "neutral")]
    Neutral,
    /// They stand as the sources have them, for programs that join by them.
    #[serde(rename = "as they are")]
    AsTheyAre,
}

impl Default for Project {
    fn default() -> Self {
        Self {
            name: "regulars".into(),
            timezone: TimeZone(chrono_tz::UTC),
            currency: String::new(),
            seed: 42,
            csv_ids: CsvIds::Neutral,
        }
    }
}

/// `[[sources]]`: files, and how their columns become a canonical table.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::columns_by_table)]
pub struct Source {
    /// The canonical table that these rows belong to.
    #[schemars(extend("enum" = schema::tables()))]
    pub table: String,
    /// What the source is known by from load to load; by default its first path as written.
    #[serde(default)]
    pub name: Option<String>,
    /// A path, a URL, a glob, a folder, or a list of them; paths are relative to the settings file.
    #[serde(default)]
    pub path: Paths,
    /// A database to ask instead of reading files, such as `"postgresql://user@host:5432/shop"`
    /// or `"sqlite:shop.db"`; its password comes from the environment.
    #[serde(default)]
    pub database: Option<String>,
    /// What the database is asked, in its own SQL.
    #[serde(default)]
    pub query: Option<String>,
    /// The table or view of the database that is read whole, instead of a query.
    #[serde(default)]
    pub relation: Option<String>,
    /// A column of the result that only grows; the next load asks for rows with a greater value.
    #[serde(default)]
    pub watermark: Option<String>,
    /// By default the ending of each file's name tells, failing this its first bytes.
    #[serde(default)]
    pub format: Option<Format>,
    /// What separates the fields of a CSV; by default its first line tells. A blank stands for any
    /// number of blanks and tabs.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// What stands around fields of a CSV that hold delimiters or line breaks.
    #[serde(default)]
    pub quote: Quote,
    /// Whether the first line of a CSV, or the first row of a sheet, names the columns.
    #[serde(default = "yes")]
    pub header: bool,
    /// The names of the columns where there is no header; by default `column_1` and so on.
    #[serde(default)]
    pub column_names: Vec<String>,
    /// Lines of text, or rows of a sheet, before the header that are not looked at.
    #[serde(default)]
    pub skip_lines: usize,
    /// Lines of text that begin with this are not looked at.
    #[serde(default)]
    pub comment: Option<char>,
    /// Text that stands for "no value", besides nothing at all.
    #[serde(default)]
    pub null_values: Vec<String>,
    /// Where the columns of fixed-width text stand.
    #[serde(default)]
    pub fields: Vec<FixedField>,
    /// The sheet of a spreadsheet, a list of sheets with the same columns, or `"*"` for all of
    /// them; by default the first.
    #[serde(default)]
    pub sheet: Sheets,
    /// How text is encoded; by default a byte order mark tells, and without one it is UTF-8.
    #[serde(default)]
    pub encoding: Option<Encoding>,
    /// How those lines of UTF-8 text are encoded that are no UTF-8; by default they are rejected.
    #[serde(default)]
    pub fallback_encoding: Option<Encoding>,
    /// What stands before the decimals of a number.
    #[serde(default = "point")]
    pub decimal: char,
    /// What stands between the thousands of a number, if anything.
    #[serde(default)]
    pub thousands: Option<char>,
    /// The column that names the currency of a row's amounts, where it does not stand beside them.
    #[serde(default)]
    pub currency_column: Option<String>,
    /// How text writes times, as in `strftime`: one format or several, of which the first that
    /// fits is taken; by default ISO 8601 is understood.
    #[serde(default)]
    pub time_format: Option<TimeFormats>,
    /// The time zone of times that carry none; by default the project's.
    #[serde(default)]
    pub timezone: Option<TimeZone>,
    /// The source's columns that name a row of it: a row that comes again with other values takes
    /// the place of the earlier one. For interactions; the other tables have keys of their own.
    #[serde(default)]
    pub key: Vec<String>,
    /// Values of the customer that stand for nobody in particular, such as `["", "0", "guest"]`:
    /// purchases without an account. They count in baskets, rules and totals, and are nobody's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anonymous: Vec<String>,
    /// Whether many rows may speak of one thing, as order lines do of products: of each column the
    /// most frequent value that is not empty is taken. For tables that have a key.
    #[serde(default, skip_serializing_if = "is_no")]
    pub most_frequent: bool,
    /// SQL over the source's columns: only rows for which it is true are loaded; the others are
    /// counted as left out.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Other files or relations whose columns belong to the rows of this source; in the order in
    /// which they are joined, so that one may use a column of those before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub join: Vec<Join>,
    /// Canonical column = source column, constant or SQL expression.
    pub columns: BTreeMap<String, Mapping>,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            table: String::new(),
            name: None,
            path: Paths::default(),
            database: None,
            query: None,
            relation: None,
            watermark: None,
            format: None,
            delimiter: None,
            quote: Quote::default(),
            header: true,
            column_names: Vec::new(),
            skip_lines: 0,
            comment: None,
            null_values: Vec::new(),
            fields: Vec::new(),
            sheet: Sheets::default(),
            encoding: None,
            fallback_encoding: None,
            decimal: point(),
            thousands: None,
            currency_column: None,
            time_format: None,
            timezone: None,
            key: Vec::new(),
            anonymous: Vec::new(),
            most_frequent: false,
            condition: None,
            join: Vec::new(),
            columns: BTreeMap::new(),
        }
    }
}

impl Source {
    /// What the source is known by from load to load.
    pub fn name(&self) -> String {
        let asked = || self.relation.clone().or_else(|| self.query.clone());
        let address = || match (&self.database, self.path.0.first()) {
            (Some(database), _) => format!("{database}#{}", asked().unwrap_or_default()),
            (None, Some(path)) => without_secrets(path),
            (None, None) => String::new(),
        };
        self.name.clone().unwrap_or_else(address)
    }

    /// The same source for files of its rejected rows, which are CSV with commas and have the
    /// columns of its joins.
    pub fn as_mended(&self) -> Self {
        Self {
            format: Some(Format::Csv),
            delimiter: Some(','),
            quote: Quote::default(),
            header: true,
            column_names: Vec::new(),
            skip_lines: 0,
            comment: None,
            fields: Vec::new(),
            sheet: Sheets::default(),
            encoding: None,
            fallback_encoding: None,
            database: None,
            join: Vec::new(),
            ..self.clone()
        }
    }
}

fn is_no(value: &bool) -> bool {
    !value
}

fn yes() -> bool {
    true
}

fn point() -> char {
    '.'
}

/// `[engine]`: what queries may use.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Engine {
    /// Memory for queries, such as `"512 MiB"`; beyond it they spill to disk.
    pub memory_limit: ByteSize,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            memory_limit: ByteSize(1 << 30),
        }
    }
}

/// A number of bytes, written as `"512 MiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// `[ingest]`: what a load tolerates.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// A load with a larger share of rejected rows fails before anything is committed.
    pub max_reject_share: f64,
    /// What happens to an exact copy of an earlier line of the same source.
    pub duplicates: Duplicates,
    /// The first day that can be true; earlier interactions are rejected.
    pub earliest: Day,
    /// The last day that can be true; later interactions are rejected. Default: today.
    pub latest: Option<Day>,
    /// What one unit of a currency is worth in that of the project, by the currency's code or sign:
    /// amounts in these are converted. Without rates, amounts in several currencies fail a load.
    pub rates: BTreeMap<String, f64>,
    /// What happens to a line that another source has too, letter for letter.
    pub same_lines: SameLines,
    /// What happens when a file that was loaded has another content now.
    pub changed_files: ChangedFiles,
    /// What happens to a file with the content of a file of another source that is read in the
    /// same way for the same table.
    pub same_content: SameContent,
    /// For how many days states of the warehouse before the last load can be read back.
    pub keep_days: u32,
    /// Folders that source files must lie in, links resolved; none: anywhere.
    pub roots: Vec<String>,
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            max_reject_share: 0.05,
            duplicates: Duplicates::Drop,
            earliest: Day(NaiveDate::default()),
            latest: None,
            rates: BTreeMap::new(),
            same_lines: SameLines::Keep,
            changed_files: ChangedFiles::Replace,
            same_content: SameContent::Skip,
            keep_days: 7,
            roots: Vec::new(),
        }
    }
}

/// What happens when a file that was loaded has another content now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangedFiles {
    /// Its rows take the place of those that it had.
    Replace,
    /// The load fails before anything is read.
    Fail,
}

/// What happens to a line that another source has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SameLines {
    /// It counts for both: each source says something of its own.
    Keep,
    /// It is a copy, as it is within one source: the sources overlap.
    Drop,
}

/// What happens to a file that another source has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SameContent {
    /// It is not loaded twice, and the load says so.
    Skip,
    /// It is loaded for both.
    Load,
}

/// What happens to an exact copy of an earlier line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// It is left out, counted, and listed among the rejects.
    Drop,
    /// It stays: for tills that write one line for each item scanned.
    Keep,
}

/// `[features]`: what the snapshots hold.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Features {
    /// For how many of the largest departments the share of spend is a feature.
    pub departments: usize,
    /// From this hour on, local time, a basket counts as an evening one.
    pub evening_from: u8,
    /// What the snapshots of past dates know.
    pub known: Known,
}

/// What a snapshot of a past date knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// What happened before the date, as it is known now.
    Now,
    /// What happened before the date, as it was known then: without later corrections.
    Then,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            departments: 8,
            evening_from: 18,
            known: Known::Now,
        }
    }
}

/// `[segment]`: RFM and clusters.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Segment {
    /// A customer whose first purchase is older than this is never called new.
    pub new_within_days: u32,
    /// The smallest number of clusters that is tried.
    pub min_clusters: usize,
    /// The largest number of clusters that is tried.
    pub max_clusters: usize,
    /// A clustering whose smallest cluster holds less than this share loses.
    pub min_cluster_share: f64,
    /// Five rows (recency 5 to 1) of five names (FM 1 to 5); by default the map of the manual.
    pub map: Option<Vec<Vec<String>>>,
}

impl Default for Segment {
    fn default() -> Self {
        Self {
            new_within_days: 56,
            min_clusters: 3,
            max_clusters: 8,
            min_cluster_share: 0.02,
            map: None,
        }
    }
}

/// `[churn]`: the label, and the dates that the models learn from.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Churn {
    /// The attribute of the customers that says who left. Without it, whoever buys nothing in the
    /// horizon has left; with it no history is needed.
    pub label: Option<String>,
    /// The values of the label that say that a customer left; by default yes, true, 1 and the
    /// like.
    pub positive: Vec<String>,
    /// Attributes of the customers that nothing is learned from beside the label, such as a
    /// reason for leaving that is known only afterwards.
    pub ignore: Vec<String>,
    /// A customer who buys nothing in this many days after the as-of date has churned.
    pub horizon_days: u32,
    /// Fewer baskets than this before the as-of date: too little is known to score.
    pub min_baskets: u32,
    /// No purchase in this many days before the as-of date: already gone.
    pub active_days: u32,
    /// Days between two training snapshots.
    pub step_days: u32,
    /// Days of history that a training snapshot needs before it.
    pub min_history_days: u32,
    /// At most this many training snapshots, the latest ones.
    pub max_snapshots: usize,
    /// The probabilities from which a customer is at high and at medium risk.
    pub bands: Bands,
    /// The models that are learned and set beside each other; `"all"` for every one.
    pub models: Vec<String>,
    /// The model that gives the scores, by name; `"auto"` for the one with the lowest log loss on
    /// the validation date, among those that can say why.
    pub chosen: String,
    /// On how many of the latest dates the models are tested; each one learns only from what could
    /// be known by then.
    pub test_dates: usize,
    /// How the scores of the chosen model become probabilities.
    pub calibration: CalibrationMethod,
    /// What a campaign to keep customers earns and costs, for the expected maximum profit.
    pub profit: CampaignProfit,
}

impl Default for Churn {
    fn default() -> Self {
        Self {
            label: None,
            positive: Vec::new(),
            ignore: Vec::new(),
            horizon_days: 28,
            min_baskets: 2,
            active_days: 56,
            step_days: 28,
            min_history_days: 56,
            max_snapshots: 24,
            bands: Bands::default(),
            models: churn::DEFAULT_MODELS
                .iter()
                .map(|name| (*name).into())
                .collect(),
            chosen: churn::AUTO.into(),
            test_dates: 1,
            calibration: CalibrationMethod::None,
            profit: CampaignProfit::default(),
        }
    }
}

/// The churn probabilities at which the risk bands begin.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bands {
    /// High risk from here.
    pub high: f64,
    /// Medium risk from here; below it, low.
    pub medium: f64,
}

impl Default for Bands {
    fn default() -> Self {
        Self {
            high: 0.5,
            medium: 0.2,
        }
    }
}

/// `[offers]`: suggestions of what a customer has not bought before.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Offers {
    /// The level of the taxonomy; by default that of the rules.
    #[schemars(extend("enum" = crate::contract::LEVELS))]
    pub level: Option<String>,
    /// Suggestions for each customer.
    pub per_customer: usize,
    /// The last days of the history, held out to test the suggestions.
    pub holdout_days: u32,
    /// Items that are never suggested.
    pub exclude: Vec<String>,
}

impl Default for Offers {
    fn default() -> Self {
        Self {
            level: None,
            per_customer: 10,
            holdout_days: 28,
            exclude: Vec::new(),
        }
    }
}

/// `[run]`: what a run makes of warnings.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Codes of warnings that make a finished run exit with 1; `"all"` for every one.
    pub fail_on: Vec<String>,
}

/// An IANA time zone, written by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(pub chrono_tz::Tz);

/// A calendar day, written as `2017-12-31`, quoted or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub NaiveDate);

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

/// A path of the settings, relative to the folder of the settings file.
pub fn resolve(base: &Path, path: &str) -> PathBuf {
    base.join(path)
}
