//! The season of the year, and what happened in the same weeks of the year before.
//!
//! They are there from two years of history on. In less, every season was seen once at most: a number of
//! the week would be no more than a name of the date, and the same weeks of the year before are not known
//! where models learn.

use super::{Beside, Each, Empty, Family, Feature, History, Over, Risk, Sql};

/// What is the same for all customers at a date: of nobody in particular, so no reason of a score.
pub const SEASON: &str = "season";

/// Days of two years, in whole weeks.
const TWO_YEARS: u32 = 728;

pub(super) const FAMILIES: &[Family] = &[
    Family {
        each: Each::One,
        features: &[
            Feature {
                name: "week_of_year",
                about: "Week of the year in which the next days begin, from 1 to 53",
                unit: "weeks",
                theme: SEASON,
                risk: Risk::Open,
                needs: two_years,
                sql: |_| Sql::over(Over::Shop, "CAST(shop_week AS DOUBLE)"),
                empty: Empty::Never,
                phrase: |it| {
                    tr!(
                        "in week {week} of the year",
                        week = format!("{:.0}", it.value)
                    )
                },
                clusters: None,
            },
            Feature {
                name: "closed_days_28",
                about: "Days of the last 28 on which nobody bought anything",
                unit: "days",
                theme: SEASON,
                risk: Risk::Open,
                needs: two_years,
                sql: |_| Sql::over(Over::Shop, "CAST(28 - shop_open_28 AS DOUBLE)"),
                empty: Empty::Never,
                phrase: |it| {
                    tr!(
                        "the shop closed for {days} of the last 28",
                        days = it.days()
                    )
                },
                clusters: None,
            },
            Feature {
                name: "closed_days_ahead_28",
                about: "Days on which nobody bought anything, of the 28 that followed the same day of the year before",
                unit: "days",
                theme: SEASON,
                risk: Risk::Open,
                needs: two_years,
                sql: |_| {
                    let value = "CASE WHEN shop_first <= f.as_of - 364 THEN CAST(28 - shop_open_ahead AS DOUBLE) END";
                    Sql::over(Over::Shop, value)
                },
                empty: Empty::When(
                    mark!("in the first year of the history"),
                    mark!("the year before is not known"),
                ),
                phrase: |it| {
                    tr!(
                        "the shop closed for {days} of the same 28 a year before",
                        days = it.days()
                    )
                },
                clusters: None,
            },
        ],
    },
    Family {
        each: Each::Days(&[28, 84]),
        features: &[Feature {
            name: "trips_year_before_DAYS",
            about: "Baskets bought in the DAYS days that followed the same day of the year before, 52 weeks ago",
            unit: "baskets",
            theme: "the same weeks of the year before",
            risk: Risk::Falls(Beside::Median),
            needs: two_years,
            sql: |_| {
                Sql::days(
                    "CASE WHEN min(bought_on) <= as_of - 364 THEN CAST(sum(CASE WHEN d >= as_of - 364 \
                     AND d < as_of - 364 + DAYS THEN baskets ELSE 0 END) AS DOUBLE) END",
                )
            },
            empty: Empty::When(
                mark!("until a year after the first purchase"),
                mark!("no customer yet a year ago"),
            ),
            phrase: |it| {
                tr!(
                    "{baskets} in the same {days} days a year ago",
                    baskets = it.baskets(),
                    days = it.of
                )
            },
            clusters: None,
        }],
    },
];

fn two_years(history: &History) -> bool {
    history.days >= TWO_YEARS
}
