//! `targets`: the lists that marketing can send, and what is held back to see what they change.
//!
//! A command rather than a stage: whoever asks for a list sends it, so that it is asked for by
//! itself, and a run of the whole job changes no ledger.

mod barred;
mod choose;
mod count;
pub mod ledger;
mod offer;
mod plan;
mod quotas;
mod sent;
mod together;
pub mod uplift;
mod words;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use chrono::Days;
use serde::Serialize;

use self::barred::{Barred, Reasons};
use self::choose::{Candidates, Choice};
use self::ledger::{Expected, Sending, Terms, rows_of};
use self::plan::Plan;
use self::together::{Asking, Shared};
use self::uplift::Learned;
use crate::cli;
use crate::config::Settings;
use crate::config::targets::{Choose, Target};
use crate::failure::{Failure, Result, did_you_mean};
use crate::known::{Customers, STAGES};
use crate::outputs::lock::Lock;
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::outputs::{Pending, workbook};
use crate::progress::Progress;
use crate::text::{count, plural, print};
use crate::timeline::snapshot::Snapshot;
use crate::warehouse::Warehouse;
use crate::warehouse::forget_key::Key;
use crate::warning::{LIST_MADE_ANEW, LONG_LIST, NO_CONTROL_GROUP, Warning};
use crate::workbench::{self, Began, Workbench};

/// The command's one name, its own in the manifest, and the folder of its files.
pub const NAME: &str = "targets";

/// What a list came to, for the manifest and for words.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// The list.
    pub name: String,
    /// The date that it speaks of.
    pub as_of: String,
    /// Customers for whom it is.
    pub matching: u64,
    /// Who are contacted.
    pub sent: u64,
    /// Who are held back.
    pub control: u64,
    /// What the control group is to show, in words.
    pub control_means: Option<String>,
    /// Why others are not on it, with their number.
    pub left_out: Vec<LeftOut>,
    /// Customers on it of whom no consent is known.
    pub unasked: u64,
    /// Responses that are expected of those who are contacted; null where it is not said.
    pub expected_responses: Option<f64>,
    /// How many more are expected to buy than without a contact, where the list chose by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_more_buyers: Option<f64>,
    /// What contacting them is expected to bring, costs taken off; null where it is not said.
    pub expected_profit: Option<f64>,
    /// What contacting them costs.
    pub cost: f64,
    /// The share of the best possible that is lost at most, where limits overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// The columns of the files.
    pub columns: Vec<String>,
}

/// A reason and the number of customers that it leaves out.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    /// What these customers have in common.
    pub why: String,
    /// How many.
    pub customers: u64,
}

/// A list with its files' contents.
struct Finished {
    made: Made,
    /// What leaves the building.
    sent: RecordBatch,
    ledger: RecordBatch,
    warnings: Vec<Warning>,
}

/// Everybody as a list sees them, and whom it may take.
struct Asked {
    rows: RecordBatch,
    reasons: Reasons,
    candidates: Candidates,
}

/// What the making of every list needs.
struct Maker<'a> {
    settings: &'a Settings,
    customers: &'a Customers,
    manifest: &'a Manifest,
    out: &'a Path,
    key: Option<&'a Key>,
    seed: u64,
}

/// Makes the lists that were asked for; what a person should know of them.
pub fn run(args: &cli::Targets, settings: &Settings) -> Result<Vec<Warning>> {
    let common = &args.settings.common;
    let lists = asked_for(args, settings)?;
    let out = common.output.out.as_path();
    let lock = Lock::take(out, NAME, common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage(NAME);
    let began = Began::now();
    let warehouse = Warehouse::open(&bench.engine, settings, out, common.as_of, common.known_at)?;
    let customers = Customers::open(
        &warehouse,
        settings,
        &bench.manifest,
        out,
        common.as_of,
        &STAGES,
    )?;
    let ledger = ledger::read(&bench.manifest, out)?;
    if let Some(sql) = &args.count {
        let barred = Barred::open(settings, &customers, ledger, &[])?;
        print(&count::text(settings, &customers, &barred, sql)?);
        return Ok(Vec::new());
    }
    let key = args.pseudonymise.then(Key::read_or_make).transpose()?;
    let maker = Maker {
        settings,
        customers: &customers,
        manifest: &bench.manifest,
        out,
        key: key.as_ref(),
        seed: common.seed.unwrap_or(settings.config.project.seed),
    };
    let mut warnings = warehouse.warnings.clone();
    let finished = maker.lists(&lists, ledger, &bench.progress, &mut warnings)?;
    let mut files = Pending::new(out, NAME).with_ids(settings.config.project.csv_ids);
    for list in &finished {
        warnings.extend(list.warnings.iter().cloned());
        warnings.extend(list.write(&mut files)?);
    }
    let warnings = once_each(warnings);
    for warning in &warnings {
        bench.progress.warning(warning);
    }
    let made: Vec<&Made> = finished.iter().map(|list| &list.made).collect();
    let entry = StageEntry {
        as_of_asked: common.as_of.map(|day| day.to_string()),
        known_at: common.known_at.map(|day| day.to_string()),
        ..maker.entry(&made, &warnings)?
    };
    let (sent, number) = (entry.rows_out, made.len() as u64);
    let line = format!("{} on {}", plural(sent, "customer"), plural(number, "list"));
    bench.progress.done(&line, began.seconds());
    // Lists that were not asked for stay as they are, and what was sent stays in the ledger.
    let of_these = |path: &str| lists.iter().any(|(name, _)| is_of(path, name));
    let some = !args.names.is_empty();
    let stays = |path: &str| ledger::is_of_ledger(path) || some && !of_these(path);
    bench.record_beside(NAME, files, entry, &began, &stays)?;
    if !common.quiet {
        print(&words::text(&made, out, settings));
    }
    Ok(warnings)
}

fn once_each(warnings: Vec<Warning>) -> Vec<Warning> {
    let mut once: Vec<Warning> = Vec::with_capacity(warnings.len());
    for warning in warnings {
        if !once.contains(&warning) {
            once.push(warning);
        }
    }
    once
}

/// Whether a file is one of a list.
fn is_of(path: &str, list: &str) -> bool {
    let name = path.strip_prefix("targets/").unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(stem, _)| stem == list)
}

/// The lists that were named, or all, in the order of the settings.
fn asked_for<'a>(
    args: &cli::Targets,
    settings: &'a Settings,
) -> Result<Vec<(&'a str, &'a Target)>> {
    let known = settings.targets();
    if args.count.is_some() {
        return Ok(Vec::new());
    }
    if known.is_empty() {
        return Err(Failure::settings(format!(
            "{}: there is no list",
            settings.path.display()
        ))
        .hint("describe one: [targets.NAME] with who = \"segment = 'Champions'\"; docs/targets.md has examples"));
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = args
        .names
        .iter()
        .find(|name| !names.contains(&name.as_str()))
    {
        return Err(
            Failure::settings(format!("there is no list `{unknown}` in the settings"))
                .hint(did_you_mean(unknown, &names)),
        );
    }
    let asked = |name: &str| args.names.is_empty() || args.names.iter().any(|other| other == name);
    Ok(known.into_iter().filter(|(name, _)| asked(name)).collect())
}

impl Maker<'_> {
    /// Makes lists one after the other: whom one contacts or holds back, the next one knows.
    fn lists(
        &self,
        lists: &[(&str, &Target)],
        ledger: Vec<Sending>,
        progress: &Progress,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Finished>> {
        let date = self.customers.date;
        let names: Vec<&str> = lists.iter().map(|(name, _)| *name).collect();
        let earlier: Vec<(String, RecordBatch)> = ledger
            .iter()
            .filter(|sending| sending.date == date)
            .map(|sending| (sending.list.clone(), sending.rows.clone()))
            .collect();
        let plans = lists.iter().map(|(name, list)| {
            Plan::new(
                self.settings,
                self.customers,
                name,
                list,
                self.key.is_some(),
            )
        });
        // Every list is looked at before the first is made.
        let mut plans: Vec<Plan<'_>> = plans.collect::<Result<_>>()?;
        let everybody = self.customers.read(&BTreeSet::new())?;
        warnings.extend(self.learned(&mut plans, everybody.column(0), &ledger)?);
        let mut barred = Barred::open(self.settings, self.customers, ledger, &names)?;
        warnings.extend(barred.without_match(everybody.column(0)));
        let mut shared = match self.settings.config.targets.budget {
            Some(budget) => Some(self.shared(&plans, &barred, budget, progress)?.into_iter()),
            None => None,
        };
        let mut finished = Vec::new();
        for plan in &plans {
            progress.step(&format!("choosing for {}", plan.name));
            let mut list = match shared.as_mut().and_then(Iterator::next) {
                Some(list) => list,
                None => self.alone(plan, &barred)?,
            };
            barred.add(Sending {
                list: plan.name.to_owned(),
                date,
                until: date + Days::new(plan.list.days.into()),
                rows: list.ledger.clone(),
            });
            let before = earlier.iter().find(|(name, _)| name == plan.name);
            if let Some((_, before)) = before {
                list.warnings.extend(self.anew(plan, before, &list.ledger)?);
            }
            finished.push(list);
        }
        Ok(finished)
    }

    /// Tells lists that choose by uplift what a contact changes.
    fn learned(
        &self,
        plans: &mut [Plan<'_>],
        everybody: &ArrayRef,
        ledger: &[Sending],
    ) -> Result<Vec<Warning>> {
        let mut warnings = Vec::new();
        let mut by_uplift = plans
            .iter_mut()
            .filter(|plan| plan.list.choose == Choose::Uplift)
            .peekable();
        if by_uplift.peek().is_none() {
            return Ok(warnings);
        }
        let now = Snapshot::read(self.manifest, self.out, self.customers.date)?;
        for plan in by_uplift {
            let of = plan.list.uplift_of.as_deref().unwrap_or(plan.name);
            let keys = ["targets", plan.name, "choose"];
            let learned = Learned::open(self.manifest, self.out, of)
                .and_then(|learned| learned.before(self.customers.date).map(|()| learned))
                .map_err(|failure| self.settings.place(&keys, failure))?;
            warnings.extend(learned.outdated(plan.name, ledger, self.customers.date));
            plan.changes = Some(learned.changes(&now, everybody)?);
        }
        Ok(warnings)
    }

    /// What the manifest says of the lists.
    fn entry(&self, made: &[&Made], warnings: &[Warning]) -> Result<StageEntry> {
        let lists = serde_json::to_value(made);
        let lists = lists.map_err(|error| Failure::machine(error.to_string()))?;
        Ok(StageEntry {
            as_of: Some(self.customers.date.to_string()),
            rows_in: made.iter().map(|made| made.matching).sum(),
            rows_out: made.iter().map(|made| made.sent).sum(),
            metrics: serde_json::json!({ "lists": lists, "pseudonymised": self.key.is_some() }),
            warnings: warnings.to_vec(),
            ..workbench::entry(self.settings, self.seed)?
        })
    }

    /// Makes a list that shares nothing.
    fn alone(&self, plan: &Plan<'_>, barred: &Barred) -> Result<Finished> {
        let asked = self.asked(plan, barred)?;
        let chosen = together::alone(plan, &asked.candidates)?;
        self.list(plan, asked, chosen, &BTreeSet::new())
    }

    /// Makes all lists at once, which share a budget and their customers.
    fn shared(
        &self,
        plans: &[Plan<'_>],
        barred: &Barred,
        budget: f64,
        progress: &Progress,
    ) -> Result<Vec<Finished>> {
        progress.step("choosing for all lists, which share a budget");
        let asked = plans.iter().map(|plan| self.asked(plan, barred));
        let asked: Vec<Asked> = asked.collect::<Result<_>>()?;
        let asking: Vec<Asking<'_, '_>> = (plans.iter().zip(&asked))
            .map(|(plan, asked)| Asking {
                plan,
                candidates: &asked.candidates,
            })
            .collect();
        // Who is held back by one list must not be contacted by another.
        let disjoint = plans.iter().any(|plan| plan.list.control.is_some());
        let most = if disjoint { 1 } else { plans.len() };
        let room = match asked.first() {
            Some(first) => barred.room(self.customers, first.rows.column(0), most as u32)?,
            None => Vec::new(),
        };
        let shared = Shared {
            budget: together::left_of(budget - barred.spent()?, &asking),
            room,
        };
        let solved = together::solve(&asking, Some(&shared))?;
        let mut times = vec![0; shared.room.len()];
        solved
            .chosen
            .iter()
            .flatten()
            .for_each(|row| times[*row] += 1);
        let full = (0..times.len()).filter(|row| times[*row] >= shared.room[*row]);
        let full: BTreeSet<usize> = full.filter(|row| times[*row] > 0).collect();
        let lists = plans.iter().zip(asked).zip(solved.chosen);
        lists
            .map(|((plan, asked), chosen)| self.list(plan, asked, (chosen, solved.loss), &full))
            .collect()
    }

    /// Whom a list may take.
    fn asked(&self, plan: &Plan<'_>, barred: &Barred) -> Result<Asked> {
        let rows = self.customers.read(&plan.needed())?;
        let channel = plan.list.channel.as_deref();
        let reasons = barred.reasons(self.settings, self.customers, rows.column(0), channel)?;
        let candidates = choose::candidates(plan, &rows, &reasons)?;
        Ok(Asked {
            rows,
            reasons,
            candidates,
        })
    }

    /// Makes a list of those who were chosen.
    fn list(
        &self,
        plan: &Plan<'_>,
        asked: Asked,
        chosen: (Vec<usize>, Option<f64>),
        elsewhere: &BTreeSet<usize>,
    ) -> Result<Finished> {
        let Asked {
            rows,
            reasons,
            candidates,
        } = asked;
        let choice = candidates.finish(plan, &rows, &reasons, chosen, elsewhere, self.seed)?;
        let may = |row: usize| reasons.of[row].is_none();
        let sent = sent::table(plan, self.customers, &rows, &choice, &may, self.key)?;
        let ledger = self.ledger(plan, &rows, &choice)?;
        let made = self.made(plan, &choice, &sent);
        let mut warnings = prefixed(plan, &reasons);
        warnings.extend(choice.warnings);
        if plan.list.control.is_some() && made.control == 0 && made.sent > 0 {
            let message = tr!(
                "{list}: nobody is held back, since the list is too short: what it changes will not be seen",
                list = plan.name
            );
            warnings.push(Warning::new(NO_CONTROL_GROUP, message));
        }
        Ok(Finished {
            made,
            sent,
            ledger,
            warnings,
        })
    }

    /// The list as the ledger keeps it, in the order of ids.
    fn ledger(&self, plan: &Plan<'_>, rows: &RecordBatch, choice: &Choice) -> Result<RecordBatch> {
        let mut order: Vec<usize> = (0..choice.rows.len()).collect();
        order.sort_by_key(|&place| choice.rows[place]);
        let offers: ArrayRef = Arc::new(sent::offers(plan, &sent::chosen(rows, choice)?)?);
        let offers = rows_of(&offers, &order)?;
        let offers: &StringArray = offers.as_string::<i32>();
        let by_id: Vec<usize> = order.iter().map(|&place| choice.rows[place]).collect();
        let held: Vec<bool> = order.iter().map(|&place| choice.held[place]).collect();
        let of =
            |values: &[f64]| -> Vec<f64> { order.iter().map(|&place| values[place]).collect() };
        let terms = Terms {
            list: plan.name,
            date: self.customers.date,
            days: plan.list.days,
            channel: plan.list.channel.as_deref().unwrap_or(""),
            cost: plan.list.contact_cost,
        };
        let ids = rows_of(rows.column(0), &by_id)?;
        let expected = Expected {
            responses: of(&choice.responses),
            profits: of(&choice.profits),
            changes: choice.changes.as_deref().map(of),
        };
        ledger::table(&terms, ids, &held, offers, expected)
    }

    fn made(&self, plan: &Plan<'_>, choice: &Choice, sent: &RecordBatch) -> Made {
        let sum = |values: &[f64]| -> f64 {
            let contacted = values.iter().zip(&choice.held).filter(|(_, held)| !**held);
            contacted.map(|(value, _)| value).sum()
        };
        let number = sent::number(sent);
        let left_out = choice.left_out.iter().map(|(why, customers)| LeftOut {
            why: why.clone(),
            customers: *customers,
        });
        Made {
            name: plan.name.to_owned(),
            as_of: self.customers.date.to_string(),
            matching: choice.matching,
            sent: number,
            control: choice.held.iter().filter(|held| **held).count() as u64,
            control_means: choice.control.clone(),
            left_out: left_out.collect(),
            unasked: choice.unasked,
            expected_responses: plan.response_rate.as_ref().map(|_| sum(&choice.responses)),
            expected_more_buyers: choice.changes.as_deref().map(sum),
            expected_profit: plan.says_what_it_brings().then(|| sum(&choice.profits)),
            cost: number as f64 * plan.list.contact_cost,
            loss: choice.loss,
            columns: sent
                .schema()
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect(),
        }
    }

    /// What to warn of where a list of the same date is in the ledger and was another.
    fn anew(
        &self,
        plan: &Plan<'_>,
        before: &RecordBatch,
        now: &RecordBatch,
    ) -> Result<Option<Warning>> {
        let date = self.customers.date;
        let before = Sending {
            list: plan.name.to_owned(),
            date,
            until: date,
            rows: before.clone(),
        };
        let (left, joined) = before.changes(now)?;
        let message = tr!(
            "{list} of {date} was made before and is made anew in the ledger too: {left} left it or changed groups, {joined} joined; if it was sent before, those who left it were contacted all the same",
            list = plan.name,
            date = date,
            left = count(left as u64),
            joined = count(joined as u64)
        );
        Ok((left + joined > 0).then(|| Warning::new(LIST_MADE_ANEW, message)))
    }
}

/// What was noticed of consent, under the name of the list.
fn prefixed(plan: &Plan<'_>, reasons: &Reasons) -> Vec<Warning> {
    let named = |warning: &Warning| Warning {
        message: tr!("{list}: {what}", list = plan.name, what = warning.message),
        ..warning.clone()
    };
    reasons.warnings.iter().map(named).collect()
}

impl Finished {
    /// Writes the files of a list, and its part of the ledger.
    fn write(&self, files: &mut Pending) -> Result<Option<Warning>> {
        let Made { name, as_of, .. } = &self.made;
        let about = tr!(
            "The list {name} of {as_of}, best first, without those held back",
            name = name,
            as_of = as_of
        );
        let stem = format!("{NAME}/{name}");
        files.parquet(&format!("{stem}.parquet"), &about, &self.sent)?;
        files.csv_to_open(&format!("{stem}.csv"), &about, &self.sent)?;
        let long = self.sent.num_rows() + 1 > workbook::MOST_ROWS;
        if !long {
            let rows = Some(self.sent.num_rows() as u64);
            let path = files.place(&format!("{stem}.xlsx"), rows, &about)?;
            workbook::write(&path, &self.sent, &about, &words::lines(&self.made))?;
        }
        let date = as_of
            .parse()
            .map_err(|_| Failure::machine("a date that is none"))?;
        let about = tr!(
            "What was sent to whom by the list {name} of {as_of}, and who was held back",
            name = name,
            as_of = as_of
        );
        files.parquet(&ledger::file_name(name, date), &about, &self.ledger)?;
        Ok(long.then(|| {
            let message = tr!(
                "{list}: no spreadsheet has room for {customers}, so that there are CSV and Parquet alone",
                list = name,
                customers = plural(self.sent.num_rows() as u64, "customer")
            );
            Warning::new(LONG_LIST, message)
        }))
    }
}
