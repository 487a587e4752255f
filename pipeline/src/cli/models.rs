//! What is typed to keep models, use them again and choose among them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::{OutputFolder, WithSettings};

/// Where kept models lie.
#[derive(Args, Clone, Debug)]
pub struct RegistryFolder {
    /// Folder of the kept models, which several output folders may share [default: models/ of the
    /// output folder]
    #[arg(long, value_name = "DIR")]
    pub registry: Option<PathBuf>,
}

/// Where what is learned is logged as well.
#[derive(Args, Clone, Debug, Default)]
pub struct LoggedIn {
    /// Log what was learned in MLflow, too: a folder as its file store has it, or the address of a
    /// server, such as http://localhost:5000
    #[arg(long, value_name = "DIR|URI")]
    pub mlflow: Option<String>,
}

/// What can be learned and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Learnable {
    /// Who is leaving
    Churn,
}

/// What to learn.
#[derive(Args, Clone, Debug)]
pub struct Train {
    /// What to learn
    #[arg(value_enum, default_value_t = Learnable::Churn)]
    pub what: Learnable,
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
    /// Where it is logged as well
    #[command(flatten)]
    pub logged: LoggedIn,
}

/// By which model to score.
#[derive(Args, Clone, Debug)]
pub struct Score {
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
    /// The version that scores: its number, `latest` or `champion`
    #[arg(long, value_name = "NUMBER", default_value = "champion")]
    pub model: String,
}

/// What to do with kept models.
#[derive(Args, Clone, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Models {
    /// What to do with them
    #[command(subcommand)]
    pub command: ModelsCommand,
}

/// What can be done with kept models.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the versions: when and from what each was learned, how good it is, which is the champion
    #[command(after_help = "Example:\n  regulars models list --out results")]
    List(KeptModels),
    /// Show one version: its card, or with --json all that is known of it
    #[command(
        after_help = "Example:\n  regulars models show champion\n  regulars models show 3 --json | jq .quality"
    )]
    Show(ShowModel),
    /// Hold version B against version A on customers whom neither has seen
    ///
    /// Both score the customers of the newest dates whose outcomes are known; where a version has
    /// learned from one of these, the model of its test speaks for it, which has not. Customers are
    /// drawn again and again to tell a difference from chance. Reads the warehouse.
    #[command(after_help = "Example:\n  regulars models compare champion latest")]
    Compare(CompareModels),
    /// Make a version the champion, which `score` uses
    ///
    /// It has to be better than the present champion: lower log loss on customers whom neither has
    /// seen, beyond the interval of the difference. Who did it, when and why is kept.
    #[command(
        after_help = "Example:\n  regulars models promote latest --if-better\n  \
        regulars models promote 4 --force --why \"knows the new tariff\"\n\n\
        Exit codes: 3 where it is not better, unless --if-better or --force is given"
    )]
    Promote(PromoteModel),
    /// Go back to the champion before the present one
    #[command(
        after_help = "Example:\n  regulars models rollback --why \"scores everybody at high risk\""
    )]
    Rollback(RollbackModel),
    /// Write a version as SQL or ONNX, for a database or another program that scores without regulars
    ///
    /// What travels is the whole way from features to a probability: missing values, categories that
    /// were not met, single precision, the model, its calibration. Trees, boosted trees, forests, linear
    /// models and single features can be written. 1,000 rows on the model's own thresholds are
    /// scored by the model and by the SQL, and nothing is written where the two differ by more than
    /// 1e-6; beside FILE, FILE.check.json says by how much, and FILE.rows.csv holds these rows
    /// with what has to come out, so that any database can be checked. Reads nothing but the models, with
    /// --features also the settings and the warehouse.
    #[command(
        after_help = "Example:\n  regulars models export --to sql --dialect postgresql\n  \
        regulars models export 3 --to sql --dialect duckdb --table features_today --file score.sql\n  \
        regulars models export --to sql --features && duckdb -c \".read churn-1.features.duckdb.sql\" -c \".read churn-1.duckdb.sql\"\n  \
        regulars models export champion --to onnx --file churn.onnx"
    )]
    Export(ExportModel),
    /// Remove a version that is not the champion; its number is not given again
    #[command(
        after_help = "Example:\n  regulars models remove 2 --why \"learned from a bad load\""
    )]
    Remove(RemoveModel),
}

/// Which models, for commands that look at these alone.
#[derive(Args, Clone, Debug)]
pub struct KeptModels {
    /// Where results and models lie
    #[command(flatten)]
    pub output: OutputFolder,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
    /// Print JSON instead of words
    #[arg(long)]
    pub json: bool,
}

/// Which version to show.
#[derive(Args, Clone, Debug)]
pub struct ShowModel {
    /// The version: its number, `latest` or `champion`
    #[arg(value_name = "NUMBER")]
    pub version: String,
    /// Which models
    #[command(flatten)]
    pub kept: KeptModels,
}

/// Which versions to compare.
#[derive(Args, Clone, Debug)]
pub struct CompareModels {
    /// The version that is there: its number, `latest` or `champion`
    #[arg(value_name = "A")]
    pub first: String,
    /// The one that is held against it
    #[arg(value_name = "B")]
    pub second: String,
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
    /// Print JSON instead of words
    #[arg(long)]
    pub json: bool,
}

/// Which version to promote.
#[derive(Args, Clone, Debug)]
pub struct PromoteModel {
    /// The version: its number or `latest`
    #[arg(value_name = "NUMBER")]
    pub version: String,
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
    /// Why, for the record [default: what the comparison says]
    #[arg(long, value_name = "WORDS")]
    pub why: Option<String>,
    /// Make it the champion whether or not it is better, without a comparison
    #[arg(long)]
    pub force: bool,
    /// Where it is not better, say so and end with exit code 0
    #[arg(long, conflicts_with = "force")]
    pub if_better: bool,
}

/// As what a model is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Portable {
    /// One SQL statement over a table of the features
    Sql,
    /// An ONNX file (operators 17, ai.onnx.ml 5)
    Onnx,
}

/// Whose SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SqlDialect {
    /// Apache DataFusion
    Datafusion,
    /// PostgreSQL 12 or later
    Postgresql,
    /// DuckDB
    Duckdb,
    /// The standard, for all others
    Ansi,
}

/// Which version to write for others, and how.
#[derive(Args, Clone, Debug)]
pub struct ExportModel {
    /// The version: its number, `latest` or `champion`
    #[arg(value_name = "NUMBER", default_value = "champion")]
    pub version: String,
    /// As what
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub to: Portable,
    /// Whose SQL [default: duckdb]
    #[arg(long, value_enum, value_name = "DIALECT")]
    pub dialect: Option<SqlDialect>,
    /// The file [default: churn-NUMBER.DIALECT.sql or churn-NUMBER.onnx]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The table or view that the SQL reads, with its schema before a dot where it has one: an id, and
    /// a column for each feature
    #[arg(long, value_name = "NAME", default_value = "features")]
    pub table: String,
    /// Its column that says whose a row is
    #[arg(long, value_name = "COLUMN", default_value = "customer_id")]
    pub id: String,
    /// Write SQL that makes the table instead: the features of the version from the files of the
    /// warehouse, for those whom it scores [DuckDB alone]
    #[arg(long)]
    pub features: bool,
    /// Settings and where results and models lie; the settings are read with --features alone
    #[command(flatten)]
    pub settings: WithSettings,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
}

/// How to go back.
#[derive(Args, Clone, Debug)]
pub struct RollbackModel {
    /// Where results and models lie
    #[command(flatten)]
    pub output: OutputFolder,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
    /// Why, for the record
    #[arg(long, value_name = "WORDS")]
    pub why: Option<String>,
}

/// Which version to remove.
#[derive(Args, Clone, Debug)]
pub struct RemoveModel {
    /// The version: its number or `latest`
    #[arg(value_name = "NUMBER")]
    pub version: String,
    /// Where results and models lie
    #[command(flatten)]
    pub output: OutputFolder,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
    /// Why, for the record
    #[arg(long, value_name = "WORDS")]
    pub why: Option<String>,
}

/// Which model to watch.
#[derive(Args, Clone, Debug)]
pub struct Drift {
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// Where kept models lie
    #[command(flatten)]
    pub registry: RegistryFolder,
    /// The version that is watched: its number, `latest` or `champion`
    #[arg(long, value_name = "NUMBER", default_value = "champion")]
    pub model: String,
    /// Also write a JUnit report, in which what has drifted is a failed test
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// What to verify.
#[derive(Args, Clone, Debug)]
pub struct Verify {
    /// Output folder of a run
    #[arg(value_name = "DIR", default_value = "regulars-out")]
    pub run: PathBuf,
    /// Also run every stage again, from the state of the warehouse that the run was made from, in a folder
    /// of its own that goes afterwards, and hold what comes out against what is there, byte by byte
    #[arg(long)]
    pub again: bool,
    /// The settings of the run, for --again
    #[arg(short, long, value_name = "FILE", default_value = "regulars.toml")]
    pub config: PathBuf,
}

/// Which runs to hold against each other.
#[derive(Args, Clone, Debug)]
pub struct Diff {
    /// Output folder of the run before
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    /// Output folder of the run after
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
    /// End with exit code 1 where something moved further, such as bands-moved=0.2; may be given several
    /// times. Shares: customers-gone, segments-moved, tiers-moved, clusters-moved, segment-size,
    /// bands-moved, bands-moved-by-model, rules-changed, suggestions-changed; and mean-score
    #[arg(long, value_name = "NAME=MOST")]
    pub limit: Vec<String>,
    /// Print JSON instead of words
    #[arg(long)]
    pub json: bool,
    /// Print Markdown instead of words, for the pages of CI servers
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}
