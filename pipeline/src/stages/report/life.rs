//! Where customers stand in their life with the shop, who went where, and tiers by value.

use serde::{Deserialize, Serialize};

use super::cohorts::{self, Cohort};
use super::left::{Left, Section};
use super::small::{Group, LEAST, OTHERS, merged};
use crate::failure::Result;
use crate::outputs::table::round;

/// So many steps from one stage to another are shown.
const STEPS: usize = 12;

/// Life cycles and tiers.
#[derive(Serialize)]
pub struct Life {
    /// Stages of the life cycle, in the order of a life.
    pub stages: Vec<Stage>,
    /// The date a month before, where there is one.
    pub since: Option<String>,
    /// Who went to another stage since then, the most first.
    pub steps: Vec<Step>,
    /// Classes of customers and accounts, kind by kind; none where the stage has not run.
    pub tiers: Vec<Tier>,
    /// What customers are ranked by for them.
    pub ranked_by: Option<String>,
    /// What became of those who came in the same month, the latest last.
    pub cohorts: Vec<Cohort>,
}

/// A stage with its customers.
#[derive(Deserialize, Serialize)]
pub struct Stage {
    /// Its name.
    #[serde(alias = "life_cycle")]
    pub name: String,
    /// Customers in it.
    pub customers: u64,
    /// Of all who are known.
    pub share: f64,
    /// Of all spend.
    pub spend_share: f64,
    /// Who they are.
    #[serde(default)]
    pub meaning: String,
    /// What to do.
    #[serde(default)]
    pub action: String,
}

/// Customers who went from one stage to another in a month.
#[derive(Deserialize, Serialize)]
pub struct Step {
    /// The later date.
    #[serde(skip_serializing)]
    to_date: String,
    /// The earlier one.
    #[serde(skip_serializing)]
    from_date: String,
    /// The stage that they left.
    #[serde(alias = "from_stage")]
    pub from: String,
    /// The stage that they are in.
    #[serde(alias = "to_stage")]
    pub to: String,
    /// How many.
    pub customers: u64,
    /// Of all who were in the earlier stage.
    pub share: f64,
}

/// A class.
#[derive(Deserialize, Serialize)]
pub struct Tier {
    /// Which sort of class.
    pub kind: String,
    /// Whether it holds customers or accounts.
    pub of: String,
    /// Its name.
    #[serde(alias = "class")]
    pub name: String,
    /// How many are in it; none where they are too few to be told.
    pub members: Option<u64>,
    /// Of all.
    pub share: Option<f64>,
    /// Of all value.
    pub value_share: Option<f64>,
}

impl Group for Stage {
    fn customers(&self) -> u64 {
        self.customers
    }

    fn lose_name(&mut self) {
        OTHERS.clone_into(&mut self.name);
        self.meaning.clear();
        self.action.clear();
    }

    fn take_in(&mut self, other: Self) {
        self.customers += other.customers;
        self.share = round(self.share + other.share, 6);
        self.spend_share = round(self.spend_share + other.spend_share, 6);
    }
}

/// Reads them.
pub fn look(left: &Left<'_>) -> Result<Section<Life>> {
    let stages: Vec<Stage> = left.small("life_cycle")?;
    if stages.is_empty() {
        return Ok(Section::missing(left.why("segment")));
    }
    let mut steps: Vec<Step> = left.small("life_cycle_flow")?;
    let last = steps
        .last()
        .map(|step| (step.from_date.clone(), step.to_date.clone()));
    let since = last.as_ref().map(|(from, _)| from.clone());
    steps.retain(|step| {
        let now = last.as_ref().is_some_and(|(_, to)| step.to_date == *to);
        now && step.from != step.to && step.customers >= LEAST
    });
    // A stable sort: steps of as many stay in the order of their stages.
    steps.sort_by_key(|step| std::cmp::Reverse(step.customers));
    steps.truncate(STEPS);
    let classes = left.entry("classes");
    let ranked_by = classes.and_then(|entry| entry.metrics["ranked_by"].as_str());
    let found = Life {
        stages: merged(stages),
        since,
        steps,
        tiers: tiers(left.small("class_sizes")?),
        ranked_by: ranked_by.map(str::to_owned),
        cohorts: cohorts::look(left)?,
    };
    Ok(Section::found(left.as_of("segment"), found))
}

/// Few members are not told, and neither are those of the next smaller class of their kind, so that
/// nobody can take the others off.
fn tiers(mut tiers: Vec<Tier>) -> Vec<Tier> {
    let few = |tier: &Tier| {
        tier.members
            .is_some_and(|members| members > 0 && members < LEAST)
    };
    let mut start = 0;
    while start < tiers.len() {
        let kind = (tiers[start].kind.clone(), tiers[start].of.clone());
        let length = tiers[start..]
            .iter()
            .take_while(|tier| (&tier.kind, &tier.of) == (&kind.0, &kind.1))
            .count();
        let group = &mut tiers[start..start + length];
        let small = group.iter().filter(|tier| few(tier)).count();
        if small == 1 {
            let others = group.iter().enumerate();
            let next = others
                .filter(|(_, tier)| tier.members.is_some_and(|members| members >= LEAST))
                .min_by_key(|(_, tier)| tier.members);
            if let Some((next, _)) = next {
                hide(&mut group[next]);
            }
        }
        group.iter_mut().filter(|tier| few(tier)).for_each(hide);
        start += length;
    }
    tiers
}

fn hide(tier: &mut Tier) {
    (tier.members, tier.share, tier.value_share) = (None, None, None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_members_cannot_be_told_from_the_others() {
        let tier = |kind: &str, members| Tier {
            kind: kind.to_owned(),
            of: "customers".to_owned(),
            name: String::new(),
            members: Some(members),
            share: Some(0.1),
            value_share: Some(0.1),
        };
        let found = tiers(vec![
            tier("pyramid", 3),
            tier("pyramid", 40),
            tier("pyramid", 90),
            tier("ABC", 50),
            tier("ABC", 0),
        ]);
        let told: Vec<Option<u64>> = found.iter().map(|tier| tier.members).collect();
        assert_eq!(told, [None, None, Some(90), Some(50), Some(0)]);
        assert_eq!((found[0].share, found[1].value_share), (None, None));
    }
}
