//! The hold-out test: what was suggested against what was then bought for the first time.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::history::History;
use super::model::{ScoreKind, Scorer};
use super::owned::Owned;
use super::params::CrossSellValidParams;
use super::sales::YEAR;
use crate::metrics::{RankingQuality, ranking_quality};

/// What anybody could suggest without a model: the items that most customers bought in some time,
/// without those that a customer has. Ties go to the item that more customers have ever bought,
/// then to the lower code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// In which time.
    pub kind: BaselineKind,
    /// How good that was.
    pub quality: RankingQuality,
}

/// The time in which items were popular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaselineKind {
    /// The last [`RECENT`] days before the cut.
    Recent,
    /// The days from 52 weeks before the cut, as many as are tested; only where the history began
    /// before them.
    YearBefore,
    /// All days before the cut.
    Ever,
}

/// Days in which an item is popular of late.
pub const RECENT: i32 = 28;

/// The outcome of [`CrossSellValidParams::evaluate`].
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Length of the lists.
    pub k: usize,
    /// Customers tested: purchases before the cut, and at least one item first bought in the
    /// horizon after it.
    pub n_customers: usize,
    /// First purchases of these customers in the horizon.
    pub n_first_purchases: usize,
    /// This recommender.
    pub model: RankingQuality,
    /// Suggestions without a model, for the same customers, the better one first: by hit rate,
    /// then by NDCG. At least [`BaselineKind::Recent`] and [`BaselineKind::Ever`] are there.
    pub baselines: Vec<Baseline>,
    /// What the scores of the model are.
    pub score_kind: ScoreKind,
    /// Sum of the scores of all suggestions to all customers with purchases before the cut:
    /// the hits to expect if the scores are probabilities.
    pub expected_hits: f64,
    /// The hits there were among those suggestions.
    pub observed_hits: usize,
}

/// A hold-out test without anything to test.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvaluateError {
    /// No tested customer.
    #[error(
        "no customer bought before day {cut} and then something new in the {horizon} days from \
         it; choose an earlier cut or a longer horizon"
    )]
    NothingNew {
        /// The day given.
        cut: i32,
        /// Days held out.
        horizon: i32,
    },
}

impl CrossSellValidParams {
    /// Fits on the rows before `cut_day` and tests on `[cut_day, cut_day + horizon_days)`.
    ///
    /// The history should reach to the end of that time, which cannot be seen from the rows. What
    /// [`History::with_active`] says is of today, and not used.
    /// Items first bought count also when they are new to the company or beyond `max_items`, so
    /// nothing is left out of what could have been suggested.
    ///
    /// # Errors
    /// [`EvaluateError::NothingNew`] when no customer can be tested.
    pub fn evaluate(
        &self,
        history: &History<'_>,
        cut_day: i32,
    ) -> Result<Evaluation, EvaluateError> {
        let scorer = Scorer::fit(self, &history.judged(), cut_day);
        let (owned, k) = (&scorer.owned, self.suggestions());
        let end = cut_day.saturating_add(self.horizon_days());
        let popular = popular(history, owned, cut_day, self.horizon_days());

        let tested: Vec<Option<Tested>> = (0..owned.n_customers())
            .into_par_iter()
            .map_init(
                || scorer.ranker(),
                |ranker, customer| {
                    let before = history.rows(customer, i32::MIN, cut_day);
                    if before.is_empty() {
                        return None;
                    }
                    let mut had: Vec<u32> = before.map(|r| history.item(r)).collect();
                    had.sort_unstable();
                    let mut new: Vec<u32> = history
                        .rows(customer, cut_day, end)
                        .map(|r| history.item(r))
                        .filter(|item| had.binary_search(item).is_err())
                        .collect();
                    new.sort_unstable();
                    new.dedup();

                    let code = |item: u32| owned.codes[item as usize];
                    let suggested = scorer.best(ranker, customer);
                    let list: Vec<u32> = suggested.iter().map(|s| code(s.0)).collect();
                    let plain = |(_, items): &(BaselineKind, Vec<u32>)| -> Vec<u32> {
                        let items = items.iter().map(|&item| code(item));
                        let new = items.filter(|item| had.binary_search(item).is_err());
                        new.take(k).collect()
                    };
                    Some(Tested {
                        expected: suggested.iter().map(|s| s.1).sum(),
                        observed: list.iter().filter(|i| new.binary_search(i).is_ok()).count(),
                        model: list,
                        plain: popular.iter().map(plain).collect(),
                        new,
                    })
                },
            )
            .collect();
        let all: Vec<Tested> = tested.into_iter().flatten().collect();
        // Who bought nothing new says nothing about the order and is left out of both.
        let nothing_new = EvaluateError::NothingNew {
            cut: cut_day,
            horizon: self.horizon_days(),
        };
        let of_model = all.iter().map(|t| (&t.model[..], &t.new[..]));
        let model = ranking_quality(k, of_model).map_err(|_| nothing_new.clone())?;
        let mut baselines = Vec::with_capacity(popular.len());
        for (place, &(kind, _)) in popular.iter().enumerate() {
            let of_plain = all.iter().map(|t| (&t.plain[place][..], &t.new[..]));
            let quality = ranking_quality(k, of_plain).map_err(|_| nothing_new.clone())?;
            baselines.push(Baseline { kind, quality });
        }
        // Stable: of equals the more recent one is named.
        baselines.sort_by(|a, b| {
            let by = |of: fn(&Baseline) -> f64| of(b).total_cmp(&of(a));
            by(|one| one.quality.hit_rate).then(by(|one| one.quality.ndcg))
        });
        Ok(Evaluation {
            k,
            n_customers: model.customers,
            n_first_purchases: all.iter().map(|t| t.new.len()).sum(),
            model,
            baselines,
            score_kind: scorer.kind(),
            expected_hits: all.iter().map(|t| t.expected).sum(),
            observed_hits: all.iter().map(|t| t.observed).sum(),
        })
    }
}

/// The kept items in the order of each baseline.
fn popular(
    history: &History<'_>,
    owned: &Owned,
    cut_day: i32,
    horizon: i32,
) -> Vec<(BaselineKind, Vec<u32>)> {
    let year_before = cut_day.saturating_sub(YEAR);
    let end_then = year_before.saturating_add(horizon).min(cut_day);
    let mut spans = vec![(
        BaselineKind::Recent,
        cut_day.saturating_sub(RECENT),
        cut_day,
    )];
    if owned.first_day <= year_before {
        spans.push((BaselineKind::YearBefore, year_before, end_then));
    }
    spans.push((BaselineKind::Ever, i32::MIN, cut_day));
    let ordered = |(kind, from, until)| {
        let buyers = buyers(history, from, until);
        let mut order: Vec<u32> = (0..owned.n_items() as u32).collect();
        order.sort_by_key(|&i| {
            let then = buyers[owned.codes[i as usize] as usize];
            (Reverse((then, owned.buyers[i as usize])), i)
        });
        (kind, order)
    };
    spans.into_iter().map(ordered).collect()
}

/// For each item of the history the customers who bought it with `from <= day < until`.
fn buyers(history: &History<'_>, from: i32, until: i32) -> Vec<u32> {
    let mut buyers = vec![0_u32; history.n_items()];
    let mut items = Vec::new();
    for customer in 0..history.n_customers() {
        items.clear();
        items.extend(
            history
                .rows(customer, from, until)
                .map(|row| history.item(row)),
        );
        items.sort_unstable();
        items.dedup();
        items.iter().for_each(|&item| buyers[item as usize] += 1);
    }
    buyers
}

/// The lists of one customer, best first, and what was bought for the first time, ascending.
struct Tested {
    model: Vec<u32>,
    /// By baseline.
    plain: Vec<Vec<u32>>,
    new: Vec<u32>,
    expected: f64,
    observed: usize,
}
