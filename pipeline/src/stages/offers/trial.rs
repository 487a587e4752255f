//! Suggestions made before the last days, held against those days.

use chrono::Days;
use regulars_models::cross_sell::{CrossSellValidParams, History};

use super::metrics::Test;
use crate::failure::Result;
use crate::purchases::day_number;
use crate::stages::Context;
use crate::warning::{WEAK_SUGGESTIONS, Warning};

/// Holds suggestions from before the last days against those days; none when the history is too
/// short.
pub fn test(
    context: &Context<'_>,
    params: &CrossSellValidParams,
    history: &History<'_>,
) -> Result<Option<Test>> {
    let warehouse = context.warehouse()?;
    let days = context.settings.config.offers.holdout_days;
    let from = warehouse.end.checked_sub_days(Days::new(days.into()));
    let Some(from) = from.filter(|from| *from > warehouse.first_day) else {
        return Ok(None);
    };
    context.progress.step("testing on the last days");
    let tested = params.evaluate(history, day_number(from)).ok();
    Ok(tested.map(|tested| Test {
        from,
        days,
        customers: tested.n_customers as u64,
        model: tested.model.into(),
        baselines: tested.baselines.iter().map(Into::into).collect(),
    }))
}

impl Test {
    /// What to warn of when the most popular items of some time would have done as well.
    pub fn warning(&self) -> Option<Warning> {
        let model = self.model.ndcg;
        let by_ndcg = |popular: &f64, other: &f64| popular.total_cmp(other);
        let ndcg = |popular: &super::metrics::Popular| popular.quality.ndcg;
        let best = self.baselines.iter().map(ndcg).max_by(by_ndcg)?;
        let popular = self.baselines.iter().find(|one| ndcg(one) >= best)?;
        (model <= best).then(|| {
            let message = format!(
                "on the last {} days the suggestions did no better than the items that most customers bought {} (NDCG {model:.3} against {best:.3})",
                self.days,
                popular.time.words()
            );
            Warning::new(WEAK_SUGGESTIONS, message)
        })
    }
}
