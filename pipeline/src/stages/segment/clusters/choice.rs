//! How the number of clusters was chosen: every measure of every number, side by side.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use regulars_models::clustering::{Gap, preferred_by_gap};

use super::super::TriedRow;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::words::{Language, said, spoken};

/// A measure of a number of clusters, larger where it is better.
type Measure = fn(&TriedRow) -> f64;

/// The measures and which way is better: what each prefers stands beside its number.
const MEASURES: [(&str, Measure); 4] = [
    ("stability", |row| row.stability.unwrap_or(f64::NAN)),
    (mark!("silhouette"), |row| row.silhouette),
    ("Calinski-Harabasz", |row| {
        row.calinski_harabasz.unwrap_or(f64::NAN)
    }),
    ("Davies-Bouldin", |row| {
        -row.davies_bouldin.unwrap_or(f64::NAN)
    }),
];

/// One row for each number of clusters that was tried.
///
/// - `goes_on`: the number of clusters of an earlier date that the run goes on from.
pub fn choice_table(tried: &[TriedRow], goes_on: Option<usize>, least: f64) -> Result<RecordBatch> {
    let preferred = preferred(tried);
    let figure = |of: fn(&TriedRow) -> Option<f64>, digits| {
        numbers(tried.iter().map(|row| of(row).unwrap_or(f64::NAN)), digits)
    };
    let clusters: UInt32Array = tried.iter().map(|row| row.k as u32).collect();
    let why = |row: &TriedRow| why(row, tried, goes_on, least);
    TableBuilder::new()
        .column("clusters", "How many clusters", Arc::new(clusters))
        .column("chosen", "Whether it is this number", text(tried.iter().map(|row| if row.chosen { "yes" } else { "no" })))
        .column("stability", "Mean adjusted Rand index of partitions that two bootstrap samples lead to; 1 is always the same", figure(|row| row.stability, 4))
        .column("silhouette", "Mean silhouette by squared distances, -1 to 1; more is better", numbers(tried.iter().map(|row| row.silhouette), 4))
        .column("calinski_harabasz", "Variance between over variance within; more is better", figure(|row| row.calinski_harabasz, 2))
        .column("davies_bouldin", "How much clusters are like their nearest one; less is better", figure(|row| row.davies_bouldin, 4))
        .column("gap", "Gap statistic: how much tighter than without any groups, on a log scale", figure(|row| row.gap, 4))
        .column("gap_error", "Its error: the smallest number is preferred whose gap is at least the next one less the error of that", figure(|row| row.gap_error, 4))
        .column("smallest_share", "Share of the customers in the smallest cluster", numbers(tried.iter().map(|row| row.smallest_share), 6))
        .column("preferred_by", "The measures that would choose this number", text(tried.iter().map(|row| preferred.iter().filter(|(_, k)| *k == row.k).map(|(name, _)| measure(name)).collect::<Vec<_>>().join(", "))))
        .column("why", "Why it was chosen, or not", text(tried.iter().map(why)))
        .build()
}

/// A measure in the language of the command. A phase of a relationship is called stability too.
fn measure(name: &'static str) -> &'static str {
    match (spoken(), name) {
        (Language::En, name) => name,
        (_, "stability") => said(mark!("stability of clusters")),
        (_, name) => said(name),
    }
}

/// For each measure the number that it would choose.
fn preferred(tried: &[TriedRow]) -> Vec<(&'static str, usize)> {
    let mut preferred = Vec::new();
    for (name, of) in MEASURES {
        let known = tried.iter().filter(|row| !of(row).is_nan());
        // The smaller of two equals.
        let best = known.reduce(|best, row| if of(row) > of(best) { row } else { best });
        preferred.extend(best.map(|row| (name, row.k)));
    }
    let gaps = tried.iter().map(|row| {
        Some(Gap {
            gap: row.gap?,
            error: row.gap_error?,
        })
    });
    preferred.extend(preferred_by_gap(gaps).map(|place| (mark!("gap"), tried[place].k)));
    preferred
}

fn why(row: &TriedRow, tried: &[TriedRow], goes_on: Option<usize>, least: f64) -> String {
    let least = crate::text::percent(least);
    let eligible = || tried.iter().filter(|row| row.large_enough);
    let highest = eligible()
        .filter_map(|row| row.stability)
        .fold(f64::NAN, f64::max);
    match (row.chosen, row.large_enough) {
        (true, _) if goes_on == Some(row.k) => tr!("the earlier clusters go on"),
        (true, false) => tr!(
            "every number has a cluster below {least}; here it is largest",
            least = least
        ),
        (true, true) => {
            tr!(
                "the largest number whose stability is within 0.1 of the highest, {highest}",
                highest = format!("{highest:.2}")
            )
        }
        (false, false) => tr!(
            "a cluster has less than {least} of the customers",
            least = least
        ),
        (false, true)
            if goes_on.is_some_and(|k| tried.iter().any(|row| row.chosen && row.k == k)) =>
        {
            tr!("the earlier clusters go on with their number")
        }
        (false, true) => match row.stability {
            Some(stability) if stability < highest - 0.1 => tr!("less stable"),
            _ => tr!("stable enough too, but fewer clusters"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(k: usize, stability: f64, silhouette: f64, gap: f64, chosen: bool) -> TriedRow {
        TriedRow {
            k,
            stability: Some(stability),
            silhouette,
            calinski_harabasz: Some(100.0 - k as f64),
            davies_bouldin: Some(k as f64),
            gap: Some(gap),
            gap_error: Some(0.05),
            smallest_share: 0.1,
            large_enough: k < 6,
            chosen,
            jaccard: Vec::new(),
        }
    }

    #[test]
    fn each_measure_has_a_say_and_the_choice_a_reason() {
        let tried = [
            row(3, 0.9, 0.5, 0.2, false),
            row(4, 0.85, 0.6, 0.5, true),
            row(5, 0.5, 0.4, 0.52, false),
            row(6, 0.95, 0.3, 0.4, false),
        ];
        assert_eq!(
            preferred(&tried),
            [
                ("stability", 6),
                ("silhouette", 4),
                ("Calinski-Harabasz", 3),
                ("Davies-Bouldin", 3),
                ("gap", 4)
            ]
        );
        let reason = |at: usize, goes_on| why(&tried[at], &tried, goes_on, 0.02);
        assert_eq!(reason(0, None), "stable enough too, but fewer clusters");
        assert!(reason(1, None).ends_with("within 0.1 of the highest, 0.90"));
        assert_eq!(reason(2, None), "less stable");
        assert_eq!(
            reason(3, None),
            "a cluster has less than 2.0 % of the customers"
        );
        assert_eq!(reason(1, Some(4)), "the earlier clusters go on");
        assert_eq!(
            reason(0, Some(4)),
            "the earlier clusters go on with their number"
        );
        assert_eq!(choice_table(&tried, None, 0.02).unwrap().num_rows(), 4);
    }
}
