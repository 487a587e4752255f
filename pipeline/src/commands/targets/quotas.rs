//! How many customers of some values a list may have, and has to have.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, RecordBatch};
use regulars_models::allocation::Limit;

use super::plan::Plan;
use crate::failure::{Result, nearest};
use crate::suppressed::texts;
use crate::text::{count, plural};
use crate::warning::{UNMET_QUOTA, Warning};

/// The quotas of a list, and who counts into which.
pub struct Quotas {
    quotas: Vec<Quota>,
    /// By column, by candidate, the place of the quota.
    pub groups: Vec<Vec<Option<u32>>>,
    /// By column, the values of candidates that have none.
    others: Vec<Vec<String>>,
}

/// The quota of a value.
struct Quota {
    column: usize,
    of: String,
    value: String,
    /// The number that is asked for, where it is one: no more, and no fewer if there is room.
    wanted: Option<usize>,
    least: usize,
    most: usize,
    /// Candidates of the value.
    there: usize,
}

impl Quotas {
    /// Those of a list over its candidates, who are rows of everybody.
    pub fn of(plan: &Plan<'_>, rows: &RecordBatch, kept: &[usize]) -> Result<Self> {
        // Shares are of what the settings give room for; without a limit there are none.
        let room = [plan.list.most, plan.list.paid_for()];
        let room = room.into_iter().flatten().min().unwrap_or(0) as f64;
        let number = |quota: f64| {
            let number = if quota < 1.0 { quota * room } else { quota };
            number.round() as usize
        };
        let mut quotas = Self {
            quotas: Vec::new(),
            groups: Vec::new(),
            others: Vec::new(),
        };
        for (column, (name, of)) in plan.list.quota.iter().enumerate() {
            let first = quotas.quotas.len();
            quotas.quotas.extend(of.iter().map(|(value, quota)| Quota {
                column,
                of: name.clone(),
                value: value.clone(),
                wanted: quota.wanted().map(number),
                least: quota.least().map_or(0, number),
                most: quota.most().map_or(usize::MAX, number),
                there: 0,
            }));
            quotas.column(plan, rows, kept, name, first)?;
        }
        Ok(quotas)
    }

    /// Finds out who counts into the quotas of a column, which begin at `first`.
    fn column(
        &mut self,
        plan: &Plan<'_>,
        rows: &RecordBatch,
        kept: &[usize],
        name: &str,
        first: usize,
    ) -> Result<()> {
        let values = texts(&plan.values(rows, name)?)?;
        let places: BTreeMap<String, u32> = (first as u32..)
            .zip(&self.quotas[first..])
            .map(|(place, quota)| (quota.value.clone(), place))
            .collect();
        let mut others = BTreeSet::new();
        let mut groups = Vec::with_capacity(kept.len());
        for &row in kept {
            let value = if values.is_valid(row) {
                values.value(row)
            } else {
                ""
            };
            let group = places.get(value).copied();
            match group {
                Some(place) => self.quotas[place as usize].there += 1,
                None => {
                    others.insert(value);
                }
            }
            groups.push(group);
        }
        self.groups.push(groups);
        self.others
            .push(others.into_iter().map(str::to_owned).collect());
        Ok(())
    }

    /// Whether they are of one column and limit from above alone, so that the best that still fits is
    /// the best choice.
    pub fn are_disjoint(&self) -> bool {
        self.groups.len() <= 1 && self.quotas.iter().all(|quota| quota.least == 0)
    }

    /// The limits that they are; no more is asked for than there is.
    pub fn limits(&self) -> Vec<Limit> {
        let limit = |quota: &Quota| Limit {
            least: quota.least.min(quota.there),
            most: quota.most,
        };
        self.quotas.iter().map(limit).collect()
    }

    /// A quota in words: "at least 100 for region North".
    pub fn words(&self, quota: usize) -> String {
        let Quota {
            of,
            value,
            least,
            most,
            ..
        } = &self.quotas[quota];
        let numbers = match (least, most) {
            (0, most) => format!("at most {}", count(*most as u64)),
            (least, &usize::MAX) => format!("at least {}", count(*least as u64)),
            (least, most) => format!("{} to {}", count(*least as u64), count(*most as u64)),
        };
        format!("{numbers} for {of} {value}")
    }

    /// Which quotas the list does not reach, and why; `chosen` are places among the candidates.
    pub fn unmet(&self, plan: &Plan<'_>, chosen: &[usize], most: usize) -> Vec<Warning> {
        let full = chosen.len() == most;
        let mut warnings = Vec::new();
        for (place, quota) in (0..).zip(&self.quotas) {
            let group = &self.groups[quota.column];
            let taken = chosen.iter().filter(|one| group[**one] == Some(place));
            let taken = taken.count();
            let wanted = quota.wanted.unwrap_or(quota.least);
            if taken >= wanted {
                continue;
            }
            let others = self.others[quota.column].iter().map(String::as_str);
            let why = match (quota.there, nearest(&quota.value, others)) {
                (0, Some(near)) => tr!("there is nobody of it; is `{near}` meant?", near = near),
                (there, _) if there < wanted => tr!(
                    "{customers} of it could be chosen",
                    customers = plural(there as u64, "customer")
                ),
                _ if full => tr!("better ones of other values have filled the list"),
                _ if self.groups.len() > 1 => tr!("other quotas keep more of it away"),
                _ => continue,
            };
            let number = count(wanted as u64);
            let quota_words = match quota.wanted {
                Some(_) => number,
                None => tr!("at least {n}", n = number),
            };
            let message = match taken {
                1 => tr!(
                    "{list}: the quota of {quota} for {value} is not met, 1 is chosen: {why}",
                    list = plan.name,
                    quota = quota_words,
                    value = quota.value,
                    why = why
                ),
                taken => tr!(
                    "{list}: the quota of {quota} for {value} is not met, {n} are chosen: {why}",
                    list = plan.name,
                    quota = quota_words,
                    value = quota.value,
                    n = count(taken as u64),
                    why = why
                ),
            };
            warnings.push(Warning::new(UNMET_QUOTA, message));
        }
        warnings
    }
}
