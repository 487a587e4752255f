//! What a model says of each customer: still active, how many purchases, when the next.

use rayon::prelude::*;

use super::ValueError;
use super::history::{History, check_all};
use super::model::PurchaseModel;

/// Rows that one thread takes at a time.
const PART: usize = 256;

/// What a model says of one customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// The probability that the customer is still active.
    pub p_alive: f64,
    /// Expected purchases within the horizon; being gone counts as none.
    pub purchases: f64,
    /// The probability of at least one purchase within the horizon.
    pub p_purchase: f64,
    /// When the next purchase comes.
    pub next: NextPurchase,
}

impl PurchaseModel {
    /// What the model says of each customer, in the order given.
    ///
    /// - `horizon`: a time above 0, in the unit of the histories.
    /// - `level`: the share of next purchases within their interval, above 0 and below 1.
    ///
    /// # Errors
    /// [`ValueError::Setting`], and for a history that no customer can have those of
    /// [`Histories::new`](super::Histories::new).
    pub fn predict(
        &self,
        histories: &[History],
        horizon: f64,
        level: f64,
    ) -> Result<Vec<Outlook>, ValueError> {
        self.check()?;
        let good = horizon.is_finite() && horizon > 0.0;
        ValueError::check("horizon", horizon, good, "a finite time above 0")?;
        let good = level > 0.0 && level < 1.0;
        ValueError::check("level", level, good, "a share between 0 and 1")?;
        check_all(histories)?;
        let outlook = |history: &History| {
            let p_alive = self.p_alive(history);
            Outlook {
                p_alive,
                purchases: self.expected_purchases(history, horizon),
                p_purchase: self.p_purchase(history, horizon),
                next: next_purchase(self, history, p_alive, level),
            }
        };
        let rows = histories.par_iter().with_min_len(PART);
        Ok(rows.map(outlook).collect())
    }
}

/// When the next purchase of a customer comes: quantiles of its exact distribution under the
/// model, given that there is one. The mean is not told because it need not exist.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextPurchase {
    /// The probability that there is one at all.
    pub probability: f64,
    /// Time from now before which, given that there is one, it comes too early to be in the
    /// interval.
    pub low: f64,
    /// Time from now by which, given that there is one, it has come as likely as not.
    pub median: f64,
    /// Time from now after which, given that there is one, it comes too late to be in the
    /// interval.
    pub high: f64,
}

pub(super) fn next_purchase(
    model: &PurchaseModel,
    history: &History,
    p_alive: f64,
    level: f64,
) -> NextPurchase {
    let (ever, _) = model.again_if_alive(history, f64::INFINITY);
    let time = |share: f64| time_of(model, history, ever * share);
    NextPurchase {
        probability: p_alive * ever,
        low: time(0.5 - 0.5 * level),
        median: time(0.5),
        high: time(0.5 + 0.5 * level),
    }
}

/// The time by which an active customer has bought again with this probability, which is below
/// that of ever doing so.
fn time_of(model: &PurchaseModel, history: &History, probability: f64) -> f64 {
    // Newton's steps in the logarithm of time, for the distribution has a long tail; bounds that
    // are known keep them from going astray. Times beyond e^700 are as good as never.
    const NEVER: f64 = 700.0;
    const LONGEST_STEP: f64 = 2.0;
    let (mut low, mut high) = (-NEVER, NEVER);
    let mut at = model.usual_gap(history, probability).ln().clamp(low, high);
    for _ in 0..1000 {
        let time = at.exp();
        let (reached, slope) = model.again_if_alive(history, time);
        let off = reached - probability;
        if off < 0.0 {
            low = at;
        } else {
            high = at;
        }
        let step = (off / (slope * time)).clamp(-LONGEST_STEP, LONGEST_STEP);
        let next = match at - step {
            next if next > low && next < high => next,
            _ if high - low > 2.0 * LONGEST_STEP => at - LONGEST_STEP.copysign(off),
            _ => 0.5 * (low + high),
        };
        let next = next.clamp(low, high);
        let moved = next - at;
        at = next;
        if moved.abs() < 1e-9 {
            break;
        }
    }
    at.exp()
}
