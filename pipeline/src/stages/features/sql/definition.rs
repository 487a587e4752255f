//! What a feature is, in full: its own SQL, and what the table that it is computed over holds.
//!
//! Two features with one definition are the same numbers of the same history. A model that was
//! saved keeps the definitions of its features, so that it is not given others under their names.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Fold, accounts, channels, contacts, days, events, quoted, shop};
use crate::config::hex;
use crate::contract::features::{History, Kind, Made, Over};

/// The definition of a feature, a line for each of its parts.
pub(super) fn definition(made: &Made, history: &History, evening_from: u8) -> String {
    let sql = &made.sql;
    let mut text = format!("value: {}\n", sql.value);
    for (part, columns) in [
        ("day", &sql.by_day),
        ("along", &sql.along),
        ("then", &sql.by_then),
    ] {
        for (name, expression) in columns {
            let _ = writeln!(text, "{part} {name}: {expression}");
        }
    }
    match sql.over {
        Over::Days => text += &over_days(made, history, evening_from),
        Over::FirstSeen { table, fold } => line(&mut text, table, fold),
        Over::Events => {
            // How other kinds are counted is nothing to this feature.
            let named = |kind: &Kind| parts(made).any(|sql| sql.contains(&quoted(&kind.name)));
            let kinds = history.kinds.iter().filter(|kind| named(kind));
            let own = History {
                kinds: kinds.cloned().collect(),
                ..history.clone()
            };
            folded(&mut text, &events::fold(&own, &sql.by_day, &sql.along));
        }
        Over::Contacts => {
            folded(&mut text, &contacts::fold(history.tells("campaign_id")));
        }
        Over::Channels => {
            folded(&mut text, &channels::fold(&history.channels));
        }
        Over::Shop => {
            folded(&mut text, &shop::fold());
            line(&mut text, "shop", &shop::query());
        }
        Over::Accounts => {
            for fold in accounts::folds(&history.accounts) {
                folded(&mut text, &fold);
            }
            line(&mut text, "accounts", &accounts::query());
        }
    }
    text
}

fn folded(text: &mut String, fold: &Fold) {
    line(text, fold.name, &fold.sql);
}

fn line(text: &mut String, name: &str, sql: &str) {
    let _ = writeln!(text, "from {name}: {sql}");
}

/// Of the table of days what the feature names; and how the table is folded, by a hash of what is
/// the same for every history: another column in it changes no feature that does not name it.
fn over_days(made: &Made, history: &History, evening_from: u8) -> String {
    let mut text = String::new();
    for (column, meaning) in days::meanings(history, evening_from) {
        if parts(made).any(|sql| names(sql, &column)) {
            let _ = writeln!(text, "from {column}: {meaning}");
        }
    }
    let plain: String = days::folds(&History::default(), 0)
        .into_iter()
        .map(|fold| format!("{}\n{}\n", fold.name, fold.sql))
        .collect();
    let hash = hex(&Sha256::digest(plain.as_bytes()));
    let _ = writeln!(text, "from customer_days as folded by {}", &hash[..16]);
    text
}

/// Every expression of a feature.
fn parts(made: &Made) -> impl Iterator<Item = &String> {
    let sql = &made.sql;
    let named = [&sql.by_day, &sql.along, &sql.by_then]
        .into_iter()
        .flatten();
    named.map(|(_, sql)| sql).chain([&sql.value])
}

/// Whether SQL names a column.
fn names(sql: &str, column: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    sql.split(|c| !word(c)).any(|found| found == column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::features::columns;

    fn history(departments: &[&str]) -> History {
        History {
            columns: [("interactions", "amount"), ("interactions", "location_id")].into(),
            departments: departments.iter().map(|name| (*name).to_owned()).collect(),
            ..History::default()
        }
    }

    fn of(history: &History, evening_from: u8, name: &str) -> String {
        let made = columns(history).into_iter().find(|made| made.name == name);
        definition(&made.expect("the feature"), history, evening_from)
    }

    #[test]
    fn a_setting_changes_the_features_that_it_is_about_and_no_others() {
        let history = history(&["Bakery"]);
        let all = columns(&history);
        let changed: Vec<&str> = all
            .iter()
            .filter(|made| definition(made, &history, 18) != definition(made, &history, 20))
            .map(|made| made.name.as_str())
            .collect();
        assert!(!changed.is_empty());
        for name in &changed {
            assert!(name.contains("evening"), "{changed:?}");
        }
    }

    #[test]
    fn a_place_that_stands_for_another_department_is_another_feature() {
        let share = |departments: &[&str]| {
            let history = history(departments);
            let made = columns(&history).into_iter();
            let made = made.filter(|made| made.sql.value.contains("department_0"));
            let all: Vec<String> = made.map(|made| definition(&made, &history, 18)).collect();
            assert!(!all.is_empty());
            all
        };
        assert_eq!(share(&["Bakery", "Dairy"]), share(&["Bakery"]));
        assert_ne!(share(&["Bakery"]), share(&["Dairy"]));
        let (with, without) = (history(&["Bakery"]), history(&[]));
        assert_eq!(
            of(&with, 18, "recency_days"),
            of(&without, 18, "recency_days")
        );
    }

    #[test]
    fn amounts_that_come_later_change_what_counts_money() {
        let (with, without) = (history(&[]), History::default());
        assert_ne!(of(&with, 18, "monetary"), of(&without, 18, "monetary"));
        assert_eq!(of(&with, 18, "frequency"), of(&without, 18, "frequency"));
    }
}
