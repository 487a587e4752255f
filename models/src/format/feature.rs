//! What a column of the matrix is called and what its numbers stand for.

use std::collections::{HashMap, HashSet};

use super::error::{ColumnError, FormatError, Within, must};
use super::names::nearest;
use crate::tree::{ColumnName, MAX_CATEGORY};

/// A column that a model was fitted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name; no two features of a model share one.
    pub name: String,
    /// What its numbers stand for.
    pub kind: FeatureKind,
}

/// What the numbers of a column stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureKind {
    /// Amounts: more is more.
    Numeric,
    /// Categories by their number, counted from 0; these are their names, in that order. Without
    /// names any number up to [`MAX_CATEGORY`] may stand.
    Categorical(Vec<String>),
}

impl Feature {
    /// A column of amounts.
    pub fn numeric(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: FeatureKind::Numeric,
        }
    }

    /// A column of categories: the number of each is its place among the names.
    pub fn categorical<S: Into<String>>(
        name: impl Into<String>,
        categories: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            name: name.into(),
            kind: FeatureKind::Categorical(categories.into_iter().map(Into::into).collect()),
        }
    }

    /// The names of the categories; empty for amounts and for categories without names.
    pub fn categories(&self) -> &[String] {
        match &self.kind {
            FeatureKind::Numeric => &[],
            FeatureKind::Categorical(names) => names,
        }
    }

    /// The number of each category by its name, for turning a column of texts into one of numbers.
    /// Give `NaN` for a category that is not in it: the model has not met it, and lets it go the
    /// way of missing values.
    pub fn category_numbers(&self) -> HashMap<&str, f32> {
        let names = self.categories().iter().enumerate();
        names.map(|(i, name)| (name.as_str(), i as f32)).collect()
    }

    /// How many categories the numbers of the column can name; nothing for amounts.
    pub(crate) fn category_limit(&self) -> Option<usize> {
        match &self.kind {
            FeatureKind::Numeric => None,
            FeatureKind::Categorical(names) if names.is_empty() => {
                Some(usize::from(MAX_CATEGORY) + 1)
            }
            FeatureKind::Categorical(names) => Some(names.len()),
        }
    }
}

/// So that a tree can be printed with the features of its file.
impl ColumnName for Feature {
    fn name(&self) -> &str {
        &self.name
    }

    fn category(&self, number: u16) -> Option<&str> {
        let name = self.categories().get(usize::from(number));
        name.map(String::as_str)
    }
}

/// Refuses a name that is given twice.
pub(crate) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), FormatError> {
    let mut seen = HashSet::new();
    for (i, name) in names.enumerate() {
        must(seen.insert(name), || {
            format!("a second {:?}", super::numbers::short(name))
        })
        .at(i)?;
    }
    Ok(())
}

/// For each feature, its place among the columns of a table.
pub(crate) fn column_order<S: AsRef<str>>(
    features: &[Feature],
    columns: &[S],
) -> Result<Vec<usize>, ColumnError> {
    let mut places: HashMap<&str, (usize, bool)> = HashMap::new();
    for (place, column) in columns.iter().enumerate() {
        let once = places.entry(column.as_ref()).or_insert((place, true));
        once.1 = once.0 == place;
    }
    let place = |feature: &Feature| match places.get(feature.name.as_str()) {
        Some((place, true)) => Ok(*place),
        Some((_, false)) => Err(ColumnError::Twice {
            name: feature.name.clone(),
        }),
        None => Err(ColumnError::Missing {
            name: feature.name.clone(),
            nearest: nearest(&feature.name, columns.iter().map(AsRef::as_ref)).map(str::to_string),
        }),
    };
    features.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> [Feature; 2] {
        [
            Feature::numeric("recency_days"),
            Feature::categorical("contract", ["monthly", "two years"]),
        ]
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let columns = ["customer", "contract", "x", "recency_days"];
        assert_eq!(column_order(&features(), &columns), Ok(vec![3, 1]));
    }

    #[test]
    fn a_missing_column_is_named_with_its_nearest() {
        let message =
            |columns: &[&str]| column_order(&features(), columns).unwrap_err().to_string();
        assert_eq!(
            message(&["contract", "Recency-Days"]),
            "the model needs a column `recency_days`, which is not there; did you mean `Recency-Days`?"
        );
        assert_eq!(
            message(&["recency_days", "x"]),
            "the model needs a column `contract`, which is not there; give all columns that it was fitted on"
        );
        assert_eq!(
            message(&["contract", "recency_days", "contract"]),
            "the column `contract` is there more than once, so the model cannot tell which to take; rename or drop one"
        );
        // A column that is not needed may be there as often as it likes.
        assert!(column_order(&features(), &["a", "contract", "recency_days", "a"]).is_ok());
    }

    #[test]
    fn categories_have_numbers() {
        let contract = &features()[1];
        assert_eq!(contract.category_numbers()["two years"], 1.0);
        assert_eq!(contract.category_numbers().get("weekly"), None);
        assert!(features()[0].category_numbers().is_empty());
    }
}
