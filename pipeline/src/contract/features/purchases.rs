//! Purchases: when a customer comes, what is spent and on what. Everybody has bought something, so
//! most of it can be said of everybody.

use super::clusters::{HALF, TOLD, WHOLE};
use super::{
    ALWAYS, Beside, Clusters, Drawn, Each, Empty, Family, Feature, Risk, Sql, Which, Words,
};

const NO_RHYTHM: Empty = Empty::Unsaid(
    mark!("while there are too few days with a purchase"),
    mark!("no rhythm known yet"),
);

pub(super) const FAMILIES: &[Family] = &[
    Family {
        each: Each::One,
        features: &[
            RECENCY,
            FREQUENCY,
            MONETARY,
            TENURE,
            PURCHASE_DAYS,
            MEAN_BASKET,
            LINES,
            GAP_MEAN,
            GAP_SD,
            GAP_MAX,
            RECENCY_OVER_GAP,
        ],
    },
    Family {
        each: Each::Days(&[28, 56, 84, 168]),
        features: &[SPEND],
    },
    Family {
        each: Each::Days(&[28, 56, 84, 168]),
        features: &[TRIPS],
    },
    Family {
        each: Each::Days(&[28, 84]),
        features: &[SPEND_TREND, TRIPS_TREND],
    },
    Family {
        each: Each::One,
        features: &[
            DISCOUNT_SHARE,
            DISCOUNTED_LINES,
            WEEKEND_SHARE,
            EVENING_SHARE,
        ],
    },
    Family {
        each: Each::Department,
        features: &[DEPARTMENT_SHARE],
    },
];

const RECENCY: Feature = Feature {
    name: "recency_days",
    about: "Days since the last purchase",
    unit: "days",
    theme: "absence",
    risk: Risk::Rises(Beside::Median),
    needs: ALWAYS,
    sql: |_| Sql::days("CAST(as_of - max(bought_on) AS DOUBLE)"),
    empty: Empty::Never,
    phrase: |it| match it.value <= 1.0 {
        true => tr!("bought on the last day"),
        false => tr!("last purchase {days} ago", days = it.days()),
    },
    clusters: Some(Clusters {
        rank: 0,
        which: Which::All,
        log: true,
        weight: WHOLE,
        drawn: None,
        words: Words::new(mark!("lapsing"), mark!("recent"), "recency")
            .extreme(mark!("long gone"), mark!("recent")),
    }),
};

const FREQUENCY: Feature = Feature {
    name: "frequency",
    about: "Baskets bought",
    unit: "baskets",
    theme: "history",
    risk: Risk::Falls(Beside::Median),
    needs: ALWAYS,
    sql: |_| Sql::days("CAST(sum(baskets) AS DOUBLE)"),
    empty: Empty::Never,
    phrase: |it| tr!("{baskets} so far", baskets = it.baskets()),
    clusters: Some(Clusters {
        rank: 1,
        which: Which::All,
        log: true,
        weight: WHOLE,
        drawn: None,
        words: Words::new(mark!("frequent"), mark!("occasional"), "visits")
            .extreme(mark!("very frequent"), mark!("rare")),
    }),
};

const MONETARY: Feature = Feature {
    name: "monetary",
    about: "Money spent, returns taken off",
    unit: "money",
    theme: "money",
    risk: Risk::Falls(Beside::Median),
    needs: ALWAYS,
    sql: |_| Sql::days("CAST(sum(spend - returned) AS DOUBLE)"),
    empty: Empty::Never,
    phrase: |it| tr!("{money} spent so far", money = it.money()),
    clusters: Some(Clusters {
        rank: 3,
        which: Which::All,
        log: true,
        weight: TOLD,
        drawn: None,
        words: Words::new(mark!("big spenders"), mark!("small spenders"), "basket")
            .extreme(mark!("top spenders"), mark!("very small spenders")),
    }),
};

const TENURE: Feature = Feature {
    name: "tenure_days",
    about: "Days since the first purchase",
    unit: "days",
    theme: "history",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| Sql::days("CAST(as_of - min(bought_on) AS DOUBLE)"),
    empty: Empty::Never,
    phrase: |it| tr!("customer for {days}", days = it.days()),
    clusters: None,
};

const PURCHASE_DAYS: Feature = Feature {
    name: "purchase_days",
    about: "Different days with a purchase",
    unit: "days",
    theme: "history",
    risk: Risk::Falls(Beside::Median),
    needs: ALWAYS,
    sql: |_| Sql::days("CAST(count(bought_on) AS DOUBLE)"),
    empty: Empty::Never,
    phrase: |it| tr!("shopped on {days} so far", days = it.days()),
    clusters: None,
};

const MEAN_BASKET: Feature = Feature {
    name: "mean_basket",
    about: "Money spent in a basket, on average",
    unit: "money",
    theme: "money",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| Sql::days("CAST(sum(spend) AS DOUBLE) / nullif(CAST(sum(baskets) AS DOUBLE), 0)"),
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{amount} per {basket}",
            amount = it.money(),
            basket = it.basket()
        )
    },
    clusters: Some(Clusters {
        rank: 2,
        which: Which::All,
        log: true,
        weight: WHOLE,
        drawn: None,
        words: Words::new(mark!("big-basket"), mark!("small-basket"), "basket")
            .extreme(mark!("very big-basket"), mark!("very small-basket")),
    }),
};

const LINES: Feature = Feature {
    name: "lines_per_basket",
    about: "Lines in a basket, on average",
    unit: "lines",
    theme: "money",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| Sql::days("CAST(sum(lines) AS DOUBLE) / nullif(CAST(sum(baskets) AS DOUBLE), 0)"),
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{amount} per {basket}",
            amount = it.about("line"),
            basket = it.basket()
        )
    },
    clusters: None,
};

/// The usual days between two days with a purchase.
const USUAL_GAP: &str = "CAST(sum(gap) AS DOUBLE) / nullif(count(gap), 0)";

const GAP_MEAN: Feature = Feature {
    name: "gap_mean_days",
    about: "Days between two days with a purchase, on average",
    unit: "days",
    theme: "rhythm",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| Sql::days(USUAL_GAP),
    empty: NO_RHYTHM,
    phrase: |it| {
        tr!(
            "{days} between purchases on average",
            days = it.about("day")
        )
    },
    clusters: None,
};

const GAP_SD: Feature = Feature {
    name: "gap_sd_days",
    about: "Days by which the time between two purchases varies (standard deviation)",
    unit: "days",
    theme: "rhythm",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| {
        Sql::days(
            "CASE WHEN count(gap) > 1 THEN sqrt(greatest(0.0, (CAST(sum(gap * gap) AS DOUBLE) \
             - CAST(sum(gap) AS DOUBLE) * CAST(sum(gap) AS DOUBLE) / CAST(count(gap) AS DOUBLE)) \
             / (CAST(count(gap) AS DOUBLE) - 1.0))) END",
        )
    },
    empty: NO_RHYTHM,
    phrase: |it| {
        tr!(
            "time between purchases varies by {days}",
            days = it.about("day")
        )
    },
    clusters: None,
};

const GAP_MAX: Feature = Feature {
    name: "gap_max_days",
    about: "The longest time between two days with a purchase",
    unit: "days",
    theme: "rhythm",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| Sql::days("CAST(max(gap) AS DOUBLE)"),
    empty: NO_RHYTHM,
    phrase: |it| tr!("once away for {days}", days = it.days()),
    clusters: None,
};

const RECENCY_OVER_GAP: Feature = Feature {
    name: "recency_over_gap",
    about: "Days since the last purchase over the usual days between two",
    unit: "times",
    theme: "absence",
    risk: Risk::Rises(Beside::Number(1.0)),
    needs: ALWAYS,
    sql: |_| {
        Sql::days(format!(
            "CAST(as_of - max(bought_on) AS DOUBLE) / nullif({USUAL_GAP}, 0)"
        ))
    },
    empty: NO_RHYTHM,
    phrase: |it| {
        tr!(
            "away {times} times as long as usual",
            times = format!("{:.1}", it.value)
        )
    },
    clusters: None,
};

/// What was spent in the last so many days.
fn spend(days: &str) -> String {
    format!("CAST(coalesce(sum(spend - returned) FILTER (WHERE d >= as_of - {days}), 0) AS DOUBLE)")
}

/// The baskets of the last so many days.
fn trips(days: &str) -> String {
    format!("CAST(coalesce(sum(baskets) FILTER (WHERE d >= as_of - {days}), 0) AS DOUBLE)")
}

/// The change from the days before to the last ones: -1 all gone, 0 the same, 1 all new.
fn trend(of: fn(&str) -> String) -> Sql {
    let (new, both) = (of("DAYS"), of("2 * DAYS"));
    Sql::days(format!(
        "coalesce((2 * {new} - {both}) / nullif(abs({both}), 0), 0)"
    ))
}

const SPEND: Feature = Feature {
    name: "spend_DAYS",
    about: "Money spent in the last DAYS days",
    unit: "money",
    theme: "recent activity",
    risk: Risk::Falls(Beside::Median),
    needs: ALWAYS,
    sql: |_| Sql::days(spend("DAYS")),
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{money} spent in the last {days} days",
            money = it.money(),
            days = it.of
        )
    },
    clusters: None,
};

const TRIPS: Feature = Feature {
    name: "trips_DAYS",
    about: "Baskets bought in the last DAYS days",
    unit: "baskets",
    theme: "recent activity",
    risk: Risk::Falls(Beside::Median),
    needs: ALWAYS,
    sql: |_| Sql::days(trips("DAYS")),
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{baskets} in the last {days} days",
            baskets = it.baskets(),
            days = it.of
        )
    },
    clusters: None,
};

const SPEND_TREND: Feature = Feature {
    name: "spend_trend_DAYS",
    about: "Change of spend from the DAYS days before to the last DAYS days, -1 to 1",
    unit: "-1 to 1",
    theme: "trend",
    risk: Risk::Falls(Beside::Number(0.0)),
    needs: ALWAYS,
    sql: |_| trend(spend),
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "spend {direction} over the last {days} days",
            direction = it.direction(),
            days = it.of
        )
    },
    clusters: Some(Clusters {
        rank: 7,
        which: Which::Only("84"),
        log: false,
        weight: TOLD,
        drawn: None,
        words: Words::new(mark!("growing"), mark!("shrinking"), "trend"),
    }),
};

const TRIPS_TREND: Feature = Feature {
    name: "trips_trend_DAYS",
    about: "Change of baskets from the DAYS days before to the last DAYS days, -1 to 1",
    unit: "-1 to 1",
    theme: "trend",
    risk: Risk::Falls(Beside::Number(0.0)),
    needs: ALWAYS,
    sql: |_| trend(trips),
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{basket}s {direction} over the last {days} days",
            basket = it.basket(),
            direction = it.direction(),
            days = it.of
        )
    },
    clusters: None,
};

const DISCOUNT_SHARE: Feature = Feature {
    name: "discount_share",
    about: "Discounts over what would have been paid without them",
    unit: "share",
    theme: "discounts",
    risk: Risk::Open,
    needs: |history| history.tells("discount"),
    sql: |_| {
        Sql::days(
            "coalesce(CAST(sum(discount) AS DOUBLE) / nullif(CAST(sum(spend + discount) AS DOUBLE), 0), 0)",
        )
    },
    empty: Empty::Never,
    phrase: |it| tr!("{share} off by discounts", share = it.percent()),
    clusters: Some(Clusters {
        rank: 4,
        which: Which::All,
        log: false,
        weight: HALF,
        drawn: Some(Drawn::Spend),
        words: Words::new(mark!("discount-driven"), mark!("full-price"), "price"),
    }),
};

const DISCOUNTED_LINES: Feature = Feature {
    name: "discounted_line_share",
    about: "Share of lines with a discount",
    unit: "share",
    theme: "discounts",
    risk: Risk::Open,
    needs: |history| history.tells("discount"),
    sql: |_| {
        Sql::days("CAST(sum(discounted_lines) AS DOUBLE) / nullif(CAST(sum(lines) AS DOUBLE), 0)")
    },
    empty: Empty::Never,
    phrase: |it| tr!("{share} of lines at a discount", share = it.percent()),
    clusters: None,
};

/// The share of some baskets among all.
fn share_of_baskets(column: &str) -> Sql {
    Sql::days(format!(
        "CAST(sum({column}) AS DOUBLE) / nullif(CAST(sum(baskets) AS DOUBLE), 0)"
    ))
}

const WEEKEND_SHARE: Feature = Feature {
    name: "weekend_share",
    about: "Share of baskets on Saturday and Sunday",
    unit: "share",
    theme: "weekend_share",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| share_of_baskets("weekend_baskets"),
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{share} of {basket}s at weekends",
            share = it.percent(),
            basket = it.basket()
        )
    },
    clusters: Some(Clusters {
        rank: 5,
        which: Which::All,
        log: false,
        weight: TOLD,
        drawn: Some(Drawn::Baskets),
        words: Words::new(mark!("weekend shoppers"), mark!("weekday shoppers"), "day"),
    }),
};

const EVENING_SHARE: Feature = Feature {
    name: "evening_share",
    about: "Share of baskets in the evening",
    unit: "share",
    theme: "evening_share",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| share_of_baskets("evening_baskets"),
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{share} of {basket}s in the evening",
            share = it.percent(),
            basket = it.basket()
        )
    },
    clusters: Some(Clusters {
        rank: 6,
        which: Which::All,
        log: false,
        weight: TOLD,
        drawn: Some(Drawn::Baskets),
        words: Words::new(mark!("evening shoppers"), mark!("daytime shoppers"), "hour"),
    }),
};

const DEPARTMENT_SHARE: Feature = Feature {
    name: "share_DEPARTMENT",
    about: "Share of spend in DEPARTMENT",
    unit: "share",
    theme: "share_DEPARTMENT",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| {
        Sql::days("CAST(sum(department_NUMBER) AS DOUBLE) / nullif(CAST(sum(spend) AS DOUBLE), 0)")
    },
    empty: Empty::Unsaid(
        mark!("when nothing was spent"),
        mark!("no share of spend in DEPARTMENT known"),
    ),
    phrase: |it| {
        tr!(
            "{share} of spend in {department}",
            share = it.percent(),
            department = it.of
        )
    },
    clusters: Some(Clusters {
        rank: 8,
        // The snapshot has the departments by their spend, the largest first.
        which: Which::First(4),
        log: false,
        weight: HALF,
        drawn: Some(Drawn::Spend),
        words: Words::new(mark!("DEPARTMENT buyers"), "", "range"),
    }),
};
