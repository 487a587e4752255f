//! `campaign read --observational`: what a campaign without a control group seems to have changed, by
//! customers who were not contacted and are made like those who were.

mod page;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::Date32Type;
use chrono::{Days, NaiveDate};
use regulars_models::classifiers::{LogisticRegression, ProbabilityModel};
use regulars_models::experiment::Overlap;
use regulars_models::linfa::Dataset;
use regulars_models::linfa::traits::Fit;
use serde::Serialize;

use super::NAME;
use super::facts::{Facts, Window};
use super::outcome::{Change, Did, did};
use crate::cli::{CampaignRead, LoadOptions};
use crate::commands::targets::ledger::{self, SENT};
use crate::config::Settings;
use crate::config::targets::{ID, nameable};
use crate::failure::{Failure, Result, did_you_mean};
use crate::outputs::Pending;
use crate::outputs::lock::Lock;
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::outputs::table::{TableBuilder, exact_numbers, text};
use crate::stages::features::{self, SomeDates};
use crate::stages::{Asked, Context, Shared};
use crate::suppressed::texts;
use crate::text::{count, money, percent, plural, print};
use crate::timeline::snapshot::Snapshot;
use crate::warehouse::Warehouse;
use crate::warning::{UNCLEAR_CAMPAIGN, Warning};
use crate::workbench::{self, Began, Workbench};

/// As how many customers that count alike each group has to count: below that they are others.
const FEWEST: f64 = 50.0;
/// Standard deviations that the groups may still lie apart in any feature.
const APART: f64 = 0.1;
/// How strongly the coefficients of the propensity are held down, beside the summed log loss.
const PENALTY: f64 = 1.0;
/// Features that are named where they are.
const NAMED: usize = 5;
/// How long a campaign runs of which nothing else is known, in days.
const USUAL_DAYS: u32 = 28;

/// Steps of the probability of a contact by which the overlap is counted.
const STEPS: usize = 20;

/// A feature in both groups.
#[derive(Clone, Debug, Serialize)]
struct Balance {
    feature: String,
    /// In standard deviations, as the groups are.
    before: f64,
    /// With the weights.
    after: f64,
}

/// One group of the comparison.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Part {
    customers: u64,
    /// As how many that count alike.
    effective: f64,
    /// Shares and means with the weights.
    buyers: f64,
    spend: f64,
    margin: Option<f64>,
    /// Share of buyers without them.
    plain_buyers: f64,
}

/// What the campaign seems to have changed.
#[derive(Clone, Debug, Serialize)]
struct Observed {
    campaign: String,
    from: String,
    until: String,
    /// Always true: nobody was held back by lot.
    observational: bool,
    sent: Part,
    others: Part,
    buyers: Option<Change>,
    spend: Option<Change>,
    margin: Option<Change>,
    /// The largest difference first, as the groups are.
    balance: Vec<Balance>,
    /// Contacted, and nothing was known of them before.
    without_features: u64,
    /// Those contacted, and the others, by how probable the contact was: for the page alone.
    #[serde(skip)]
    overlap: Vec<[u64; 2]>,
}

/// Whom a campaign contacted.
struct Contacted {
    who: BTreeMap<String, NaiveDate>,
    from: NaiveDate,
    days: u32,
}

/// Reads a campaign that held nobody back, and prints it; what a person should know of it.
pub fn observe(args: &CampaignRead, settings: &Settings) -> Result<Vec<Warning>> {
    if !nameable(&args.name) {
        return Err(Failure::settings(format!(
            "`{}` cannot be the name of files",
            args.name
        ))
        .hint("give a name of letters and digits, and --campaign-id for what the interactions call it"));
    }
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
    let warehouse = context.warehouse()?;
    let contacted = contacted(args, &bench.manifest, out, warehouse)?;
    let groups = Groups::read(&context, args, &contacted)?;
    context
        .progress
        .step("comparing with who could have been contacted");
    let observed = groups.compare(args, &contacted)?;
    let warnings = warnings(&observed, &contacted, warehouse);
    for warning in &warnings {
        context.progress.warning(warning);
    }
    let files = files(settings, out, &observed, &warnings)?;
    let customers = observed.sent.customers + observed.others.customers;
    let entry = StageEntry {
        as_of: Some(observed.from.clone()),
        as_of_asked: common.as_of.map(|day| day.to_string()),
        rows_in: customers,
        rows_out: 2,
        metrics: serde_json::to_value(&observed)
            .map_err(|error| Failure::machine(error.to_string()))?,
        warnings: warnings.clone(),
        ..workbench::entry(settings, seed)?
    };
    bench
        .progress
        .done(&plural(customers, "customer"), began.seconds());
    bench.record_beside(NAME, files, entry, &began, &|_| true)?;
    if !common.quiet {
        print(&words(&observed, &settings.config.project.currency));
    }
    Ok(warnings)
}

/// Whom a list of the ledger contacted, or the contacts that name a campaign.
fn contacted(
    args: &CampaignRead,
    manifest: &Manifest,
    out: &Path,
    warehouse: &Warehouse,
) -> Result<Contacted> {
    let ledger = ledger::read(manifest, out)?;
    let of_list = ledger.into_iter().rev().find(|sending| {
        let asked = args.of.is_none_or(|day| day.0 == sending.date);
        sending.list == args.name && asked && sending.date < warehouse.end
    });
    if let Some(sending) = of_list {
        let days = (sending.until - sending.date).num_days();
        let who = sending.members(SENT)?.into_iter();
        return Ok(Contacted {
            who: who.map(|id| (id, sending.date)).collect(),
            from: sending.date,
            days: args
                .days
                .unwrap_or(u32::try_from(days).unwrap_or(USUAL_DAYS)),
        });
    }
    let campaign = args.campaign_id.as_deref().unwrap_or(&args.name);
    if !warehouse.has_column("interactions", "campaign_id") {
        return Err(Failure::data(format!(
            "no list `{}` was sent, and the interactions name no campaigns",
            args.name
        ))
        .hint("map campaign_id for interactions of the kind contact"));
    }
    let sql = format!(
        "SELECT CAST({ID} AS VARCHAR) AS id, min(day) AS day FROM interactions WHERE kind = 'contact' \
         AND CAST(campaign_id AS VARCHAR) = '{}' GROUP BY {ID} ORDER BY {ID}",
        campaign.replace('\'', "''")
    );
    let mut who = BTreeMap::new();
    warehouse.scope.for_each(&sql, |batch| {
        let unfit = || Failure::machine("contacts of another type");
        let ids = batch.column(0).as_string_opt::<i32>().ok_or_else(unfit)?;
        let days = batch
            .column(1)
            .as_primitive_opt::<Date32Type>()
            .ok_or_else(unfit)?;
        for row in 0..batch.num_rows() {
            let day = days.value_as_date(row).ok_or_else(unfit)?;
            who.insert(ids.value(row).to_owned(), day);
        }
        Ok(())
    })?;
    let Some(first) = who.values().min().copied() else {
        return Err(nobody(args, campaign, warehouse)?);
    };
    Ok(Contacted {
        from: args.of.map_or(first, |day| day.0),
        days: match args.days {
            Some(days) => days,
            None => runs(warehouse, campaign, first)?.unwrap_or(USUAL_DAYS),
        },
        who,
    })
}

fn nobody(args: &CampaignRead, campaign: &str, warehouse: &Warehouse) -> Result<Failure> {
    let known = warehouse.scope.query(
        "SELECT DISTINCT CAST(campaign_id AS VARCHAR) AS id FROM interactions WHERE kind = 'contact' \
         AND campaign_id IS NOT NULL ORDER BY id",
    )?;
    let known = texts(known.column(0))?;
    let known: Vec<&str> = known.iter().flatten().collect();
    let message = format!(
        "no list `{}` was sent before {}, and no contact names the campaign `{campaign}`",
        args.name, warehouse.end
    );
    Ok(Failure::data(message).hint(match known.is_empty() {
        true => "no contact names any campaign".to_owned(),
        false => did_you_mean(campaign, &known),
    }))
}

/// How many days the table of campaigns says that it runs, from its first contact on.
fn runs(warehouse: &Warehouse, campaign: &str, from: NaiveDate) -> Result<Option<u32>> {
    if !warehouse.has_table("campaigns") || !warehouse.has_column("campaigns", "ends_on") {
        return Ok(None);
    }
    let found = warehouse.scope.query(&format!(
        "SELECT CAST(max(ends_on) AS DATE) AS day FROM campaigns WHERE CAST(campaign_id AS VARCHAR) = '{}'",
        campaign.replace('\'', "''")
    ))?;
    let last = found.column(0).as_primitive_opt::<Date32Type>();
    let last = last.filter(|last| !last.is_empty() && last.is_valid(0));
    let last = last.and_then(|last| last.value_as_date(0));
    let days = last.map(|last| (last - from).num_days() + 1);
    Ok(days
        .and_then(|days| u32::try_from(days).ok())
        .filter(|days| *days > 0))
}

/// Everybody of whom something is known on the first day, and what they did from then on.
struct Groups {
    snapshot: Snapshot,
    treated: Vec<bool>,
    did: Vec<Did>,
    facts: Facts,
    without_features: u64,
}

impl Groups {
    fn read(context: &Context<'_>, args: &CampaignRead, contacted: &Contacted) -> Result<Self> {
        let warehouse = context.warehouse()?;
        let snapshot = SomeDates::new(context, None)?.take(contacted.from, true)?;
        let window = Window {
            from: contacted.from,
            until: contacted.from + Days::new(contacted.days.into()),
            seen_until: warehouse.end,
            campaign_id: args.campaign_id.as_deref().unwrap_or(&args.name),
        };
        let facts = Facts::of(warehouse);
        let did = did(warehouse, &facts, window)?;
        let ids = texts(&snapshot.customers)?;
        let ids: Vec<&str> = ids.iter().flatten().collect();
        let treated: Vec<bool> = ids
            .iter()
            .map(|id| contacted.who.contains_key(*id))
            .collect();
        let known = treated.iter().filter(|treated| **treated).count();
        let did = ids
            .iter()
            .map(|id| did.get(*id).copied().unwrap_or_default());
        Ok(Self {
            did: did.collect(),
            without_features: (contacted.who.len() - known) as u64,
            snapshot,
            treated,
            facts,
        })
    }

    fn number(&self, group: bool) -> u64 {
        self.treated.iter().filter(|one| **one == group).count() as u64
    }

    /// # Errors
    /// Too few of a group, or groups that nothing makes alike.
    fn compare(&self, args: &CampaignRead, contacted: &Contacted) -> Result<Observed> {
        let (sent, others) = (self.number(true), self.number(false));
        if (sent as f64) < FEWEST || (others as f64) < FEWEST {
            return Err(Failure::data(format!(
                "{}: on {} something was known of {} contacted and of {} who were not; {FEWEST} of each are needed",
                args.name,
                contacted.from,
                count(sent),
                count(others)
            ))
            .hint("what everybody was like is taken from what they did before the campaign: it has to lie within the history"));
        }
        let (overlap, by_probability) = self.overlap(args)?;
        let balance = self.balance(&overlap);
        self.is_overlap(args, &overlap, &balance)?;
        let values = |of: fn(&Did) -> f64| self.did.iter().map(of).collect::<Vec<f64>>();
        let bought = values(|did| f64::from(u8::from(did.bought)));
        let (spend, margin) = (values(|did| did.spend), values(|did| did.margin));
        let change = |values: &[f64], known: bool| {
            let found = overlap.difference(values, &self.treated);
            found.filter(|_| known).map(Change::from)
        };
        let part = |group: usize| {
            let is = group == 0;
            let of_group = self
                .did
                .iter()
                .zip(&self.treated)
                .filter(|(_, t)| **t == is);
            let buyers = of_group.filter(|(did, _)| did.bought).count();
            let customers = self.number(is);
            Part {
                customers,
                effective: overlap.effective[group],
                buyers: overlap.means(&bought, &self.treated)[group],
                spend: overlap.means(&spend, &self.treated)[group],
                margin: self
                    .facts
                    .costs
                    .then(|| overlap.means(&margin, &self.treated)[group]),
                plain_buyers: buyers as f64 / customers as f64,
            }
        };
        Ok(Observed {
            campaign: args.name.clone(),
            from: contacted.from.to_string(),
            until: (contacted.from + Days::new(contacted.days.into())).to_string(),
            observational: true,
            sent: part(0),
            others: part(1),
            buyers: change(&bought, true),
            spend: change(&spend, self.facts.amounts),
            margin: change(&margin, self.facts.costs),
            balance,
            without_features: self.without_features,
            overlap: by_probability,
        })
    }

    /// Weights by how probable the contact of each was, going by all features; and how many of each group
    /// there are by that.
    fn overlap(&self, args: &CampaignRead) -> Result<(Overlap, Vec<[u64; 2]>)> {
        let all: Vec<usize> = (0..self.snapshot.len()).collect();
        let x = self.snapshot.rows(&all);
        let treated = ndarray::Array1::from(self.treated.clone());
        let model = LogisticRegression::params()
            .l2(PENALTY)
            .fit(&Dataset::new(x.clone(), treated))
            .map_err(|error| Failure::data(format!("{}: {error}", args.name)))?;
        let propensities = model.predict_probability(x.view()).to_vec();
        let mut steps = vec![[0; 2]; STEPS];
        for (probability, treated) in propensities.iter().zip(&self.treated) {
            let step = (probability * STEPS as f64) as usize;
            steps[step.min(STEPS - 1)][usize::from(!treated)] += 1;
        }
        Ok((Overlap::of(&propensities, &self.treated), steps))
    }

    fn balance(&self, overlap: &Overlap) -> Vec<Balance> {
        let names = self.snapshot.names.iter().enumerate();
        let mut balance: Vec<Balance> = names
            .map(|(place, name)| {
                let values = self.snapshot.values.column(place).to_vec();
                let [before, after] = overlap.imbalance(&values, &self.treated);
                Balance {
                    feature: name.clone(),
                    before,
                    after,
                }
            })
            .collect();
        balance.sort_by(|a, b| b.before.abs().total_cmp(&a.before.abs()));
        balance
    }

    /// Refuses groups that are not made alike by any weights.
    fn is_overlap(
        &self,
        args: &CampaignRead,
        overlap: &Overlap,
        balance: &[Balance],
    ) -> Result<()> {
        let far: Vec<String> = balance
            .iter()
            .filter(|one| one.after.abs() > APART)
            .take(NAMED)
            .map(|one| format!("{} {:+.2}", one.feature, one.after))
            .collect();
        let few = overlap.effective.iter().any(|number| *number < FEWEST);
        if !few && far.is_empty() {
            return Ok(());
        }
        let apart: Vec<String> = balance
            .iter()
            .take(NAMED)
            .map(|one| format!("{} {:+.2}", one.feature, one.before))
            .collect();
        let [sent, others] = overlap.effective;
        let why = match few {
            true => format!(
                "those who could have been in either group count like {} contacted and {} others, and it takes {FEWEST}",
                count(sent as u64),
                count(others as u64)
            ),
            false => format!(
                "even weighted they lie apart by more than {APART} standard deviations: {}",
                far.join(", ")
            ),
        };
        Err(Failure::data(format!(
            "{}: those contacted are others than those who were not, so that nothing can be told of what the contact changed: {why} (as they are: {})",
            args.name,
            apart.join(", ")
        ))
        .hint("only a control group can tell: hold some back next time, control = 0.1 in [targets.NAME]"))
    }
}

fn warnings(observed: &Observed, contacted: &Contacted, warehouse: &Warehouse) -> Vec<Warning> {
    let until = contacted.from + Days::new(contacted.days.into());
    let mut found = vec![tr!(
        "observational: nobody was held back by lot, and what decided who was contacted and is not among the features may be what made the difference"
    )];
    if warehouse.end < until {
        found.push(tr!(
            "the history ends before {end}, and the days until {until} are not over: what is read is not all",
            end = warehouse.end,
            until = until
        ));
    }
    let last = contacted
        .who
        .values()
        .max()
        .copied()
        .unwrap_or(contacted.from);
    if last > contacted.from {
        found.push(tr!(
            "contacts were made until {last}, and all are counted from {first} on",
            last = last,
            first = contacted.from
        ));
    }
    if observed.without_features > 0 {
        found.push(tr!(
            "nothing was known of {n} contacted before {day}; they are left out",
            n = count(observed.without_features),
            day = contacted.from
        ));
    }
    let named = |what: String| {
        let message = tr!("{list}: {what}", list = observed.campaign, what = what);
        Warning::new(UNCLEAR_CAMPAIGN, message)
    };
    found.into_iter().map(named).collect()
}

fn files(
    settings: &Settings,
    out: &Path,
    observed: &Observed,
    warnings: &[Warning],
) -> Result<Pending> {
    let mut files = Pending::new(out, NAME).with_ids(settings.config.project.csv_ids);
    let about = tr!(
        "What the campaign {campaign} of {day} seems to have changed, without a control group",
        campaign = observed.campaign,
        day = observed.from
    );
    let name = &observed.campaign;
    files.parquet_and_csv(
        &format!("campaigns/observed/{name}"),
        &about,
        &table(observed)?,
    )?;
    let project = &settings.config.project;
    files.text(
        &format!("campaigns/observed/{name}.html"),
        &about,
        &page::render(&project.name, &project.currency, observed, warnings)?,
    )?;
    let about = tr!(
        "How far apart those contacted by {campaign} and the others were, and are with weights",
        campaign = name
    );
    let of = |of: fn(&Balance) -> f64| exact_numbers(observed.balance.iter().map(of));
    let balance = TableBuilder::new()
        .column(
            "feature",
            "What the customers were like on the first day",
            text(observed.balance.iter().map(|one| &one.feature)),
        )
        .column(
            "before",
            "By how many standard deviations those contacted lie above the others",
            of(|one| one.before),
        )
        .column("after", "The same with the weights", of(|one| one.after))
        .build()?;
    files.parquet_and_csv(&format!("campaigns/balance/{name}"), &about, &balance)?;
    Ok(files)
}

fn table(observed: &Observed) -> Result<RecordBatch> {
    let parts = [&observed.sent, &observed.others];
    let number = |of: &dyn Fn(&Part) -> f64| exact_numbers(parts.iter().map(|part| of(part)));
    let mut table = TableBuilder::new()
        .column("campaign", "The campaign", text([&observed.campaign; 2]))
        .column("from", "Its first day", text([&observed.from; 2]))
        .column(
            "until",
            "The first day that is not looked at",
            text([&observed.until; 2]),
        )
        .column(
            "group",
            "contacted, or not: who was not contacted, and not by lot",
            text(["contacted", "not"]),
        )
        .in_words("group", [tr!("contacted"), tr!("not contacted")].map(Some))
        .column(
            "customers",
            "Customers in it of whom something was known",
            Arc::new(UInt64Array::from_iter_values(
                parts.iter().map(|part| part.customers),
            )),
        )
        .column(
            "effective",
            "As how many customers that count alike they count",
            number(&|part| part.effective),
        )
        .column(
            "buyer_share",
            "Share that bought something, weighted",
            number(&|part| part.buyers),
        )
        .column(
            "plain_buyer_share",
            "The same without weights",
            number(&|part| part.plain_buyers),
        )
        .column(
            "spend",
            "What each spent on average, returns taken off, weighted",
            number(&|part| part.spend),
        )
        .column(
            "margin",
            "What that left over costs, weighted",
            number(&|part| part.margin.unwrap_or(f64::NAN)),
        );
    for (name, change) in [
        ("uplift", observed.buyers),
        ("spend_uplift", observed.spend),
        ("margin_uplift", observed.margin),
    ] {
        let [each, low, high] = change.map_or([f64::NAN; 3], |change| {
            [change.each, change.low, change.high]
        });
        for (end, about, value) in [
            (
                "",
                mark!("How much more than those not contacted, weighted"),
                each,
            ),
            ("_low", mark!("Where its 95 % interval begins"), low),
            ("_high", mark!("Where it ends"), high),
        ] {
            table = table.column(
                &format!("{name}{end}"),
                about,
                exact_numbers([value, f64::NAN]),
            );
        }
    }
    table.build()
}

fn words(observed: &Observed, currency: &str) -> String {
    let title = tr!(
        "{campaign} from {from}, until {until}: OBSERVATIONAL",
        campaign = observed.campaign.to_uppercase(),
        from = observed.from,
        until = observed.until
    );
    let how = tr!(
        "Nobody was held back by lot. Those contacted are set beside those who were not, each by how probable\n  it was that they were in the other group, going by all that was known of them on the first day."
    );
    let mut text = format!("\n{title}\n  {how}\n");
    let _ = writeln!(
        text,
        "  {:<14} {:>10} {:>12} {:>10} {:>14}   {}",
        "",
        tr!("customers"),
        tr!("count like"),
        tr!("bought"),
        tr!("spent each"),
        tr!("bought, unweighted")
    );
    for (name, part) in [
        (tr!("contacted"), &observed.sent),
        (tr!("not contacted"), &observed.others),
    ] {
        let _ = writeln!(
            text,
            "  {name:<14} {:>10} {:>12} {:>10} {:>14}   {}",
            count(part.customers),
            count(part.effective.round() as u64),
            percent(part.buyers),
            money(part.spend, currency),
            percent(part.plain_buyers)
        );
    }
    if let Some(buyers) = observed.buyers {
        let points = |share: f64| format!("{:+.1}", share * 100.0);
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "Seems to have changed: {points} percentage points bought (95 % interval {low} to {high}).",
                points = points(buyers.each),
                low = points(buyers.low),
                high = points(buyers.high)
            )
        );
    }
    for (what, change) in [
        (tr!("spend of each"), observed.spend),
        (tr!("margin of each"), observed.margin),
    ] {
        if let Some(change) = change {
            let _ = writeln!(
                text,
                "  {}",
                tr!(
                    "{what}: {money} (95 % interval {low} to {high}).",
                    what = what,
                    money = money(change.each, currency),
                    low = money(change.low, currency),
                    high = money(change.high, currency)
                )
            );
        }
    }
    let line = tr!(
        "Balance, in standard deviations (below 0.1 is called balanced), those furthest apart first:"
    );
    let _ = writeln!(text, "  {line}");
    for one in observed.balance.iter().take(NAMED) {
        let _ = writeln!(
            text,
            "    {:<28} {}",
            one.feature,
            tr!(
                "{before} as they are, {after} weighted",
                before = format!("{:+.2}", one.before),
                after = format!("{:+.2}", one.after)
            )
        );
    }
    let rest = observed.balance.iter().skip(NAMED);
    let worst = rest.map(|one| one.after.abs()).fold(0.0, f64::max);
    let _ = writeln!(
        text,
        "    {}\n",
        tr!(
            "{n} others, at most {worst} weighted",
            n = observed.balance.len().saturating_sub(NAMED),
            worst = format!("{worst:.2}")
        )
    );
    text
}
