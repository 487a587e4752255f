//! Value tiers (A, B, C) by cumulative share of spend, and how unequal spend is.

use super::{RfmError, check_finite};

/// The tier of every customer by cumulative share of spend, 0 the best.
///
/// Customers are ranked by spend, highest first. A customer belongs to the first tier whose
/// limit is above the share of spend held by everybody who spent **more**. With limits 0.8,
/// 0.95 and 1 these are the A, B and C customers: A are those who together make the first 80 %
/// of spend, the one who crosses the limit included. Equal spend is always in one tier.
///
/// - `spend`: n finite numbers, such as net spend in a window or lifetime value. Customers
///   with nothing or less than nothing (more refunds than purchases) are in the last tier and
///   do not count towards the total. If nobody has spent anything, all are in the last tier.
/// - `limits`: rising shares above 0, the last one 1; one tier for each.
/// - Returns n tiers in `0..limits.len()`; an empty input gives an empty result.
///
/// A share within 1e-9 of a limit counts as having reached it, because 80 of 100 is not
/// exactly 0.8 in binary arithmetic. The result does not depend on the order of the rows.
///
/// # Errors
/// [`RfmError::NotFinite`] with the first row that holds NaN or infinity,
/// [`RfmError::TierLimits`] for limits that do not rise to 1.
pub fn value_tiers(spend: &[f64], limits: &[f64]) -> Result<Vec<usize>, RfmError> {
    let rising = limits.windows(2).all(|pair| pair[0] < pair[1]);
    let from = limits.first().is_some_and(|&first| first > 0.0);
    if !(rising && from && limits.last() == Some(&1.0)) {
        return Err(RfmError::TierLimits {
            given: limits.to_vec(),
        });
    }
    check_finite("spend", spend)?;
    let last = limits.len() - 1;
    let mut tiers = vec![last; spend.len()];
    let mut order: Vec<usize> = (0..spend.len()).filter(|&i| spend[i] > 0.0).collect();
    order.sort_unstable_by(|&a, &b| spend[b].total_cmp(&spend[a]));
    let total: f64 = order.iter().map(|&i| spend[i]).sum();
    let mut above = 0.0;
    for block in order.chunk_by(|&a, &b| spend[a] == spend[b]) {
        let tier = limits
            .iter()
            .position(|limit| above / total < limit - 1e-9)
            .unwrap_or(last);
        for &row in block {
            tiers[row] = tier;
            above += spend[row];
        }
    }
    Ok(tiers)
}

/// How unequal spend is among customers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concentration {
    /// Gini coefficient: 0 when all spend the same, close to 1 when one spends everything.
    pub gini: f64,
    /// Share of spend held by the tenth of customers who spend most, 0.1 to 1.
    pub top_decile_share: f64,
    /// Share of spend held by the fifth who spend most, 0.2 to 1: the measured 80 of "80/20".
    pub top_fifth_share: f64,
}

/// Gini coefficient and the shares of the top tenth and fifth, or `None` if nobody has spent anything.
///
/// With spend in rising order `x_1 .. x_n`,
/// `G = sum_i (2 i - n - 1) x_i / (n sum_i x_i)`. The top tenth is read off the Lorenz curve,
/// so when n is no multiple of ten the customer on the edge counts for a part: 15 customers
/// have a top tenth of one and a half. Spend below 0 counts as 0, since neither measure means
/// anything otherwise. The result does not depend on the order of the rows.
///
/// # Errors
/// [`RfmError::NotFinite`] with the first row that holds NaN or infinity.
pub fn concentration(spend: &[f64]) -> Result<Option<Concentration>, RfmError> {
    check_finite("spend", spend)?;
    let mut sorted: Vec<f64> = spend.iter().map(|x| x.max(0.0)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    let total: f64 = sorted.iter().sum();
    if total <= 0.0 {
        return Ok(None);
    }
    let weighted: f64 = sorted
        .iter()
        .enumerate()
        .map(|(i, x)| (2.0 * i as f64 + 1.0 - n as f64) * x)
        .sum();
    let top = |parts: usize| {
        let whole = n / parts;
        let part = (n % parts) as f64 / parts as f64;
        let top: f64 = sorted[n - whole..].iter().sum();
        match part > 0.0 {
            true => top + part * sorted[n - whole - 1],
            false => top,
        }
    };
    Ok(Some(Concentration {
        gini: weighted / (n as f64 * total),
        top_decile_share: top(10) / total,
        top_fifth_share: top(5) / total,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: [f64; 3] = [0.8, 0.95, 1.0];

    #[test]
    fn the_customer_who_reaches_a_limit_closes_the_tier() {
        // Shares held by those above: 0, .5, .8, .9, .95.
        let got = value_tiers(&[50.0, 30.0, 10.0, 5.0, 5.0], &ABC).unwrap();
        assert_eq!(got, [0, 0, 1, 1, 1]);
        // 79 of 100 is short of 80 %, so the third customer still belongs to A.
        let got = value_tiers(&[49.0, 30.0, 16.0, 5.0], &ABC).unwrap();
        assert_eq!(got, [0, 0, 0, 2]);
    }

    #[test]
    fn equal_spend_is_one_tier_in_any_order_of_rows() {
        assert_eq!(value_tiers(&[1.0; 7], &ABC).unwrap(), [0; 7]);
        assert_eq!(
            value_tiers(&[5.0, 80.0, 5.0, 5.0, 5.0], &ABC).unwrap(),
            [1, 0, 1, 1, 1]
        );
    }

    #[test]
    fn nothing_and_refunds_are_the_last_tier_and_outside_the_total() {
        // With the refund in the total, 80 of 50 would have passed every limit.
        let got = value_tiers(&[80.0, -50.0, 20.0, 0.0], &ABC).unwrap();
        assert_eq!(got, [0, 2, 1, 2]);
        assert_eq!(value_tiers(&[0.0, -1.0], &ABC).unwrap(), [2, 2]);
        assert_eq!(value_tiers(&[], &ABC).unwrap(), [0usize; 0]);
    }

    #[test]
    fn tier_limits_must_rise_to_one() {
        let bad: [&[f64]; 6] = [
            &[],
            &[0.8],
            &[0.8, 0.8, 1.0],
            &[0.9, 0.8, 1.0],
            &[0.0, 1.0],
            &[f64::NAN, 1.0],
        ];
        for limits in bad {
            let error = value_tiers(&[1.0], limits).unwrap_err();
            assert!(error.to_string().contains("must rise"), "{limits:?}");
        }
        assert_eq!(value_tiers(&[1.0], &[1.0]).unwrap(), [0]);
    }

    #[test]
    fn nan_spend_is_refused_with_its_row() {
        let message = value_tiers(&[1.0, f64::NAN], &ABC).unwrap_err().to_string();
        assert!(message.starts_with("spend is NaN at row 1"), "{message}");
        assert!(concentration(&[f64::INFINITY]).is_err());
    }

    #[test]
    fn gini_by_hand() {
        // (-3*1 - 1*2 + 1*3 + 3*4) / (4 * 10) = 10 / 40
        let got = concentration(&[4.0, 1.0, 3.0, 2.0]).unwrap().unwrap();
        assert!((got.gini - 0.25).abs() < 1e-15);
        // Equal spend: 0, and a tenth has a tenth.
        let got = concentration(&[3.0; 30]).unwrap().unwrap();
        assert!(got.gini.abs() < 1e-15);
        assert!((got.top_decile_share - 0.1).abs() < 1e-15);
        // One of ten has all of it: (n - 1) / n, and the top tenth has everything.
        let mut spend = [0.0; 10];
        spend[3] = 12.0;
        let got = concentration(&spend).unwrap().unwrap();
        assert!((got.gini - 0.9).abs() < 1e-15);
        assert_eq!(got.top_decile_share, 1.0);
    }

    #[test]
    fn gini_is_half_the_mean_difference_over_the_mean() {
        let spend = [3.5f64, 0.0, 12.25, 7.0, 7.0, 1.5, 90.0];
        let n = spend.len() as f64;
        let differences: f64 = spend
            .iter()
            .flat_map(|a| spend.iter().map(move |b| (a - b).abs()))
            .sum();
        let mean = spend.iter().sum::<f64>() / n;
        let got = concentration(&spend).unwrap().unwrap();
        assert!((got.gini - differences / (n * n) / (2.0 * mean)).abs() < 1e-15);
    }

    #[test]
    fn a_top_tenth_of_one_and_a_half_customers_counts_half_of_the_second() {
        let mut spend = vec![1.0; 15];
        spend[4] = 10.0;
        spend[9] = 6.0;
        // Total 13 + 16 = 29; top: 10 + 6/2.
        let got = concentration(&spend).unwrap().unwrap();
        assert!((got.top_decile_share - 13.0 / 29.0).abs() < 1e-15);
        // A fifth are three: 10 + 6 + 1.
        assert!((got.top_fifth_share - 17.0 / 29.0).abs() < 1e-15);
    }

    #[test]
    fn no_spend_has_no_concentration() {
        assert_eq!(concentration(&[]).unwrap(), None);
        assert_eq!(concentration(&[0.0, -4.0]).unwrap(), None);
    }
}
