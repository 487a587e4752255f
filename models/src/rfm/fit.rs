//! Scores and segments for a whole table of customers.

use linfa::ParamGuard;

use super::cuts::scores_within;
use super::scores::score_column;
use super::{Direction, RfmError, Scores, Scoring, SegmentMap, check_finite};

/// How customers are scored and named. Nothing is checked yet; see [`RfmValidParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct RfmParams(RfmValidParams);

/// Checked parameters. Only [`ParamGuard::check`] on [`RfmParams`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct RfmValidParams {
    bins: usize,
    new_within_days: f64,
    map: SegmentMap,
    scoring: Scoring,
    /// Whether frequency counts a window in which nothing may have been bought.
    windowed: bool,
}

impl Default for RfmParams {
    /// Five bins, new within 90 days, the default map.
    fn default() -> Self {
        Self(RfmValidParams {
            bins: 5,
            new_within_days: 90.0,
            map: SegmentMap::default(),
            scoring: Scoring::Quintiles,
            windowed: false,
        })
    }
}

impl RfmParams {
    /// Number of score values on each axis, 2 to 100. Default 5; another number needs a map
    /// of that scale.
    pub fn bins(mut self, bins: usize) -> Self {
        self.0.bins = bins;
        self
    }

    /// A customer is new if the first purchase lies at most this many days before the as-of
    /// date. Default 90. Choose it near the usual time between two purchases.
    pub fn new_within_days(mut self, days: f64) -> Self {
        self.0.new_within_days = days;
        self
    }

    /// The map from scores to segments. Default [`SegmentMap::default`].
    pub fn map(mut self, map: SegmentMap) -> Self {
        self.0.map = map;
        self
    }

    /// How values become scores. Default [`Scoring::Quintiles`].
    pub fn scoring(mut self, scoring: Scoring) -> Self {
        self.0.scoring = scoring;
        self
    }

    /// Whether frequency counts a window of days, in which a customer may have bought nothing.
    /// Default no: whoever has bought nothing is no customer.
    pub fn windowed(mut self, windowed: bool) -> Self {
        self.0.windowed = windowed;
        self
    }
}

impl ParamGuard for RfmParams {
    type Checked = RfmValidParams;
    type Error = RfmError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        if !(2..=100).contains(&params.bins) {
            return Err(RfmError::Bins(params.bins));
        }
        // Infinity is allowed: everybody counts as new.
        if params.new_within_days.is_nan() || params.new_within_days < 0.0 {
            return Err(RfmError::NewWithinDays(params.new_within_days));
        }
        if params.map.bins() != params.bins {
            return Err(RfmError::MapBins {
                map: params.map.bins(),
                bins: params.bins,
            });
        }
        if let Scoring::Cuts(cuts) = &params.scoring
            && let Some(other) = cuts
                .iter()
                .find(|cuts| cuts.points().len() + 1 != params.bins)
        {
            return Err(RfmError::CutBins {
                points: other.points().len(),
                bins: params.bins,
            });
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// One customer's scores and segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RfmCustomer {
    /// Recency score, 1 to bins; the most recent are best.
    pub r: u8,
    /// Frequency score, 1 to bins.
    pub f: u8,
    /// Monetary score, 1 to bins.
    pub m: u8,
    /// Mean of F and M, halves rounded up: F = 2 and M = 3 give 3.
    pub fm: u8,
    /// Index into the names of the map.
    pub segment: usize,
}

/// Scored customers, and what a report says of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rfm {
    /// One entry for every customer, in the order given.
    pub customers: Vec<RfmCustomer>,
    /// How many customers have R = 1, 2, and so on.
    pub r_bin_sizes: Vec<usize>,
    /// How many customers have F = 1, 2, and so on. Often uneven, because many share one
    /// frequency and ties are not split.
    pub f_bin_sizes: Vec<usize>,
    /// How many customers have M = 1, 2, and so on.
    pub m_bin_sizes: Vec<usize>,
    /// How many customers are in each segment, in the order of the map's names.
    pub segment_sizes: Vec<usize>,
}

impl RfmValidParams {
    /// Number of score values on each axis.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Most days since the first purchase of a new customer.
    pub fn new_within_days(&self) -> f64 {
        self.new_within_days
    }

    /// The map from scores to segments.
    pub fn map(&self) -> &SegmentMap {
        &self.map
    }

    /// Scores every customer on the three axes and names the segment.
    ///
    /// All four inputs have one value for each customer **who has bought at least once**
    /// before the as-of date; others are left out by the caller.
    /// - `recency_days`: days from the last purchase to the as-of date, 0 or more; lower is
    ///   better.
    /// - `frequency`: number of orders or active days, above 0 unless it counts a window; higher is
    ///   better.
    /// - `monetary`: net spend in the window, or mean order value; may be below 0 after
    ///   refunds; higher is better.
    /// - `tenure_days`: days from the first purchase to the as-of date, at least the recency.
    ///
    /// Equal values get equal scores (see [`midrank_scores`](super::midrank_scores)). No
    /// customers give an empty result.
    ///
    /// # Errors
    /// [`RfmError::Length`] if the inputs differ in length, [`RfmError::NotFinite`] with
    /// column and row of the first NaN or infinity, [`RfmError::AfterAsOf`],
    /// [`RfmError::NoPurchase`] and [`RfmError::FirstAfterLast`] with the row.
    pub fn score(
        &self,
        recency_days: &[f64],
        frequency: &[f64],
        monetary: &[f64],
        tenure_days: &[f64],
    ) -> Result<Rfm, RfmError> {
        let n = recency_days.len();
        for (column, values) in [
            ("frequency", frequency),
            ("monetary", monetary),
            ("tenure", tenure_days),
        ] {
            if values.len() != n {
                return Err(RfmError::Length {
                    column,
                    found: values.len(),
                    expected: n,
                });
            }
        }
        let [r, f, m] = self.scores(recency_days, frequency, monetary)?;
        check_finite("tenure", tenure_days)?;
        for row in 0..n {
            if recency_days[row] < 0.0 {
                return Err(RfmError::AfterAsOf {
                    row,
                    value: recency_days[row],
                });
            }
            if frequency[row] < 0.0 || (frequency[row] == 0.0 && !self.windowed) {
                return Err(RfmError::NoPurchase {
                    row,
                    value: frequency[row],
                });
            }
            if tenure_days[row] < recency_days[row] {
                return Err(RfmError::FirstAfterLast {
                    row,
                    tenure: tenure_days[row],
                    recency: recency_days[row],
                });
            }
        }
        let mut segment_sizes = vec![0; self.map.names().len()];
        let customers = (0..n)
            .map(|row| {
                let (r, f, m) = (r.scores[row], f.scores[row], m.scores[row]);
                let fm = (f + m).div_ceil(2);
                let is_new = tenure_days[row] <= self.new_within_days;
                let segment = self.map.segment(r.into(), fm.into(), is_new);
                segment_sizes[segment] += 1;
                RfmCustomer {
                    r,
                    f,
                    m,
                    fm,
                    segment,
                }
            })
            .collect();
        Ok(Rfm {
            customers,
            r_bin_sizes: r.bin_sizes,
            f_bin_sizes: f.bin_sizes,
            m_bin_sizes: m.bin_sizes,
            segment_sizes,
        })
    }

    /// The scores of recency, frequency and money.
    fn scores(
        &self,
        recency_days: &[f64],
        frequency: &[f64],
        monetary: &[f64],
    ) -> Result<[Scores; 3], RfmError> {
        use Direction::{HigherIsBetter, LowerIsBetter};
        let bins = self.bins;
        if let Scoring::Cuts([r, f, m]) = &self.scoring {
            return Ok([
                r.score("recency", recency_days)?,
                f.score("frequency", frequency)?,
                m.score("monetary", monetary)?,
            ]);
        }
        let r = score_column("recency", recency_days, LowerIsBetter, bins)?;
        if self.scoring == Scoring::Quintiles {
            let f = score_column("frequency", frequency, HigherIsBetter, bins)?;
            let m = score_column("monetary", monetary, HigherIsBetter, bins)?;
            return Ok([r, f, m]);
        }
        check_finite("frequency", frequency)?;
        check_finite("monetary", monetary)?;
        let by_r: Vec<u16> = r.scores.iter().map(|r| u16::from(*r)).collect();
        let f = scores_within(&by_r, frequency, HigherIsBetter, bins)?;
        let pairs = by_r.iter().zip(&f.scores);
        let by_rf: Vec<u16> = pairs.map(|(r, f)| r * 128 + u16::from(*f)).collect();
        let m = scores_within(&by_rf, monetary, HigherIsBetter, bins)?;
        Ok([r, f, m])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfm::SegmentRange;

    fn params() -> RfmValidParams {
        RfmParams::default().check().unwrap()
    }

    #[test]
    fn five_customers_by_hand() {
        // Distinct values, so each axis has scores 1 to 5 once.
        let recency = [2.0, 5.0, 40.0, 90.0, 300.0]; // R 5 4 3 2 1
        let frequency = [1.0, 9.0, 4.0, 2.0, 7.0]; // F 1 5 3 2 4
        let monetary = [10.0, 900.0, 100.0, 150.0, 800.0]; // M 1 5 2 3 4
        let tenure = [2.0, 400.0, 100.0, 95.0, 500.0];
        let got = params()
            .score(&recency, &frequency, &monetary, &tenure)
            .unwrap();
        let params = params();
        let name = |c: &RfmCustomer| params.map().names()[c.segment].as_str();
        let names: Vec<&str> = got.customers.iter().map(name).collect();
        assert_eq!(
            names,
            [
                "New Customers",
                "Champions",
                "Needing Attention",
                "At Risk",
                "Can't Lose Them"
            ]
        );
        // F = 3 and M = 2 give 3, F = 2 and M = 3 as well: halves go up.
        assert_eq!(
            got.customers.iter().map(|c| c.fm).collect::<Vec<_>>(),
            [1, 5, 3, 3, 4]
        );
        assert_eq!(got.r_bin_sizes, [1; 5]);
        assert_eq!(got.segment_sizes.iter().sum::<usize>(), 5);
    }

    #[test]
    fn the_limit_for_new_customers_is_included() {
        let score = |tenure: f64| {
            let got = params()
                .score(
                    &[1.0, 5.0, 6.0, 7.0, 8.0],
                    &[1.0, 5.0, 6.0, 7.0, 8.0],
                    &[1.0, 5.0, 6.0, 7.0, 8.0],
                    &[tenure, 99.0, 99.0, 99.0, 99.0],
                )
                .unwrap();
            params().map.names()[got.customers[0].segment].clone()
        };
        assert_eq!(score(90.0), "New Customers");
        assert_eq!(score(90.5), "Promising");
    }

    #[test]
    fn no_customers_give_an_empty_result() {
        let got = params().score(&[], &[], &[], &[]).unwrap();
        assert!(got.customers.is_empty());
        assert_eq!(got.f_bin_sizes, [0; 5]);
        assert_eq!(got.segment_sizes, [0; 11]);
    }

    #[test]
    fn impossible_customers_are_refused_with_their_row() {
        let ok = [1.0, 2.0];
        let all = &ok[..];
        let cases = [
            (
                all,
                &ok[..1],
                all,
                all,
                "frequency has 1 rows, but recency has 2",
            ),
            (
                all,
                all,
                all,
                &[2.0][..],
                "tenure has 1 rows, but recency has 2",
            ),
            (
                all,
                all,
                &[1.0, f64::NAN][..],
                all,
                "monetary is NaN at row 1",
            ),
            (
                all,
                all,
                all,
                &[2.0, f64::NAN][..],
                "tenure is NaN at row 1",
            ),
            (
                &[1.0, -3.0][..],
                all,
                all,
                all,
                "recency is -3 days at row 1",
            ),
            (all, &[0.0, 1.0][..], all, all, "frequency is 0 at row 0"),
            (
                all,
                all,
                all,
                &[1.0, 1.5][..],
                "tenure is 1.5 days and recency 2 days at row 1",
            ),
        ];
        for (recency, frequency, monetary, tenure, message) in cases {
            let error = params()
                .score(recency, frequency, monetary, tenure)
                .unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }

    #[test]
    fn refunds_may_make_spend_negative() {
        let got = params().score(&[1.0, 2.0], &[1.0, 2.0], &[-5.0, 2.0], &[3.0, 3.0]);
        assert_eq!(got.unwrap().customers[0].m, 2);
    }

    #[test]
    fn bins_cannot_be_one() {
        let error = RfmParams::default().bins(1).check().unwrap_err();
        assert_eq!(error, RfmError::Bins(1));
    }

    #[test]
    fn new_within_days_cannot_be_negative_or_nan() {
        for days in [-1.0, f64::NAN] {
            assert!(RfmParams::default().new_within_days(days).check().is_err());
        }
        assert!(RfmParams::default().new_within_days(0.0).check().is_ok());
    }

    #[test]
    fn the_map_must_have_the_scale_of_the_scores() {
        let error = RfmParams::default().bins(3).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the segment map has scores from 1 to 5, but bins = 3; give a map of 3 x 3 cells"
        );
        let map = SegmentMap::from_ranges(3, &[SegmentRange::new("All", (1, 3), (1, 3))]).unwrap();
        assert!(RfmParams::default().bins(3).map(map).check().is_ok());
    }
    /// Twenty-five customers, one for each pair: frequency is cut among those of one recency, so the
    /// best of the worst fifth has score 5 too.
    #[test]
    fn nested_quintiles_cut_each_fifth_by_itself() {
        let recency: Vec<f64> = (0..25).map(|row| f64::from(1 + row / 5 * 30)).collect();
        let frequency: Vec<f64> = (0..25)
            .map(|row| f64::from(1 + row % 5 + row / 5))
            .collect();
        let tenure = vec![400.0; 25];
        let nested = RfmParams::default()
            .scoring(Scoring::Nested)
            .check()
            .unwrap();
        let got = nested
            .score(&recency, &frequency, &frequency, &tenure)
            .unwrap();
        for (row, customer) in got.customers.iter().enumerate() {
            let (r, f) = (5 - row / 5, 1 + row % 5);
            assert_eq!((customer.r, customer.f), (r as u8, f as u8), "{row}");
            assert_eq!(
                customer.m, 3,
                "alone among those of one recency and frequency"
            );
        }
        let plain = params()
            .score(&recency, &frequency, &frequency, &tenure)
            .unwrap();
        assert_eq!((plain.customers[20].f, got.customers[20].f), (3, 1));
    }

    #[test]
    fn cut_points_score_a_customer_the_same_whoever_else_there_is() {
        use crate::rfm::{Cuts, Direction};
        let cuts = |direction, points: [f64; 4]| Cuts::new("column", direction, &points).unwrap();
        let scoring = Scoring::Cuts([
            cuts(Direction::LowerIsBetter, [365.0, 180.0, 90.0, 30.0]),
            cuts(Direction::HigherIsBetter, [2.0, 4.0, 8.0, 16.0]),
            cuts(Direction::HigherIsBetter, [50.0, 100.0, 200.0, 400.0]),
        ]);
        let params = RfmParams::default().scoring(scoring).windowed(true);
        let params = params.check().unwrap();
        let alone = params.score(&[40.0], &[0.0], &[120.0], &[100.0]).unwrap();
        let both = params
            .score(&[40.0, 1.0], &[0.0, 30.0], &[120.0, 9.0], &[100.0, 9.0])
            .unwrap();
        assert_eq!(alone.customers[0], both.customers[0]);
        let first = alone.customers[0];
        assert_eq!((first.r, first.f, first.m, first.fm), (4, 1, 3, 2));
        let few = Scoring::Cuts(
            [[0.0].as_slice(), &[0.0], &[0.0]]
                .map(|points| Cuts::new("column", Direction::HigherIsBetter, points).unwrap()),
        );
        let error = RfmParams::default().scoring(few).check().unwrap_err();
        assert_eq!(error, RfmError::CutBins { points: 1, bins: 5 });
    }
}
