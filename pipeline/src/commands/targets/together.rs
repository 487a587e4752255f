//! Limits that overlap: quotas of several columns, and lists that share a budget and their customers.

use regulars_models::allocation::{Conflict, Lists, choose, choose_together};

use super::choose::Candidates;
use super::plan::Plan;
use crate::failure::{Failure, Result};
use crate::text::{count, plural};

/// What lists share.
pub struct Shared {
    /// What contacts of all of them may cost.
    pub budget: f64,
    /// Of everybody, by their rows, on how many of the lists each may be.
    pub room: Vec<u32>,
}

/// What was chosen.
pub struct Solved {
    /// By list, rows of everybody, best first.
    pub chosen: Vec<Vec<usize>>,
    /// The share of the best possible that is lost at most; none where quotas were not met.
    pub loss: Option<f64>,
}

/// A list with those of whom it may take some.
pub struct Asking<'a, 'p> {
    /// The list.
    pub plan: &'a Plan<'p>,
    /// Its candidates.
    pub candidates: &'a Candidates,
}

/// Rows of everybody whom a list takes by itself, best first, and the share of the best possible that
/// is lost at most, where it may be any.
///
/// # Errors
/// As [`solve`].
pub fn alone(plan: &Plan<'_>, candidates: &Candidates) -> Result<(Vec<usize>, Option<f64>)> {
    let Candidates { kept, quotas, .. } = candidates;
    if !quotas.are_disjoint() {
        let mut solved = solve(&[Asking { plan, candidates }], None)?;
        return Ok((solved.chosen.pop().unwrap_or_default(), solved.loss));
    }
    let none = vec![None; kept.len()];
    let groups: Vec<Option<usize>> = (quotas.groups.first().unwrap_or(&none).iter())
        .map(|group| group.map(|group| group as usize))
        .collect();
    let limits: Vec<usize> = quotas.limits().iter().map(|limit| limit.most).collect();
    let profits: Vec<f64> = candidates.profits().collect();
    let chosen = choose(&profits, &groups, &limits, candidates.most(plan));
    Ok((chosen.into_iter().map(|place| kept[place]).collect(), None))
}

/// Chooses for one list, or for all that share something.
///
/// # Errors
/// Quotas that cannot be met together, by their names.
pub fn solve(lists: &[Asking<'_, '_>], shared: Option<&Shared>) -> Result<Solved> {
    let alone = lists.first().map_or(0, |one| one.candidates.kept.len());
    let one_list = vec![1; if shared.is_some() { 0 } else { alone }];
    let room = shared.map_or(&one_list, |shared| &shared.room);
    let row = |list: usize, place: usize| match shared {
        Some(_) => lists[list].candidates.kept[place],
        None => place,
    };
    let (mut profits, mut groups, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    let mut first_of = Vec::new();
    for (list, asking) in lists.iter().enumerate() {
        let quotas = &asking.candidates.quotas;
        let mut brings = vec![f64::NAN; room.len()];
        for (place, profit) in asking.candidates.profits().enumerate() {
            brings[row(list, place)] = profit;
        }
        profits.push(brings);
        let first = limits.len() as u32;
        first_of.push(first as usize);
        let column = |column: &Vec<Option<u32>>| {
            let mut spread = vec![None; room.len()];
            for (place, quota) in column.iter().enumerate() {
                spread[row(list, place)] = quota.map(|quota| first + quota);
            }
            spread
        };
        groups.push(quotas.groups.iter().map(column).collect::<Vec<_>>());
        limits.extend(quotas.limits());
    }
    let most: Vec<usize> = lists.iter().map(Asking::most).collect();
    let costs: Vec<f64> = lists.iter().map(Asking::cost).collect();
    let found = choose_together(Lists {
        profits: &profits,
        groups: &groups,
        limits: &limits,
        most: &most,
        costs: &costs,
        budget: shared.map_or(f64::INFINITY, |shared| shared.budget),
        room,
    });
    if let Some(conflict) = &found.conflict {
        return Err(contradiction(lists, conflict, &first_of, &most, shared));
    }
    let met = found.short.iter().all(|short| *short == 0);
    let rows = |(list, chosen): (usize, &Vec<usize>)| {
        let places = chosen.iter();
        places
            .map(|place| match shared {
                Some(_) => *place,
                None => lists[list].candidates.kept[*place],
            })
            .collect()
    };
    Ok(Solved {
        chosen: found.chosen.iter().enumerate().map(rows).collect(),
        loss: (met && found.bound > 0.0).then(|| (found.bound - found.profit) / found.bound),
    })
}

/// What is left of a budget for those who are chosen. Where a number is held back, nothing is paid for
/// them; where a share is, that it is rounded may cost half a contact more than the share says.
pub fn left_of(budget: f64, lists: &[Asking<'_, '_>]) -> f64 {
    let more: f64 = lists
        .iter()
        .map(|one| {
            let rounded = if one.candidates.share_held_back() > 0.0 {
                0.5
            } else {
                0.0
            };
            (one.candidates.number_held_back() as f64 - rounded) * one.plan.list.contact_cost
        })
        .sum();
    (budget + more).max(0.0)
}

impl Asking<'_, '_> {
    fn most(&self) -> usize {
        self.candidates.most(self.plan)
    }

    /// What one who is chosen costs on average, those held back among them.
    fn cost(&self) -> f64 {
        self.plan.list.contact_cost * (1.0 - self.candidates.share_held_back())
    }
}

/// Quotas that cannot be met together, and what else has a part in it.
fn contradiction(
    lists: &[Asking<'_, '_>],
    conflict: &Conflict,
    first_of: &[usize],
    most: &[usize],
    shared: Option<&Shared>,
) -> Failure {
    let several = lists.len() > 1;
    let of = |list: usize, what: String| match several {
        true => format!("{what} on {}", lists[list].plan.name),
        false => what,
    };
    let mut parts: Vec<String> = Vec::new();
    for &limit in &conflict.limits {
        let list = first_of.partition_point(|first| *first <= limit) - 1;
        let words = lists[list].candidates.quotas.words(limit - first_of[list]);
        parts.push(of(list, words));
    }
    for &list in &conflict.lists {
        let places = format!("the {} of the list", plural(most[list] as u64, "place"));
        parts.push(of(list, places));
    }
    if let Some(shared) = shared.filter(|_| conflict.budget) {
        parts.push(format!("the budget of {}", count(shared.budget as u64)));
    }
    let list = conflict.limits.first().map_or(0, |limit| {
        first_of.partition_point(|first| first <= limit) - 1
    });
    let problem = format!("the quotas cannot be met together: {}", parts.join(", "));
    lists[list]
        .plan
        .wrong_data(&["quota"], &problem)
        .hint("ask for less of one of them, or make room: a larger most or budget")
}
