//! From the catalogue to the columns of a snapshot, and back.

use super::{Empty, Feature, History, Place, Said, Sql, families};
use crate::text::round;

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

    /// A value as a person would say it.
    pub fn phrase(&self, value: f64, currency: &str) -> String {
        let words = || self.name.replace('_', " ");
        if value.is_nan() {
            return match self
                .feature()
                .map(|(feature, place)| (&feature.empty, place))
            {
                Some((Empty::When(_, said) | Empty::Unsaid(_, said), place)) => {
                    place.in_words(said)
                }
                Some((Empty::Never, _)) | None => format!("no {} known", words()),
            };
        }
        match self.feature() {
            Some((feature, place)) => (feature.phrase)(&Said {
                value,
                of: &place.words,
                currency,
            }),
            None => format!("{} {}", round(value, 2), words()),
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
