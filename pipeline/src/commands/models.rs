//! `models`: which versions there are, how they compare, and which one is used.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::{
    CompareModels, KeptModels, LoadOptions, ModelsCommand, PromoteModel, RegistryFolder,
    RemoveModel, RollbackModel, ShowModel, WithSettings,
};
use crate::commands::export;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::lifecycle::card;
use crate::lifecycle::compare::compare;
use crate::lifecycle::promote::{self, Outcome, promote, rollback};
use crate::lifecycle::registry;
use crate::outputs::lock::Lock;
use crate::registry::{Action, Registry, Version};
use crate::stages::{Asked, Context, Shared, churn};
use crate::text::print;
use crate::words::in_english;
use crate::workbench::Workbench;

/// Does what was asked for.
pub fn run(command: &ModelsCommand) -> Result<()> {
    match command {
        ModelsCommand::List(args) => list(args),
        ModelsCommand::Show(args) => show(args),
        ModelsCommand::Compare(args) => side_by_side(args),
        ModelsCommand::Promote(args) => promoted(args),
        // Exports are for machines.
        ModelsCommand::Export(args) => in_english(|| export::run(args)),
        ModelsCommand::Rollback(args) => rolled_back(args),
        ModelsCommand::Remove(args) => removed(args),
    }
}

fn kept(args: &KeptModels) -> Registry {
    registry(args.registry.registry.as_deref(), &args.output.out)
}

/// Every version in a line; one that cannot be read with what is wrong with it.
fn list(args: &KeptModels) -> Result<()> {
    let registry = kept(args);
    let champion = registry.champion()?;
    let versions: Vec<(u32, Result<Version>)> = registry
        .numbers()?
        .into_iter()
        .map(|number| (number, registry.version(number)))
        .collect();
    if args.json {
        let versions: Vec<Value> = versions
            .iter()
            .map(|(number, version)| match version {
                Ok(version) => json!(version.record),
                Err(failure) => json!({ "number": number, "fault": failure.message }),
            })
            .collect();
        return print_json(&json!({
            "registry": registry.folder(),
            "champion": champion.champion,
            "history": champion.history,
            "versions": versions,
        }));
    }
    if versions.is_empty() {
        let folder = registry.folder().display().to_string();
        let none = tr!(
            "{folder} holds no model yet; learn one: regulars train",
            folder = folder
        );
        print(&(none + "\n"));
        return Ok(());
    }
    let mut text = format!(
        "{:>7}  {:19}  {:24}  {:10}  {:>8}  {:>7}\n",
        tr!("version"),
        tr!("stored"),
        tr!("model"),
        tr!("tested on"),
        tr!("log loss"),
        tr!("ROC AUC")
    );
    let mut faults = String::new();
    for (number, version) in &versions {
        let mark = match champion.champion == Some(*number) {
            true => "*",
            false => " ",
        };
        match version {
            Ok(version) => text += &line(mark, version),
            Err(failure) => {
                let _ = writeln!(text, "{mark}{number:>6}  {}", tr!("cannot be read"));
                let _ = writeln!(faults, "  {}", failure.message);
            }
        }
    }
    text += &match champion.champion {
        Some(_) => tr!("* the champion, which `score` uses"),
        None => tr!("none is the champion yet: regulars models promote N"),
    };
    print(&(text + "\n" + &faults));
    Ok(())
}

fn line(mark: &str, version: &Version) -> String {
    let record = &version.record;
    let cut = |text: &str, width: usize| -> String { text.chars().take(width).collect() };
    let tested_on = match record.definition.label {
        Some(_) => tr!("held out"),
        None => record.quality.tested_on.clone(),
    };
    format!(
        "{mark}{:>6}  {:19}  {:24}  {:10}  {:8.4}  {:7.4}\n",
        record.number,
        cut(&record.created_at.replace('T', " "), 19),
        cut(&churn::title(&record.model.title), 24),
        cut(&tested_on, 10),
        record.quality.log_loss.value,
        record.quality.roc_auc.value,
    )
}

fn show(args: &ShowModel) -> Result<()> {
    let registry = kept(&args.kept);
    let version = registry.find(&args.version)?;
    let champion = registry.champion()?;
    let of_it = champion.history.iter();
    let acts: Vec<_> = of_it
        .filter(|act| act.version == version.number())
        .collect();
    if args.kept.json {
        let mut shown = json!(version.record);
        shown["champion"] = json!(champion.champion == Some(version.number()));
        shown["history"] = json!(acts);
        return print_json(&shown);
    }
    let mut text = card::of_version(&version)?;
    let is = match champion.champion == Some(version.number()) {
        true => tr!(", the champion"),
        false => String::new(),
    };
    let _ = writeln!(
        text,
        "\n{}",
        tr!(
            "Version {number}{champion}, stored {at} by {program}, in {folder}",
            number = version.number(),
            champion = is,
            at = version.record.created_at,
            program = version.record.program,
            folder = version.folder.display()
        )
    );
    for act in acts {
        let what = match act.action {
            Action::Promote if act.forced => tr!("promoted (forced)"),
            Action::Promote => tr!("promoted"),
            Action::Rollback => tr!("made the champion again"),
            Action::Remove => tr!("removed"),
        };
        let line = tr!(
            "{at}: {what} by {who}: {why}",
            at = act.at,
            what = what,
            who = act.by,
            why = promote::why(act)
        );
        let _ = writeln!(text, "  {line}");
    }
    print(&text);
    Ok(())
}

/// Does something with the registry and the history below an output folder, which is locked meanwhile.
fn on_history<T>(
    (name, args, folder): (&'static str, &WithSettings, &RegistryFolder),
    act: impl FnOnce(&Context<'_>, &Registry) -> Result<T>,
) -> Result<T> {
    let common = &args.common;
    let settings = Settings::read(&args.config)?;
    let out = common.output.out.as_path();
    let lock = Lock::take(out, name, common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage("models");
    let registry = registry(folder.registry.as_deref(), out);
    let load = LoadOptions::default();
    let asked = Asked::by(&settings, common, &load);
    let shared = Shared::default();
    let context = Context::new(&churn::STAGE, &bench, asked, &shared);
    act(&context, &registry)
}

fn side_by_side(args: &CompareModels) -> Result<()> {
    let with = ("models compare", &args.settings, &args.registry);
    let found = on_history(with, |context, registry| {
        let (first, second) = (registry.find(&args.first)?, registry.find(&args.second)?);
        if first.number() == second.number() {
            return Err(Failure::settings(format!(
                "{} and {} are both version {}",
                args.first,
                args.second,
                first.number()
            ))
            .hint("name two versions; regulars models list shows them"));
        }
        compare(context, &first, &second)
    })?;
    if args.json {
        return print_json(&found);
    }
    print(&found.table());
    Ok(())
}

fn promoted(args: &PromoteModel) -> Result<()> {
    let with = ("models promote", &args.settings, &args.registry);
    let ask = (args.why.as_deref(), args.force);
    let (number, outcome) = on_history(with, |context, registry| {
        let version = registry.find(&args.version)?;
        Ok((version.number(), promote(context, registry, &version, ask)?))
    })?;
    let quiet = args.settings.common.quiet;
    let said = match outcome {
        Outcome::Crowned(found) => {
            let table = found.map_or_else(String::new, |found| found.table() + "\n");
            let now = tr!("version {number} is the champion now", number = number);
            format!("{table}{now}\n")
        }
        Outcome::NotBetter(found) if args.if_better => format!(
            "{}\n{}\n",
            found.table(),
            tr!(
                "version {number} stays the champion",
                number = found.first.version
            )
        ),
        Outcome::NotBetter(found) => {
            return Err(Failure::data(format!(
                "{}; version {} stays the champion",
                found.sentence(),
                found.first.version
            ))
            .hint("look at both: regulars models compare champion N; to promote it all the same: --force --why \"...\""));
        }
    };
    if !quiet {
        print(&said);
    }
    Ok(())
}

fn rolled_back(args: &RollbackModel) -> Result<()> {
    let registry = registry(args.registry.registry.as_deref(), &args.output.out);
    let number = rollback(&registry, args.why.as_deref())?;
    let again = tr!("version {number} is the champion again", number = number);
    print(&(again + "\n"));
    Ok(())
}

fn removed(args: &RemoveModel) -> Result<()> {
    let registry = registry(args.registry.registry.as_deref(), &args.output.out);
    // One that cannot be read can be removed all the same.
    let number = match args.version.parse() {
        Ok(number) => number,
        Err(_) => registry.find(&args.version)?.number(),
    };
    let why = args.why.as_deref().unwrap_or(mark!("not needed any more"));
    registry.remove(promote::act(Action::Remove, number, why))?;
    let removed = tr!("version {number} is removed", number = number);
    print(&(removed + "\n"));
    Ok(())
}

fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| Failure::machine(error.to_string()))?;
    print(&(text + "\n"));
    Ok(())
}
