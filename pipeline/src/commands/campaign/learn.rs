//! `campaign learn`: whom a contact changes, learned from lists of the ledger that held somebody back.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use ndarray::{Array2, Axis, concatenate};
use regulars_models::format::{Feature, SavedModel};
use regulars_models::uplift::{Held, Trials, Uplift, UpliftModel};
use serde::Serialize;

use super::NAME;
use super::facts::{Facts, Window};
use super::outcome::did;
use crate::cli::{CampaignLearn, LoadOptions};
use crate::commands::targets::ledger::{self, CONTROL, SENT, Sending};
use crate::commands::targets::uplift::{LISTS, SEEN_UNTIL, stem};
use crate::config::Settings;
use crate::failure::{Failure, Result, did_you_mean};
use crate::outputs::Pending;
use crate::outputs::lock::Lock;
use crate::outputs::manifest::StageEntry;
use crate::outputs::table::{TableBuilder, exact_numbers, text};
use crate::stages::features::{self, SomeDates};
use crate::stages::{Asked, Context, Shared};
use crate::suppressed::texts;
use crate::text::{count, percent, plural, print};
use crate::warning::{UNCLEAR_CAMPAIGN, Warning};
use crate::workbench::{self, Began, Workbench};

/// Customers of each group who bought, and who did not, below which nothing is learned: half of them
/// teach and half test, and a leaf of a tree holds twenty.
const FEWEST: usize = 50;
/// Customers of each group of a sending below which it is passed over: there is nothing to compare.
const FEWEST_OF_ONE: usize = 10;

/// What was learned from, in numbers: those contacted and those held back.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Part {
    customers: usize,
    buyers: usize,
}

/// What a way to learn reached on the half of the customers that it had not learned from.
#[derive(Clone, Debug, Serialize)]
struct Reached {
    learner: &'static str,
    qini: f64,
    low: f64,
    high: f64,
}

/// What the manifest keeps.
#[derive(Clone, Debug, Serialize)]
struct Learned {
    list: String,
    lists: Vec<String>,
    sendings: Vec<String>,
    seen_until: String,
    sent: Part,
    control: Part,
    /// Who had no features when the list was made, and taught nothing.
    without_features: u64,
    held_out: Vec<Reached>,
    /// The way that was chosen; null where none told whom a contact changes.
    chosen: Option<&'static str>,
    /// The share of those learned from whom a contact makes less likely to buy, by the model.
    sleeping_dogs: Option<f64>,
}

/// Learns whom a contact of some lists changes, and keeps that; what a person should know of it.
pub fn learn(args: &CampaignLearn, settings: &Settings) -> Result<Vec<Warning>> {
    let common = &args.settings.common;
    let out = common.output.out.as_path();
    let lock = Lock::take(out, NAME, common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage(NAME);
    let began = Began::now();
    let load = LoadOptions::default();
    let asked = Asked::by(settings, common, &load);
    let (seed, shared) = (asked.seed, Shared::default());
    let context = Context::new(&features::STAGE, &bench, asked, &shared);
    let (sendings, mut warnings) = over(args, &context, ledger::read(&bench.manifest, out)?)?;
    let taught = Taught::read(&context, &sendings)?;
    taught.is_enough(&args.name)?;
    context.progress.step("learning whom a contact changes");
    let found = Uplift::choose(taught.trials(), seed)
        .map_err(|error| Failure::data(format!("{}: {error}", args.name)))?;
    let learned = taught.told(&args.name, &sendings, &found);
    if found.model.is_none() {
        warnings.push(Warning::new(
            UNCLEAR_CAMPAIGN,
            tr!(
                "{list}: no way to learn it told on other customers whom a contact changes, so that no list can choose by uplift",
                list = args.name
            ),
        ));
    }
    for warning in &warnings {
        context.progress.warning(warning);
    }
    let files = files(settings, out, &learned, &taught, found.model)?;
    let customers = (learned.sent.customers + learned.control.customers) as u64;
    let entry = StageEntry {
        as_of: Some(learned.seen_until.clone()),
        as_of_asked: common.as_of.map(|day| day.to_string()),
        known_at: common.known_at.map(|day| day.to_string()),
        rows_in: customers,
        rows_out: learned.held_out.len() as u64,
        metrics: serde_json::to_value(&learned)
            .map_err(|error| Failure::machine(error.to_string()))?,
        warnings: warnings.clone(),
        ..workbench::entry(settings, seed)?
    };
    bench
        .progress
        .done(&plural(customers, "customer"), began.seconds());
    // What was learned of a list before goes; everything else stays.
    let model = format!("{}.json", stem(&args.name));
    bench.record_beside(NAME, files, entry, &began, &|path| path != model)?;
    if !common.quiet {
        print(&words(&learned));
    }
    Ok(warnings)
}

/// The sendings of the lists that were asked for whose days are over and that have two groups.
fn over(
    args: &CampaignLearn,
    context: &Context<'_>,
    ledger: Vec<Sending>,
) -> Result<(Vec<Sending>, Vec<Warning>)> {
    let end = context.warehouse()?.end;
    let asked: Vec<&String> = std::iter::once(&args.name).chain(&args.also).collect();
    let known: Vec<&str> = ledger.iter().map(|sending| sending.list.as_str()).collect();
    if let Some(unknown) = asked.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::data(format!("no list `{unknown}` was sent")).hint(
            match known.is_empty() {
                true => "make one first: regulars targets".to_owned(),
                false => did_you_mean(unknown, &known),
            },
        ));
    }
    let (mut kept, mut why) = (Vec::new(), Vec::new());
    for sending in ledger
        .into_iter()
        .filter(|sending| asked.contains(&&sending.list))
    {
        let name = tr!("{list} of {date}", list = sending.list, date = sending.date);
        let sent = sending.members(SENT)?.len();
        let held = sending.members(CONTROL)?.len();
        match () {
            () if sending.until > end => why.push(tr!(
                "{list} runs until {until}, and the history ends before {end}",
                list = name,
                until = sending.until,
                end = end
            )),
            () if held == 0 => why.push(tr!("{list} has no control group", list = name)),
            () if held < FEWEST_OF_ONE || sent < FEWEST_OF_ONE => why.push(tr!(
                "{list} has {sent} contacted and {held} held back",
                list = name,
                sent = count(sent as u64),
                held = count(held as u64)
            )),
            () => kept.push(sending),
        }
    }
    if kept.is_empty() {
        return Err(Failure::data(format!(
            "nothing can be learned from {}: {}",
            args.name,
            why.join("; ")
        ))
        .hint("a list needs control = 0.2, or so, and its days have to be over; load what has happened since: regulars ingest"));
    }
    let warn = |why: String| {
        Warning::new(
            UNCLEAR_CAMPAIGN,
            tr!("passed over in learning: {why}", why = why),
        )
    };
    Ok((kept, why.into_iter().map(warn).collect()))
}

/// Customers as they were when a list was made, and what they did in its days.
struct Taught {
    names: Vec<String>,
    x: Array2<f32>,
    treated: Vec<bool>,
    bought: Vec<f64>,
    campaigns: Vec<usize>,
    without_features: u64,
}

impl Taught {
    fn read(context: &Context<'_>, sendings: &[Sending]) -> Result<Self> {
        let warehouse = context.warehouse()?;
        let facts = Facts::of(warehouse);
        let mut dates = SomeDates::new(context, None)?;
        let mut taught = Self {
            names: Vec::new(),
            x: Array2::zeros((0, 0)),
            treated: Vec::new(),
            bought: Vec::new(),
            campaigns: Vec::new(),
            without_features: 0,
        };
        let mut parts = Vec::with_capacity(sendings.len());
        for (campaign, sending) in sendings.iter().enumerate() {
            let snapshot = dates.take(sending.date, true)?;
            let ids = texts(&snapshot.customers)?;
            let row_of: HashMap<&str, usize> = ids.iter().flatten().zip(0..).collect();
            let window = Window {
                from: sending.date,
                until: sending.until,
                seen_until: warehouse.end,
                campaign_id: &sending.list,
            };
            let did = did(warehouse, &facts, window)?;
            let mut rows = Vec::new();
            for (group, treated) in [(SENT, true), (CONTROL, false)] {
                for id in sending.members(group)? {
                    let Some(&row) = row_of.get(id.as_str()) else {
                        taught.without_features += 1;
                        continue;
                    };
                    rows.push(row);
                    taught.treated.push(treated);
                    let bought = did.get(&id).is_some_and(|did| did.bought);
                    taught.bought.push(f64::from(u8::from(bought)));
                    taught.campaigns.push(campaign);
                }
            }
            parts.push(snapshot.rows(&rows));
            taught.names = snapshot.names;
        }
        let views: Vec<_> = parts.iter().map(Array2::view).collect();
        taught.x = concatenate(Axis(0), &views)
            .map_err(|error| Failure::machine(format!("features of two dates: {error}")))?;
        Ok(taught)
    }

    fn trials(&self) -> Trials<'_> {
        Trials {
            x: self.x.view(),
            treated: &self.treated,
            outcomes: &self.bought,
            campaigns: &self.campaigns,
        }
    }

    fn part(&self, treated: bool) -> Part {
        let of_group = self.treated.iter().zip(&self.bought);
        let mut part = Part::default();
        for (_, bought) in of_group.filter(|(one, _)| **one == treated) {
            part.customers += 1;
            part.buyers += usize::from(*bought > 0.0);
        }
        part
    }

    /// Refuses campaigns from which nothing could be learned that holds.
    fn is_enough(&self, list: &str) -> Result<()> {
        let (sent, control) = (self.part(true), self.part(false));
        let few = |part: Part| part.buyers.min(part.customers - part.buyers) < FEWEST;
        if !few(sent) && !few(control) {
            return Ok(());
        }
        let of = |part: Part| {
            format!(
                "{} of {}",
                count(part.buyers as u64),
                count(part.customers as u64)
            )
        };
        Err(Failure::data(format!(
            "{list} carries too little to learn whom a contact changes: {} contacted bought, and {} held back",
            of(sent),
            of(control)
        ))
        .hint(format!(
            "it takes {FEWEST} of each group who bought and as many who did not: send to more, hold more back, or learn from several lists: --also NAME"
        )))
    }

    fn told(&self, list: &str, sendings: &[Sending], found: &Uplift) -> Learned {
        let reached = |held: &Held| Reached {
            learner: held.learner.name(),
            qini: held.qini.value,
            low: held.qini.low,
            high: held.qini.high,
        };
        let dogs = |model: &UpliftModel| {
            let changes = model.predict(self.x.view());
            let below = changes.iter().filter(|change| **change < 0.0).count();
            below as f64 / changes.len() as f64
        };
        let mut lists: Vec<String> = sendings.iter().map(|one| one.list.clone()).collect();
        lists.sort();
        lists.dedup();
        let last = sendings.iter().map(|sending| sending.until).max();
        Learned {
            list: list.to_owned(),
            lists,
            sendings: sendings
                .iter()
                .map(|sending| format!("{} of {}", sending.list, sending.date))
                .collect(),
            seen_until: last.unwrap_or_default().to_string(),
            sent: self.part(true),
            control: self.part(false),
            without_features: self.without_features,
            held_out: found.held_out.iter().map(reached).collect(),
            chosen: found.model.as_ref().map(|model| model.learner().name()),
            sleeping_dogs: found.model.as_ref().map(dogs),
        }
    }
}

fn files(
    settings: &Settings,
    out: &Path,
    learned: &Learned,
    taught: &Taught,
    model: Option<UpliftModel>,
) -> Result<Pending> {
    let mut files = Pending::new(out, NAME).with_ids(settings.config.project.csv_ids);
    let stem = stem(&learned.list);
    let about = tr!(
        "How well each way to learn whom a contact of {list} changes did on customers that it had not learned from",
        list = learned.list
    );
    files.parquet_and_csv(&stem, &about, &table(learned)?)?;
    if let Some(model) = model {
        let features = taught.names.iter().map(Feature::numeric).collect();
        let saved = SavedModel::new(model, features)
            .map_err(|error| Failure::machine(error.to_string()))?
            .with_outcome("bought because of the contact")
            .with_fact("list", &learned.list)
            .with_fact(LISTS, learned.lists.join("\n"))
            .with_fact("sendings", learned.sendings.join("\n"))
            .with_fact(SEEN_UNTIL, &learned.seen_until)
            .with_fact("contacted", learned.sent.customers)
            .with_fact("held_back", learned.control.customers);
        let about = tr!(
            "Whom a contact of {list} changes, as a saved model",
            list = learned.list
        );
        files.text(&format!("{stem}.json"), &about, &saved.to_json())?;
    }
    Ok(files)
}

fn table(learned: &Learned) -> Result<RecordBatch> {
    let held = || learned.held_out.iter();
    let chosen: BooleanArray = held()
        .map(|one| Some(learned.chosen == Some(one.learner)))
        .collect();
    TableBuilder::new()
        .column(
            "learner",
            "The way to learn it",
            text(held().map(|one| one.learner)),
        )
        .column(
            "qini",
            "Qini coefficient for each customer contacted, on the half that was not learned from; 0 for an order by lot",
            exact_numbers(held().map(|one| one.qini)),
        )
        .column(
            "qini_low",
            "Where its 95 % interval begins",
            exact_numbers(held().map(|one| one.low)),
        )
        .column(
            "qini_high",
            "Where it ends",
            exact_numbers(held().map(|one| one.high)),
        )
        .column(
            "chosen",
            "Whether lists choose by it",
            Arc::new(chosen),
        )
        .build()
}

fn words(learned: &Learned) -> String {
    let title = tr!(
        "WHOM A CONTACT OF {list} CHANGES",
        list = learned.list.to_uppercase()
    );
    let line = tr!(
        "Learned from {lists}: {contacted} contacted ({contacted_buyers} bought), {held} held back ({held_buyers} bought).",
        lists = learned.sendings.join(&tr!(", ")),
        contacted = count(learned.sent.customers as u64),
        contacted_buyers = count(learned.sent.buyers as u64),
        held = count(learned.control.customers as u64),
        held_buyers = count(learned.control.buyers as u64)
    );
    let mut text = format!("\n{title}\n  {line}\n");
    if learned.without_features > 0 {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{customers} had done nothing before, and taught nothing.",
                customers = plural(learned.without_features, "customer")
            )
        );
    }
    let line = tr!(
        "On the half of them that was not learned from, Qini for each contacted (0 for an order by lot):"
    );
    let _ = writeln!(text, "  {line}");
    for one in &learned.held_out {
        let chosen = match learned.chosen == Some(one.learner) {
            true => format!("  {}", tr!("chosen")),
            false => String::new(),
        };
        let _ = writeln!(
            text,
            "    {:<20} {}{chosen}",
            one.learner,
            tr!(
                "{value} (95 % interval {low} to {high})",
                value = format!("{:+.4}", one.qini),
                low = format!("{:+.4}", one.low),
                high = format!("{:+.4}", one.high)
            )
        );
    }
    match learned.sleeping_dogs {
        Some(share) => {
            let _ = writeln!(
                text,
                "  {}",
                tr!(
                    "By it a contact makes {share} of them less likely to buy. Lists with choose = \"uplift\" leave these out.",
                    share = percent(share)
                )
            );
        }
        None => {
            let line = tr!(
                "None of them told whom a contact changes: choose by profit, and hold more back next time."
            );
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taught(sent: (usize, usize), control: (usize, usize)) -> Taught {
        let rows = [(sent, true), (control, false)];
        let each = |of: &dyn Fn(usize, usize, bool) -> f64| -> Vec<f64> {
            rows.iter()
                .flat_map(|((customers, buyers), treated)| {
                    (0..*customers).map(move |row| (row, *buyers, *treated))
                })
                .map(|(row, buyers, treated)| of(row, buyers, treated))
                .collect()
        };
        let treated = each(&|_, _, treated| f64::from(u8::from(treated)));
        let n = treated.len();
        Taught {
            names: vec!["recency_days".to_owned()],
            x: Array2::zeros((n, 1)),
            treated: treated.iter().map(|one| *one > 0.0).collect(),
            bought: each(&|row, buyers, _| f64::from(u8::from(row < buyers))),
            campaigns: vec![0; n],
            without_features: 0,
        }
    }

    #[test]
    fn too_little_is_said_with_its_numbers() {
        taught((300, 100), (200, 60)).is_enough("spring").unwrap();
        let failure = taught((300, 100), (200, 49))
            .is_enough("spring")
            .unwrap_err();
        assert!(
            failure
                .message
                .contains("100 of 300 contacted bought, and 49 of 200 held back")
        );
        // Where nearly all buy there is as little to learn.
        assert!(taught((300, 100), (200, 160)).is_enough("spring").is_err());
    }
}
