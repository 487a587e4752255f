use ndarray::{Array1, array};

use super::*;

/// Scores with ties and the figures of scikit-learn 1.9 for them:
///
/// import numpy as np
/// from sklearn.metrics import *
/// y = np.array([1, 0, 1, 1, 0, 0, 1, 0, 0, 0])
/// p = np.array([.9, .8, .8, .6, .5, .5, .5, .3, .1, .1])
/// print(roc_auc_score(y, p), average_precision_score(y, p),
///       brier_score_loss(y, p), log_loss(y, p))
fn tied() -> (Array1<bool>, Array1<f64>) {
    let y = [1, 0, 1, 1, 0, 0, 1, 0, 0, 0].map(|y| y == 1);
    (
        Array1::from(y.to_vec()),
        array![0.9, 0.8, 0.8, 0.6, 0.5, 0.5, 0.5, 0.3, 0.1, 0.1],
    )
}

#[track_caller]
fn near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-12, "{got} for {want}");
}

#[test]
fn area_counts_pairs_and_ties_as_half() {
    // Positive .9 beats 6 negatives; .8 beats 5 and ties 1; .6 beats 5; .5 beats 3 and ties 2:
    // 6 + 5.5 + 5 + 4 = 20.5 of 4 * 6 = 24.
    let (y, p) = tied();
    near(roc_auc(y.view(), p.view()).unwrap(), 20.5 / 24.0);
    near(
        roc_auc(y.view(), p.view()).unwrap(),
        0.854_166_666_666_666_6,
    );
    near(roc_auc(y.view(), Array1::zeros(10).view()).unwrap(), 0.5);
    near(
        roc_auc(y.view(), p.mapv(|p| -p).view()).unwrap(),
        1.0 - 20.5 / 24.0,
    );
}

#[test]
fn the_distance_of_two_labels_is_scipys() {
    // scipy.stats.ks_2samp(p[y == 1], p[y == 0]).statistic with the scores above.
    let (y, p) = tied();
    near(kolmogorov_smirnov(y.view(), p.view()).unwrap(), 7.0 / 12.0);
    // Worse than chance is as far apart.
    near(
        kolmogorov_smirnov(y.view(), p.mapv(|p| -p).view()).unwrap(),
        7.0 / 12.0,
    );
    near(
        kolmogorov_smirnov(y.view(), Array1::zeros(10).view()).unwrap(),
        0.0,
    );
}

#[test]
fn average_precision_takes_a_tie_as_one_threshold() {
    // Thresholds .9: 1 of 1; .8: 2 of 3; .6: 3 of 4; .5: 4 of 7, each adding a quarter.
    let (y, p) = tied();
    let want = (1.0 + 2.0 / 3.0 + 3.0 / 4.0 + 4.0 / 7.0) / 4.0;
    near(average_precision(y.view(), p.view()).unwrap(), want);
    near(
        average_precision(y.view(), p.view()).unwrap(),
        0.747_023_809_523_809_5,
    );
    near(
        average_precision(array![true, true].view(), array![0.1, 0.2].view()).unwrap(),
        1.0,
    );
}

#[test]
fn lift_shares_a_tie_at_the_cut_out_by_expectation() {
    let (y, p) = tied();
    let lift = |share| lift_at(y.view(), p.view(), share).unwrap();
    // Base rate 0.4. First row: 1 of 1.
    near(lift(0.1), 1.0 / 0.4);
    // Two rows: the first, and one of the two at .8, half of which are positive: 1.5 of 2.
    near(lift(0.2), 0.75 / 0.4);
    near(lift(0.3), (2.0 / 3.0) / 0.4);
    // Five rows: 3 of 4, and one of the three at .5, a third of which are positive.
    near(lift(0.5), (3.0 + 1.0 / 3.0) / 5.0 / 0.4);
    near(lift(1.0), 1.0);
    // Half a row.
    near(lift(0.05), 1.0 / 0.4);
}

#[test]
fn brier_and_log_loss_meet_scikit_learn() {
    let (y, p) = tied();
    // .01 + .64 + .04 + .16 + .25 + .25 + .25 + .09 + .01 + .01 = 1.71, over 10.
    near(brier(y.view(), p.view()).unwrap(), 0.171);
    near(
        log_loss(y.view(), p.view()).unwrap(),
        0.509_560_512_010_634_8,
    );
}

#[test]
fn log_loss_of_a_sure_mistake_is_clipped() {
    let loss = log_loss(array![true, false].view(), array![0.0, 0.0].view()).unwrap();
    assert!((loss - -(1e-15_f64).ln() / 2.0).abs() < 1e-9, "{loss}");
}

#[test]
fn gini_and_top_share_by_hand() {
    // 1, 2, 3, 4: mean difference over all 16 ordered pairs is 20/16 = 1.25, half of it over
    // the mean 2.5 is 0.25.
    near(gini(array![3.0, 1.0, 4.0, 2.0].view()).unwrap(), 0.25);
    near(gini(array![5.0, 5.0, 5.0].view()).unwrap(), 0.0);
    near(gini(array![0.0, 0.0, 0.0, 8.0].view()).unwrap(), 0.75);
    near(
        top_share(array![3.0, 1.0, 4.0, 2.0].view(), 0.25).unwrap(),
        0.4,
    );
    near(
        top_share(array![3.0, 1.0, 4.0, 2.0].view(), 0.375).unwrap(),
        0.55,
    );
    near(
        top_share(array![3.0, 1.0, 4.0, 2.0].view(), 1.0).unwrap(),
        1.0,
    );
}

#[test]
fn list_measures_by_hand() {
    // Suggested a b c d e, taken up b, d, x; k = 4: hits at places 2 and 4.
    let first: (&[char], &[char]) = (&['a', 'b', 'c', 'd', 'e'], &['b', 'd', 'x']);
    let q = ranking_quality(4, [first]).unwrap();
    assert_eq!((q.customers, q.hit_rate), (1, 1.0));
    near(q.precision, 0.5);
    near(q.recall, 2.0 / 3.0);
    let discount = |place: f64| 1.0 / (place + 1.0).log2();
    near(
        q.ndcg,
        (discount(2.0) + discount(4.0)) / (discount(1.0) + discount(2.0) + discount(3.0)),
    );
    near(q.map, (0.5 + 0.5) / 3.0);

    // One hit at the first place of three, then one customer who got no list, and one who
    // took up nothing and is left out.
    let q = ranking_quality(
        3,
        [
            (&['a', 'b', 'c'][..], &['a', 'a'][..]),
            (&[][..], &['z'][..]),
            (&['a'][..], &[][..]),
        ],
    )
    .unwrap();
    assert_eq!(q.customers, 2);
    near(q.hit_rate, 0.5);
    near(q.precision, 1.0 / 6.0);
    near(q.recall, 0.5);
    near(q.ndcg, 0.5);
    near(q.map, 0.5);
}

#[test]
fn an_item_suggested_twice_counts_once() {
    let q = ranking_quality(4, [(&[1, 1, 1, 2][..], &[1, 3][..])]).unwrap();
    near(q.recall, 0.5);
    near(q.precision, 0.25);
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let (y, p) = tied();
    let (mut yr, mut pr) = (y.to_vec(), p.to_vec());
    yr.reverse();
    pr.reverse();
    let (yr, pr) = (Array1::from(yr), Array1::from(pr));
    for share in [0.15, 0.2, 0.45] {
        assert_eq!(
            lift_at(y.view(), p.view(), share),
            lift_at(yr.view(), pr.view(), share)
        );
    }
    assert_eq!(roc_auc(y.view(), p.view()), roc_auc(yr.view(), pr.view()));
    assert_eq!(
        average_precision(y.view(), p.view()),
        average_precision(yr.view(), pr.view())
    );
}

#[test]
fn what_cannot_be_measured_says_why() {
    let message = |e: MetricError| e.to_string();
    let (y, p) = tied();
    let all = Array1::from_elem(10, true);
    assert_eq!(
        message(roc_auc(all.view(), p.view()).unwrap_err()),
        "all 10 rows are labelled true; this measure needs rows of both labels"
    );
    let none = Array1::from_elem(10, false);
    for error in [
        roc_auc(none.view(), p.view()).unwrap_err(),
        average_precision(none.view(), p.view()).unwrap_err(),
        lift_at(none.view(), p.view(), 0.1).unwrap_err(),
    ] {
        assert_eq!(
            error,
            MetricError::OneClass {
                label: false,
                rows: 10
            }
        );
    }
    assert_eq!(
        message(brier(y.view(), array![0.5].view()).unwrap_err()),
        "10 labels for 1 scores; give one score a label"
    );
    let mut bad = p.clone();
    bad[3] = f64::NAN;
    assert_eq!(
        message(roc_auc(y.view(), bad.view()).unwrap_err()),
        "the score of row 3 is NaN or infinite; scores must be numbers"
    );
    assert!(matches!(
        brier(y.view(), bad.view()),
        Err(MetricError::NotAProbability { row: 3, .. })
    ));
    bad[3] = 1.5;
    assert_eq!(
        message(log_loss(y.view(), bad.view()).unwrap_err()),
        "the probability of row 3 is 1.5; probabilities lie between 0 and 1"
    );
    assert_eq!(
        message(lift_at(y.view(), p.view(), 0.0).unwrap_err()),
        "share = 0; choose a share above 0 and at most 1"
    );
    let (no_y, no_p) = (Array1::from(Vec::<bool>::new()), Array1::<f64>::zeros(0));
    assert_eq!(roc_auc(no_y.view(), no_p.view()), Err(MetricError::NoRows));
    assert_eq!(gini(no_p.view()), Err(MetricError::NoRows));
    assert_eq!(gini(array![0.0, 0.0].view()), Err(MetricError::NoTotal));
    assert_eq!(
        message(top_share(array![1.0, -2.0].view(), 0.5).unwrap_err()),
        "the value of row 1 is -2; concentration needs finite values, 0 or more"
    );
    assert_eq!(
        ranking_quality(0, [(&[1][..], &[1][..])]),
        Err(MetricError::NoPlaces)
    );
    assert_eq!(
        ranking_quality(3, [(&[1][..], &[][..])]),
        Err(MetricError::NoRows)
    );
}

#[test]
fn measures_agree_with_counting_every_pair() {
    // Small random problems with many ties, against the definition.
    for seed in 0..200_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let n = 2 + draw(12) as usize;
        let mut y: Vec<bool> = (0..n).map(|_| draw(2) == 1).collect();
        (y[0], y[1]) = (true, false);
        let p: Vec<f64> = (0..n).map(|_| draw(5) as f64 / 4.0).collect();
        let (mut wins, mut pairs) = (0.0, 0.0);
        for i in (0..n).filter(|i| y[*i]) {
            for j in (0..n).filter(|j| !y[*j]) {
                pairs += 1.0;
                wins += if p[i] > p[j] {
                    1.0
                } else if p[i] == p[j] {
                    0.5
                } else {
                    0.0
                };
            }
        }
        let (y, p) = (Array1::from(y), Array1::from(p));
        near(roc_auc(y.view(), p.view()).unwrap(), wins / pairs);
        let mean: f64 = p.sum() / n as f64;
        if mean > 0.0 {
            let difference: f64 = p
                .iter()
                .flat_map(|a| p.iter().map(move |b| (a - b).abs()))
                .sum::<f64>();
            near(
                gini(p.view()).unwrap(),
                difference / (n * n) as f64 / (2.0 * mean),
            );
        }
    }
}
