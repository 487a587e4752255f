//! What a column of the matrix is called and what its numbers stand for.

use std::collections::{HashMap, HashSet};

use super::error::{ColumnError, FormatError, Within, must};
use super::fields::{Fields, Object, Stored};
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

impl Stored for Feature {
    fn write(&self, out: &mut Object) {
        out.text("name", &self.name);
        match &self.kind {
            FeatureKind::Numeric => out.text("kind", "numeric"),
            FeatureKind::Categorical(names) => {
                out.text("kind", "categorical");
                out.texts("categories", names);
            }
        }
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let name = fields.text("name")?.into_owned();
        let kind = match fields.text("kind")?.as_ref() {
            "numeric" => FeatureKind::Numeric,
            "categorical" => FeatureKind::Categorical(fields.texts("categories")?),
            _ => {
                let problem = "choose \"numeric\" or \"categorical\"";
                return Err(FormatError::invalid(problem).within("kind"));
            }
        };
        Ok(Self { name, kind })
    }

    fn check(&self, _: &[Feature]) -> Result<(), FormatError> {
        let names = self.categories();
        let most = usize::from(MAX_CATEGORY) + 1;
        must(names.len() <= most, || {
            format!(
                "{} categories; at most {most} can be told apart",
                names.len()
            )
        })
        .within("categories")?;
        distinct(names.iter().map(String::as_str)).within("categories")
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

/// Names longer than this are not compared.
const LONGEST: usize = 64;

/// The most similar of some names: the same but for case, or a third of its letters away at most;
/// of equally similar ones the first.
pub(crate) fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |text: &str| -> Vec<char> {
        text.chars()
            .take(LONGEST + 1)
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = fold(name);
    let allowed = (wanted.len() / 3).max(1);
    among
        .filter_map(|other| {
            let folded = fold(other);
            let comparable = wanted.len() <= LONGEST
                && folded.len() <= LONGEST
                && wanted.len().abs_diff(folded.len()) <= allowed;
            let distance = comparable.then(|| edits(&wanted, &folded))?;
            (distance <= allowed).then_some((distance, other))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// The fewest letters to insert, delete, replace or swap with their neighbour (Damerau 1964; no
/// letter is changed twice).
fn edits(a: &[char], b: &[char]) -> usize {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    table[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        table[i][0] = i;
        for j in 1..=b.len() {
            let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut fewest = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                fewest = fewest.min(table[i - 2][j - 2] + 1);
            }
            table[i][j] = fewest;
        }
    }
    table[a.len()][b.len()]
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

    #[test]
    fn edits_are_counted() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        let count = |a, b| edits(&letters(a), &letters(b));
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("gian", "gain"), 1);
        assert_eq!(count("abc", "abc"), 0);
    }
}
