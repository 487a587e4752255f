//! What changed since the last report of an earlier date.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::business::Business;
use super::churn::Churn;
use super::left::{Left, Section};
use super::segments::Segments;
use super::small::words;
use crate::text::{count, money};
use crate::words::{fill, said as word};

/// Segments whose change is told: those that grew or shrank most.
const SEGMENTS: usize = 3;

/// The figures by which reports are compared.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Headline {
    /// The date that they speak of.
    pub as_of: NaiveDate,
    /// Customers who ever bought, or were scored where there is no history.
    pub customers: u64,
    /// Customers with a probability of leaving.
    pub active: Option<u64>,
    /// Money spent by all.
    pub spend: Option<f64>,
    /// Customers at high risk.
    pub high_risk: Option<u64>,
    /// Customers by segment.
    #[serde(default)]
    pub segments: BTreeMap<String, u64>,
}

/// An earlier report, as far as it is needed.
#[derive(Default, Deserialize)]
pub struct Earlier {
    headline: Option<Headline>,
    before: Option<Headline>,
}

/// The figures of this run; none where nothing says how many customers there are.
pub fn headline(
    left: &Left<'_>,
    business: &Section<Business>,
    segments: &Section<Segments>,
    churn: &Section<Churn>,
) -> Option<Headline> {
    let segments = segments.found.as_ref();
    let churn = churn.found.as_ref();
    let business = business.found.as_ref().map(|found| found.customers);
    let customers = segments.map(|found| found.customers).or(business);
    let sizes = segments.into_iter().flat_map(|found| &found.segments);
    Some(Headline {
        as_of: left.as_of?,
        customers: customers.or_else(|| churn.map(|found| found.scored))?,
        active: churn.map(|found| found.scored),
        spend: segments.and_then(|found| found.spend),
        high_risk: churn
            .and_then(|found| found.high.as_ref())
            .map(|band| band.customers),
        segments: sizes
            .map(|segment| (segment.name.clone(), segment.customers))
            .collect(),
    })
}

impl Earlier {
    /// The report that lies in a file; an empty one where there is none, or one of another version.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// What a report is compared with: the last figures of an earlier date. A run that is repeated
    /// compares itself with what the first one did, so that it comes to the same.
    pub fn before(&self, now: &Headline) -> Option<Headline> {
        let earlier = [&self.headline, &self.before].into_iter().flatten();
        let mut earlier = earlier.filter(|earlier| earlier.as_of < now.as_of);
        earlier.next().cloned()
    }
}

/// What changed, in sentences.
pub fn sentences(now: Option<&Headline>, before: Option<&Headline>, currency: &str) -> Vec<String> {
    let Some((now, before)) = now.zip(before) else {
        return Vec::new();
    };
    let mut said = vec![tr!(
        "Customers: {now} as of {today}, {before} as of {then} ({change}).",
        now = words(now.customers),
        today = now.as_of,
        before = words(before.customers),
        then = before.as_of,
        change = step(now.customers, before.customers)
    )];
    for (what, now, before) in [
        (
            mark!("Active customers: {now} instead of {before} ({change})."),
            now.active,
            before.active,
        ),
        (
            mark!("At high risk of leaving: {now} instead of {before} ({change})."),
            now.high_risk,
            before.high_risk,
        ),
    ] {
        if let Some((now, before)) = now.zip(before) {
            let (change, now, before) = (step(now, before), words(now), words(before));
            let given: [(&str, &dyn Display); 3] =
                [("now", &now), ("before", &before), ("change", &change)];
            said.push(fill(what, &given));
        }
    }
    if let Some((spend, earlier)) = now.spend.zip(before.spend) {
        said.push(tr!(
            "Spend of all customers so far: {spend}, {since} of it since then.",
            spend = money(spend, currency),
            since = money(spend - earlier, currency)
        ));
    }
    said.extend(segments(now, before));
    said
}

/// The segments that grew or shrank most.
fn segments(now: &Headline, before: &Headline) -> Option<String> {
    let size = |of: &Headline, name: &str| of.segments.get(name).copied().unwrap_or(0);
    let mut names: Vec<&String> = now.segments.keys().chain(before.segments.keys()).collect();
    names.sort();
    names.dedup();
    let by = |name: &str| size(now, name).abs_diff(size(before, name));
    names.retain(|name| by(name) > 0 && before.segments.len() > 1);
    names.sort_by_key(|name| std::cmp::Reverse(by(name)));
    let told = names.into_iter().take(SEGMENTS).map(|name| {
        let (now, before) = (size(now, name), size(before, name));
        tr!(
            "{segment} {n} ({change})",
            segment = word(name),
            n = words(now),
            change = step(now, before)
        )
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| {
        tr!(
            "Segments that changed most: {segments}.",
            segments = told.join(&tr!(", "))
        )
    })
}

/// `+12`, `-3` or `no change`.
fn step(now: u64, before: u64) -> String {
    match now.cmp(&before) {
        std::cmp::Ordering::Greater => format!("+{}", count(now - before)),
        std::cmp::Ordering::Less => format!("-{}", count(before - now)),
        std::cmp::Ordering::Equal => tr!("no change"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(date: &str, customers: u64, champions: u64) -> Headline {
        Headline {
            as_of: date.parse().unwrap(),
            customers,
            active: None,
            spend: Some(10.0 * customers as f64),
            high_risk: None,
            segments: [("Champions", champions), ("Lost", 40)]
                .map(|(name, size)| (name.to_owned(), size))
                .into(),
        }
    }

    #[test]
    fn a_repeated_report_compares_itself_with_the_same_one() {
        let (first, second) = (of("2023-01-01", 100, 20), of("2023-02-01", 120, 30));
        let earlier = Earlier {
            headline: Some(first.clone()),
            before: None,
        };
        assert_eq!(earlier.before(&first), None);
        assert_eq!(earlier.before(&second), Some(first.clone()));
        let repeated = Earlier {
            headline: Some(second.clone()),
            before: Some(first.clone()),
        };
        assert_eq!(repeated.before(&second), Some(first.clone()));
        // Looking back does not compare with what came later.
        assert_eq!(repeated.before(&first), None);
    }

    #[test]
    fn changes_are_told_with_both_figures() {
        let (before, now) = (of("2023-01-01", 100, 20), of("2023-02-01", 120, 31));
        let said = sentences(Some(&now), Some(&before), "EUR").join(" ");
        for words in [
            "120 as of 2023-02-01, 100 as of 2023-01-01 (+20)",
            "1,200 EUR, 200 EUR of it since then",
            "Champions 31 (+11)",
        ] {
            assert!(said.contains(words), "{said}");
        }
        assert!(!said.contains("Lost"), "{said}");
        assert!(sentences(Some(&now), None, "EUR").is_empty());
    }
}
