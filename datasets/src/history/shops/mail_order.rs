//! A mail-order house for gifts and home ware: orders every few months, a long autumn, seasons, and
//! goods that come and leave. Set so that two years look like Online Retail II
//! (datasets/README.md).

use chrono::{Datelike, NaiveDate};

use crate::history::holidays::{bank_holiday, between_the_years};
use crate::history::law::{Days, Goods, Habits, Law, Records, Season, Turnover, season};
use crate::history::patterns::{
    Association, Replenishment, Sequence, Substitutes, association, replenishment, substitutes,
};
use crate::history::profiles::{Effect, Profile, TYPES, effect};

/// The law.
pub static MAIL_ORDER: Law = Law {
    name: "mail-order",
    about: "a mail-order house for gifts: large orders every few months, a busy autumn, Christmas \
            goods, goods that come and leave, guests, cancelled orders",
    goods: Goods {
        departments: &[
            "Decorations",
            "Candles and lights",
            "Kitchen",
            "Stationery",
            "Toys",
            "Bags",
            "Garden",
            "Bathroom",
            "Party",
            "Jewellery",
        ],
        categories: CATEGORIES,
        variants: &[
            "red",
            "vintage",
            "rose",
            "ivory",
            "polkadot",
            "blue",
            "set of six",
        ],
        products_of_a_type: 10,
        prices: &[
            295.0, 255.0, 375.0, 165.0, 295.0, 425.0, 595.0, 210.0, 125.0, 345.0,
        ],
        brands: ["House", "Regency", "Alpine", "Botanic", "Circus", "Retro"],
        planted: PLANTED,
        staples: &[],
        seasons: SEASONS,
        turnover: Turnover {
            types: 0.24,
            products: 0.50,
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
        fewest_months: 12,
        horizon: 147,
        active: 329,
    },
    habits: Habits {
        there_at_start: 0.46,
        second_basket: 0.06,
        returned: 0.004,
        cancelled: 0.22,
        cancelled_line: 0.065,
        opts_out: 0.02,
        favourite: 0.2,
        cared_for: 0.5,
        not_cared_for: 0.8,
        looks: 12,
        guests: 0.055,
    },
    records: Records::FULL,
};

/// How busy each month is: lines of Online Retail by month beside their mean (January to November
/// 2011, December 2010), for the days on which it was open. November is somewhat busier: not everybody
/// who is there then has time to come more often, so that lines rise by less than the pace.
const MONTHS: [f64; 12] = [
    0.86, 0.66, 0.84, 0.74, 0.90, 0.87, 0.90, 0.82, 1.18, 1.40, 2.25, 1.20,
];

/// By month; closed on Saturdays, bank holidays and from Christmas Eve to 3 January.
fn busy(date: NaiveDate) -> f64 {
    if bank_holiday(date) || between_the_years(date) {
        return 0.0;
    }
    MONTHS[date.month0() as usize]
}

const CATEGORIES: &[[&str; 6]] = &[
    [
        "Heart hangers",
        "Christmas baubles",
        "Photo frames",
        "Bunting",
        "Easter wreaths",
        "Wall clocks",
    ],
    [
        "T-light holders",
        "Christmas lights",
        "Scented candles",
        "Lanterns",
        "Garden torches",
        "Night lights",
    ],
    [
        "Cake stands",
        "Mugs",
        "Lunch boxes",
        "Baking tins",
        "Teapots",
        "Mince pie tins",
    ],
    [
        "Gift wrap",
        "Christmas cards",
        "Notebooks",
        "Pencils",
        "Stickers",
        "Calendars",
    ],
    [
        "Wooden blocks",
        "Jigsaw puzzles",
        "Advent calendars",
        "Dolls",
        "Skipping ropes",
        "Playing cards",
    ],
    [
        "Jumbo bags",
        "Shoppers",
        "Wash bags",
        "Picnic bags",
        "Purses",
        "Doorstops",
    ],
    [
        "Bird feeders",
        "Herb markers",
        "Parasols",
        "Watering cans",
        "Windmills",
        "Seed boxes",
    ],
    [
        "Hand soaps",
        "Hand warmers",
        "Towels",
        "Hot water bottles",
        "Bath salts",
        "Soap dishes",
    ],
    [
        "Paper napkins",
        "Paper cups",
        "Balloons",
        "Paper plates",
        "Cake cases",
        "Straws",
    ],
    [
        "Bracelets",
        "Earrings",
        "Hair clips",
        "Necklaces",
        "Brooches",
        "Key rings",
    ],
];

const SEASONS: &[Season] = &[
    season("Christmas baubles", 9, 12, 0.985),
    season("Christmas lights", 9, 12, 0.985),
    season("Mince pie tins", 10, 12, 0.985),
    season("Christmas cards", 9, 12, 0.985),
    season("Advent calendars", 9, 11, 0.985),
    season("Calendars", 9, 1, 0.98),
    season("Easter wreaths", 2, 4, 0.985),
    season("Garden torches", 4, 8, 0.98),
    season("Parasols", 4, 8, 0.98),
    season("Picnic bags", 4, 8, 0.95),
    season("Hand warmers", 10, 2, 0.98),
    season("Hot water bottles", 9, 2, 0.95),
];

const ASSOCIATIONS: &[Association] = &[
    association("T-light holders", "T-lights", 0.40, 0.020),
    association("Cake stands", "Cake forks", 0.35, 0.015),
    association("Gift wrap", "Ribbons", 0.45, 0.025),
    association("Bird feeders", "Bird seed", 0.40, 0.010),
    association("Paper napkins", "Napkin rings", 0.25, 0.012),
    association("Mugs", "Coasters", 0.30, 0.015),
    association("Jumbo bags", "Bag clips", 0.20, 0.010),
    association("Notebooks", "Bookplates", 0.30, 0.008),
];

const SUBSTITUTES: &[Substitutes] = &[
    substitutes(["Paper cups", "Paper plates"], 0.90),
    substitutes(["Bracelets", "Necklaces"], 0.85),
    substitutes(["Shoppers", "Wash bags"], 0.85),
];

const SEQUENCES: &[Sequence] = &[
    Sequence {
        antecedent: "Lanterns",
        consequent: "Lantern batteries",
        chance: 0.6,
        days: (30, 150),
        without: 0.002,
    },
    Sequence {
        antecedent: "Photo frames",
        consequent: "Frame stands",
        chance: 0.5,
        days: (20, 120),
        without: 0.002,
    },
    Sequence {
        antecedent: "Teapots",
        consequent: "Tea cosies",
        chance: 0.5,
        days: (20, 150),
        without: 0.002,
    },
];

const REPLENISHMENTS: &[Replenishment] = &[
    replenishment("Parcel tape", 0.25, 60.0),
    replenishment("Price labels", 0.15, 90.0),
    replenishment("Tissue paper", 0.20, 120.0),
];

const PLANTED: &[(&str, usize, &str)] = &[
    ("T-lights", 1, "Candle supplies"),
    ("Cake forks", 2, "Cutlery"),
    ("Ribbons", 3, "Wrapping"),
    ("Bird seed", 6, "Bird care"),
    ("Napkin rings", 8, "Table ware"),
    ("Coasters", 2, "Table ware"),
    ("Bag clips", 5, "Bag care"),
    ("Bookplates", 3, "Book care"),
    ("Lantern batteries", 1, "Batteries"),
    ("Frame stands", 0, "Frame care"),
    ("Tea cosies", 2, "Tea care"),
    ("Parcel tape", 3, "Packing"),
    ("Price labels", 3, "Packing"),
    ("Tissue paper", 3, "Packing"),
];

/// Monday to Friday, and Sundays; nothing on Saturdays.
const WEEK: [f64; 7] = [1.20, 1.30, 1.25, 1.45, 1.05, 0.0, 0.75];

const BASE: Profile = Profile {
    name: "occasional",
    share_at_start: 0.31,
    share_later: 0.28,
    rate: 0.0080,
    rate_shape: 1.8,
    regularity: 1,
    leaving: 1.0 / 1100.0,
    leaving_at_once: 0.03,
    fading: 0.0,
    weekdays: WEEK,
    peaks: [0.30, 0.55, 0.15],
    lines: 16.0,
    lines_shape: 1.1,
    taste: [0.17, 0.13, 0.16, 0.11, 0.09, 0.09, 0.06, 0.07, 0.07, 0.05],
    another: 0.62,
    discounted: 0.08,
    online: 1.0,
    complains: 0.006,
    unforgiving: 4.0,
    price_sensitive: 1.5,
    campaigns: [effect(1.3, 1.0), effect(1.4, 0.9), effect(1.2, 0.8)],
    invoice: 0.05,
    account: 0.02,
    ages: [0.06, 0.18, 0.24, 0.24, 0.16, 0.12],
    household: [0.26, 0.34, 0.18, 0.14, 0.08],
    log_income: 10.5,
};

const PROFILES: [Profile; TYPES] = [
    Profile {
        name: "gift shop",
        share_at_start: 0.28,
        share_later: 0.10,
        rate: 0.022,
        rate_shape: 1.3,
        regularity: 2,
        leaving: 1.0 / 1600.0,
        leaving_at_once: 0.0,
        lines: 22.0,
        another: 0.82,
        campaigns: [Effect::NONE; 3],
        invoice: 0.60,
        account: 0.20,
        log_income: 10.9,
        ..BASE
    },
    Profile {
        name: "autumn buyer",
        share_at_start: 0.26,
        share_later: 0.29,
        rate: 0.0090,
        rate_shape: 3.0,
        regularity: 2,
        lines: 20.0,
        taste: [0.24, 0.20, 0.10, 0.16, 0.10, 0.05, 0.03, 0.06, 0.04, 0.02],
        discounted: 0.15,
        price_sensitive: 3.0,
        campaigns: [effect(1.6, 0.8), effect(1.2, 1.0), Effect::NONE],
        ages: [0.03, 0.09, 0.16, 0.24, 0.26, 0.22],
        ..BASE
    },
    BASE,
    Profile {
        name: "fading",
        share_at_start: 0.12,
        share_later: 0.10,
        rate: 0.018,
        fading: 0.004,
        leaving: 1.0 / 700.0,
        campaigns: [effect(1.2, 0.9), Effect::NONE, effect(1.3, 0.4)],
        household: [0.16, 0.24, 0.22, 0.22, 0.16],
        ..BASE
    },
    Profile {
        name: "one-timer",
        share_at_start: 0.0,
        share_later: 0.22,
        rate: 0.004,
        leaving: 1.0 / 200.0,
        leaving_at_once: 0.72,
        lines: 11.0,
        lines_shape: 0.9,
        another: 0.45,
        discounted: 0.20,
        campaigns: [Effect::NONE; 3],
        ages: [0.24, 0.28, 0.18, 0.14, 0.10, 0.06],
        ..BASE
    },
    Profile {
        name: "reseller",
        share_at_start: 0.03,
        share_later: 0.01,
        rate: 0.085,
        rate_shape: 0.8,
        regularity: 3,
        leaving: 1.0 / 2500.0,
        leaving_at_once: 0.0,
        lines: 30.0,
        another: 0.92,
        unforgiving: 8.0,
        campaigns: [Effect::NONE, effect(0.85, 1.2), effect(0.70, 2.5)],
        invoice: 0.95,
        account: 0.60,
        log_income: 11.2,
        ..BASE
    },
];
