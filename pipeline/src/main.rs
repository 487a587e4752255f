//! Parse, run, print the error, choose the exit code.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;
use regulars::cli::{Cli, Command, OutputFolder, WithSettings};
use regulars::config::Settings;
use regulars::failure::{Failure, Result};
use regulars::manifest::{FILE_NAME, Manifest, missing_stage};
use regulars::run::{Outcome, run};
use regulars::stages::{STAGES, Stage, stage};
use regulars::{compare, demo, generate, profile, summary};

/// Query engines allocate much and from many threads; this allocator returns memory well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Clap prints its own messages and ends with 2 for wrong use, 0 for help.
    let command = Cli::parse().command;
    // A panic is a fault of ours: it is reported as one, without a backtrace.
    panic::set_hook(Box::new(|_| {}));
    let done = panic::catch_unwind(AssertUnwindSafe(|| execute(command))).unwrap_or_else(|cause| {
        let words = cause.downcast_ref::<String>().cloned();
        let words = words
            .or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_default();
        Err(Failure::machine(format!(
            "this is a fault of regulars, please report it: {words}"
        )))
    });
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::WarnedAsFailure) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("regulars: {failure}");
            ExitCode::from(failure.cause.exit_code())
        }
    }
}

fn execute(command: Command) -> Result<Outcome> {
    let (name, args) = match command {
        Command::Demo(common) => {
            let settings = demo::settings(&common.output.out)?;
            return run(&settings, &all(), &common, true);
        }
        Command::Run(WithSettings { config, common }) => {
            return run(&Settings::read(&config)?, &all(), &common, true);
        }
        Command::Summary(OutputFolder { out }) => return show(&out),
        Command::Generate(args) => return generate::run(&args).map(|()| Outcome::Done),
        Command::Compare(args) => return compare::run(&args).map(|()| Outcome::Done),
        Command::Profile(args) => return profile::run(&args).map(|()| Outcome::Done),
        Command::Ingest(args) => ("ingest", args),
        Command::Features(args) => ("features", args),
        Command::Segment(args) => ("segment", args),
        Command::Churn(args) => ("churn", args),
        Command::Rules(args) => ("rules", args),
        Command::Offers(args) => ("offers", args),
    };
    let one = stage(name).ok_or_else(|| Failure::settings(format!("there is no stage {name}")))?;
    run(&Settings::read(&args.config)?, &[one], &args.common, false)
}

fn all() -> Vec<&'static Stage> {
    STAGES.iter().collect()
}

fn show(out: &std::path::Path) -> Result<Outcome> {
    if !out.join(FILE_NAME).is_file() {
        return Err(missing_stage(out, "ingest", FILE_NAME));
    }
    // Whoever closes the pipe early has seen enough.
    let _ = std::io::stdout().write_all(summary::text(&Manifest::open(out)?, out).as_bytes());
    Ok(Outcome::Done)
}
