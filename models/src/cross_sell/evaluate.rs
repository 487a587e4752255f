//! The hold-out test: what was suggested against what was then bought for the first time.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::history::History;
use super::model::{ScoreKind, Scorer};
use super::params::CrossSellValidParams;
use crate::metrics::{RankingQuality, ranking_quality};

/// The outcome of [`CrossSellValidParams::evaluate`].
#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// The items with most customers before the cut, without those the customer had, for the
    /// same customers. Ties go to the lower item code.
    pub popularity: RankingQuality,
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
    /// The history should reach to the end of that time, which cannot be seen from the rows.
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
        let scorer = Scorer::fit(self, history, cut_day);
        let (owned, k) = (&scorer.owned, self.suggestions());
        let end = cut_day.saturating_add(self.horizon_days());
        let mut popular: Vec<u32> = (0..owned.n_items() as u32).collect();
        popular.sort_by_key(|&i| (Reverse(owned.buyers[i as usize]), i));

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
                    let plain: Vec<u32> = popular
                        .iter()
                        .map(|&item| code(item))
                        .filter(|item| had.binary_search(item).is_err())
                        .take(k)
                        .collect();
                    Some(Tested {
                        expected: suggested.iter().map(|s| s.1).sum(),
                        observed: list.iter().filter(|i| new.binary_search(i).is_ok()).count(),
                        model: list,
                        popularity: plain,
                        new,
                    })
                },
            )
            .collect();
        let all: Vec<Tested> = tested.into_iter().flatten().collect();
        // Who bought nothing new says nothing about the order and is left out of both.
        let quality = |list: fn(&Tested) -> &[u32]| {
            ranking_quality(k, all.iter().map(|t| (list(t), &t.new[..])))
        };
        let (Ok(model), Ok(popularity)) = (quality(|t| &t.model), quality(|t| &t.popularity))
        else {
            return Err(EvaluateError::NothingNew {
                cut: cut_day,
                horizon: self.horizon_days(),
            });
        };
        Ok(Evaluation {
            k,
            n_customers: model.customers,
            n_first_purchases: all.iter().map(|t| t.new.len()).sum(),
            model,
            popularity,
            score_kind: scorer.kind(),
            expected_hits: all.iter().map(|t| t.expected).sum(),
            observed_hits: all.iter().map(|t| t.observed).sum(),
        })
    }
}

/// The lists of one customer, best first, and what was bought for the first time, ascending.
struct Tested {
    model: Vec<u32>,
    popularity: Vec<u32>,
    new: Vec<u32>,
    expected: f64,
    observed: usize,
}
