//! Parse, run, print the error, choose the exit code.

use std::process::ExitCode;

use clap::Parser;
use regulars::cli::{Cli, Command, OutputFolder, WithSettings};
use regulars::config::Settings;
use regulars::failure::{Failure, Result};
use regulars::manifest::{FILE_NAME, Manifest, missing_stage};
use regulars::run::{Outcome, run};
use regulars::stages::{STAGES, Stage, stage};
use regulars::{demo, summary};

/// Query engines allocate much and from many threads; this allocator returns memory well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Clap prints its own messages and ends with 2 for wrong use, 0 for help.
    match execute(Cli::parse().command) {
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
        Command::Run(WithSettings { config, common }) => return run(&Settings::read(&config)?, &all(), &common, true),
        Command::Summary(OutputFolder { out }) => return show(&out),
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
    print!("{}", summary::text(&Manifest::open(out)?, out));
    Ok(Outcome::Done)
}
