//! From the catalogue to the columns of a snapshot, and back.

use super::{Empty, Feature, History, Place, Risk, Said, Shop, Sql, families};
use crate::text::{amount, decimal, percent, round};
use crate::words::{in_english, said};

/// A column that a history has.
pub struct Made {
    /// Its name.
    pub name: String,
    /// What it means, whole, in English: what is made of it may be kept.
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
                    about: in_english(|| feature.description(&place)),
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
        let about = place.say(feature.about);
        // A scale is part of the numbers and not of what they are of.
        let scale = tr!(", {unit}", unit = said(feature.unit));
        let about = about.trim_end_matches(&scale);
        let mut letters = about.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_lowercase().chain(letters).collect()
        })
    }

    /// What it means, whole, in the language of the command.
    ///
    /// - `english`: the same as it was made of a history, which names departments and channels as the sources do.
    pub fn about(&self, english: &str) -> String {
        let Some((feature, _, place)) = &self.known else {
            return said(english).to_owned();
        };
        let pattern = in_english(|| feature.description(&Place::default()));
        feature.description(&place.clone().told_as(&pattern, english))
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
            (Some(above), Some(at_most)) => tr!(
                "above {above} and up to {at_most}",
                above = above,
                at_most = at_most
            ),
            (Some(above), None) => tr!("above {above}", above = above),
            (None, Some(at_most)) => tr!("up to {at_most}", at_most = at_most),
            (None, None) => tr!("known"),
        };
        tr!("{what}: {value}", what = self.title(), value = bounds)
    }

    /// What it is and its value, without a word of judgement.
    pub fn plainly(&self, value: f64, shop: Shop<'_>) -> String {
        if value.is_nan() {
            return self.missing();
        }
        let (what, value) = (self.title(), self.quantity(value, shop));
        match self.feature().map_or("", |(feature, _)| feature.unit) {
            "-1 to 1" => tr!("{what}, from -1 to 1: {value}", what = what, value = value),
            _ => tr!("{what}: {value}", what = what, value = value),
        }
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
            )) => place.say(said),
            _ => tr!("no {what} known", what = self.title()),
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
                of: place.said(),
                noun: &place.words,
                shop,
            }),
            None => format!("{} {}", round(value, 2), self.name.replace('_', " ")),
        }
    }
}

impl Feature {
    /// What it means, and when it has no value.
    fn description(&self, place: &Place) -> String {
        let about = place.say(self.about);
        match self.empty {
            Empty::When(when, _) => tr!(
                "{about}; empty {when}",
                about = about,
                when = place.say(when)
            ),
            Empty::Never | Empty::Unsaid(..) => about,
        }
    }
}
