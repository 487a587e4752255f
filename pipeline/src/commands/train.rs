//! `train`: learns as the stage `churn` does, and keeps the model instead of scoring.

use crate::cli::{self, Learnable, LoadOptions};
use crate::config::Settings;
use crate::failure::Result;
use crate::lifecycle::mlflow::{self, Logged};
use crate::lifecycle::{keep, registry};
use crate::outputs::interrupt;
use crate::outputs::lock::Lock;
use crate::registry::{Quality, Version};
use crate::run::{Outcome, judged};
use crate::stages::{Asked, Context, Shared, churn};
use crate::text::{count, print, settings_file};
use crate::words::said;
use crate::workbench::{Began, Workbench};

/// The command's one name.
const NAME: &str = "train";

/// Learns, stores a version, and says where and how good it is.
pub fn run(args: &cli::Train) -> Result<Outcome> {
    let Learnable::Churn = args.what;
    let common = &args.settings.common;
    let settings = Settings::read(&args.settings.config)?;
    let out = common.output.out.as_path();
    let lock = Lock::take(out, NAME, common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage(NAME);
    let (began, at) = (Began::now(), chrono::Utc::now());
    let registry = registry(args.registry.registry.as_deref(), out);
    let load = LoadOptions::default();
    let asked = Asked::by(&settings, common, &load);
    let shared = Shared::default();
    let context = Context::new(&churn::STAGE, &bench, asked, &shared);
    let taught = keep::teach(&context)?;
    let candidate = keep::candidate(&context, &taught)?;
    let wanted = args.logged.mlflow.as_deref();
    let logged = wanted.map(|_| Logged::new(&context, &candidate, &taught.found, at));
    let version = registry.store(candidate)?;
    interrupt::whole(format!("{} is kept", version.title()));
    let in_mlflow = match (wanted, logged) {
        (Some(to), Some(logged)) => {
            let logged = logged.of_version(version.number());
            let done = mlflow::log(&context, to, &logged);
            Some(done.map_err(|failure| {
                failure.during(format!("{} is kept, and not logged", version.title()))
            })?)
        }
        _ => None,
    };
    let line = format!(
        "{} rows in, version {} kept",
        count(taught.population.rows_in),
        version.number()
    );
    bench.progress.done(&line, began.seconds());
    for warning in &taught.warnings {
        bench.progress.warning(warning);
    }
    if !common.quiet {
        print(&words(&version));
    }
    if let (Some(done), false) = (in_mlflow, common.quiet) {
        print(&format!("  {}\n", tr!("in MLflow: {run}", run = done)));
    }
    Ok(judged(&settings.config, &taught.warnings))
}

/// Where the version is, and how good.
fn words(version: &Version) -> String {
    let Quality {
        tested_on,
        log_loss,
        roc_auc,
        ..
    } = &version.record.quality;
    let four = |value: f64| format!("{value:.4}");
    let place = tr!(
        "version {number} ({model}) is in {folder}",
        number = version.number(),
        model = churn::title(&version.record.model.title),
        folder = version.folder.display()
    );
    let quality = tr!(
        "on {test}, which it had not seen: log loss {loss} ({loss_low} to {loss_high}), ROC AUC {auc} ({auc_low} to {auc_high})",
        test = said(tested_on),
        loss = four(log_loss.value),
        loss_low = four(log_loss.low),
        loss_high = four(log_loss.high),
        auc = four(roc_auc.value),
        auc_low = four(roc_auc.low),
        auc_high = four(roc_auc.high)
    );
    let next = tr!(
        "its card: regulars models show {number}; to use it: regulars models promote {number} -c {settings}",
        number = version.number(),
        settings = settings_file()
    );
    format!("{place}\n  {quality}\n  {next}\n")
}
