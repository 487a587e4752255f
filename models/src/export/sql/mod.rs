//! A model as one SQL statement over a table of its features.

mod dialect;
mod trees;

use std::fmt::Write as _;

use self::dialect::{name, text};
use super::ExportError;
use super::edge::{INFINITE, NOTHING};
use super::shape::{Adds, Amount, LEAST, MOST_ODDS, Score, shape};
use crate::calibration::Platt;
use crate::format::{Calibration, Feature, FeatureKind, SavedModel};

pub use self::dialect::Dialect;

/// The table that is scored, and how the result is called.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The table of the features, a column each, under their names, or a view; with its schema before
    /// a dot where it has one.
    pub name: &'a str,
    /// Its column that says whose the row is.
    pub id: &'a str,
    /// What the column of the probability is called.
    pub probability: &'a str,
}

/// What is behind the model's features, once they have been made ready; see [`filled_as`].
const FILLED: &str = " (filled";

/// What is behind a feature that has been made ready: for the model, or for a member of it, counted
/// from 1, for each has its own ways.
fn filled_as(member: Option<usize>) -> String {
    match member {
        None => format!("{FILLED})"),
        Some(member) => format!("{FILLED} for {member})"),
    }
}

/// One statement that gives each row of a table its id and its probability.
///
/// Numbers may be of any numeric type, categories are texts; `NULL`, `NaN` and a category that is none
/// of the model's count as missing.
///
/// # Errors
/// The model is of a kind that cannot be written, or its categories have no names.
pub fn to_sql(
    saved: &SavedModel,
    dialect: Dialect,
    table: &Table<'_>,
) -> Result<String, ExportError> {
    let score = shape(saved)?;
    let features = saved.features();
    for feature in features {
        if feature.name == table.id || feature.name.contains(FILLED) {
            let name = feature.name.clone();
            return Err(ExportError::Name { name });
        }
    }
    let writer = Writer {
        dialect,
        features,
        columns: features.iter().map(|feature| name(&feature.name)).collect(),
        filled_as: filled_as(None),
    };
    Ok(writer.statement(&score, saved.calibration(), table))
}

/// Writes in one dialect of one model's features.
struct Writer<'a> {
    dialect: Dialect,
    features: &'a [Feature],
    /// Their names as SQL writes them.
    columns: Vec<String>,
    /// What is behind those that have been made ready.
    filled_as: String,
}

impl Writer<'_> {
    fn number(&self, value: f64) -> String {
        self.dialect.number(value)
    }

    /// Texts in a list.
    fn names<'n>(&self, names: impl Iterator<Item = &'n str>) -> String {
        names.map(text).collect::<Vec<_>>().join(", ")
    }

    /// A feature as a number: a category by its place.
    fn amount(&self, feature: usize) -> String {
        let column = &self.columns[feature];
        let FeatureKind::Categorical(names) = &self.features[feature].kind else {
            return column.clone();
        };
        let mut case = format!("CASE {column}");
        for (place, name) in names.iter().enumerate() {
            let _ = write!(
                case,
                " WHEN {} THEN {}",
                text(name),
                self.number(place as f64)
            );
        }
        case + " END"
    }

    fn filled(&self, feature: usize) -> String {
        name(&format!(
            "{}{}",
            self.features[feature].name, self.filled_as
        ))
    }

    /// The same for one member of a model, counted from 0.
    fn of_member(&self, member: usize) -> Writer<'_> {
        Writer {
            dialect: self.dialect,
            features: self.features,
            columns: self.columns.clone(),
            filled_as: filled_as(Some(member + 1)),
        }
    }

    fn statement(
        &self,
        score: &Score<'_>,
        calibration: Option<&Calibration>,
        table: &Table<'_>,
    ) -> String {
        let id = name(table.id);
        let once = self.dialect.once();
        let used = score.features();
        let mut ready: Vec<String> = vec![id.clone()];
        ready.extend(used.iter().map(|feature| self.ready(*feature)));
        let mut text = format!(
            "WITH ready {once} (\n  SELECT\n    {}\n  FROM {}\n)",
            ready.join(",\n    "),
            table
                .name
                .split('.')
                .map(name)
                .collect::<Vec<_>>()
                .join(".")
        );
        let mut from = "ready";
        let filled = self.filled_columns(score);
        if !filled.is_empty() {
            let columns = [vec![format!("{from}.*")], filled].concat();
            let columns = columns.join(",\n    ");
            let _ = write!(
                text,
                ", filled {once} (\n  SELECT\n    {columns}\n  FROM {from}\n)"
            );
            from = "filled";
        }
        if let Score::Mean { members } = score {
            let columns: Vec<String> = (members.iter().enumerate())
                .map(|(place, (_, member))| {
                    let score = self.of_member(place).score(member);
                    format!("{score} AS {}", member_score(place))
                })
                .collect();
            let columns = columns.join(",\n    ");
            let _ = write!(
                text,
                ", members {once} (\n  SELECT\n    {id},\n    {columns}\n  FROM {from}\n)"
            );
            from = "members";
        }
        let _ = write!(
            text,
            ", scored {once} (\n  SELECT\n    {id},\n    {} AS score\n  FROM {from}\n)",
            self.score(score)
        );
        let probability = match score.is_odds() {
            true => self.sigmoid("score"),
            false => "score".to_owned(),
        };
        let Some(calibration) = calibration else {
            let _ = write!(
                text,
                "\nSELECT {id}, {probability} AS {}\nFROM scored\n",
                name(table.probability)
            );
            return text;
        };
        let _ = write!(
            text,
            ", raw {once} (\n  SELECT {id}, {probability} AS p FROM scored\n)"
        );
        let (steps, last) = self.calibrated(calibration);
        let mut from = "raw";
        if let Some(logit) = steps {
            let _ = write!(
                text,
                ", straight {once} (\n  SELECT {id}, {logit} AS z FROM raw\n)"
            );
            from = "straight";
        }
        let _ = write!(
            text,
            "\nSELECT {id}, {last} AS {}\nFROM {from}\n",
            name(table.probability)
        );
        text
    }

    /// A feature as the model takes it: a number, or one of its categories.
    fn ready(&self, feature: usize) -> String {
        let column = &self.columns[feature];
        match &self.features[feature].kind {
            FeatureKind::Numeric => format!("{} AS {column}", self.dialect.known(column)),
            FeatureKind::Categorical(names) => {
                let list = self.names(names.iter().map(String::as_str));
                format!("CASE WHEN {column} IN ({list}) THEN {column} END AS {column}")
            }
        }
    }

    /// Columns in which nothing is missing, for what multiplies.
    fn filled_columns(&self, score: &Score<'_>) -> Vec<String> {
        match score {
            Score::Trees { .. } => Vec::new(),
            Score::Linear { terms, .. } => terms
                .iter()
                .filter_map(|term| match &term.adds {
                    Adds::Amount(amount) => Some(self.fill(term.feature, amount)),
                    Adds::Category { .. } => None,
                })
                .collect(),
            Score::Points { feature, .. } => {
                let value = self.amount(*feature);
                vec![format!(
                    "CASE WHEN ABS({value}) >= {} THEN {value} WHEN ABS({value}) <= {} THEN {} ELSE {} END AS {}",
                    self.number(INFINITE),
                    self.number(NOTHING),
                    self.number(0.0),
                    self.dialect.rounded(&value),
                    self.filled(*feature)
                )]
            }
            Score::Mean { members } => (members.iter().enumerate())
                .flat_map(|(place, (_, member))| self.of_member(place).filled_columns(member))
                .collect(),
        }
    }

    /// A number in single precision, with what stands in for a missing or an infinite one.
    fn fill(&self, feature: usize, amount: &Amount) -> String {
        let value = self.amount(feature);
        let number = |value: f32| self.number(f64::from(value));
        format!(
            "CASE WHEN {value} IS NULL THEN {} WHEN {value} >= {} THEN {} WHEN {value} <= {} THEN {} WHEN ABS({value}) <= {} THEN {} ELSE {} END AS {}",
            number(amount.fill),
            self.number(INFINITE),
            number(amount.range.1),
            self.number(-INFINITE),
            number(amount.range.0),
            self.number(NOTHING),
            number(0.0),
            self.dialect.rounded(&value),
            self.filled(feature)
        )
    }

    fn score(&self, score: &Score<'_>) -> String {
        match score {
            Score::Trees { sum, .. } => self.trees(sum),
            Score::Linear { terms, intercept } => {
                let mut text = self.number(*intercept);
                for term in terms {
                    let _ = write!(text, "\n    + {}", self.adds(term.feature, &term.adds));
                }
                text
            }
            Score::Points {
                feature,
                points,
                missing,
            } => {
                let filled = self.filled(*feature);
                let straight = self.between(&filled, points);
                match points.is_empty() {
                    true => self.number(*missing),
                    false => format!(
                        "CASE WHEN {filled} IS NULL THEN {} ELSE {straight} END",
                        self.number(*missing)
                    ),
                }
            }
            Score::Mean { members } => {
                let weighed = |(place, (weight, member)): (usize, &(f64, Score<'_>))| {
                    let odds = self.kept_odds(&member_score(place), member.is_odds());
                    format!("{} * {odds}", self.number(*weight))
                };
                let parts: Vec<String> = members.iter().enumerate().map(weighed).collect();
                parts.join("\n    + ")
            }
        }
    }

    /// The log-odds of a member's score, within what a probability of 1e-9 and its opposite have.
    fn kept_odds(&self, score: &str, is_odds: bool) -> String {
        let (least, most) = match is_odds {
            true => (-MOST_ODDS, MOST_ODDS),
            false => (LEAST, 1.0 - LEAST),
        };
        let (least, most) = (self.number(least), self.number(most));
        let kept = format!(
            "(CASE WHEN {score} < {least} THEN {least} WHEN {score} > {most} THEN {most} ELSE {score} END)"
        );
        match is_odds {
            true => kept,
            false => format!("LN({kept} / ({} - {kept}))", self.number(1.0)),
        }
    }

    /// What a feature adds to log-odds.
    fn adds(&self, feature: usize, adds: &Adds) -> String {
        match adds {
            Adds::Amount(amount) => {
                let filled = self.filled(feature);
                let value = match amount.log {
                    // `sign(x) ln(1 + |x|)`, where not every database has a sign.
                    true => format!(
                        "CASE WHEN {filled} < {zero} THEN -LN({one} - {filled}) ELSE LN({one} + {filled}) END",
                        zero = self.number(0.0),
                        one = self.number(1.0)
                    ),
                    false => filled,
                };
                let mut text = format!(
                    "({value} - {}) * {}",
                    self.number(amount.centre),
                    self.number(amount.slope)
                );
                if amount.if_missing != 0.0 {
                    let _ = write!(
                        text,
                        " + CASE WHEN {} IS NULL THEN {} ELSE {} END",
                        self.columns[feature],
                        self.number(amount.if_missing),
                        self.number(0.0)
                    );
                }
                text
            }
            Adds::Category { each, missing } => {
                let mut text = format!("CASE {}", self.columns[feature]);
                for (name, adds) in self.features[feature].categories().iter().zip(each) {
                    let _ = write!(
                        text,
                        " WHEN {} THEN {}",
                        self::text(name),
                        self.number(*adds)
                    );
                }
                let _ = write!(text, " ELSE {} END", self.number(*missing));
                text
            }
        }
    }

    /// Where a value lies between points: level before the first and after the last.
    fn between(&self, value: &str, points: &[(f64, f64)]) -> String {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return "NULL".to_owned();
        };
        let mut text = format!(
            "CASE WHEN {value} <= {} THEN {}",
            self.number(first.0),
            self.number(first.1)
        );
        for pair in points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            if x1 > x0 {
                let _ = write!(text, "\n      WHEN {value} <= {} THEN ", self.number(x1));
                let _ = match y1 == y0 {
                    true => write!(text, "{}", self.number(y0)),
                    false => write!(
                        text,
                        "{} + {} * (({value} - {}) / {})",
                        self.number(y0),
                        self.number(y1 - y0),
                        self.number(x0),
                        self.number(x1 - x0)
                    ),
                };
            }
        }
        let _ = write!(text, "\n      ELSE {} END", self.number(last.1));
        text
    }

    /// The probability at log-odds, kept where databases can compute it.
    fn sigmoid(&self, odds: &str) -> String {
        let (one, most) = (self.number(1.0), self.number(700.0));
        format!(
            "{one} / ({one} + EXP(-(CASE WHEN {odds} > {most} THEN {most} WHEN {odds} < {least} THEN {least} ELSE {odds} END)))",
            least = self.number(-700.0)
        )
    }

    /// How `p` is calibrated: what is computed first, as `z`, if anything is, and the rest.
    fn calibrated(&self, calibration: &Calibration) -> (Option<String>, String) {
        let straight = |platt: &Platt, score: &str| {
            format!(
                "{} * {score} + {}",
                self.number(platt.slope),
                self.number(platt.intercept)
            )
        };
        match calibration {
            Calibration::Isotonic(isotonic) => (None, self.between("p", &isotonic.points)),
            Calibration::Platt(platt) => (Some(straight(platt, "p")), self.sigmoid("z")),
            Calibration::PlattOfLogOdds(platt) => {
                let odds = self.kept_odds("p", false);
                (Some(straight(platt, &odds)), self.sigmoid("z"))
            }
        }
    }
}

/// What the column with the score of a member is called, counted from 0.
fn member_score(member: usize) -> String {
    format!("score_{}", member + 1)
}

#[cfg(test)]
mod tests;
