//! Suggestions made before the last days, held against those days.

use chrono::Days;
use regulars_models::cross_sell::{CrossSellValidParams, History};

use super::active::active;
use super::metrics::{Popular, Test};
use super::ranker::Ranked;
use super::shelf::Shelf;
use super::twins::Twins;
use crate::failure::Result;
use crate::purchases::{Purchases, day_number};
use crate::stages::Context;
use crate::warning::{WEAK_SUGGESTIONS, Warning};

/// Holds suggestions from before the last days against those days; none when the history is too
/// short. Purchases before those days that were cancelled in them or later stood by then.
pub fn test(
    context: &Context<'_>,
    params: &CrossSellValidParams,
    purchases: &Purchases,
    history: &History<'_>,
) -> Result<Option<Test>> {
    let warehouse = context.warehouse()?;
    let days = context.settings.config.offers.holdout_days;
    let from = warehouse.end.checked_sub_days(Days::new(days.into()));
    let Some(from) = from.filter(|from| *from > warehouse.first_day) else {
        return Ok(None);
    };
    context.progress.step("testing on the last days");
    let tested = match warehouse.standing_at(from)? {
        Some(stood) => {
            let purchases = Purchases::read(&stood, context.settings, &purchases.ask)?;
            let twins = Twins::find(&purchases, &active(&stood, &purchases)?);
            let line_items = twins.of_lines(&purchases.line_items);
            let shelf = Shelf::read(&stood, &purchases, super::lately(context))?;
            let history = super::history(&purchases, &line_items, &shelf)?;
            params.evaluate(&history, day_number(from))
        }
        None => params.evaluate(history, day_number(from)),
    };
    let Ok(tested) = tested else {
        return Ok(None);
    };
    let mut baselines = tested.baselines.iter().map(Popular::from);
    Ok(baselines.next().map(|popularity| Test {
        from,
        days,
        customers: tested.n_customers as u64,
        model: tested.model.into(),
        popularity,
        other_baselines: baselines.collect(),
    }))
}

impl Test {
    /// Where trees rank, their figures are those of what is delivered.
    pub fn ranked(&mut self, ranked: &Ranked) {
        if let Some(test) = ranked.reported().filter(|_| ranked.new.trees) {
            self.model = test.quality.into();
        }
    }

    /// What to warn of when the most popular items of some time would have done as well.
    pub fn warning(&self) -> Option<Warning> {
        let model = self.model.ndcg;
        let all = [&self.popularity].into_iter().chain(&self.other_baselines);
        let best = all.max_by(|a, b| a.quality.ndcg.total_cmp(&b.quality.ndcg))?;
        (model <= best.quality.ndcg).then(|| {
            let message = tr!(
                "on the last {days} days the suggestions did no better than the items that most customers bought {time} (NDCG {model} against {popular})",
                days = self.days,
                time = best.time.words(),
                model = format!("{model:.3}"),
                popular = format!("{:.3}", best.quality.ndcg)
            );
            Warning::new(WEAK_SUGGESTIONS, message)
        })
    }
}
