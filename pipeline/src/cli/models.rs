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
}

/// What to verify.
#[derive(Args, Clone, Debug)]
pub struct Verify {
    /// Output folder of a run
    #[arg(value_name = "DIR", default_value = "regulars-out")]
    pub run: PathBuf,
}
