//! Which rules are far stronger in one group of baskets than in the others.

use std::cmp::Ordering;

use arrow::array::RecordBatch;
use regulars_models::associations::{Contrast, Rule, Shopped, benjamini_hochberg, contrast};

use super::again::{HELD_UP, Told, share_held_up, told};
use super::choice::Part;
use super::mine::Miner;
use super::page::{DifferenceLine, LISTED};
use super::tables::{flags, whole};
use super::{NAME, words};
use crate::config::Settings;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, text};
use crate::purchases::{Items, Purchases, UNGROUPED};

/// More groups than this are no groups to compare.
const MOST_GROUPS: usize = 50;
/// Rows of each group on the page.
const OF_EACH: usize = 6;

/// A rule that is stronger in a group than in the others.
struct Difference {
    group: u32,
    rule: Rule,
    customers: u64,
    found: Contrast,
    q_value: f64,
    later: Contrast,
    year_before: Option<Contrast>,
    held_up: Option<bool>,
}

/// Rules that are stronger in one group, group by group, the surest first.
pub struct Differences {
    rows: Vec<Difference>,
    names: Vec<String>,
    /// Baskets whose lines are of several groups, or of none.
    pub ungrouped: u64,
    /// Groups with a basket.
    pub groups: u64,
}

/// Compares every group of the baskets with all others.
///
/// The rules of a group are those mined in it, with the same settings; of them those are kept
/// whose association is beyond that among the others by the test of odds ratios, corrected for
/// all rules of all groups, and by a ratio of at least `min_odds_ratio`.
///
/// # Errors
/// So many different values that they cannot be groups.
pub fn compare(
    settings: &Settings,
    miner: &Miner<'_>,
    purchases: &Purchases,
    [mined, later]: [&Part; 2],
    year_before: Option<&Part>,
) -> Result<Differences> {
    let (groups, ungrouped) = groups_of(purchases, mined);
    if groups.len() > MOST_GROUPS {
        let problem = format!("it has {} different values", groups.len());
        return Err(settings.wrong(&[NAME, "compare_by"], problem).hint(format!(
            "name something with at most {MOST_GROUPS}, such as segment or channel"
        )));
    }
    let mut rows = Vec::new();
    // With one group there are no others.
    for &group in groups.iter().filter(|_| groups.len() > 1) {
        let split = |part: &Part| Halves::new(purchases, part, group);
        let (mined, later) = (split(mined)?, split(later)?);
        let before = year_before.map(split).transpose()?;
        rows.extend(stronger_here(
            miner,
            group,
            [&mined, &later],
            before.as_ref(),
        )?);
    }
    let asked = &settings.config.rules;
    for (place, q_value) in corrected(&rows, |row| &row.found) {
        rows[place].q_value = q_value;
    }
    rows.retain(|row| {
        row.q_value <= asked.max_false_share && row.found.odds_ratio_ratio >= asked.min_odds_ratio
    });
    for (place, q_value) in corrected(&rows, |row| &row.later) {
        let row = &mut rows[place];
        let before = row.year_before.as_ref();
        row.held_up = row.later.held_up(q_value <= HELD_UP, &row.found, before);
    }
    rows.sort_by(by_group_and_surest);
    Ok(Differences {
        rows,
        names: purchases.groups.clone(),
        ungrouped,
        groups: groups.len() as u64,
    })
}

/// The groups that have a basket, and how many baskets are in none.
fn groups_of(purchases: &Purchases, part: &Part) -> (Vec<u32>, u64) {
    let mut there = vec![false; purchases.groups.len()];
    let mut ungrouped = 0;
    for &basket in &part.numbers {
        match purchases.basket_groups[basket as usize] {
            UNGROUPED => ungrouped += 1,
            group => there[group as usize] = true,
        }
    }
    let groups = (0..there.len() as u32).filter(|&group| there[group as usize]);
    (groups.collect(), ungrouped)
}

/// The baskets of a group, and those of all others.
struct Halves {
    here: Part,
    rest: Part,
}

impl Halves {
    fn new(purchases: &Purchases, part: &Part, group: u32) -> Result<Self> {
        let group_of = |basket: u32| purchases.basket_groups[basket as usize];
        Ok(Self {
            here: part.filter(|basket| group_of(basket) == group)?,
            rest: part.filter(|basket| ![group, UNGROUPED].contains(&group_of(basket)))?,
        })
    }

    fn contrast(&self, rules: &[Rule], customers: &[u32]) -> Vec<Contrast> {
        let [of_here, of_rest] = [&self.here, &self.rest].map(|part| part.customers(customers));
        let here = Shopped {
            baskets: &self.here.baskets,
            customers: &of_here,
        };
        let rest = Shopped {
            baskets: &self.rest.baskets,
            customers: &of_rest,
        };
        contrast(rules, here, rest)
    }
}

/// The rules of a group beside what they are among the others, now and later; nothing is tested yet.
fn stronger_here(
    miner: &Miner<'_>,
    group: u32,
    [mined, later]: [&Halves; 2],
    year_before: Option<&Halves>,
) -> Result<Vec<Difference>> {
    let mine = miner.mine_group(&mined.here)?;
    let rules = mine.plain();
    let contrasts = mined
        .contrast(&rules, miner.customers)
        .into_iter()
        .zip(later.contrast(&rules, miner.customers));
    let mut before = year_before.map(|halves| halves.contrast(&rules, miner.customers).into_iter());
    let rows = rules.into_iter().zip(mine.customers()).zip(contrasts);
    Ok(rows
        .map(|((rule, customers), (found, later))| Difference {
            group,
            rule,
            customers,
            found,
            q_value: f64::NAN,
            later,
            year_before: before.as_mut().and_then(Iterator::next),
            held_up: None,
        })
        .collect())
}

/// The place of each row and its p-value, corrected for all of them.
fn corrected(
    rows: &[Difference],
    of: fn(&Difference) -> &Contrast,
) -> impl Iterator<Item = (usize, f64)> + use<> {
    let p_values: Vec<f64> = rows.iter().map(|row| of(row).association_p_value).collect();
    benjamini_hochberg(&p_values).into_iter().enumerate()
}

/// Group by group, the surest first, and of those the strongest.
fn by_group_and_surest(a: &Difference, b: &Difference) -> Ordering {
    let (one, other) = (&a.found, &b.found);
    (a.group.cmp(&b.group))
        .then((one.association_p_value).total_cmp(&other.association_p_value))
        .then((other.odds_ratio_ratio).total_cmp(&one.odds_ratio_ratio))
        .then_with(|| {
            (&a.rule.antecedent, &a.rule.consequent).cmp(&(&b.rule.antecedent, &b.rule.consequent))
        })
}

impl Differences {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether they were again stronger in the group on later baskets.
    pub fn told(&self) -> Told {
        told(self.rows.iter().map(|row| row.held_up))
    }

    /// The share of them that were, of those of which it can be told.
    pub fn held_up_share(&self) -> Option<f64> {
        share_held_up(self.rows.iter().map(|row| row.held_up))
    }

    /// The first ones of each group, for the page.
    pub fn page_rows(&self, items: &Items) -> Vec<DifferenceLine> {
        let groups = self.rows.chunk_by(|one, other| one.group == other.group);
        let first = groups.flat_map(|rows| rows.iter().take(OF_EACH));
        let row = |row: &Difference| DifferenceLine {
            group: self.names[row.group as usize].clone(),
            names: words::sides(&row.rule, items),
            confidence: [row.found.group.confidence, row.found.rest.confidence],
            lift: [row.found.group.lift, row.found.rest.lift],
            held_up: row.held_up,
        };
        first.take(LISTED * OF_EACH).map(row).collect()
    }

    /// Everything as a table.
    pub fn table(&self, items: &Items) -> Result<RecordBatch> {
        let rows = || self.rows.iter();
        let found = |of: fn(&Contrast) -> f64| numbers(rows().map(|row| of(&row.found)), 6);
        let later = |of: fn(&Contrast) -> f64| numbers(rows().map(|row| of(&row.later)), 6);
        let counted = |of: fn(&Contrast) -> u64| whole(rows().map(|row| of(&row.found)));
        TableBuilder::new()
            .column("group", "The group, a value of compare_by", text(rows().map(|row| &self.names[row.group as usize])))
            .column("antecedent", "Who buys this", text(rows().map(|row| items.names_of(&row.rule.antecedent))))
            .column("consequent", "also buys this, more so in the group", text(rows().map(|row| items.names_of(&row.rule.consequent))))
            .column("antecedent_ids", "Ids of the antecedent's items", text(rows().map(|row| items.ids_of(&row.rule.antecedent))))
            .column("consequent_ids", "Ids of the consequent's items", text(rows().map(|row| items.ids_of(&row.rule.consequent))))
            .column("support", "Share of the group's baskets with both", found(|c| c.group.support))
            .column("confidence", "Share of the group's baskets with the antecedent that have the consequent", found(|c| c.group.confidence))
            .column("lift", "How many times chance that is in the group", found(|c| c.group.lift))
            .column("rest_support", "Support among all other groups", found(|c| c.rest.support))
            .column("rest_confidence", "Confidence among all other groups", found(|c| c.rest.confidence))
            .column("rest_lift", "Lift among all other groups", found(|c| c.rest.lift))
            .column("confidence_difference", "Confidence in the group less that among the others", found(|c| c.confidence_difference))
            .column("lift_ratio", "Lift in the group over that among the others", found(|c| c.lift_ratio))
            .column("odds_ratio_ratio", "Odds ratio of both sides in the group over that among the others", found(|c| c.odds_ratio_ratio))
            .column("p_value", "Chance of odds ratios that differ so much or more if they were the same; customers count, not baskets", exact_numbers(rows().map(|row| row.found.association_p_value)))
            .column("q_value", "That p-value corrected for all rules of all groups (Benjamini-Hochberg)", exact_numbers(rows().map(|row| row.q_value)))
            .column("count", "Baskets of the group with both", counted(|c| c.group.count))
            .column("customers", "Different customers of the group with such a basket", whole(rows().map(|row| row.customers)))
            .column("antecedent_count", "Baskets of the group with the antecedent", counted(|c| c.group.antecedent_count))
            .column("baskets", "Baskets of the group", counted(|c| c.group.n_baskets))
            .column("rest_count", "Baskets of the other groups with both", counted(|c| c.rest.count))
            .column("rest_antecedent_count", "Baskets of the other groups with the antecedent", counted(|c| c.rest.antecedent_count))
            .column("later_confidence", "Confidence in the group on the later baskets", later(|c| c.group.confidence))
            .column("later_lift", "Lift in the group on the later baskets", later(|c| c.group.lift))
            .column("later_odds_ratio_ratio", "The ratio of odds ratios on the later baskets", later(|c| c.odds_ratio_ratio))
            .column("year_before_odds_ratio_ratio", "The same in the same weeks of the year before, which is what the later one is held against where there is one; empty without such weeks", numbers(rows().map(|row| (row.year_before.as_ref()).map_or(f64::NAN, |c| c.odds_ratio_ratio)), 6))
            .column("held_up", "Whether the association was again stronger in the group later, corrected for the number of rows; false where a difference as large as before would have been noticed, empty where there is too little to tell", flags(rows().map(|row| row.held_up)))
            .build()
    }
}
