//! The hold-out test: what was suggested against what was then bought for the first time.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::history::History;
use super::model::{ScoreKind, Scorer};
use super::params::CrossSellValidParams;

/// Means over the tested customers of how well a list of `k` items did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Share of customers with at least one hit.
    pub hit_rate: f64,
    /// Hits over the items bought for the first time.
    pub recall: f64,
    /// Discounted gain of the hits, `1 / log2(rank + 1)`, over the gain of the best possible
    /// list of `k` (Järvelin and Kekäläinen 2002, with relevance 0 or 1).
    pub ndcg: f64,
}

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
    pub model: Figures,
    /// The items with most customers before the cut, without those the customer had, for the
    /// same customers. Ties go to the lower item code.
    pub popularity: Figures,
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
                        new: new.len(),
                        expected: suggested.iter().map(|s| s.1).sum(),
                        observed: list.iter().filter(|i| new.binary_search(i).is_ok()).count(),
                        model: figures(&list, &new, k),
                        popularity: figures(&plain, &new, k),
                    })
                },
            )
            .collect();
        let all: Vec<Tested> = tested.into_iter().flatten().collect();
        let counted: Vec<&Tested> = all.iter().filter(|t| t.new > 0).collect();
        if counted.is_empty() {
            return Err(EvaluateError::NothingNew {
                cut: cut_day,
                horizon: self.horizon_days(),
            });
        }
        Ok(Evaluation {
            k,
            n_customers: counted.len(),
            n_first_purchases: counted.iter().map(|t| t.new).sum(),
            model: mean(counted.iter().map(|t| t.model)),
            popularity: mean(counted.iter().map(|t| t.popularity)),
            score_kind: scorer.kind(),
            expected_hits: all.iter().map(|t| t.expected).sum(),
            observed_hits: all.iter().map(|t| t.observed).sum(),
        })
    }
}

struct Tested {
    new: usize,
    expected: f64,
    observed: usize,
    model: Figures,
    popularity: Figures,
}

/// The figures of one list; `new` is ascending. All 0 when nothing was bought.
fn figures(list: &[u32], new: &[u32], k: usize) -> Figures {
    let gain = |place: usize| 1.0 / libm::log2(place as f64 + 2.0);
    let best: f64 = (0..new.len().min(k)).map(gain).sum();
    let places = list
        .iter()
        .enumerate()
        .filter(|(_, item)| new.binary_search(item).is_ok());
    let (hits, gained) = places.fold((0usize, 0.0), |(n, sum), (place, _)| {
        (n + 1, sum + gain(place))
    });
    if new.is_empty() {
        return Figures {
            hit_rate: 0.0,
            recall: 0.0,
            ndcg: 0.0,
        };
    }
    Figures {
        hit_rate: f64::from(u8::from(hits > 0)),
        recall: hits as f64 / new.len() as f64,
        ndcg: gained / best,
    }
}

fn mean(each: impl Iterator<Item = Figures>) -> Figures {
    let mut sum = Figures {
        hit_rate: 0.0,
        recall: 0.0,
        ndcg: 0.0,
    };
    let mut n = 0.0;
    for one in each {
        sum.hit_rate += one.hit_rate;
        sum.recall += one.recall;
        sum.ndcg += one.ndcg;
        n += 1.0;
    }
    Figures {
        hit_rate: sum.hit_rate / n,
        recall: sum.recall / n,
        ndcg: sum.ndcg / n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_a_list_by_hand() {
        // Hits at ranks 1 and 3 of 4, three items bought: gain 1 + 1/2 of 1 + 1/log2(3) + 1/2.
        let got = figures(&[7, 1, 5, 2], &[5, 7, 9], 4);
        assert_eq!(got.hit_rate, 1.0);
        assert!((got.recall - 2.0 / 3.0).abs() < 1e-15);
        assert!((got.ndcg - 1.5 / (1.5 + 1.0 / 3f64.log2())).abs() < 1e-15);
    }

    #[test]
    fn a_full_list_of_hits_has_gain_one_even_when_more_was_bought() {
        let got = figures(&[1, 2], &[1, 2, 3], 2);
        assert!((got.ndcg - 1.0).abs() < 1e-15);
        assert!((got.recall - 2.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn no_hit_and_no_purchase_are_zero() {
        let zero = Figures {
            hit_rate: 0.0,
            recall: 0.0,
            ndcg: 0.0,
        };
        assert_eq!(figures(&[1, 2], &[3], 2), zero);
        assert_eq!(figures(&[1, 2], &[], 2), zero);
        assert_eq!(figures(&[], &[3], 2), zero);
    }
}
