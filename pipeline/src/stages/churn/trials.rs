//! Which dates teach, which are looked at to choose, and which test: without looking ahead.

use chrono::{Days, NaiveDate};

use crate::failure::{Failure, Result};
use crate::learning::task::{Trial, Validation};

/// The tests at the last `test_dates` of the dates.
///
/// - `dates`: in their order, the last of them being a test date.
/// - `ends`: for each date the place after its last row.
///
/// Whoever is tested at a date learns only from dates whose horizon is over by then. The choice is
/// made on the latest of those, by models that learned only from dates whose horizon is over by
/// that one; where there is none, on a third of its customers.
pub fn trials(
    dates: &[NaiveDate],
    ends: &[usize],
    horizon_days: u32,
    test_dates: usize,
) -> Result<Vec<Trial>> {
    let horizon = Days::new(horizon_days.into());
    let rows = |date: usize| match date {
        0 => 0..ends[0],
        later => ends[later - 1]..ends[later],
    };
    // How many of the dates a model at one of them may learn from.
    let known = |date: usize| {
        let over = |other: &NaiveDate| *other + horizon <= dates[date];
        dates[..date].iter().take_while(|other| over(other)).count()
    };
    let first = dates.len().saturating_sub(test_dates);
    let possible = (0..dates.len()).filter(|date| known(*date) > 0).count();
    if possible < test_dates {
        return Err(Failure::data(format!(
            "{test_dates} test dates are asked for, and only {possible} of the dates {} have an earlier one to learn from whose horizon is over",
            dates.iter().map(NaiveDate::to_string).collect::<Vec<_>>().join(", ")
        ))
        .hint(format!("set test_dates = {possible} under [churn], or load a longer history")));
    }
    let trial = |date: usize| {
        let train = known(date);
        let last = train - 1;
        let validation = match known(last) {
            0 => Validation::Third(rows(last)),
            learn => Validation::Rows {
                name: dates[last].to_string(),
                learn: 0..ends[learn - 1],
                check: rows(last),
            },
        };
        Trial {
            name: dates[date].to_string(),
            validation,
            train: 0..ends[last],
            test: rows(date),
        }
    };
    Ok((first..dates.len()).map(trial).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(texts: &[&str]) -> Vec<NaiveDate> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    const FOUR: [&str; 4] = ["2024-01-01", "2024-01-29", "2024-02-26", "2024-03-25"];

    #[test]
    fn the_choice_is_made_on_the_last_date_that_teaches() {
        let trials = trials(&days(&FOUR), &[10, 20, 35, 50], 28, 2).unwrap();
        assert_eq!(trials.len(), 2);
        assert_eq!(trials[1].name, "2024-03-25");
        assert_eq!(
            (trials[1].train.clone(), trials[1].test.clone()),
            (0..35, 35..50)
        );
        let validation = Validation::Rows {
            name: "2024-02-26".into(),
            learn: 0..20,
            check: 20..35,
        };
        assert_eq!(trials[1].validation, validation);
        assert_eq!(
            (trials[0].train.clone(), trials[0].test.clone()),
            (0..20, 20..35)
        );
    }

    #[test]
    fn horizons_that_overlap_a_date_teach_nothing_there() {
        // Two weeks apart, four weeks of horizon.
        let dates = days(&["2024-01-01", "2024-01-15", "2024-01-29", "2024-02-26"]);
        let last = &trials(&dates, &[1, 2, 3, 4], 28, 1).unwrap()[0];
        assert_eq!((last.train.clone(), last.test.clone()), (0..3, 3..4));
        let validation = Validation::Rows {
            name: "2024-01-29".into(),
            learn: 0..1,
            check: 2..3,
        };
        assert_eq!(last.validation, validation);
    }

    #[test]
    fn one_date_alone_holds_out_a_third_and_too_many_tests_are_refused() {
        let two = days(&FOUR[..2]);
        let only = &trials(&two, &[10, 20], 28, 1).unwrap()[0];
        assert_eq!(only.validation, Validation::Third(0..10));
        let failure = trials(&two, &[10, 20], 28, 2).unwrap_err();
        assert!(
            failure.message.contains("only 1 of the dates"),
            "{}",
            failure.message
        );
    }
}
