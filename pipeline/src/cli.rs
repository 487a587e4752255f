//! What is typed: commands, options and the help that is the manual.

mod models;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{BasketOf, Day};
use crate::words::Language;

pub use self::models::{
    CompareModels, Diff, Drift, ExportModel, KeptModels, Learnable, LoggedIn, Models,
    ModelsCommand, Portable, PromoteModel, RegistryFolder, RemoveModel, RollbackModel, Score,
    ShowModel, SqlDialect, Train, Verify,
};

/// Who the customers are, who is leaving, and what each would buy next: from interaction history to files.
#[derive(Debug, Parser)]
#[command(name = "regulars", version, arg_required_else_help = true, after_help = AFTER, max_term_width = 100)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// How progress, warnings and errors are written to standard error: `json` is one object a line with
    /// `at`, `event` (stage-started, step, stage-done, warning, waiting, cleared, failed), `message`, and what
    /// belongs to the event: stage, seconds, rows_in, rows_out, code, exit_code
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        global = true
    )]
    pub log_format: LogFormat,
    /// The language of what people read, in files, on pages and in summaries: `en` or `zh`; else that of the
    /// settings, `[project] language`
    #[arg(long, value_name = "LANGUAGE", value_enum, global = true)]
    pub lang: Option<Language>,
}

/// For whom standard error is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// For machines
    Json,
}

const AFTER: &str = "\
Start here:
  regulars demo                       the whole job on a built-in sample of real shopping
  regulars init *.csv                 a regulars.toml for your own files, with every guess explained
  regulars check -c regulars.toml     settings and data are looked at, nothing is written
  regulars run -c regulars.toml       the whole job on your own history
  regulars generate --out shop        a history of any size, whose truth is known

Exit codes:
  0  done
  1  done, with warnings that the settings call failures ([run] fail_on)
  2  wrong use or wrong settings
  3  the data cannot be used
  4  a failure of the machine: disk, memory, permissions
  130, 143  stopped by Ctrl-C or SIGTERM, with a line that says what is whole

Settings are explained in docs/settings.md, files in docs/files.md.";

/// Everything that regulars does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole job on the sample that is built in
    ///
    /// Writes a year of real grocery shopping (1,666 households of The Complete Journey) and its
    /// settings to DIR/demo/, runs every stage on it, and ends with a summary. Needs no network.
    #[command(after_help = "Example:\n  regulars demo --out /tmp/first-look")]
    Demo(Common),
    /// Look at files and write a first regulars.toml for them
    ///
    /// Finds out which canonical table each file is, which column says who, when, what and how
    /// much, how times and numbers are written, and which files belong together. Each guess has a
    /// comment with what it rests on; columns that nothing is made of are listed. Looks at the
    /// first rows and at some later ones. Never overwrites a file unless --force is given.
    #[command(after_help = "Example:\n  regulars init orders.csv products.csv\n  \
        regulars check -c regulars.toml\n  regulars run -c regulars.toml\n\n\
        Exit codes: 0 a draft that runs, 3 a draft with lines that must be filled in first")]
    Init(Init),
    /// Look at settings and data without writing anything
    ///
    /// Finds the sources, plans every column and gate, reads some rows as a load would, and prints
    /// what becomes of each column and why rows would be rejected. Exit codes are those of a load:
    /// 2 for wrong settings, 3 when too many rows cannot be used.
    #[command(after_help = "Example:\n  regulars check -c regulars.toml --all")]
    Check(Check),
    /// Print the JSON Schema of regulars.toml, with which editors complete and check it
    ///
    /// The first line of a settings file tells an editor where it lies:
    /// #:schema ./regulars.schema.json
    #[command(after_help = "Example:\n  regulars settings-schema > regulars.schema.json")]
    SettingsSchema,
    /// Run every stage: ingest, features, segment, value, churn, classes, rules, offers, report
    ///
    /// A stage whose data are too few (a history too short to test a churn model, no products for
    /// rules) is left out with a warning; everything else goes on.
    #[command(
        after_help = "Example:\n  regulars run -c regulars.toml --out results\n  \
        regulars run -c regulars.toml --as-of 2017-10-01   score a past date, then look at what came after\n  \
        regulars run -c regulars.toml --timings            and what each stage took\n  \
        regulars run -c regulars.toml --estimate           how long will it take?"
    )]
    Run(Whole),
    /// Load the sources into the warehouse: Delta Lake tables below DIR/warehouse/
    ///
    /// Reads what is new in the sources, as the settings map them onto the canonical tables
    /// interactions, customers, products and campaigns. A file counts once, whatever it is called
    /// and whenever it comes; rows with a key that come again with other values take the place of
    /// the earlier ones, which stay readable with --known-at. Bad rows go to DIR/rejects/ with
    /// file, line, column, value and reason. A load is all or nothing, whatever happens to the
    /// process. Everything is loaded, whatever --as-of says; later stages look away.
    #[command(after_help = "Example:\n  regulars ingest -c regulars.toml\n  \
        regulars ingest --rebuild                   start the warehouse again from the files that are there\n  \
        regulars ingest --dry-run --junit gates.xml would this delivery pass the quality gates?\n  \
        regulars ingest --loaded-at 2024-05-01      an old delivery, as if it had been loaded then")]
    Ingest(Load),
    /// Compute features of every customer at every as-of date: DIR/features/DATE.parquet
    ///
    /// Recency, frequency, money, rhythm, trends, variety, departments, discounts, times and
    /// responses, from what happened strictly before each date. Reads the warehouse.
    #[command(after_help = "Example:\n  regulars features -c regulars.toml --as-of 2017-10-01")]
    Features(WithSettings),
    /// Group the customers: DIR/segments.parquet and .csv, DIR/clusters.parquet and .csv
    ///
    /// RFM scores and segments with names, value tiers, clusters named by what sets them apart, and
    /// the life cycle of everybody who is known by their own rhythm: DIR/life_cycle.csv, month by
    /// month in DIR/life_cycle_flow.csv, DIR/life_cycle.html. Clusters go on from those of an earlier
    /// date in DIR (segmenter.json), and keep their ids and names; DIR/cluster_moves.csv says who went
    /// where, and why. The maps and cut points in force are written as files to copy and edit:
    /// DIR/rfm_map.csv, DIR/rfm_eight_map.csv, DIR/rfm_cuts.csv. docs/segments.md and docs/clusters.md
    /// tell how. Reads the warehouse and the features.
    #[command(
        after_help = "Example:\n  regulars segment -c regulars.toml --seed 7\n  \
        regulars segment -c regulars.toml --assign   new customers into the saved clusters, nothing found anew"
    )]
    Segment(Segment),
    /// Score who is leaving: DIR/churn.parquet and .csv, DIR/churn.html, DIR/churn_models.csv
    ///
    /// Several models learn from past dates whose outcome is known. One is chosen on the last of
    /// these, all are tested on a later one, which none has seen, and the chosen one scores the
    /// customers of today with a probability, a band and three reasons in words. docs/churn.md
    /// tells how; models, chosen, test_dates and calibration in the settings change it. With a
    /// label there it learns from a column of the customers' table and needs no history. Reads the
    /// warehouse, and the features unless there is a label.
    #[command(after_help = "Example:\n  regulars churn -c regulars.toml\n  \
        regulars churn --suggest                 which dates suit the rhythm of the customers?")]
    Churn(Churn),
    /// Value every customer, now and expected: DIR/value.parquet and .csv, DIR/value.html
    ///
    /// What each has spent and is expected to buy and spend, the probability of being active still,
    /// the date of the next purchase, and the discounted value of the year to come, with intervals.
    /// Several models are fitted to the history before a period that is held out, and the one that
    /// predicts that period best is fitted again to all of it: DIR/value_models.csv. Also what each
    /// month's new customers became: DIR/cohorts.csv. docs/value.md tells how, and when to trust
    /// it. Reads the warehouse.
    #[command(after_help = "Example:\n  regulars value -c regulars.toml\n  \
        regulars value -c regulars.toml --as-of 2024-06-01   what was to be expected then")]
    Value(WithSettings),
    /// Put customers and accounts into classes: DIR/classes.parquet and .csv, DIR/class_sizes.csv
    ///
    /// The customer pyramid (VIP, major, ordinary, small), A, B and C, key accounts (most valuable,
    /// most growable, below zero), and the shop's own segments: each [[classes.own]] in the settings
    /// is a name and SQL over attributes, features, segments, churn and value, and the first that
    /// holds decides. With account_id also DIR/accounts.csv. docs/segments.md tells how. Reads the
    /// warehouse, features and segments, and churn and value where they are there.
    #[command(after_help = "Example:\n  regulars classes -c regulars.toml")]
    Classes(WithSettings),
    /// Find what goes together and what follows what: DIR/rules.parquet and .csv, DIR/rules.html
    ///
    /// Few rules, each of which holds up: beyond what large baskets alone explain, corrected for
    /// the number tested, no news kept that a shorter rule tells, and each measured again on the
    /// weeks after the mining period. Also itemsets, sequences, transitions, substitutes, and what
    /// differs between groups. Options take the place of those in the settings; docs/rules.md
    /// explains them with examples. Reads the warehouse, and the segments where they are there.
    #[command(after_help = "Example:\n  regulars rules -c regulars.toml\n  \
        regulars rules --where \"department = 'GROCERY' and segment = 'Champions'\"\n  \
        regulars rules --compare-by segment          what is far stronger in one segment\n  \
        regulars rules --level product --target 12345        what leads to this product?\n  \
        regulars rules --min-support 0.0005 --estimate       how long will that take?")]
    Rules(Rules),
    /// Suggest to every customer what they have not bought yet: DIR/suggestions.parquet and .csv
    ///
    /// Ten items each, with a score and a reason in words; tested by holding out the last weeks,
    /// beside the most popular items. What is no longer sold or out of season is left out
    /// (DIR/items_left_out.csv), and so is who said no (consent). Reads the warehouse.
    #[command(after_help = "Example:\n  regulars offers -c regulars.toml")]
    Offers(WithSettings),
    /// Learn who is leaving and keep the model: DIR/models/churn/NNNN/
    ///
    /// Learns as `churn` does and stores what was learned as a new version, which never changes: the
    /// model, what each of its features is, how customers were distributed, a card in plain words,
    /// and how good it is on a date that it had not seen. Scores nobody and changes no champion.
    /// docs/models.md tells how a team retrains every month. Reads the warehouse and the features.
    #[command(after_help = "Example:\n  regulars train -c regulars.toml\n  \
        regulars models promote latest --if-better\n  \
        regulars train --mlflow http://localhost:5000        logged in MLflow, too")]
    Train(Train),
    /// Score customers by a kept model, without learning: DIR/churn.parquet and .csv
    ///
    /// The champion, or another version, scores the customers of today with the columns, bands and
    /// reasons that `churn` writes. Computes the features of that date alone. Refuses a model whose
    /// features, horizon or label mean something else now. Reads the warehouse.
    #[command(after_help = "Example:\n  regulars score -c regulars.toml\n  \
        regulars score --model 3 --as-of 2017-10-01")]
    Score(Score),
    /// List, compare, promote and remove kept models
    Models(Models),
    /// Say whether customers are still as they were when the champion was learned: DIR/drift.html, .csv
    ///
    /// Each feature and the scores by the population stability index, beside what chance alone makes
    /// of it with so many customers, and how good the model is on outcomes that have become known
    /// since. What is above max_psi (under models in the settings) is the warning `drift`, which fail_on makes
    /// exit code 1. Reads the warehouse.
    #[command(
        after_help = "Example:\n  regulars drift -c regulars.toml\n  regulars drift --junit drift.xml"
    )]
    Drift(Drift),
    /// Say what moved between two runs, and why: settings, data, segments, scores, rules, suggestions
    ///
    /// Of customers who changed a segment it says who did something and whose segment's borders moved;
    /// of those who changed a risk band, whom new behaviour moved and whom the new model. Reads both
    /// output folders and writes nothing.
    #[command(after_help = "Example:\n  regulars diff out-may out-june\n  \
        regulars diff out-may out-june --markdown >> $GITHUB_STEP_SUMMARY\n  \
        regulars diff out-may out-june --limit bands-moved=0.2 --limit mean-score=0.05\n\n\
        Exit codes: 0 told, 1 something moved beyond its limit, 3 the folders cannot be compared")]
    Diff(Diff),
    /// Check that every file that a run has written is as it was written
    ///
    /// Each file that DIR/manifest.json names is held against its size and SHA-256, and each file of
    /// the models below DIR against those in its version. Writes nothing. With --again the stages run
    /// once more from the same load, however many came after it, and have to come to the same bytes.
    #[command(after_help = "Example:\n  regulars verify regulars-out\n  \
        regulars verify regulars-out --again -c regulars.toml\n\n\
        Exit codes: 0 everything is as it was, 3 with a list of what is not")]
    Verify(Verify),
    /// Put everything that was found on one page: DIR/report.html
    ///
    /// Summary, what to do this week, the business by month, segments, churn, cross-sell, value, and
    /// how good each is. A section whose files are not there says why. The page is one file that
    /// needs no network, names no customer and merges groups of fewer than 10, so that it
    /// can be passed on. Its figures are in report.json, with which the next report compares itself.
    /// Reads the warehouse and the files of all other stages that are there.
    #[command(after_help = "Example:\n  regulars report -c regulars.toml")]
    Report(WithSettings),
    /// Show a table of results on the terminal: segments, churn, rules, suggestions or value
    ///
    /// Reads the files in DIR; with a customer's id, only the rows of that customer.
    #[command(
        after_help = "Example:\n  regulars show churn --top 20        the customers most likely to leave\n  \
        regulars show suggestions C0042     what one customer would buy next\n\n\
        Exit codes: 3 where the file is not there or holds nobody of that id"
    )]
    Show(Show),
    /// Tell everything that is known of one customer
    ///
    /// Attributes, first and last purchase, recency, frequency and money with segment and cluster,
    /// the probability of leaving with its reasons, value, suggestions, and the last interactions.
    /// Reads the warehouse and the files in DIR that are there.
    #[command(
        after_help = "Example:\n  regulars explain C0042 --out regulars-out\n\n\
        Exit codes: 3 where nobody has that id; the nearest ones are named"
    )]
    Explain(Explain),
    /// Make the lists that marketing can send: DIR/targets/NAME.xlsx, .csv and .parquet
    ///
    /// Each [targets.NAME] in the settings is a list: for whom it is (SQL over segments, churn, value,
    /// features and attributes), what is offered, what it may cost, who is held back. Chosen are those
    /// with the largest expected profit; who said no, is on a suppression file, in the control group of
    /// a list that runs, or over the cap, is in no file of the list. What was sent is kept in
    /// DIR/targets/ledger/. docs/targets.md has a worked example. Reads the warehouse, the features,
    /// and segments, churn scores, value and suggestions where they are there.
    #[command(
        after_help = "Example:\n  regulars targets --count \"segment = 'At Risk' AND monetary > 500\"\n  \
        regulars targets spring -c regulars.toml\n  \
        regulars targets --pseudonymise                       keyed hashes instead of ids"
    )]
    Targets(Targets),
    /// What a list has earned: buyers and spend of those contacted beside those held back
    #[command(subcommand, disable_help_subcommand = true)]
    Campaign(Campaign),
    /// Write results into a PostgreSQL database: segments, scores, value, suggestions, lists
    ///
    /// Each result is a table in the schema that `[publish]` in the settings names, and each list is
    /// targets_NAME. All of them change at once: whoever reads meanwhile sees what was before, and
    /// where anything fails, the database as well, that stays. Dates, decimals and ids keep their
    /// types. Tables that regulars has not made are left alone. docs/publish.md tells how. Reads the
    /// files in DIR.
    #[command(
        after_help = "Example:\n  regulars publish -c regulars.toml --out regulars-out\n  \
        regulars run -c regulars.toml --publish     everything anew, and then into the database"
    )]
    Publish(Publish),
    /// Make an interaction history whose truth is known, or plain market baskets
    ///
    /// Writes interactions, customers, products and campaigns, a regulars.toml that loads them, and
    /// a folder truth/ with what no real history tells: the type of each customer, who has left and
    /// how probable that was, what a campaign does to whom, the patterns planted in the baskets.
    /// The history ends with 2025. The same options make the same bytes, on any number of threads.
    #[command(
        after_help = "Example:\n  regulars generate --customers 5000 --months 12 --out shop\n  \
        regulars run -c shop/regulars.toml --out shop/results\n  \
        regulars compare shop/results shop/truth\n\n  \
        regulars generate --baskets T10I4D100K --out quest    market baskets after IBM Quest: mean\n  \
        \x20                                                     length 10, patterns of 4, 100,000 of them\n  \
        regulars generate --baskets C23N119D8K --out dense    dense ones: 8,000 rows of 23 columns with\n  \
        \x20                                                     119 values in all, strongly correlated"
    )]
    Generate(Generate),
    /// Set the results of a run beside the truth of the history that it ran on
    ///
    /// Churn scores against the best that could be, clusters against types, rules against the
    /// planted ones, rejected rows against the dirty ones. For histories of `regulars generate`.
    /// Prints a table and writes it to RUN_DIR/comparison.csv.
    #[command(after_help = "Example:\n  regulars compare shop/results shop/truth")]
    Compare(Compare),
    /// Erase a customer from the warehouse and from every result
    ///
    /// Removes their rows from every table and snapshot and from every file below DIR that names
    /// them, and with them every earlier state of the warehouse; says where something was. Models
    /// that hold rows, profiles and texts that name them are removed. Later loads leave their rows
    /// out: they need the key of the list, ~/.config/regulars/forget.key or where
    /// REGULARS_FORGET_KEY says. The sources themselves are not touched. It may be repeated.
    #[command(after_help = "Example:\n  regulars forget C0042 --out regulars-out")]
    Forget(Forget),
    /// Look at what was loaded: DIR/profile.html and DIR/profile.json
    ///
    /// What to look at first, in words; months, days and hours; baskets, amounts, customers;
    /// interactions that name unknown customers or products; rejected rows; and every column of
    /// every table. The page needs no network. Reads the warehouse and rejects/.
    #[command(after_help = "Example:\n  regulars profile -c regulars.toml\n  \
        regulars profile --table customers      every column of one table, on the terminal alone\n  \
        regulars profile --quiet --json | jq .findings")]
    Profile(Profile),
    /// Show the summary of the last runs into DIR again
    #[command(after_help = "Example:\n  regulars summary --out regulars-out")]
    Summary(OutputFolder),
    /// Print what lets a shell complete commands, options and their values
    ///
    /// Packages bring these along; after a build from source they are put where the shell looks.
    #[command(
        after_help = "Example:\n  regulars completions bash > ~/.local/share/bash-completion/completions/regulars\n  \
        regulars completions zsh > ~/.zfunc/_regulars                    with fpath+=~/.zfunc in .zshrc\n  \
        regulars completions fish > ~/.config/fish/completions/regulars.fish"
    )]
    Completions(Completions),
    /// Print the man page of regulars, or write those of every command into a folder
    ///
    /// The pages say what --help says: one for regulars, and one for each command, regulars-COMMAND.
    #[command(
        after_help = "Example:\n  regulars man | man -l -\n  regulars man ~/.local/share/man/man1; man regulars-rules"
    )]
    Man(Man),
}

impl Command {
    /// The stage that it runs, where that has no options of its own.
    pub fn stage(&self) -> Option<(&'static str, &WithSettings)> {
        match self {
            Self::Features(args) => Some(("features", args)),
            Self::Value(args) => Some(("value", args)),
            Self::Classes(args) => Some(("classes", args)),
            Self::Offers(args) => Some(("offers", args)),
            Self::Report(args) => Some(("report", args)),
            _ => None,
        }
    }
}

impl Publish {
    /// What to write once a whole run has ended.
    pub fn after(config: PathBuf, run: &Common) -> Self {
        Self {
            config,
            output: run.output.clone(),
            patience: run.patience.clone(),
            quiet: run.quiet,
        }
    }
}

/// Where results lie.
#[derive(Args, Clone, Debug)]
pub struct OutputFolder {
    /// Folder for everything that is written; made when it is not there
    #[arg(short, long, value_name = "DIR", default_value = "regulars-out")]
    pub out: PathBuf,
}

/// What to do while another command writes below the same folder.
#[derive(Args, Clone, Debug)]
pub struct Patience {
    /// Wait up to so many seconds for another command that writes into the same folder, instead of
    /// ending at once with exit code 3
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
}

/// For which shell.
#[derive(Args, Clone, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: clap_complete::Shell,
}

/// Which man pages, and where to.
#[derive(Args, Clone, Debug)]
pub struct Man {
    /// Folder for the pages of every command; made when it is not there [default: print one page]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// Whom to erase.
#[derive(Args, Clone, Debug)]
pub struct Forget {
    /// The customer's id, as the warehouse has it
    #[arg(value_name = "CUSTOMER")]
    pub customer: String,
    /// Where the warehouse and the results lie
    #[command(flatten)]
    pub output: OutputFolder,
    /// How long to wait for others
    #[command(flatten)]
    pub patience: Patience,
}

/// What to generate.
#[derive(Args, Clone, Debug)]
pub struct Generate {
    /// How many customers there ever are
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub customers: u64,
    /// Of what kind the shop is; each has its own rhythm, baskets, goods and oddities
    #[arg(long, value_enum, value_name = "KIND", default_value_t = ShopKind::Grocery)]
    pub kind: ShopKind,
    /// How many months the history covers, 3 to 120; it ends with 2025. Kinds whose customers come
    /// seldom need more than 3; with 24 every season comes twice
    #[arg(long, value_name = "M", default_value_t = 24)]
    pub months: u32,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Folder to write; must not be there yet, or be empty
    #[arg(short, long = "out", value_name = "DIR", default_value = "generated")]
    pub output: PathBuf,
    /// Format of the tables
    #[arg(long, value_enum, default_value_t = FileFormat::Parquet)]
    pub format: FileFormat,
    /// Spoil some rows as real data are spoilt: copies, late rows, corrections, missing ids, unknown
    /// products, giant baskets, outliers; in CSV also mixed dates and GBK text. truth/ lists each
    #[arg(long)]
    pub dirty: bool,
    /// Also write the truth about churn at this as-of date; may be given several times
    /// [default: the end of the history and 28 days before it]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub truth_at: Vec<Day>,
    /// Plain market baskets instead of a history, by name: T10I4D100K (IBM Quest; N and L may
    /// follow for items and patterns) or C23N119D8K (dense)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["customers", "months", "kind", "dirty", "truth_at"])]
    pub baskets: Option<String>,
    /// Threads to use; the files are the same with any number [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print neither progress nor what was written, only errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// The kind of a generated shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ShopKind {
    /// A grocer: some ten lines a basket, every few days; like The Complete Journey
    Grocery,
    /// Gifts by mail: some 17 lines an order, every few months; a busy autumn, Christmas goods, goods
    /// that come and leave, guests, cancelled orders; like Online Retail II
    MailOrder,
    /// Boxes of coffee and tea: one or two lines every two weeks to three months; most joiners leave
    /// within half a year
    Subscription,
    /// A café that serves meals: about two lines a visit, many guests without an account, dishes of the
    /// season, closed on Mondays
    Restaurant,
    /// A wholesaler: business customers, long orders in bulk on weekdays, on invoice
    Wholesale,
}

/// The format of generated tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FileFormat {
    /// Apache Parquet
    Parquet,
    /// Text with one row a line
    Csv,
}

/// What to set side by side.
#[derive(Args, Clone, Debug)]
pub struct Compare {
    /// Output folder of a run on a generated history
    #[arg(value_name = "RUN_DIR")]
    pub run: PathBuf,
    /// The folder truth/ of that history
    #[arg(value_name = "TRUTH_DIR")]
    pub truth: PathBuf,
    /// How long to wait for others
    #[command(flatten)]
    pub patience: Patience,
    /// Threads to use [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// Options of the whole job.
#[derive(Args, Clone, Debug)]
pub struct Whole {
    /// Settings, where results go, and how to load
    #[command(flatten)]
    pub load: Load,
    /// Print, when the run has ended, what each stage took: wall and CPU time, peak memory, bytes read
    /// and written, rows (with --quiet, too)
    #[arg(long)]
    pub timings: bool,
    /// When the run has ended, write its results into the database that `[publish]` in the settings
    /// names, as `publish` does; not where a warning counts as a failure (`fail_on` under `[run]`)
    #[arg(long)]
    pub publish: bool,
    /// Print how long each stage will take, and how much memory and disk, and write nothing: from the
    /// sizes of the sources, and from what the last run into DIR took, if there was one
    #[arg(long, conflicts_with_all = ["timings", "publish", "rebuild", "mended", "junit", "loaded_at", "dry_run", "mlflow"])]
    pub estimate: bool,
    /// Where what is learned is logged as well
    #[command(flatten)]
    pub logged: LoggedIn,
}

/// Options of commands that load.
#[derive(Args, Clone, Debug)]
pub struct Load {
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// How to load
    #[command(flatten)]
    pub options: LoadOptions,
}

/// How `ingest` loads.
#[derive(Args, Clone, Debug, Default)]
pub struct LoadOptions {
    /// Forget what was loaded before and load the sources as they are now
    #[arg(long)]
    pub rebuild: bool,
    /// Also load this file of rejected rows, mended: a copy of DIR/rejects/rows/*.csv; may be given
    /// several times
    #[arg(long, value_name = "FILE")]
    pub mended: Vec<PathBuf>,
    /// Write what the quality gates found to FILE, as JUnit XML for a CI server
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Note this day, UTC, as when the rows of this load became known [default: now]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub loaded_at: Option<Day>,
    /// Read, merge and ask the quality gates as a load would, but commit nothing (`ingest` alone)
    #[arg(long)]
    pub dry_run: bool,
}

/// What to look at.
#[derive(Args, Clone, Debug)]
pub struct Profile {
    /// Settings that the warehouse was loaded with
    #[arg(short, long, value_name = "FILE", default_value = "regulars.toml")]
    pub config: PathBuf,
    /// Where the warehouse lies, and the page goes
    #[command(flatten)]
    pub output: OutputFolder,
    /// How long to wait for others
    #[command(flatten)]
    pub patience: Patience,
    /// Look at the columns of one table alone, and write no files: interactions, customers, products or campaigns
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Print JSON, as in profile.json, instead of words
    #[arg(long)]
    pub json: bool,
    /// Threads to use; the files are the same with any number [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print neither progress nor what was found, only errors and what --json asks for
    #[arg(short, long)]
    pub quiet: bool,
}

/// Options of every command that computes.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Where results go
    #[command(flatten)]
    pub output: OutputFolder,
    /// How long to wait for others
    #[command(flatten)]
    pub patience: Patience,
    /// Behave exactly as if nothing on or after this day had been loaded [default: the end of the history]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub as_of: Option<Day>,
    /// Read the warehouse as it was known at the beginning of this day, UTC: without corrections,
    /// deletions and loads that came later [default: as it is known now]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub known_at: Option<Day>,
    /// Seed of everything random: the same seed and data give the same files [default: the settings' seed, 42]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads to use; the files are the same with any number [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print neither progress nor summary, only errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Options of commands that need settings.
#[derive(Args, Clone, Debug)]
pub struct WithSettings {
    /// Settings: where the history lies and how its columns are mapped
    #[arg(short, long, value_name = "FILE", default_value = "regulars.toml")]
    pub config: PathBuf,
    /// Options of every command that computes
    #[command(flatten)]
    pub common: Common,
}

/// Whether to find clusters anew.
#[derive(Args, Clone, Debug)]
pub struct Segment {
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// Put customers into the saved clusters as these are, and find none anew
    #[arg(long)]
    pub assign: bool,
}

/// Whether to score, or to look for dates.
#[derive(Args, Clone, Debug)]
pub struct Churn {
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// Score nobody; propose horizon_days, active_days and the spacing of dates that suit the days
    /// between purchases, as lines for the settings and as a plot: DIR/churn_rhythm.html
    #[arg(long)]
    pub suggest: bool,
}

/// Which table to show.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// What to show
    #[arg(value_enum, value_name = "TABLE")]
    pub table: Shown,
    /// Only the rows of this customer
    #[arg(value_name = "CUSTOMER")]
    pub customer: Option<String>,
    /// Where the results lie
    #[command(flatten)]
    pub output: OutputFolder,
    /// So many rows
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub top: u64,
}

/// A table of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shown {
    /// Segments with sizes and what to do, or a customer's
    Segments,
    /// Customers by their probability of leaving, with reasons
    Churn,
    /// Rules, the strongest first
    Rules,
    /// What to offer to whom
    Suggestions,
    /// Customers by their lifetime value
    Value,
    /// Stages of the life cycle with sizes and what to do, or a customer's
    LifeCycle,
    /// Tiers, key accounts and own segments with sizes, or a customer's
    Classes,
}

/// Whom to tell of.
#[derive(Args, Clone, Debug)]
pub struct Explain {
    /// The customer's id, as the warehouse has it
    #[arg(value_name = "CUSTOMER")]
    pub customer: String,
    /// Where the warehouse and the results lie
    #[command(flatten)]
    pub output: OutputFolder,
}

/// What to mine.
#[derive(Args, Clone, Debug)]
pub struct Rules {
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
    /// Only the purchase lines for which this is true: SQL over interactions, products, customers
    /// and segments
    #[arg(long = "where", value_name = "SQL")]
    pub scope: Option<String>,
    /// The level of the taxonomy: product, type, category, department or brand
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
    /// What one basket is: one checkout, or what a customer buys in so much time
    #[arg(long, value_enum, value_name = "WHAT")]
    pub basket: Option<BasketOf>,
    /// The first day that is looked at
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<Day>,
    /// The first day that is no longer looked at
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub until: Option<Day>,
    /// The share of baskets below which an itemset is not looked at
    #[arg(long, value_name = "SHARE")]
    pub min_support: Option<f64>,
    /// What leads to this item? Rules that end in it; may be given several times
    #[arg(long, value_name = "ITEM")]
    pub target: Vec<String>,
    /// Which rules are far stronger for one value of this column or SQL than for the others
    #[arg(long, value_name = "SQL")]
    pub compare_by: Option<String>,
    /// Write nothing; say how many itemsets, how much memory and how long it would take
    #[arg(long)]
    pub estimate: bool,
}

/// What to write into the database.
#[derive(Args, Clone, Debug)]
pub struct Publish {
    /// Settings that name the database
    #[arg(short, long, value_name = "FILE", default_value = "regulars.toml")]
    pub config: PathBuf,
    /// Where the results lie
    #[command(flatten)]
    pub output: OutputFolder,
    /// How long to wait for others
    #[command(flatten)]
    pub patience: Patience,
    /// Print neither progress nor what was written, only errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Which lists to make.
#[derive(Args, Clone, Debug)]
pub struct Targets {
    /// The lists to make, by their names in the settings [default: all of them]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Write nothing; say how many customers this SQL finds, by segment
    #[arg(long, value_name = "SQL", conflicts_with = "names")]
    pub count: Option<String>,
    /// Put keyed hashes in place of the customers' ids; the key is the one of `forget`
    #[arg(long)]
    pub pseudonymise: bool,
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
}

/// What came of what was sent.
#[derive(Debug, Subcommand)]
pub enum Campaign {
    /// Read what a list has earned: DIR/campaigns/NAME.csv and .parquet
    ///
    /// Sets those who were contacted beside those who were held back, from the date of the list on:
    /// the share that bought, what they spent, the difference with its 95 % interval, what it cost and
    /// what it earned. Says who of either group was contacted by other lists meanwhile. Reads the
    /// warehouse and DIR/targets/ledger/.
    #[command(
        after_help = "Example:\n  regulars campaign read spring -c regulars.toml\n  \
        regulars campaign read spring --of 2017-12-04 --days 14\n  \
        regulars campaign read 18 --observational          a campaign that held nobody back"
    )]
    Read(CampaignRead),
    /// Learn whom a contact changes: DIR/campaigns/uplift/NAME.json, .csv and .parquet
    ///
    /// From lists whose days are over and that held somebody back: what customers were like when the
    /// list was made, who was contacted, and who bought. Three ways to learn it are held against each
    /// other by the Qini coefficient, with its interval, on the half of the customers that none has
    /// seen; the best learns again from all. Lists with choose = "uplift" in the settings then take
    /// those whom a contact changes and leave sleeping dogs out. Refused where the lists carry too
    /// little. Reads the warehouse and DIR/targets/ledger/.
    #[command(
        after_help = "Example:\n  regulars campaign learn spring -c regulars.toml\n  \
        regulars campaign learn spring --also summer --also autumn"
    )]
    Learn(CampaignLearn),
}

/// Which list to read.
#[derive(Args, Clone, Debug)]
pub struct CampaignRead {
    /// The list
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The date of the list, where it was sent several times [default: the last one that can be read]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub of: Option<Day>,
    /// How many days from that date on are looked at [default: as long as the list runs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_525))]
    pub days: Option<u32>,
    /// What the interactions call the campaign, whose responses are counted [default: NAME]
    #[arg(long, value_name = "ID")]
    pub campaign_id: Option<String>,
    /// For a list without a control group, or a campaign that only the interactions of the kind contact
    /// know: set those contacted beside customers who were not, weighted so that both were alike on the
    /// first day (overlap weights), with the balance; refused where there are none
    #[arg(long)]
    pub observational: bool,
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
}

/// Which lists to learn from.
#[derive(Args, Clone, Debug)]
pub struct CampaignLearn {
    /// The list, whose every sending is learned from, and which the model is called by
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Another list to learn from too; may be given several times
    #[arg(long, value_name = "NAME")]
    pub also: Vec<String>,
    /// Settings and where results go
    #[command(flatten)]
    pub settings: WithSettings,
}

/// What to look at, and where the settings go.
#[derive(Args, Clone, Debug)]
pub struct Init {
    /// Files of one company: CSV, Parquet and whatever else a source can be
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Settings to write
    #[arg(short, long, value_name = "FILE", default_value = "regulars.toml")]
    pub out: PathBuf,
    /// Write the settings even where there are some already
    #[arg(long)]
    pub force: bool,
    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
}

/// What to check.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// Settings to check
    #[arg(short, long, value_name = "FILE", default_value = "regulars.toml")]
    pub config: PathBuf,
    /// Read every row instead of the first ones
    #[arg(long)]
    pub all: bool,
    /// Rows to read of the first and of the last file of each source
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "all")]
    pub rows: u64,
    /// Folder of earlier loads: says what the last one kept
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_option_has_help() {
        let command = super::Cli::command().help_expected(true);
        command.clone().debug_assert();
    }
}
