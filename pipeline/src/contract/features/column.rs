//! From the catalogue to the columns of a snapshot, and back.

use super::{Empty, Feature, History, Place, Risk, Said, Shop, Sql, families};
use crate::text::{amount, decimal, percent, round};

/// A column that a history has.
pub struct Made {
    /// Its name.
    pub name: String,
    /// What it means, whole.
    pub about: String,
    /// How it is computed.
    pub sql: Sql,
}

/// Every column that can be made from a history, in their order.
pub fn columns(history: &History) -> Vec<Made> {
    let mut columns = Vec::new();
    for family in families() {
        for place in family.each.places(history) {
            for feature in family.features.iter().filter(|f| (f.needs)(history)) {
                columns.push(Made {
                    name: place.in_name(feature.name),
                    about: place.in_words(&feature.description()),
                    sql: (feature.sql)(history).at(&place),
                });
            }
        }
    }
    columns
}

/// A column of a snapshot, and what the catalogue knows of it.
pub struct Column<'a> {
    name: &'a str,
    known: Option<(&'static Feature, &'a str, Place)>,
}

impl<'a> Column<'a> {
    /// Looks a name up; one that the catalogue does not know speaks for itself.
    pub fn named(name: &'a str) -> Self {
        let known = families().find_map(|family| {
            family.features.iter().find_map(|feature| {
                let found = family.each.find(feature.name, name)?;
                Some((feature, found, family.each.place(found)))
            })
        });
        Self { name, known }
    }

    /// The feature, and which of its family it is.
    pub fn feature(&self) -> Option<(&'static Feature, &Place)> {
        let (feature, _, place) = self.known.as_ref()?;
        Some((feature, place))
    }

    /// What it speaks of; one reason for each.
    pub fn theme(&self) -> &'a str {
        match &self.known {
            Some((feature, _, _)) if feature.theme == feature.name => self.name,
            Some((feature, found, place)) if place.stands_for(feature.theme) => found,
            Some((feature, _, _)) => feature.theme,
            None => self.name,
        }
    }

    /// How it moves the risk of leaving.
    pub fn risk(&self) -> Risk {
        self.feature()
            .map_or(Risk::Open, |(feature, _)| feature.risk)
    }

    /// What it is, to stand in a sentence: `days since the last purchase`.
    pub fn title(&self) -> String {
        let Some((feature, place)) = self.feature() else {
            return self.name.replace('_', " ");
        };
        let about = place.in_words(feature.about);
        // A scale is part of the numbers and not of what they are of.
        let about = about.trim_end_matches(&format!(", {}", feature.unit));
        let mut letters = about.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_lowercase().chain(letters).collect()
        })
    }

    /// A number of it with its unit: `14.5 days`, `12.3 %`, `23.50 EUR`.
    pub fn quantity(&self, value: f64, shop: Shop<'_>) -> String {
        match self.feature().map_or("", |(feature, _)| feature.unit) {
            "share" => percent(value),
            "money" => amount(value, shop.currency),
            "days" => decimal(value, "day"),
            "minutes" => decimal(value, "minute"),
            _ => format!("{}", round(value, 2)),
        }
    }

    /// A condition on its numbers, `above < value <= at_most`: `days since the last purchase: above
    /// 1 day and up to 7 days`.
    pub fn between(&self, above: Option<f64>, at_most: Option<f64>, shop: Shop<'_>) -> String {
        let said = |value| self.quantity(value, shop);
        let bounds = match (above.map(said), at_most.map(said)) {
            (Some(above), Some(at_most)) => format!("above {above} and up to {at_most}"),
            (Some(above), None) => format!("above {above}"),
            (None, Some(at_most)) => format!("up to {at_most}"),
            (None, None) => "known".to_owned(),
        };
        format!("{}: {bounds}", self.title())
    }

    /// What it is and its value, without a word of judgement.
    pub fn plainly(&self, value: f64, shop: Shop<'_>) -> String {
        if value.is_nan() {
            return self.missing();
        }
        let scale = match self.feature().map_or("", |(feature, _)| feature.unit) {
            "-1 to 1" => ", from -1 to 1",
            _ => "",
        };
        format!("{}{scale}: {}", self.title(), self.quantity(value, shop))
    }

    /// What is said of a customer without a value.
    pub fn missing(&self) -> String {
        match self.feature() {
            Some((
                Feature {
                    empty: Empty::When(_, said) | Empty::Unsaid(_, said),
                    ..
                },
                place,
            )) => place.in_words(said),
            _ => format!("no {} known", self.title()),
        }
    }

    /// Whether every customer has a value.
    pub fn never_missing(&self) -> bool {
        self.feature()
            .is_some_and(|(feature, _)| matches!(feature.empty, Empty::Never))
    }

    /// A value as a person would say it.
    pub fn phrase(&self, value: f64, shop: Shop<'_>) -> String {
        if value.is_nan() {
            return self.missing();
        }
        match self.feature() {
            Some((feature, place)) => (feature.phrase)(&Said {
                value,
                of: &place.words,
                shop,
            }),
            None => format!("{} {}", round(value, 2), self.name.replace('_', " ")),
        }
    }
}

impl Feature {
    /// What it means, and when it has no value.
    fn description(&self) -> String {
        match self.empty {
            Empty::When(when, _) => format!("{}; empty {when}", self.about),
            Empty::Never | Empty::Unsaid(..) => self.about.to_owned(),
        }
    }
}
