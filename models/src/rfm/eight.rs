//! Eight classes: recency, frequency and money, each high or low against the mean.

use super::{RfmError, check_finite};

/// Names by high and low of recency, frequency and money, high first.
const DEFAULT: [&str; 8] = [
    "Important value",
    "General value",
    "Important develop",
    "General develop",
    "Important keep",
    "General keep",
    "Important retain",
    "General retain",
];
/// A value within this share of the mean is at the mean.
const AT_MEAN: f64 = 1e-9;

/// What a row of a map asks of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HighLow {
    /// At the mean or better.
    High,
    /// Worse than the mean.
    Low,
    /// Both.
    Any,
}

impl HighLow {
    fn holds(self, high: bool) -> bool {
        match self {
            Self::High => high,
            Self::Low => !high,
            Self::Any => true,
        }
    }
}

/// An exclusive and complete map from high and low on three axes to a named class.
///
/// The default has the names of Chinese CRM texts: important customers spend at the mean or more,
/// general ones less; of value are the recent and frequent, to develop the recent and seldom, to
/// keep the frequent who have not been here lately, to retain the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EightClassMap {
    names: Vec<String>,
    /// By recency, frequency and money, high first.
    cells: [usize; 8],
}

impl Default for EightClassMap {
    fn default() -> Self {
        Self {
            names: DEFAULT.map(str::to_owned).to_vec(),
            cells: std::array::from_fn(|cell| cell),
        }
    }
}

/// High and low of recency, frequency and money of a cell.
fn sides(cell: usize) -> [bool; 3] {
    [cell & 4 == 0, cell & 2 == 0, cell & 1 == 0]
}

fn words(cell: usize) -> String {
    let [r, f, m] = sides(cell).map(|high| if high { "high" } else { "low" });
    format!("R = {r}, F = {f}, M = {m}")
}

impl EightClassMap {
    /// Makes a map from rows that a user wrote: a name, and what it asks of recency, frequency and
    /// money. A class may have several rows.
    ///
    /// # Errors
    /// [`RfmError::DoubledClass`] and [`RfmError::MissingClass`] with the cell,
    /// [`RfmError::EmptyName`].
    pub fn from_rows(rows: &[(&str, [HighLow; 3])]) -> Result<Self, RfmError> {
        let mut names: Vec<String> = Vec::new();
        let mut cells: [Option<usize>; 8] = [None; 8];
        for (name, asked) in rows {
            if name.trim().is_empty() {
                return Err(RfmError::EmptyName);
            }
            let known = names.iter().position(|other| other == name);
            let this = known.unwrap_or_else(|| {
                names.push((*name).to_owned());
                names.len() - 1
            });
            for (place, cell) in cells.iter_mut().enumerate() {
                let mut axes = asked.iter().zip(sides(place));
                if !axes.all(|(asked, high)| asked.holds(high)) {
                    continue;
                }
                if let Some(first) = *cell {
                    return Err(RfmError::DoubledClass {
                        cell: words(place),
                        first: names[first].clone(),
                        second: (*name).to_owned(),
                    });
                }
                *cell = Some(this);
            }
        }
        let mut whole = [0; 8];
        for (place, (whole, cell)) in whole.iter_mut().zip(cells).enumerate() {
            *whole = cell.ok_or_else(|| RfmError::MissingClass { cell: words(place) })?;
        }
        Ok(Self {
            names,
            cells: whole,
        })
    }

    /// Every name, in the order in which the map names them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of each cell with what it asks, recency, frequency and money high first.
    pub fn cells(&self) -> impl Iterator<Item = ([bool; 3], &str)> {
        let cells = self.cells.iter().enumerate();
        cells.map(|(place, name)| (sides(place), self.names[*name].as_str()))
    }

    /// The class of every customer, as an index into [`Self::names`].
    ///
    /// An axis is high at its mean or better: fewer days, more orders, more money. No customers
    /// give an empty result; one customer is at the mean of all.
    ///
    /// # Errors
    /// [`RfmError::NotFinite`] with column and row, [`RfmError::Length`].
    pub fn classify(
        &self,
        recency_days: &[f64],
        frequency: &[f64],
        monetary: &[f64],
    ) -> Result<Vec<usize>, RfmError> {
        let n = recency_days.len();
        let axes = [
            ("recency", recency_days),
            ("frequency", frequency),
            ("monetary", monetary),
        ];
        let mut means = [0.0; 3];
        for ((column, values), mean) in axes.into_iter().zip(&mut means) {
            if values.len() != n {
                return Err(RfmError::Length {
                    column,
                    found: values.len(),
                    expected: n,
                });
            }
            check_finite(column, values)?;
            *mean = values.iter().sum::<f64>() / n as f64;
        }
        let [r, f, m] = means;
        let class = |row: usize| {
            let high = [
                recency_days[row] <= r + AT_MEAN * r.abs(),
                frequency[row] >= f - AT_MEAN * f.abs(),
                monetary[row] >= m - AT_MEAN * m.abs(),
            ];
            let bit = |low: bool, bit| if low { bit } else { 0 };
            self.cells[bit(!high[0], 4) + bit(!high[1], 2) + bit(!high[2], 1)]
        };
        Ok((0..n).map(class).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::HighLow::{Any, High, Low};
    use super::*;

    #[test]
    fn the_eight_classes_are_those_of_the_texts() {
        let map = EightClassMap::default();
        // Every combination of 10 and 30 days, 1 and 5 orders, 20 and 80 spent.
        let (mut r, mut f, mut m, mut want) = (vec![], vec![], vec![], vec![]);
        for (days, orders, spend, name) in [
            (10.0, 5.0, 80.0, "Important value"),
            (10.0, 1.0, 80.0, "Important develop"),
            (30.0, 5.0, 80.0, "Important keep"),
            (30.0, 1.0, 80.0, "Important retain"),
            (10.0, 5.0, 20.0, "General value"),
            (10.0, 1.0, 20.0, "General develop"),
            (30.0, 5.0, 20.0, "General keep"),
            (30.0, 1.0, 20.0, "General retain"),
        ] {
            r.push(days);
            f.push(orders);
            m.push(spend);
            want.push(name);
        }
        let found = map.classify(&r, &f, &m).unwrap();
        let found: Vec<&str> = found
            .iter()
            .map(|class| map.names()[*class].as_str())
            .collect();
        assert_eq!(found, want);
    }

    #[test]
    fn customers_who_are_all_alike_are_at_the_mean() {
        let map = EightClassMap::default();
        let alike = map.classify(&[0.1; 7], &[3.0; 7], &[-0.3; 7]).unwrap();
        assert_eq!(alike, [0; 7]);
        assert!(map.classify(&[], &[], &[]).unwrap().is_empty());
        assert!(map.classify(&[1.0], &[f64::NAN], &[1.0]).is_err());
    }

    #[test]
    fn a_hole_and_an_overlap_name_the_cell() {
        let whole = EightClassMap::from_rows(&[
            ("Here", [High, Any, Any]),
            ("Win back", [Low, Any, High]),
            ("Let go", [Low, High, Low]),
            ("Let go", [Low, Low, Low]),
        ]);
        let whole = whole.unwrap();
        assert_eq!(whole.names(), ["Here", "Win back", "Let go"]);
        assert_eq!(whole.cells().filter(|(_, name)| *name == "Here").count(), 4);
        let hole = EightClassMap::from_rows(&[("Here", [High, Any, Any])]).unwrap_err();
        assert!(
            hole.to_string().contains("R = low, F = high, M = high"),
            "{hole}"
        );
        let twice = [("Here", [High, Any, Any]), ("Rich", [Any, Low, High])];
        let twice = EightClassMap::from_rows(&twice).unwrap_err();
        assert_eq!(
            twice.to_string(),
            "the cell R = high, F = low, M = high is claimed by `Here` and again by `Rich`; name every combination of high and low exactly once"
        );
        assert_eq!(
            EightClassMap::from_rows(&[(" ", [Any; 3])]).unwrap_err(),
            RfmError::EmptyName
        );
    }
}
