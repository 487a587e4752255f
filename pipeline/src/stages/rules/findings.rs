//! What a run of the stage finds, one kind of thing after the other: each brings a table, numbers for
//! the manifest, and what the page shows of it.

use regulars_models::associations::{Itemsets, Later, Rule, Selected, remeasure_on_sale};

use super::choice::{Choice, Part};
use super::metrics::Metrics;
use super::mine::{Mined, Miner};
use super::page::{
    self, DifferenceLine, Page, PairLine, RuleLine, SequenceLine, Step, UtilityLine,
};
use super::plan::Plan;
use super::sold::Sold;
use super::{
    Context, NAME, again, groups, no_pair, sequences, substitutes, tables, utility, words,
};
use crate::failure::Result;
use crate::outputs::Pending;
use crate::purchases::{Items, Purchases};
use crate::text::{count, plural};
use crate::warning::{NO_PAIRS, SUPPORT_RAISED, Warning};
use crate::words::said;

/// Rules in the summary and the manifest.
const STRONGEST: usize = 5;

/// What everything is found in.
pub struct Mining<'a> {
    pub context: &'a Context<'a>,
    pub plan: &'a Plan,
    pub purchases: &'a Purchases,
    pub choice: &'a Choice<'a>,
    pub miner: &'a Miner<'a>,
    /// The baskets of the days that are mined.
    pub mined: Part,
    /// Those of the days after.
    pub later: Part,
    /// Those of the mined days that are the same weeks of the year before as the days after.
    pub year_before: Option<Part>,
}

/// What was found is held against these weeks where it did not show again.
fn held_against(of: &Mining<'_>) -> String {
    match of.year_before {
        Some(_) => again::SEASON.to_owned(),
        None => "when_found".to_owned(),
    }
}

/// What was found.
pub struct Findings {
    pub files: Pending,
    pub metrics: Metrics,
    pub warnings: Vec<Warning>,
    supports: Vec<f64>,
    rules: Vec<RuleLine>,
    differences: Vec<DifferenceLine>,
    sequences: Vec<SequenceLine>,
    /// Sequences of buying again.
    again: Vec<SequenceLine>,
    steps: Vec<Step>,
    instead: Vec<PairLine>,
    sets: Vec<UtilityLine>,
}

impl Findings {
    /// Nothing yet.
    pub fn new(context: &Context<'_>, warnings: Vec<Warning>) -> Self {
        Self {
            files: context.files(NAME),
            metrics: Metrics::default(),
            warnings,
            supports: Vec::new(),
            rules: Vec::new(),
            differences: Vec::new(),
            sequences: Vec::new(),
            again: Vec::new(),
            steps: Vec::new(),
            instead: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// What is bought together.
    pub fn rules(&mut self, of: &Mining<'_>) -> Result<()> {
        let (miner, items) = (of.miner, &of.purchases.items);
        let n_baskets = of.mined.baskets.n_baskets() as u64;
        let mining = format!("mining {} baskets", count(n_baskets));
        of.context.progress.step(&mining);
        let found = miner.mine(&of.mined)?;
        let no_pairs = found.itemsets.longest() < 2;
        if no_pairs {
            self.without_pairs(of)?;
        }
        // What was sold before shows what is still sold.
        let sold = Sold::new(of.purchases, &(i32::MIN..i32::MAX));
        let sold = sold.of(&of.later, of.purchases);
        let again = |rules: &[Rule]| {
            let before = of.year_before.as_ref().map(|part| {
                let sold = miner.sold.of(part, of.purchases);
                remeasure_on_sale(rules, &part.baskets, &sold.on_sale())
            });
            let (later, share) =
                again::later(rules, &of.later.baskets, &sold.on_sale(), before.as_deref());
            (later, share, before)
        };
        let (later, held_up_share, before) = again(&found.plain());
        let (_, held_up_share_by_lift, _) = again(&miner.by_lift(&found));
        self.files.parquet(
            "itemsets.parquet",
            &tr!("Items that are bought together often"),
            &tables::itemset_table(&found.itemsets, items)?,
        )?;
        let about = tr!(
            "What is bought together more often than chance, by {level}, the most useful rule first",
            level = words::level(&of.plan.ask.level)
        );
        let table = tables::rule_table(&found, &later, before.as_deref(), items)?;
        self.files.parquet_and_csv("rules", &about, &table)?;
        self.metrics = Metrics {
            no_pairs,
            held_up: again::told(later.iter().map(|rule| rule.held_up)),
            held_up_against: held_against(of),
            held_up_share,
            held_up_share_by_lift,
            ..mined_metrics(of, &found)
        };
        if found.itemsets.min_count() > found.itemsets.asked_count() {
            self.support_raised(tr!(
                "more than {most} itemsets are in {asked}; the support was raised to {now}",
                most = count(of.context.settings.config.rules.max_itemsets as u64),
                asked = plural(found.itemsets.asked_count().into(), "basket"),
                now = plural(found.itemsets.min_count().into(), "basket")
            ));
        }
        self.supports = supports(&found.itemsets, items);
        self.rules = page_rows(&found.rules, &later, items);
        Ok(())
    }

    /// Warns that no basket holds two items where what comes later is looked for all the same.
    ///
    /// # Errors
    /// There are baskets of two items, but too few of any two; nothing else is looked for.
    fn without_pairs(&mut self, of: &Mining<'_>) -> Result<()> {
        let settings = of.context.settings;
        let asked = &settings.config.rules;
        let goes_on = asked.sequences.on || asked.transitions;
        // Of items that have to be there nothing is said here.
        let any = asked.require.is_empty() && asked.target.is_empty();
        let baskets = &of.mined.baskets;
        if !goes_on || !any || of.miner.best_pair(baskets)?.is_some() {
            let items = &of.purchases.items;
            return Err(no_pair(settings, of.miner, baskets, items)?);
        }
        self.warnings.push(Warning::new(
            NO_PAIRS,
            tr!(
                "none of the {baskets} holds two items, so there is nothing to say of what goes together; what follows what is looked for all the same. A longer time for basket under [rules], such as \"month\", makes larger baskets",
                baskets = plural(baskets.n_baskets() as u64, "basket")
            ),
        ));
        Ok(())
    }

    /// What is far stronger in one group of baskets.
    pub fn groups(&mut self, of: &Mining<'_>) -> Result<()> {
        of.context.progress.step("comparing groups");
        let settings = of.context.settings;
        let items = &of.purchases.items;
        let parts = [&of.mined, &of.later];
        let before = of.year_before.as_ref();
        let compared = groups::compare(settings, of.miner, of.purchases, parts, before)?;
        self.files.parquet_and_csv(
            "rules_by_group",
            &tr!("Rules that are far stronger in one group of baskets than in the others"),
            &compared.table(items)?,
        )?;
        self.metrics.groups = compared.groups;
        self.metrics.ungrouped_baskets = compared.ungrouped;
        self.metrics.differences = compared.len() as u64;
        self.metrics.differences_held_up_share = compared.held_up_share();
        self.metrics.differences_held_up = compared.told();
        self.differences = compared.page_rows(items);
        Ok(())
    }

    /// What is bought first and what later.
    pub fn follow_ups(&mut self, of: &Mining<'_>) -> Result<()> {
        let asked = &of.context.settings.config.rules;
        let (progress, items) = (of.context.progress, &of.purchases.items);
        let history = sequences::histories(of.choice, of.purchases, &of.plan.mined())?;
        if asked.sequences.on {
            progress.step("looking for sequences");
            let after = sequences::histories(of.choice, of.purchases, &of.plan.later())?;
            let before = of.plan.year_before();
            let before = before.map(|days| sequences::histories(of.choice, of.purchases, &days));
            let found = sequences::find(asked, &history, &after, before.transpose()?.as_ref())?;
            self.files.parquet_and_csv(
                "sequences",
                &tr!("What is bought first and what later, the most useful first"),
                &found.table(items)?,
            )?;
            if found.min_support > asked.sequences.min_support {
                self.support_raised(tr!(
                    "more than {most} sequences are in a share of {asked} of the histories; the support was raised to {now}",
                    most = count(asked.sequences.max_sequences as u64),
                    asked = asked.sequences.min_support,
                    now = format!("{:.4}", found.min_support)
                ));
            }
            self.metrics.sequence_support = Some(found.min_support);
            self.metrics.sequence_max_gap_days = Some(found.max_gap_days);
            self.metrics.frequent_sequences = found.frequent;
            self.metrics.sequence_candidates = found.candidates;
            self.metrics.sequences = found.len() as u64;
            self.metrics.sequences_held_up_share = found.held_up_share();
            self.metrics.sequences_held_up = found.told();
            self.metrics.new_sequences = found.new_things() as u64;
            self.sequences = found.page_rows(items, false);
            self.again = found.page_rows(items, true);
        }
        if asked.transitions {
            progress.step("counting transitions");
            let locations = of.choice.day_locations(&of.plan.mined());
            let found = sequences::transitions(asked, &history, of.miner.sold, &locations);
            self.files.parquet_and_csv(
                "transitions",
                &tr!("How often an item is in the next basket of a customer after another"),
                &found.table(items)?,
            )?;
            self.metrics.steps = found.steps;
            self.metrics.transitions = found.len() as u64;
            self.steps = found.page_rows();
        }
        Ok(())
    }

    /// What is bought instead of each other.
    pub fn substitutes(&mut self, of: &Mining<'_>) -> Result<()> {
        of.context.progress.step("looking for substitutes");
        let asked = &of.context.settings.config.rules;
        let items = &of.purchases.items;
        let days = of.plan.mined();
        let find = |part: &Part| {
            let sold = of.miner.sold.of(part, of.purchases);
            substitutes::find(asked, part, &of.choice.customers, &sold.on_sale())
        };
        let found = if of.plan.ask.broader.is_empty() {
            find(&of.mined)?
        } else {
            // Items of one level: a category is no substitute of what is in it.
            find(&of.choice.part(&days)?)?
        };
        self.files.parquet_and_csv(
            "substitutes",
            &tr!("What is bought instead of each other, the strongest first"),
            &found.table(items)?,
        )?;
        self.metrics.substitute_candidates = found.tested;
        self.metrics.substitutes = found.len() as u64;
        self.instead = found.page_rows(items);
        Ok(())
    }

    /// What brings the most money.
    pub fn utility(&mut self, of: &Mining<'_>) -> Result<()> {
        of.context.progress.step("adding up money");
        let asked = &of.context.settings.config.rules;
        let items = &of.purchases.items;
        let lines = of.choice.money(&of.plan.mined());
        let found = utility::find(&asked.utility, lines, items.len())?;
        let money = of.plan.money_words();
        let about = tr!(
            "The sets of items that bring the most {money}",
            money = said(money)
        );
        let table = utility::table(&found, items, money)?;
        self.files.parquet_and_csv("utility", &about, &table)?;
        self.metrics.utility_by = Some(money.to_owned());
        self.metrics.utility_sets = found.len() as u64;
        self.sets = utility::page_rows(&found, items);
        Ok(())
    }

    /// All of it as a page.
    pub fn page(&mut self, of: &Mining<'_>) -> Result<()> {
        let project = &of.context.settings.config.project;
        let page = page::render(&Page {
            project: &project.name,
            currency: &project.currency,
            metrics: &self.metrics,
            names: &of.purchases.items.spoken,
            supports: &self.supports,
            rules: &self.rules,
            sequences: &self.sequences,
            again: &self.again,
            steps: &self.steps,
            substitutes: &self.instead,
            differences: &self.differences,
            utility: &self.sets,
        })?;
        let about = tr!("What goes together, a page of plots");
        self.files.text("rules.html", &about, &page)
    }

    fn support_raised(&mut self, message: String) {
        self.warnings.push(Warning::new(SUPPORT_RAISED, message));
    }
}

/// The numbers of what was mined.
fn mined_metrics(of: &Mining<'_>, found: &Mined) -> Metrics {
    let Mining {
        plan,
        purchases,
        choice,
        ..
    } = of;
    let strongest = found.rules.iter().take(STRONGEST);
    Metrics {
        level: plan.ask.level.clone(),
        broader: plan.ask.broader.clone(),
        basket: plan.ask.basket.words().to_owned(),
        slice: plan.ask.scope.clone(),
        mined_from: plan.from,
        mined_until: plan.split,
        baskets: of.mined.baskets.n_baskets() as u64,
        later_baskets: of.later.baskets.n_baskets() as u64,
        items: purchases.items.len() as u64,
        lines: purchases.balance,
        giant_baskets: choice.giants.clone(),
        bulk_buyers: choice.bulk_buyers.clone(),
        min_baskets: found.itemsets.min_count().into(),
        itemsets: found.itemsets.len() as u64,
        candidates: found.funnel.candidates,
        funnel: found.funnel.clone(),
        rules: found.rules.len() as u64,
        rules_of_part: found.of_part(),
        compare_by: plan.ask.compare_by.clone(),
        strongest: strongest
            .map(|chosen| words::sentence(&chosen.rule, &purchases.items))
            .collect(),
        ..Metrics::default()
    }
}

/// The rules as the page shows them.
fn page_rows(rules: &[Selected], again: &[Later], items: &Items) -> Vec<RuleLine> {
    let rows = rules.iter().zip(again);
    rows.map(|(Selected { rule, .. }, later)| {
        let known = later.held_up.is_some() && later.measures.antecedent_count > 0;
        RuleLine {
            antecedent: rule.antecedent.clone(),
            consequent: rule.consequent.clone(),
            names: words::sides(rule, items),
            words: words::sentence(rule, items),
            count: rule.measures.count,
            support: rule.measures.support,
            confidence: rule.measures.confidence,
            lift: rule.measures.lift,
            later_confidence: known.then_some(later.measures.confidence),
            later_lift: known
                .then_some(later.measures.lift)
                .filter(|lift| lift.is_finite()),
            held_up: later.held_up,
        }
    })
    .collect()
}

/// For each item the share of the baskets that hold it; 0 for those that are not frequent.
fn supports(itemsets: &Itemsets, items: &Items) -> Vec<f64> {
    let baskets = f64::from(itemsets.n_baskets().max(1));
    (0..items.len() as u32)
        .map(|item| f64::from(itemsets.count_of(&[item]).unwrap_or(0)) / baskets)
        .collect()
}
