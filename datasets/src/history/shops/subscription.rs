//! A subscription: a box every fortnight, month or quarter, with an extra at times; most joiners
//! are gone within half a year (datasets/README.md).

use chrono::NaiveDate;

use crate::history::holidays::bank_holiday;
use crate::history::law::{Days, Goods, Habits, Law, Records, Season, Turnover, season};
use crate::history::patterns::{
    Association, Replenishment, Sequence, Substitutes, association, replenishment, substitutes,
};
use crate::history::profiles::{Effect, Profile, TYPES, effect};

/// The law.
pub static SUBSCRIPTION: Law = Law {
    name: "subscription",
    about: "a subscription: one or two lines at fixed intervals of two weeks to three months, most \
            joiners gone within half a year",
    goods: Goods {
        departments: &["Coffee boxes", "Tea boxes", "Snack boxes", "Extras"],
        categories: CATEGORIES,
        variants: &["regular", "mild", "strong", "decaf", "discovery"],
        products_of_a_type: 4,
        prices: &[1290.0, 990.0, 1490.0, 590.0],
        brands: [
            "House",
            "Harbour",
            "Summit",
            "Meadow",
            "Plantation",
            "Union",
        ],
        planted: PLANTED,
        staples: &[],
        seasons: SEASONS,
        turnover: Turnover {
            types: 0.20,
            products: 0.30,
        },
        associations: ASSOCIATIONS,
        substitutes: SUBSTITUTES,
        sequences: SEQUENCES,
        replenishments: REPLENISHMENTS,
    },
    profiles: PROFILES,
    days: Days {
        season: busy,
        future: 400,
        fewest_months: 9,
        horizon: 63,
        active: 119,
    },
    habits: Habits {
        there_at_start: 0.25,
        second_basket: 0.0,
        returned: 0.003,
        cancelled: 0.02,
        cancelled_line: 1.0,
        opts_out: 0.01,
        favourite: 0.85,
        cared_for: 0.35,
        not_cared_for: 0.95,
        looks: 12,
        guests: 0.01,
    },
    records: Records::FULL,
};

/// Nothing leaves the warehouse on bank holidays; otherwise every day is like the others.
fn busy(date: NaiveDate) -> f64 {
    if bank_holiday(date) { 0.0 } else { 1.0 }
}

const CATEGORIES: &[[&str; 6]] = &[
    [
        "Espresso",
        "Filter roast",
        "House blend",
        "Single origin",
        "Winter roast",
        "Cold brew",
    ],
    [
        "Black tea",
        "Green tea",
        "Herbal tea",
        "Fruit tea",
        "Iced tea",
        "Advent tea",
    ],
    [
        "Nuts",
        "Granola",
        "Chocolate",
        "Crackers",
        "Dried fruit",
        "Gingerbread",
    ],
    ["Mugs", "Biscotti", "Syrups", "Honey", "Tins", "Tote bags"],
];

const SEASONS: &[Season] = &[
    season("Winter roast", 11, 2, 0.98),
    season("Cold brew", 5, 8, 0.98),
    season("Iced tea", 5, 8, 0.98),
    season("Advent tea", 11, 12, 0.99),
    season("Gingerbread", 10, 12, 0.985),
];

const ASSOCIATIONS: &[Association] = &[
    association("Espresso", "Espresso cups", 0.12, 0.006),
    association("Filter roast", "Filter papers", 0.30, 0.010),
    association("Black tea", "Shortbread", 0.25, 0.010),
    association("Green tea", "Tea strainers", 0.15, 0.006),
    association("Nuts", "Trail mix", 0.25, 0.010),
    association("Granola", "Oat milk", 0.30, 0.010),
];

const SUBSTITUTES: &[Substitutes] = &[substitutes(["House blend", "Single origin"], 0.90)];

const SEQUENCES: &[Sequence] = &[Sequence {
    antecedent: "Mugs",
    consequent: "Mug lids",
    chance: 0.5,
    days: (20, 90),
    without: 0.002,
}];

const REPLENISHMENTS: &[Replenishment] = &[
    replenishment("Descaler", 0.20, 90.0),
    replenishment("Sugar sticks", 0.15, 60.0),
];

const PLANTED: &[(&str, usize, &str)] = &[
    ("Espresso cups", 3, "Cups"),
    ("Filter papers", 3, "Brewing"),
    ("Shortbread", 3, "Sweets"),
    ("Tea strainers", 3, "Brewing"),
    ("Trail mix", 3, "Mixes"),
    ("Oat milk", 3, "Milk"),
    ("Mug lids", 3, "Cups"),
    ("Descaler", 3, "Care"),
    ("Sugar sticks", 3, "Sweets"),
];

const BASE: Profile = Profile {
    name: "monthly",
    share_at_start: 0.42,
    share_later: 0.30,
    rate: 1.0 / 30.0,
    rate_shape: 60.0,
    regularity: 16,
    leaving: 1.0 / 420.0,
    leaving_at_once: 0.10,
    fading: 0.0,
    weekdays: [1.2, 1.2, 1.2, 1.2, 1.2, 1.0, 0.0],
    peaks: [0.60, 0.30, 0.10],
    lines: 0.6,
    lines_shape: 1.5,
    taste: [0.48, 0.22, 0.20, 0.10, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    another: 0.06,
    discounted: 0.10,
    online: 1.0,
    complains: 0.010,
    unforgiving: 8.0,
    price_sensitive: 2.0,
    campaigns: [Effect::NONE, effect(1.0, 0.7), effect(1.0, 0.6)],
    invoice: 0.02,
    account: 0.02,
    ages: [0.10, 0.28, 0.26, 0.18, 0.11, 0.07],
    household: [0.30, 0.36, 0.16, 0.12, 0.06],
    log_income: 10.7,
};

const PROFILES: [Profile; TYPES] = [
    BASE,
    Profile {
        name: "fortnightly",
        share_at_start: 0.22,
        share_later: 0.14,
        rate: 1.0 / 14.0,
        regularity: 16,
        leaving: 1.0 / 500.0,
        leaving_at_once: 0.08,
        lines: 0.9,
        household: [0.10, 0.22, 0.26, 0.26, 0.16],
        ..BASE
    },
    Profile {
        name: "quarterly",
        share_at_start: 0.14,
        share_later: 0.10,
        rate: 1.0 / 91.0,
        regularity: 16,
        leaving: 1.0 / 700.0,
        lines: 1.8,
        ages: [0.04, 0.14, 0.22, 0.26, 0.20, 0.14],
        ..BASE
    },
    Profile {
        name: "pausing",
        share_at_start: 0.18,
        share_later: 0.12,
        rate: 1.0 / 40.0,
        rate_shape: 4.0,
        regularity: 2,
        leaving: 1.0 / 350.0,
        discounted: 0.25,
        price_sensitive: 4.0,
        campaigns: [effect(1.5, 0.8), effect(1.3, 0.9), effect(1.2, 0.7)],
        ..BASE
    },
    Profile {
        name: "trial",
        share_at_start: 0.0,
        share_later: 0.31,
        rate: 1.0 / 30.0,
        leaving: 1.0 / 60.0,
        leaving_at_once: 0.45,
        discounted: 0.60,
        campaigns: [Effect::NONE; 3],
        ages: [0.26, 0.32, 0.18, 0.12, 0.08, 0.04],
        ..BASE
    },
    Profile {
        name: "office",
        share_at_start: 0.04,
        share_later: 0.03,
        rate: 1.0 / 10.0,
        rate_shape: 10.0,
        regularity: 8,
        leaving: 1.0 / 1200.0,
        leaving_at_once: 0.0,
        lines: 3.0,
        another: 0.50,
        discounted: 0.05,
        campaigns: [Effect::NONE, effect(0.9, 1.2), effect(0.8, 2.0)],
        invoice: 0.95,
        account: 0.50,
        log_income: 11.1,
        ..BASE
    },
];
