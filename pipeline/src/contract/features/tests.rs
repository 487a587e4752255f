use super::*;
use crate::contract::{KINDS, TABLES};

/// A history that has everything.
fn rich() -> History {
    let kind = |name: &&str| Kind {
        name: (*name).to_owned(),
        rated: true,
        timed: true,
        has_due_day: true,
        has_open: true,
        has_due: true,
        has_late: true,
        has_disputed: true,
    };
    let columns = |table: &'static crate::contract::Table| {
        table.columns.iter().map(|column| (table.name, column.name))
    };
    History {
        columns: TABLES.iter().flat_map(columns).collect(),
        kinds: KINDS[1..].iter().map(kind).collect(),
        departments: ["DRUG GM", "Bread & more"].map(str::to_owned).to_vec(),
        channels: ["web", "call centre"].map(str::to_owned).to_vec(),
        accounts: vec!["customers"],
        days: 800,
    }
}

const SHOP: Shop<'_> = Shop {
    currency: "EUR",
    basket: "order",
};

fn theme(name: &str) -> &str {
    Column::named(name).theme()
}

fn phrase(name: &str, value: f64) -> String {
    Column::named(name).phrase(value, SHOP)
}

/// Whether a text lacks something: it is empty, or has a word in capitals that stands for others.
#[track_caller]
fn whole(text: &str, of: &str) {
    assert!(!text.trim().is_empty(), "{of} has an empty part");
    assert_eq!(text.trim(), text, "{of}");
    for word in ["DAYS", "KIND", "DEPARTMENT", "CHANNEL", "NUMBER", "NaN"] {
        assert!(!text.contains(word), "{of}: {text}");
    }
}

#[test]
fn every_feature_has_every_part() {
    let mut ranks = Vec::new();
    for family in families() {
        let place = family.each.place("web_event");
        for feature in family.features {
            let name = feature.name;
            let of_family = family.each.word().is_none_or(|word| name.contains(word));
            assert!(of_family, "{name} is called the same for all of its family");
            for text in [name, feature.about, feature.unit] {
                whole(&place.in_words(text), name);
            }
            let spoken_of = feature.theme == name || place.stands_for(feature.theme);
            whole(if spoken_of { "itself" } else { feature.theme }, name);
            assert!(feature.about.starts_with(char::is_uppercase), "{name}");
            assert!(!feature.about.contains("; empty"), "{name} says it twice");
            if let Empty::When(when, said) | Empty::Unsaid(when, said) = feature.empty {
                whole(&place.in_words(when), name);
                whole(&place.in_words(said), name);
            }
            for value in [-1.0, 0.0, 0.05, 1.0, 2.5, 1234.0] {
                let said = Said {
                    value,
                    of: &place.words,
                    noun: &place.words,
                    shop: SHOP,
                };
                whole(&(feature.phrase)(&said), name);
            }
            if let Some(clusters) = &feature.clusters {
                whole(clusters.words.theme, name);
                whole(&place.in_words(clusters.words.high), name);
                assert!((0.0..=1.0).contains(&clusters.weight), "{name}");
                assert!(!ranks.contains(&clusters.rank), "{name} has no rank alone");
                ranks.push(clusters.rank);
            }
        }
    }
}

#[test]
fn every_column_has_a_name_a_meaning_and_sql_of_its_own() {
    let columns = columns(&rich());
    assert!(columns.len() > 90, "{}", columns.len());
    for (place, column) in columns.iter().enumerate() {
        let name = column.name.as_str();
        let others = &columns[..place];
        assert!(!others.iter().any(|other| other.name == name), "{name}");
        let about = &column.about;
        assert!(!others.iter().any(|o| o.about == *about), "{about}");
        let parts = [&column.sql.by_day, &column.sql.along, &column.sql.by_then];
        let sql = parts.into_iter().flatten().map(|(_, sql)| sql);
        for text in sql.chain([&column.name, about, &column.sql.value]) {
            whole(text, name);
        }
        // The name leads back to the feature.
        let found = Column::named(name);
        let (feature, which) = found.feature().expect(name);
        assert_eq!(which.in_name(feature.name), name);
    }
}

#[test]
fn what_a_history_lacks_brings_no_features() {
    let names = |history: &History| -> Vec<String> {
        let columns = columns(history).into_iter();
        columns.map(|column| column.name).collect()
    };
    let poor = names(&History::default());
    assert_eq!(poor.len(), 25, "{poor:?}");
    let mut some = rich();
    some.kinds.iter_mut().for_each(|kind| kind.rated = false);
    some.accounts.clear();
    some.days = 727;
    for name in names(&some) {
        assert!(!name.contains("rating") && !name.starts_with("account"));
        // In less than two years a season names the date, and says nothing else.
        assert!(
            !name.contains("year") && !name.starts_with("closed"),
            "{name}"
        );
    }
}

#[test]
fn what_is_said_of_one_kind_is_one_reason() {
    for name in [
        "complaints",
        "complaints_84",
        "days_since_complaint",
        "complaint_rating_last",
    ] {
        assert_eq!(theme(name), "complaint");
    }
    assert_eq!(theme("visits_trend_28"), "visit");
    assert_eq!(theme("spend_trend_28"), "trend");
    assert_eq!(theme("response_rate"), "response");
    assert_eq!(theme("returned_share"), "return");
    assert_eq!(theme("weekend_share"), "weekend_share");
    assert_eq!(theme("share_meat_pckgd"), "share_meat_pckgd");
}

#[test]
fn an_empty_value_is_said_and_not_printed_as_a_number() {
    assert_eq!(phrase("gap_mean_days", f64::NAN), "no rhythm known yet");
    assert_eq!(
        phrase("days_since_complaint", f64::NAN),
        "no complaint so far"
    );
    assert_eq!(
        phrase("share_meat_pckgd", f64::NAN),
        "no share of spend in meat pckgd known"
    );
    assert_eq!(
        phrase("share_meat_pckgd", 0.125),
        "12.5 % of spend in meat pckgd"
    );
}

#[test]
fn every_kind_of_interaction_is_spoken_of_in_words() {
    let cases = [
        ("complaints_84", 2.0, "2 complaints in the last 84 days"),
        ("service_calls", 1.0, "1 service call so far"),
        ("days_since_web_event", 3.0, "last web event 3 days ago"),
        ("open_complaints", 1.0, "1 open complaint"),
        ("survey_rating_last", 2.0, "last survey rated 2.0"),
        (
            "survey_rating_change",
            -1.5,
            "last survey rated 1.5 below the average",
        ),
        (
            "app_events_trend_28",
            -0.5,
            "app events falling over the last 28 days",
        ),
        (
            "visit_minutes",
            12.34,
            "visits take 12.3 minutes on average",
        ),
        (
            "contacts_since_response",
            4.0,
            "4 contacts since the last response",
        ),
        ("unanswered_share", 0.75, "75.0 % of contacts unanswered"),
        ("late_payment_share", 0.5, "50.0 % of payments late"),
        ("mean_days_late", 3.5, "pays 3.5 days late on average"),
        ("open_amount", 120.0, "120 EUR due and not paid"),
        (
            "channel_share_call_centre",
            0.4,
            "40.0 % through call centre",
        ),
        (
            "account_people_84",
            3.0,
            "3 people of the account bought in the last 84 days",
        ),
        ("account_spend_share", 0.25, "25.0 % of the account's spend"),
        ("days_since_return", f64::NAN, "no return so far"),
        (
            "complaint_rating_mean",
            f64::NAN,
            "no rating of a complaint so far",
        ),
        ("account_spend_84", f64::NAN, "belongs to no account"),
        ("late_payment_share", f64::NAN, "no payment so far"),
        ("trips_28", 1.0, "1 order in the last 28 days"),
        ("trips_trend_28", 0.4, "orders rising over the last 28 days"),
        ("purchase_days", 1.0, "shopped on 1 day so far"),
        ("gap_mean_days", 1.0, "1 day between purchases on average"),
        ("lines_per_basket", 2.26, "2.3 lines per order"),
        ("days_since_complaint", 1.0, "last complaint 1 day ago"),
        ("of_another_version", 0.123, "0.12 of another version"),
    ];
    for (name, value, words) in cases {
        assert_eq!(phrase(name, value), words, "{name}");
    }
}

/// Each row of the table in the documentation names features of the catalogue and their units.
#[test]
fn the_documentation_has_every_feature_with_its_unit() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/features.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut undocumented: Vec<&str> = families()
        .flat_map(|family| family.features.iter().map(|feature| feature.name))
        .collect();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [names, _, unit, _] = cells[..] else {
            panic!("{row} has other columns than name, means, unit and needs");
        };
        let mut units: Vec<&str> = Vec::new();
        for name in names.split(", ").map(|name| name.trim_matches('`')) {
            let pattern = |f: &&Feature| f.name == name;
            let mut all = families().flat_map(|family| family.features);
            let feature = all
                .find(pattern)
                .or_else(|| Column::named(name).feature().map(|(feature, _)| feature))
                .unwrap_or_else(|| panic!("docs/features.md has {name}, which there is not"));
            undocumented.retain(|name| *name != feature.name);
            if !units.contains(&feature.unit) {
                units.push(feature.unit);
            }
        }
        assert_eq!(unit, units.join(", "), "the unit of {names}");
    }
    assert!(
        undocumented.is_empty(),
        "docs/features.md: {undocumented:?}"
    );
}
