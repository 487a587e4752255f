//! Parse, run, print the error, choose the exit code.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;
use regulars::cli::{Cli, Command, Load, LoadOptions, OutputFolder, WithSettings};
use regulars::config::{Settings, schema};
use regulars::failure::{Failure, Result, fault};
use regulars::lock::Lock;
use regulars::manifest::{FILE_NAME, Manifest, missing_stage};
use regulars::run::{Outcome, run, run_locked};
use regulars::stages::{STAGES, Stage, rules, stage};
use regulars::text::{print, visible};
use regulars::{check, compare, demo, forget, generate, init, interrupt, manual, profile, summary};

/// Query engines allocate much and from many threads; this allocator returns memory well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Clap prints its own messages and ends with 2 for wrong use, 0 for help.
    let command = Cli::parse().command;
    panic::set_hook(Box::new(|_| {}));
    interrupt::listen();
    let done = panic::catch_unwind(AssertUnwindSafe(|| execute(command)))
        .unwrap_or_else(|cause| Err(fault(cause.as_ref())));
    interrupt::unless_stopping();
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::WarnedAsFailure) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("regulars: {}", visible(&failure.to_string()));
            ExitCode::from(failure.cause.exit_code())
        }
    }
}

fn execute(command: Command) -> Result<Outcome> {
    let (name, args) = match command {
        Command::Demo(common) => {
            let out = common.output.out.as_path();
            let lock = Lock::take(out, "demo", common.patience.wait, common.quiet)?;
            let settings = demo::settings(out)?;
            let load = LoadOptions::default();
            return run_locked(&lock, &settings, &all(), &common, &load, true);
        }
        Command::Run(Load { settings, options }) => {
            let WithSettings { config, common } = settings;
            return run(&Settings::read(&config)?, &all(), &common, &options, true);
        }
        Command::Ingest(Load { settings, options }) => {
            let WithSettings { config, common } = settings;
            return run(
                &Settings::read(&config)?,
                &[named("ingest")?],
                &common,
                &options,
                false,
            );
        }
        Command::Init(args) => return init::run(&args).map(|()| Outcome::Done),
        Command::Check(args) => return check::run(&args).map(|()| Outcome::Done),
        Command::SettingsSchema => {
            let _ = std::io::stdout().write_all(schema::schema().as_bytes());
            return Ok(Outcome::Done);
        }
        Command::Summary(OutputFolder { out }) => return show(&out),
        Command::Completions(args) => {
            return manual::completions(args.shell).map(|()| Outcome::Done);
        }
        Command::Man(args) => return manual::pages(args.folder.as_deref()).map(|()| Outcome::Done),
        Command::Generate(args) => return generate::run(&args).map(|()| Outcome::Done),
        Command::Forget(args) => return forget::run(&args).map(|()| Outcome::Done),
        Command::Compare(args) => return compare::run(&args).map(|()| Outcome::Done),
        Command::Profile(args) => return profile::run(&args).map(|()| Outcome::Done),
        Command::Rules(args) => {
            let settings = args.settings()?;
            let common = args.settings.common;
            if args.estimate {
                return rules::estimate(&settings, &common).map(|()| Outcome::Done);
            }
            let stages = [named(rules::NAME)?];
            return run(&settings, &stages, &common, &LoadOptions::default(), false);
        }
        Command::Features(args) => ("features", args),
        Command::Segment(args) => ("segment", args),
        Command::Churn(args) => ("churn", args),
        Command::Offers(args) => ("offers", args),
    };
    let settings = Settings::read(&args.config)?;
    run(
        &settings,
        &[named(name)?],
        &args.common,
        &LoadOptions::default(),
        false,
    )
}

fn named(name: &str) -> Result<&'static Stage> {
    stage(name).ok_or_else(|| Failure::settings(format!("there is no stage {name}")))
}

fn all() -> Vec<&'static Stage> {
    STAGES.iter().collect()
}

fn show(out: &std::path::Path) -> Result<Outcome> {
    if !out.join(FILE_NAME).is_file() {
        return Err(missing_stage(out, "ingest", FILE_NAME));
    }
    print(&summary::text(&Manifest::open(out)?, out));
    Ok(Outcome::Done)
}
