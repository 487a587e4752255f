//! `generate`: history and baskets whose truth is known.

use std::path::Path;
use std::time::Instant;

use regulars_datasets::baskets::{self, Baskets};
use regulars_datasets::files::{Format, TRUTH, WriteError, growing};
use regulars_datasets::history::files::{self as history, Order, PROBLEMS, Written};
use regulars_datasets::history::{HistoryError, Params, Shop};

use crate::cli::{FileFormat, Generate, ShopKind};
use crate::failure::{Failure, Result};
use crate::outputs::temporary;
use crate::progress::{Counted, Progress};
use crate::text::{count, in_english};
use crate::workbench::use_threads;

/// Months in which every season comes twice.
const TWO_YEARS: u32 = 24;
/// The command's one name.
const NAME: &str = "generate";

/// Writes what was asked for, and says what it was and what to do with it.
pub fn run(args: &Generate) -> Result<()> {
    use_threads(args.threads);
    let (parent, name) = growing(&args.output);
    temporary::folders_like(&parent, name);
    let mut progress = Progress::new(args.quiet);
    progress.stage(NAME);
    let clock = Instant::now();
    let said = match &args.baskets {
        Some(name) => write_baskets(name, args, &progress)?,
        None => write_history(args, &progress)?,
    };
    progress.done(&said.done, clock.elapsed().as_secs_f64());
    if !args.quiet {
        println!("{}", said.next);
    }
    Ok(())
}

/// What a person is told at the end.
struct Said {
    done: String,
    next: String,
}

fn format(args: &Generate) -> Format {
    match args.format {
        FileFormat::Parquet => Format::Parquet,
        FileFormat::Csv => Format::Csv,
    }
}

fn shop(kind: ShopKind) -> Shop {
    match kind {
        ShopKind::Grocery => Shop::Grocery,
        ShopKind::MailOrder => Shop::MailOrder,
        ShopKind::Subscription => Shop::Subscription,
        ShopKind::Restaurant => Shop::Restaurant,
        ShopKind::Wholesale => Shop::Wholesale,
    }
}

fn write_history(args: &Generate, progress: &Progress) -> Result<Said> {
    let order = Order {
        params: Params {
            shop: shop(args.kind),
            customers: args.customers,
            months: args.months,
            seed: args.seed,
        },
        format: format(args),
        dirty: args.dirty,
        truth_at: args.truth_at.iter().map(|day| day.0).collect(),
    };
    let out = args.output.as_path();
    let written = history::write(&order, out, |customers, _| {
        let counted = Counted {
            done: customers,
            of: Some(args.customers),
            unit: "customers",
        };
        progress.part("writing", counted);
    })
    .map_err(|error| match error {
        HistoryError::Params(error) => Failure::settings(error.to_string()),
        HistoryError::AsOf { .. } => Failure::settings(error.to_string()).hint("change --truth-at"),
        HistoryError::Write(error) => failure(error, out),
    })?;
    let mut next = format!(
        "{} in {}, of them {} in {}",
        in_english(written.interactions, "interaction"),
        out.display(),
        in_english(written.lines, "purchase line"),
        in_english(written.baskets, "basket"),
    );
    next.push_str(&of_the_kind(args, &written));
    if args.dirty {
        next.push_str("\n\nDIRTY ON PURPOSE\n");
        for (problem, rows) in PROBLEMS.iter().zip(written.dirty) {
            if rows > 0 {
                next.push_str(&format!("  {:>9}  {}\n", count(rows), problem.name));
            }
        }
    }
    let results = out.join("results");
    next.push_str(&format!(
        "\n\nNEXT\n  regulars run -c {} --out {}\n  regulars compare {} {}",
        out.join("regulars.toml").display(),
        results.display(),
        results.display(),
        out.join(TRUTH).display()
    ));
    Ok(Said {
        done: format!(
            "{}, {} months, {}, {} MB",
            in_english(args.customers, "customer"),
            args.months,
            in_english(written.interactions, "interaction"),
            count(written.bytes / 1_000_000)
        ),
        next: next.replace("\n\n\n", "\n\n"),
    })
}

/// What there is beyond a grocer's history.
fn of_the_kind(args: &Generate, written: &Written) -> String {
    if args.kind == ShopKind::Grocery {
        return String::new();
    }
    let law = shop(args.kind).law();
    let mut text = format!(
        "\n{}: {} of guests, {} cancelled",
        law.name,
        in_english(written.guests, "basket"),
        in_english(written.cancelled, "order")
    );
    if !law.goods.seasons.is_empty() && args.months < TWO_YEARS {
        text.push_str(&format!(
            "\nnote: in {} no season of the goods can be seen coming back; --months {TWO_YEARS} or more show each of them twice",
            in_english(args.months.into(), "month")
        ));
    }
    text
}

fn write_baskets(name: &str, args: &Generate, progress: &Progress) -> Result<Said> {
    let asked: Baskets = name
        .parse()
        .map_err(|error: baskets::NameError| Failure::settings(format!("--baskets {error}")))?;
    let out = args.output.as_path();
    let written = baskets::files::write(&asked, args.seed, format(args), out, |baskets| {
        let counted = Counted {
            done: baskets,
            of: Some(asked.baskets()),
            unit: "baskets",
        };
        progress.part("writing", counted);
    })
    .map_err(|error| failure(error, out))?;
    let settings = out.join("regulars.toml");
    let results = out.join("results");
    Ok(Said {
        done: format!(
            "{}, {}",
            in_english(written.baskets, "basket"),
            in_english(written.lines, "item")
        ),
        next: format!(
            "{asked} in {}\n\nNEXT\n  regulars ingest -c {} --out {}\n  regulars rules -c {} --out {}",
            out.display(),
            settings.display(),
            results.display(),
            settings.display(),
            results.display(),
        ),
    })
}

fn failure(error: WriteError, out: &Path) -> Failure {
    match error {
        WriteError::Exists(_) => Failure::settings(error.to_string())
            .hint("choose a new folder with --out, or remove this one first"),
        WriteError::Io { path, source } => {
            // The folder in which it grew is gone by now; what the user named is what counts.
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let writing = if path.extension().is_some() {
                format!("{}: writing {file}", out.display())
            } else {
                out.display().to_string()
            };
            Failure::from(source).during(writing)
        }
        WriteError::Parquet { .. } => Failure::machine(error.to_string()),
    }
}
