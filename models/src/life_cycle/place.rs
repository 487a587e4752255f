//! The stage of a customer.

use linfa::ParamGuard;

use super::{LifeCycleError, Rhythm, Silences, Stage};
use crate::quantile::quantile;

/// Gaps of a customer's own from which on these alone decide.
const OWN_GAPS: usize = 4;
/// Silences that must be known for as long as is asked, before they tell when a customer has left.
const LEAST_SILENCES: u64 = 30;
/// The window of a customer who buys seldom holds so many usual gaps.
const WINDOW_GAPS: f64 = 3.0;

/// A day on which a customer bought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purchase {
    /// The day, counted from any one.
    pub day: i32,
    /// Money spent on it, returns taken off.
    pub spend: f32,
}

/// How stages are told apart. Nothing is checked yet; see [`LifeCycleValidParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct LifeCycleParams(LifeCycleValidParams);

/// Checked parameters. Only [`ParamGuard::check`] on [`LifeCycleParams`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeCycleValidParams {
    onboarding_days: f64,
    window_days: f64,
    change: f64,
    prior_gaps: f64,
    return_within: u32,
    return_below: f64,
    churn_after: Option<f64>,
}

/// Where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// The stage.
    pub stage: Stage,
    /// Four of five of their gaps are no longer, in days; NaN without a gap.
    pub q80: f64,
    /// 95 of 100 are no longer.
    pub q95: f64,
}

impl Default for LifeCycleParams {
    /// New for 56 days, windows of 91 days, a quarter more or less, what is usual counts as four
    /// gaps, less than one in ten back within 90 days.
    fn default() -> Self {
        Self(LifeCycleValidParams {
            onboarding_days: 56.0,
            window_days: 91.0,
            change: 0.25,
            prior_gaps: 4.0,
            return_within: 90,
            return_below: 0.1,
            churn_after: None,
        })
    }
}

impl LifeCycleParams {
    /// Days since the only purchase up to which a customer is new. Default 56.
    pub fn onboarding_days(mut self, days: f64) -> Self {
        self.0.onboarding_days = days;
        self
    }

    /// Days of each of the two windows whose spend is compared. Default 91. They are longer for who
    /// buys seldom, three usual gaps, and never longer than half the time since the first purchase.
    pub fn window_days(mut self, days: f64) -> Self {
        self.0.window_days = days;
        self
    }

    /// Growing spends more than `1 + change` times what was spent in the window before, declining
    /// less than `1 - change` times. Default 0.25.
    pub fn change(mut self, change: f64) -> Self {
        self.0.change = change;
        self
    }

    /// As how many gaps of their own the usual ones count for a customer with fewer than four.
    /// Default 4.
    pub fn prior_gaps(mut self, gaps: f64) -> Self {
        self.0.prior_gaps = gaps;
        self
    }

    /// A customer has left when less than this share come back within so many days. Default 0.1
    /// within 90.
    pub fn returns(mut self, below: f64, within: u32) -> Self {
        (self.0.return_below, self.0.return_within) = (below, within);
        self
    }

    /// A customer has left after so many days of silence; by default the data say.
    pub fn churn_after(mut self, days: Option<f64>) -> Self {
        self.0.churn_after = days;
        self
    }
}

impl ParamGuard for LifeCycleParams {
    type Checked = LifeCycleValidParams;
    type Error = LifeCycleError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        for (name, value) in [
            ("onboarding_days", params.onboarding_days),
            ("window_days", params.window_days),
            ("return_within", f64::from(params.return_within)),
            ("churn_after", params.churn_after.unwrap_or(1.0)),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(LifeCycleError::Days { name, value });
            }
        }
        if !(params.change > 0.0 && params.change < 1.0) {
            return Err(LifeCycleError::Change(params.change));
        }
        if !(params.return_below > 0.0 && params.return_below < 1.0) {
            return Err(LifeCycleError::ReturnBelow(params.return_below));
        }
        if !(params.prior_gaps >= 0.0 && params.prior_gaps.is_finite()) {
            return Err(LifeCycleError::PriorGaps(params.prior_gaps));
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl LifeCycleValidParams {
    /// What is usual, from the silences of all customers up to a date.
    ///
    /// The limit of silence after which a customer has left is looked for beyond the gaps that 95
    /// of 100 do not exceed: whoever is away for a usual time has not left.
    pub fn rhythm(&self, silences: &Silences) -> Rhythm {
        let (q80, q95) = (silences.quantile(0.8), silences.quantile(0.95));
        let from = if q95.is_nan() { 0 } else { q95.ceil() as u32 };
        let found =
            silences.rarely_ends_after(from, self.return_within, self.return_below, LEAST_SILENCES);
        let guessed = if q95.is_nan() {
            f64::from(self.return_within)
        } else {
            2.0 * q95
        };
        Rhythm {
            q80,
            q95,
            churn_after: self
                .churn_after
                .unwrap_or_else(|| found.map_or(guessed, f64::from)),
            from_data: self.churn_after.is_none() && found.is_some(),
        }
    }

    /// The stage of a customer at several dates.
    ///
    /// - `purchases`: days with a purchase, rising, none twice. Those on a date or after it are not
    ///   seen at it.
    /// - `dates`: rising, each with the rhythm of that date.
    ///
    /// The first rule that holds decides, with `g` days since the last purchase, `n` purchases,
    /// `q80` and `q95` quantiles of the customer's own gaps, drawn towards the usual ones while
    /// there are fewer than four, and `limit` the days after which a customer has left:
    ///
    /// 1. prospect: `n = 0`
    /// 2. reactivated: the last gap was `limit` or longer, and `g < q80`
    /// 3. new: `n = 1`, the first purchase within the days of a new customer
    /// 4. one-timer: `n = 1`
    /// 5. growing, mature, declining: `g <= q80`, by the spend of two equal windows
    /// 6. at risk: `g <= q95`
    /// 7. dormant: `g <= limit`
    /// 8. churned
    pub fn place(&self, purchases: &[Purchase], dates: &[(i32, Rhythm)]) -> Vec<Placed> {
        let mut gaps: Vec<f64> = Vec::new();
        let mut seen = 0;
        let mut placed = Vec::with_capacity(dates.len());
        for (as_of, rhythm) in dates {
            while let Some(purchase) = purchases.get(seen).filter(|next| next.day < *as_of) {
                if let Some(before) = seen.checked_sub(1) {
                    let gap = f64::from(purchase.day - purchases[before].day);
                    gaps.insert(gaps.partition_point(|other| *other < gap), gap);
                }
                seen += 1;
            }
            placed.push(self.placed(&purchases[..seen], &gaps, *as_of, rhythm));
        }
        placed
    }

    fn placed(&self, seen: &[Purchase], gaps: &[f64], as_of: i32, rhythm: &Rhythm) -> Placed {
        let own = |q: f64, usual: f64| match gaps.len() {
            0 => f64::NAN,
            own if own >= OWN_GAPS => quantile(gaps, q),
            own => {
                let own = own as f64;
                (own * quantile(gaps, q) + self.prior_gaps * usual) / (own + self.prior_gaps)
            }
        };
        let (q80, q95) = (own(0.8, rhythm.q80), own(0.95, rhythm.q95));
        let stage = match seen {
            [] => Stage::Prospect,
            [only] if f64::from(as_of - only.day) <= self.onboarding_days => Stage::New,
            [_] => Stage::OneTimer,
            [.., before, last] => {
                let away = f64::from(as_of - last.day);
                let gap = f64::from(last.day - before.day);
                if gap >= rhythm.churn_after && away < q80 {
                    Stage::Reactivated
                } else if away <= q80 {
                    self.trend(seen, as_of, q80)
                } else if away <= q95 {
                    Stage::AtRisk
                } else if away <= rhythm.churn_after {
                    Stage::Dormant
                } else {
                    Stage::Churned
                }
            }
        };
        Placed { stage, q80, q95 }
    }

    /// What was spent in the last of two equal windows beside the one before; where nothing tells of
    /// money, on how many days something was bought.
    ///
    /// The first purchase counts for neither: the time that is seen begins with it, and ends with
    /// silence.
    fn trend(&self, seen: &[Purchase], as_of: i32, q80: f64) -> Stage {
        let tenure = f64::from(as_of - seen[0].day);
        let window = self.window_days.max(WINDOW_GAPS * q80).min(tenure / 2.0);
        let window = window as i32;
        let (mut money, mut days) = ([0.0_f64; 2], [0.0_f64; 2]);
        for purchase in seen[1..].iter().rev() {
            let ago = as_of - purchase.day;
            if ago > 2 * window {
                break;
            }
            let place = usize::from(ago > window);
            money[place] += f64::from(purchase.spend);
            days[place] += 1.0;
        }
        let [late, early] = if money == [0.0; 2] { days } else { money };
        if late > (1.0 + self.change) * early.max(0.0) {
            Stage::Growing
        } else if late < (1.0 - self.change) * early {
            Stage::Declining
        } else {
            Stage::Mature
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Usual gaps of 10 and 30 days; gone after 100.
    const USUAL: Rhythm = Rhythm {
        q80: 10.0,
        q95: 30.0,
        churn_after: 100.0,
        from_data: true,
    };

    fn params() -> LifeCycleValidParams {
        LifeCycleParams::default().check().unwrap()
    }

    fn bought(days: &[i32]) -> Vec<Purchase> {
        let purchase = |day: &i32| Purchase {
            day: *day,
            spend: 10.0,
        };
        days.iter().map(purchase).collect()
    }

    fn at(purchases: &[Purchase], as_of: i32) -> Placed {
        params().place(purchases, &[(as_of, USUAL)])[0]
    }

    fn stage(days: &[i32], as_of: i32) -> Stage {
        at(&bought(days), as_of).stage
    }

    #[test]
    fn who_bought_once_is_new_and_then_a_one_timer() {
        assert_eq!(stage(&[], 50), Stage::Prospect);
        assert_eq!(
            stage(&[50], 50),
            Stage::Prospect,
            "the date itself is not seen"
        );
        assert_eq!(stage(&[50], 51), Stage::New);
        assert_eq!(stage(&[50], 106), Stage::New, "the last day counts");
        assert_eq!(stage(&[50], 107), Stage::OneTimer);
        assert_eq!(stage(&[50], 900), Stage::OneTimer, "however long ago");
    }

    #[test]
    fn own_gaps_decide_from_four_on() {
        // Gaps of 20 days: away for 20 is usual, for 21 is not, whatever others do.
        let days = [0, 20, 40, 60, 80];
        assert_eq!(stage(&days, 100), Stage::Mature);
        assert_eq!(stage(&days, 101), Stage::Dormant, "q80 and q95 are both 20");
        assert_eq!(stage(&days, 180), Stage::Dormant);
        assert_eq!(stage(&days, 181), Stage::Churned);
        // Gaps 10, 10, 10, 10, 60: numpy.quantile gives 20 and 50.
        let uneven = at(&bought(&[0, 10, 20, 30, 40, 100]), 101);
        assert!((uneven.q80 - 20.0).abs() < 1e-9 && (uneven.q95 - 50.0).abs() < 1e-9);
        assert_eq!(stage(&[0, 10, 20, 30, 40, 100], 140), Stage::AtRisk);
    }

    #[test]
    fn few_gaps_are_drawn_towards_the_usual_ones() {
        // (1 x 40 + 4 x 10) / 5 and (1 x 40 + 4 x 30) / 5.
        let placed = at(&bought(&[0, 40]), 41);
        assert_eq!((placed.q80, placed.q95), (16.0, 32.0));
        // (3 x 40 + 4 x 10) / 7.
        let placed = at(&bought(&[0, 40, 80, 120]), 121);
        assert!((placed.q80 - 160.0 / 7.0).abs() < 1e-12);
        assert_eq!(at(&bought(&[0, 40, 80, 120, 160]), 161).q80, 40.0);
    }

    #[test]
    fn whoever_comes_back_after_the_limit_is_reactivated_while_they_are_here() {
        let days = [0, 5, 10, 15, 20, 120];
        assert_eq!(stage(&days, 121), Stage::Reactivated);
        // q80 of 5, 5, 5, 5, 100 is 24: at risk after it.
        assert_eq!(stage(&days, 143), Stage::Reactivated);
        assert_eq!(stage(&days, 145), Stage::AtRisk);
        assert_ne!(stage(&[0, 5, 10, 15, 20, 119], 120), Stage::Reactivated);
    }

    #[test]
    fn spend_of_two_equal_windows_says_whether_somebody_grows() {
        let days: Vec<i32> = (0..40).map(|week| 7 * week).collect();
        let with = |late: f32| {
            let mut purchases = bought(&days);
            for purchase in purchases.iter_mut().rev().take(13) {
                purchase.spend = late;
            }
            at(&purchases, 280).stage
        };
        assert_eq!(with(10.0), Stage::Mature);
        assert_eq!(
            with(12.5),
            Stage::Mature,
            "a quarter more is not more than a quarter"
        );
        assert_eq!(with(12.6), Stage::Growing);
        assert_eq!(with(7.5), Stage::Mature);
        assert_eq!(with(7.4), Stage::Declining);
        assert_eq!(
            with(-1.0),
            Stage::Declining,
            "more came back than was bought"
        );
    }

    #[test]
    fn without_money_the_days_count() {
        let mut purchases = bought(&[0, 90, 100, 110, 120, 130, 140, 150, 160, 170]);
        for purchase in &mut purchases {
            purchase.spend = 0.0;
        }
        assert_eq!(at(&purchases, 175).stage, Stage::Growing);
    }

    #[test]
    fn dates_one_after_the_other_are_as_each_by_itself() {
        let days = [3, 9, 12, 40, 41, 60, 190, 195, 300];
        let purchases = bought(&days);
        let dates: Vec<(i32, Rhythm)> = (0..400).map(|date| (date, USUAL)).collect();
        let together = params().place(&purchases, &dates);
        for ((date, _), placed) in dates.iter().zip(together) {
            let seen: Vec<i32> = days.into_iter().filter(|day| day < date).collect();
            assert_eq!(placed.stage, stage(&seen, *date), "{date}");
        }
    }

    #[test]
    fn the_limit_comes_from_silences_or_from_what_is_given() {
        let mut counted = Silences::default();
        for customer in 0..200 {
            // Half buy every week up to the end, half stop after some weeks.
            let weeks = if customer % 2 == 0 { 60 } else { 10 };
            counted.add((0..weeks).map(|week| 7 * week), 7 * 60);
        }
        let rhythm = params().rhythm(&counted);
        assert_eq!((rhythm.q80, rhythm.q95), (7.0, 7.0));
        // After 7 days of silence nobody has ever come back.
        assert_eq!((rhythm.churn_after, rhythm.from_data), (7.0, true));
        let given = LifeCycleParams::default().churn_after(Some(365.0));
        let rhythm = given.check().unwrap().rhythm(&counted);
        assert_eq!((rhythm.churn_after, rhythm.from_data), (365.0, false));
        let mut short = Silences::default();
        short.add([0, 7, 14], 20);
        let rhythm = params().rhythm(&short);
        assert_eq!((rhythm.churn_after, rhythm.from_data), (14.0, false));
        assert!(params().rhythm(&Silences::default()).q80.is_nan());
    }

    #[test]
    fn parameters_that_mean_nothing_are_refused() {
        let refused = |params: LifeCycleParams| params.check().unwrap_err().to_string();
        let none = LifeCycleParams::default;
        assert!(refused(none().window_days(0.0)).starts_with("window_days = 0"));
        assert!(refused(none().onboarding_days(f64::NAN)).starts_with("onboarding_days"));
        assert!(refused(none().change(1.0)).starts_with("change = 1"));
        assert!(refused(none().returns(0.0, 90)).starts_with("return_below = 0"));
        assert!(refused(none().returns(0.1, 0)).starts_with("return_within = 0"));
        assert!(refused(none().churn_after(Some(-1.0))).starts_with("churn_after = -1"));
        assert!(refused(none().prior_gaps(-1.0)).starts_with("prior_gaps = -1"));
    }
}
