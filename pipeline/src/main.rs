//! Parse, run, print the error, choose the exit code.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;
use regulars::cli::{
    Campaign, Cli, Command, Common, Load, LoadOptions, LogFormat, OutputFolder, Publish, Whole,
    WithSettings,
};
use regulars::commands::{
    self, campaign, check, compare, demo, diff, drift, estimate, explain, forget, generate, init,
    manual, models, profile, publish, score, show, targets, timings, train, verify,
};
use regulars::config::{Settings, schema};
use regulars::failure::{Failure, Result, fault};
use regulars::log;
use regulars::outputs::interrupt;
use regulars::outputs::lock::Lock;
use regulars::outputs::manifest::{FILE_NAME, Manifest, missing_stage};
use regulars::run::{Outcome, Run, judged};
use regulars::stages::{STAGES, churn, rules, stage};
use regulars::summary;
use regulars::text::print;
use regulars::words;
use serde_json::json;

/// Query engines allocate much and from many threads; this allocator returns memory well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Clap prints its own messages and ends with 2 for wrong use, 0 for help.
    let Cli {
        command,
        log_format,
        lang,
    } = Cli::parse();
    if let Some(language) = lang {
        words::speak(language);
    }
    if log_format == LogFormat::Json {
        log::for_machines();
    }
    panic::set_hook(Box::new(|_| {}));
    interrupt::listen();
    let done = panic::catch_unwind(AssertUnwindSafe(|| execute(command)))
        .unwrap_or_else(|cause| Err(fault(cause.as_ref())));
    interrupt::unless_stopping();
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::WarnedAsFailure) => ExitCode::from(1),
        Err(failure) => {
            let code = failure.cause.exit_code();
            log::say("failed", &failure.to_string(), json!({ "exit_code": code }));
            ExitCode::from(code)
        }
    }
}

fn execute(command: Command) -> Result<Outcome> {
    match command {
        Command::Demo(common) => {
            let out = common.output.out.as_path();
            let lock = Lock::take(out, "demo", common.patience.wait, common.quiet)?;
            let settings = demo::settings(out)?;
            whole(&settings, &common, &LoadOptions::default()).run_locked(lock)
        }
        Command::Run(Whole { load, estimate, .. }) if estimate => {
            estimate::run(&load.settings).map(|()| Outcome::Done)
        }
        Command::Run(Whole {
            load,
            timings,
            logged,
            publish,
            ..
        }) => {
            let WithSettings { config, common } = load.settings;
            let settings = Settings::read(&config)?;
            if publish {
                publish::place(&settings)?;
            }
            let run = Run {
                mlflow: logged.mlflow.as_deref(),
                ..whole(&settings, &common, &load.options)
            };
            let outcome = run.run()?;
            if timings {
                timings::run(&common.output.out)?;
            }
            if publish && outcome == Outcome::Done {
                publish::run(&Publish::after(config, &common), &settings)?;
            }
            Ok(outcome)
        }
        Command::Publish(args) => {
            let settings = Settings::read(&args.config)?;
            publish::run(&args, &settings).map(|()| Outcome::Done)
        }
        Command::Ingest(Load { settings, options }) => {
            let WithSettings { config, common } = settings;
            alone("ingest", &Settings::read(&config)?, &common, &options)
        }
        Command::Init(args) => init::run(&args).map(|()| Outcome::Done),
        Command::Check(args) => check::run(&args).map(|()| Outcome::Done),
        Command::SettingsSchema => {
            let _ = std::io::stdout().write_all(schema::schema().as_bytes());
            Ok(Outcome::Done)
        }
        Command::Summary(OutputFolder { out }) => show_summary(&out),
        Command::Show(args) => show::run(&args).map(|()| Outcome::Done),
        Command::Explain(args) => explain::run(&args).map(|()| Outcome::Done),
        Command::Completions(args) => manual::completions(args.shell).map(|()| Outcome::Done),
        Command::Man(args) => manual::pages(args.folder.as_deref()).map(|()| Outcome::Done),
        Command::Generate(args) => generate::run(&args).map(|()| Outcome::Done),
        Command::Forget(args) => forget::run(&args).map(|()| Outcome::Done),
        Command::Compare(args) => compare::run(&args).map(|()| Outcome::Done),
        Command::Profile(args) => profile::run(&args).map(|()| Outcome::Done),
        Command::Churn(args) => {
            let settings = Settings::read(&args.settings.config)?;
            let common = args.settings.common;
            if args.suggest {
                return churn::suggest(&settings, &common).map(|()| Outcome::Done);
            }
            alone(churn::NAME, &settings, &common, &LoadOptions::default())
        }
        Command::Segment(args) => {
            let settings = Settings::read(&args.settings.config)?;
            let settings = match args.assign {
                true => settings.with(Vec::new(), |config| config.segment.refit = false)?,
                false => settings,
            };
            let common = args.settings.common;
            alone("segment", &settings, &common, &LoadOptions::default())
        }
        Command::Train(args) => train::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Models(args) => models::run(&args.command).map(|()| Outcome::Done),
        Command::Drift(args) => drift::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Verify(args) => verify::run(&args).map(|()| Outcome::Done),
        Command::Targets(args) => {
            let settings = Settings::read(&args.settings.config)?;
            Ok(judged(&settings.config, &targets::run(&args, &settings)?))
        }
        Command::Campaign(Campaign::Read(args)) => {
            let settings = Settings::read(&args.settings.config)?;
            Ok(judged(&settings.config, &campaign::read(&args, &settings)?))
        }
        Command::Campaign(Campaign::Learn(args)) => {
            let settings = Settings::read(&args.settings.config)?;
            Ok(judged(
                &settings.config,
                &campaign::learn(&args, &settings)?,
            ))
        }
        Command::Rules(args) => {
            let settings = commands::rules::settings(&args)?;
            let common = args.settings.common;
            if args.estimate {
                return rules::estimate(&settings, &common).map(|()| Outcome::Done);
            }
            alone(rules::NAME, &settings, &common, &LoadOptions::default())
        }
        other => match other.stage() {
            Some((name, args)) => {
                let settings = Settings::read(&args.config)?;
                alone(name, &settings, &args.common, &LoadOptions::default())
            }
            None => Err(Failure::machine("a command that nobody carries out")),
        },
    }
}

/// The whole job.
fn whole<'a>(settings: &'a Settings, common: &'a Common, load: &'a LoadOptions) -> Run<'a> {
    Run {
        settings,
        stages: STAGES.iter().collect(),
        common,
        load,
        whole: true,
        mlflow: None,
    }
}

/// Runs one stage.
fn alone(name: &str, settings: &Settings, common: &Common, load: &LoadOptions) -> Result<Outcome> {
    let stage =
        stage(name).ok_or_else(|| Failure::settings(format!("there is no stage {name}")))?;
    let run = Run {
        stages: vec![stage],
        whole: false,
        ..whole(settings, common, load)
    };
    run.run()
}

fn show_summary(out: &std::path::Path) -> Result<Outcome> {
    if !out.join(FILE_NAME).is_file() {
        return Err(missing_stage(out, "ingest", FILE_NAME));
    }
    print(&summary::text(&Manifest::open(out)?, out));
    Ok(Outcome::Done)
}
