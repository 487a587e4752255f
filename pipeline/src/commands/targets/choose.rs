//! Whom a list takes: those for whom it is and who may be contacted, by expected profit, within its
//! limits; and who of them is held back.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use regulars_models::experiment::{group_size, hold_back};
use sha2::{Digest, Sha256};

use super::barred::Reasons;
use super::plan::Plan;
use super::quotas::Quotas;
use crate::config::targets::{Control, Effect, Target};
use crate::failure::{Failure, Result};
use crate::suppressed::texts;
use crate::text::{count, percent};
use crate::warning::{EMPTY_LIST, Warning};
use crate::words::said;

/// How sure a difference has to be before it counts: the usual 5 %, on two sides.
const SIGNIFICANCE: f64 = 0.05;

/// Whom a list takes.
pub struct Choice {
    /// Rows of everybody, best first.
    pub rows: Vec<usize>,
    /// Which of them are held back.
    pub held: Vec<bool>,
    /// How probable each is to respond; NaN where it is not said.
    pub responses: Vec<f64>,
    /// What contacting each is expected to bring, its cost taken off; NaN where it is not said.
    pub profits: Vec<f64>,
    /// How much more probable the contact makes a purchase of each, where the list chooses by that.
    pub changes: Option<Vec<f64>>,
    /// Customers for whom the list is.
    pub matching: u64,
    /// Why others of them are not on it, with their number.
    pub left_out: Vec<(String, u64)>,
    /// Customers on it who have not been asked for their consent.
    pub unasked: u64,
    /// What the control group is to show, in words.
    pub control: Option<String>,
    /// The share of the best possible that is lost at most, where limits overlap.
    pub loss: Option<f64>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// What a contact with each customer is expected to bring.
struct Worth {
    responses: Vec<f64>,
    profits: Vec<f64>,
}

/// Of whom a list may take some.
pub struct Candidates {
    /// Rows of everybody, in their order.
    pub kept: Vec<usize>,
    /// Its quotas over these.
    pub quotas: Quotas,
    worth: Worth,
    matching: u64,
    left_out: Vec<(String, u64)>,
    held_back: HeldBack,
    warnings: Vec<Warning>,
}

/// Looks through everybody for those whom a list may take.
pub fn candidates(plan: &Plan<'_>, rows: &RecordBatch, reasons: &Reasons) -> Result<Candidates> {
    let worth = worth(plan, rows)?;
    let matching = matching(plan, rows)?;
    let mut left_out = Vec::new();
    let mut kept = worthwhile(plan, rows, &worth, &matching, &mut left_out);
    let (barred, _) = reasons.count(kept.iter().copied());
    left_out.extend(barred);
    kept.retain(|&row| reasons.of[row].is_none());
    let nobody = matching.is_empty().then(|| nobody(plan));
    Ok(Candidates {
        held_back: HeldBack::of(plan, &worth, &kept)?,
        quotas: Quotas::of(plan, rows, &kept)?,
        matching: matching.len() as u64,
        warnings: nobody.into_iter().collect(),
        kept,
        worth,
        left_out,
    })
}

/// Those of the matching who are worth a contact; why others are not goes into `left_out`.
fn worthwhile(
    plan: &Plan<'_>,
    rows: &RecordBatch,
    worth: &Worth,
    matching: &[usize],
    left_out: &mut Vec<(String, u64)>,
) -> Vec<usize> {
    let mut out = |why: &str, number: usize| {
        if number > 0 {
            left_out.push((said(why).to_owned(), number as u64));
        }
    };
    // A reason at a time, what is worth nothing first, what may not be last.
    let mut kept: Vec<usize> = Vec::new();
    let (mut without_offer, mut unknown, mut sleeping, mut at_a_loss) = (0, 0, 0, 0);
    let offered = suggestions(plan, rows);
    for &row in matching {
        match worth.profits[row] {
            _ if offered.as_ref().is_some_and(|offered| offered.is_null(row)) => without_offer += 1,
            profit if profit.is_nan() => unknown += 1,
            _ if plan.changes.is_some() && worth.responses[row] < 0.0 => sleeping += 1,
            profit if profit <= 0.0 => at_a_loss += 1,
            _ => kept.push(row),
        }
    }
    out(mark!("have no suggestion"), without_offer);
    out(
        match plan.changes {
            None => mark!("have no response rate between 0 and 1, or no value"),
            Some(_) => {
                mark!(
                    "have done nothing from which a contact's effect could be told, or have no value"
                )
            }
        },
        unknown,
    );
    out(
        mark!("would be less likely to buy if they were contacted (sleeping dogs)"),
        sleeping,
    );
    out(
        mark!("would cost as much as they bring, or more"),
        at_a_loss,
    );
    kept
}

impl Candidates {
    /// What each brings.
    pub fn profits(&self) -> impl Iterator<Item = f64> {
        self.kept.iter().map(|&row| self.worth.profits[row])
    }

    /// How many may be chosen.
    pub fn most(&self, plan: &Plan<'_>) -> usize {
        self.held_back.room(plan.list)
    }

    /// The share of those chosen who are held back, where that is a share.
    pub fn share_held_back(&self) -> f64 {
        match self.held_back.number {
            Number::Share(share) => share,
            Number::None | Number::Fixed(_) => 0.0,
        }
    }

    /// How many are held back, where that is a number.
    pub fn number_held_back(&self) -> usize {
        match self.held_back.number {
            Number::Fixed(number) if !self.kept.is_empty() => number,
            _ => 0,
        }
    }

    /// The list of those who were chosen; `elsewhere` are the others whom another list that shares its
    /// budget has taken.
    pub fn finish(
        mut self,
        plan: &Plan<'_>,
        rows: &RecordBatch,
        reasons: &Reasons,
        chosen: (Vec<usize>, Option<f64>),
        elsewhere: &BTreeSet<usize>,
        seed: u64,
    ) -> Result<Choice> {
        let (chosen, loss) = chosen;
        let on_it: BTreeSet<usize> = chosen.iter().copied().collect();
        let others = self.kept.iter().filter(|row| !on_it.contains(row));
        let (taken, beyond): (Vec<usize>, Vec<usize>) =
            others.copied().partition(|row| elsewhere.contains(row));
        for (why, others) in [
            (tr!("are on another list that shares the budget"), taken),
            (tr!("are beyond the number, the budget or a quota"), beyond),
        ] {
            if !others.is_empty() {
                self.left_out.push((why, others.len() as u64));
            }
        }
        let places: Vec<usize> = (0..self.kept.len())
            .filter(|place| on_it.contains(&self.kept[*place]))
            .collect();
        let most = self.most(plan);
        self.warnings.extend(self.quotas.unmet(plan, &places, most));
        let held = self.held_back.draw(plan, rows, &chosen, seed)?;
        let (_, unasked) = reasons.count(chosen.iter().copied());
        let of = |values: &[f64]| chosen.iter().map(|&row| values[row]).collect();
        let unknown = vec![f64::NAN; chosen.len()];
        Ok(Choice {
            responses: match plan.response_rate {
                Some(_) => of(&self.worth.responses),
                None => unknown.clone(),
            },
            profits: match plan.says_what_it_brings() {
                true => of(&self.worth.profits),
                false => unknown,
            },
            changes: plan.changes.as_ref().map(|changes| of(changes)),
            rows: chosen,
            held,
            matching: self.matching,
            left_out: self.left_out,
            unasked,
            control: self.held_back.words,
            loss,
            warnings: self.warnings,
        })
    }
}

fn nobody(plan: &Plan<'_>) -> Warning {
    let message = tr!(
        "{list}: nobody is on it, since nobody fits who = {condition}; regulars targets --count tells how many would",
        list = plan.name,
        condition = plan.list.who
    );
    Warning::new(EMPTY_LIST, message)
}

/// The rows for which the list is.
fn matching(plan: &Plan<'_>, rows: &RecordBatch) -> Result<Vec<usize>> {
    let found = plan.evaluate("who", &plan.who, rows)?;
    let Some(found) = found.as_boolean_opt() else {
        let problem = format!(
            "this is no condition, since it is {} for a customer",
            found.data_type()
        );
        return Err(plan
            .wrong(&["who"], problem)
            .hint("compare it with something, such as churn_probability > 0.5"));
    };
    let fits = |row: &usize| found.is_valid(*row) && found.value(*row);
    Ok((0..rows.num_rows()).filter(fits).collect())
}

/// The column of suggestions, where the list is made of them.
fn suggestions(plan: &Plan<'_>, rows: &RecordBatch) -> Option<ArrayRef> {
    let suggestion = rows.column_by_name("suggestion");
    suggestion.filter(|_| plan.list.suggestion).cloned()
}

fn worth(plan: &Plan<'_>, rows: &RecordBatch) -> Result<Worth> {
    let number = rows.num_rows();
    let rates = match (&plan.changes, &plan.response_rate) {
        (Some(changes), _) => Some(changes.clone()),
        (None, Some(rate)) => Some(plan.amounts("response_rate", rate, rows)?),
        (None, None) => None,
    };
    let (Some(rates), Some(value)) = (rates, &plan.value) else {
        // Everybody is worth the same, and nothing is known of how much.
        return Ok(Worth {
            responses: vec![f64::NAN; number],
            profits: vec![1.0; number],
        });
    };
    let values = plan.amounts("value", value, rows)?;
    let least = if plan.changes.is_some() { -1.0 } else { 0.0 };
    let probability = |rate: f64| {
        if (least..=1.0).contains(&rate) {
            rate
        } else {
            f64::NAN
        }
    };
    let responses: Vec<f64> = rates.into_iter().map(probability).collect();
    let profits = responses.iter().zip(&values);
    let profits = profits
        .map(|(rate, value)| rate * value - plan.list.contact_cost)
        .map(|profit| if profit.is_finite() { profit } else { f64::NAN });
    Ok(Worth {
        profits: profits.collect(),
        responses,
    })
}

/// How many of a list are held back.
struct HeldBack {
    number: Number,
    words: Option<String>,
}

#[derive(Clone, Copy)]
enum Number {
    None,
    Share(f64),
    Fixed(usize),
}

impl HeldBack {
    fn of(plan: &Plan<'_>, worth: &Worth, kept: &[usize]) -> Result<Self> {
        Ok(match plan.list.control {
            None => Self {
                number: Number::None,
                words: None,
            },
            Some(Control::Share(share)) => Self {
                number: Number::Share(share),
                words: Some(tr!("{share} of the list", share = percent(share))),
            },
            Some(Control::Sized(effect)) => {
                let mean =
                    kept.iter().map(|&row| worth.responses[row]).sum::<f64>() / kept.len() as f64;
                sized(plan, effect, mean, kept.is_empty())?
            }
        })
    }

    fn number(&self, chosen: usize) -> usize {
        match self.number {
            Number::None => 0,
            Number::Share(share) => (chosen as f64 * share).round() as usize,
            Number::Fixed(number) => number,
        }
    }

    /// How many may be chosen, so that no more are contacted than the budget pays for.
    fn room(&self, list: &Target) -> usize {
        let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let most = list.most.map_or(usize::MAX, whole);
        let Some(paid) = list.paid_for().map(whole) else {
            return most;
        };
        let room = match self.number {
            Number::None => paid,
            Number::Fixed(number) => paid.saturating_add(number),
            Number::Share(share) => {
                let mut room = (paid as f64 / (1.0 - share)) as usize;
                while room > 0 && room - self.number(room) > paid {
                    room -= 1;
                }
                while room + 1 - self.number(room + 1) <= paid {
                    room += 1;
                }
                room
            }
        };
        most.min(room)
    }

    /// Draws them: those with the smallest keyed hashes, of each stratum its share.
    fn draw(
        &self,
        plan: &Plan<'_>,
        rows: &RecordBatch,
        chosen: &[usize],
        seed: u64,
    ) -> Result<Vec<bool>> {
        let number = self.number(chosen.len());
        if let Number::Fixed(number) = self.number
            && number * 2 > chosen.len()
            && !chosen.is_empty()
        {
            let problem = format!(
                "to see that, {} have to be held back and as many contacted, and the list has {}",
                count(number as u64),
                count(chosen.len() as u64)
            );
            return Err(plan.wrong_data(&["control"], &problem).hint(
                "ask for a larger effect or less power, widen who, or give a share such as 0.1",
            ));
        }
        let ids = texts(rows.column(0))?;
        let keys: Vec<[u8; 32]> = chosen
            .iter()
            .map(|&row| key(seed, plan.name, ids.value(row)))
            .collect();
        let strata = match &plan.list.stratify {
            None => vec![0; chosen.len()],
            Some(column) => strata(&plan.values(rows, column)?, chosen)?,
        };
        Ok(hold_back(&keys, &strata, number))
    }
}

/// What a customer's place in the draw for a control group depends on, and on nothing else: the
/// seed, the list and the customer.
fn key(seed: u64, list: &str, customer: &str) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(b"control group\0");
    hash.update(seed.to_le_bytes());
    hash.update((list.len() as u64).to_le_bytes());
    hash.update(list);
    hash.update(customer);
    hash.finalize().into()
}

/// The values of a column as numbers, in the order of the values.
fn strata(values: &ArrayRef, chosen: &[usize]) -> Result<Vec<u32>> {
    let values = texts(values)?;
    let of = |row: usize| values.is_valid(row).then(|| values.value(row));
    let mut numbers: BTreeMap<Option<&str>, u32> = chosen.iter().map(|&row| (of(row), 0)).collect();
    for (number, place) in (0..).zip(numbers.values_mut()) {
        *place = number;
    }
    let number = |&row: &usize| numbers.get(&of(row)).copied().unwrap_or(0);
    Ok(chosen.iter().map(number).collect())
}

/// As many as it takes to see an effect.
fn sized(plan: &Plan<'_>, effect: Effect, mean: f64, nobody: bool) -> Result<HeldBack> {
    if nobody {
        return Ok(HeldBack {
            number: Number::None,
            words: None,
        });
    }
    let (base, contacted) = match effect.base {
        Some(base) => (base, base + effect.effect),
        None => (mean - effect.effect, mean),
    };
    let size = (base > 0.0)
        .then(|| group_size(contacted, base, SIGNIFICANCE, effect.power))
        .flatten();
    let Some(size) = size else {
        let problem = format!(
            "an effect of {} is more than the {} that are expected to respond",
            effect.effect,
            percent(mean)
        );
        return Err(plan
            .wrong_data(&["control"], &problem)
            .hint("give base, the share that would respond without being contacted"));
    };
    let words = tr!(
        "to tell {contacted} from {base} with a power of {power}",
        contacted = percent(contacted),
        base = percent(base),
        power = percent(effect.power)
    );
    Ok(HeldBack {
        number: Number::Fixed(size.ceil() as usize),
        words: Some(words),
    })
}

impl Plan<'_> {
    /// A failure that the data have a part in, at its place in the settings.
    pub fn wrong_data(&self, keys: &[&str], problem: &str) -> Failure {
        Failure::data(self.wrong(keys, problem).message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(number: Number) -> HeldBack {
        HeldBack {
            number,
            words: None,
        }
    }

    #[test]
    fn the_budget_pays_for_those_who_are_contacted() {
        let list = |most, budget| Target {
            most,
            budget: Some(budget),
            contact_cost: 1.0,
            ..Target::default()
        };
        assert_eq!(held(Number::None).room(&list(None, 90.0)), 90);
        // A hundred, of whom ten are held back; so would be 101 of whom 10 are.
        for share in [0.1, 0.25, 0.5, 0.9, 0.001] {
            let share = held(Number::Share(share));
            for paid in [1, 2, 7, 90, 12_345] {
                let room = share.room(&list(None, f64::from(paid)));
                assert!(room - share.number(room) <= paid as usize);
                assert!(room + 1 - share.number(room + 1) > paid as usize);
            }
        }
        assert_eq!(held(Number::Fixed(30)).room(&list(None, 90.0)), 120);
        assert_eq!(held(Number::Fixed(30)).room(&list(Some(50), 90.0)), 50);
    }

    #[test]
    fn the_draw_is_the_same_for_ever_and_another_for_each_list() {
        let first = key(42, "spring", "C1");
        assert_eq!(first, key(42, "spring", "C1"));
        for other in [
            key(43, "spring", "C1"),
            key(42, "sprin", "gC1"),
            key(42, "spring", "C2"),
        ] {
            assert_ne!(first, other);
        }
    }
}
