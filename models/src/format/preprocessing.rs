//! What makes raw features ready, as it travels with a model.

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_column, check_columns, check_number};
use super::numbers::{PROBABILITY, is_probability};
use crate::classifiers::preprocess::categories::{OneHot, TargetEncoding};
use crate::classifiers::preprocess::numeric::Numeric;
use crate::classifiers::preprocess::{Column, Preprocessing};

impl Stored for Preprocessing {
    fn write(&self, out: &mut Object) {
        out.objects("columns", &self.columns);
        out.column("means", self.means.iter().copied());
        out.column("deviations", self.deviations.iter().copied());
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let columns: Vec<Column> = fields.objects("columns")?;
        let mut sources = Vec::new();
        for (source, column) in columns.iter().enumerate() {
            // A width that is a number of the file is checked before it takes room.
            check_column_alone(column).at(source).within("columns")?;
            sources.extend(std::iter::repeat_n(source, column.width()));
        }
        let n = sources.len();
        Ok(Self {
            columns,
            sources,
            means: fields.column_of("means", n, "outputs")?,
            deviations: fields.column_of("deviations", n, "outputs")?,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_columns(self.columns.len(), features).within("columns")?;
        for (i, column) in self.columns.iter().enumerate() {
            column.check(&features[i..=i]).at(i).within("columns")?;
        }
        check_column(
            "means",
            self.means.iter().copied(),
            "finite",
            f64::is_finite,
        )?;
        let deviations = self.deviations.iter().copied();
        check_column("deviations", deviations, LENGTH, is_length)
    }
}

impl Preprocessing {
    /// The largest size of each output, whatever the row.
    pub(super) fn largest(&self) -> Vec<f64> {
        let mut largest = Vec::with_capacity(self.sources.len());
        for column in &self.columns {
            match column {
                Column::Numeric(column) => {
                    largest.push((f64::from(f32::MAX) + column.centre.abs()) * column.scale);
                    if column.indicator {
                        largest.push(1.0);
                    }
                }
                Column::OneHot(column) => largest.extend(std::iter::repeat_n(1.0, column.width)),
                Column::Target(column) => largest.push((1.0 + column.centre.abs()) * column.scale),
            }
        }
        largest
    }

    /// The largest size of a linear score, or of any part of it.
    pub(super) fn largest_score<'a>(
        &self,
        coefficients: impl IntoIterator<Item = &'a f64>,
        intercept: f64,
    ) -> f64 {
        let outputs = self.largest().into_iter().zip(&self.means);
        let outputs = outputs.zip(coefficients);
        outputs.fold(intercept.abs(), |sum, ((largest, mean), coefficient)| {
            sum + (largest + mean.abs()) * coefficient.abs()
        })
    }
}

const LENGTH: &str = "a finite number, 0 or more";

fn is_length(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

impl Stored for Column {
    fn write(&self, out: &mut Object) {
        match self {
            Self::Numeric(column) => {
                out.text("kind", "numeric");
                out.number("fill", column.fill);
                out.column("range", [column.range.0, column.range.1]);
                out.number("log", column.log);
                out.number("centre", column.centre);
                out.number("scale", column.scale);
                out.number("indicator", column.indicator);
            }
            Self::OneHot(column) => {
                out.text("kind", "one-hot");
                out.column("categories", column.categories.iter().copied());
                out.column("outputs", column.outputs.iter().copied());
                out.column("missing", column.missing);
                out.count("width", column.width);
            }
            Self::Target(column) => {
                out.text("kind", "target");
                out.column("categories", column.categories.iter().copied());
                out.column("rates", column.rates.iter().copied());
                out.number("missing", column.missing);
                out.number("base", column.base);
                out.number("centre", column.centre);
                out.number("scale", column.scale);
            }
        }
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        match fields.text("kind")?.as_ref() {
            "numeric" => {
                let range = fields.column_of("range", 2, "ends")?;
                Ok(Self::Numeric(Numeric {
                    fill: fields.number("fill")?,
                    range: (range[0], range[1]),
                    log: fields.number("log")?,
                    centre: fields.number("centre")?,
                    scale: fields.number("scale")?,
                    indicator: fields.number("indicator")?,
                }))
            }
            "one-hot" => {
                let categories: Vec<u16> = fields.column("categories")?;
                let missing: Vec<usize> = fields.column("missing")?;
                must(missing.len() <= 1, || "more than one output".into()).within("missing")?;
                Ok(Self::OneHot(OneHot {
                    outputs: fields.column_of("outputs", categories.len(), "categories")?,
                    categories,
                    missing: missing.first().copied(),
                    width: fields.count("width")?,
                }))
            }
            "target" => {
                let categories: Vec<u16> = fields.column("categories")?;
                Ok(Self::Target(TargetEncoding {
                    rates: fields.column_of("rates", categories.len(), "categories")?,
                    categories,
                    missing: fields.number("missing")?,
                    base: fields.number("base")?,
                    centre: fields.number("centre")?,
                    scale: fields.number("scale")?,
                }))
            }
            _ => Err(
                FormatError::invalid("choose \"numeric\", \"one-hot\" or \"target\"")
                    .within("kind"),
            ),
        }
    }

    /// Here the features are the one that the column is made of.
    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_column_alone(self)?;
        match self {
            Self::Numeric(_) => Ok(()),
            Self::OneHot(column) => check_categories(&column.categories, &features[0]),
            Self::Target(column) => check_categories(&column.categories, &features[0]),
        }
    }
}

fn check_column_alone(column: &Column) -> Result<(), FormatError> {
    match column {
        Column::Numeric(column) => {
            check_number(column.fill, "finite", f32::is_finite).within("fill")?;
            check_range(column.range).within("range")?;
            check_scale(column.centre, column.scale)
        }
        Column::OneHot(column) => {
            let outputs = || column.outputs.iter().chain(&column.missing);
            // Every output has something that it says, so the width is no more than the text.
            must(
                1 <= column.width && column.width <= outputs().count(),
                || format!("{} outputs of {} values", column.width, outputs().count()),
            )
            .within("width")?;
            check_column(
                "outputs",
                outputs().copied(),
                "one of the outputs",
                |output| output < column.width,
            )
        }
        Column::Target(column) => {
            check_column(
                "rates",
                column.rates.iter().copied(),
                PROBABILITY,
                is_probability,
            )?;
            check_number(column.missing, PROBABILITY, is_probability).within("missing")?;
            check_number(column.base, PROBABILITY, is_probability).within("base")?;
            check_scale(column.centre, column.scale)
        }
    }
}

/// The smallest and the largest value of a column.
pub(super) fn check_range((lowest, highest): (f32, f32)) -> Result<(), FormatError> {
    check_number(lowest, "finite", f32::is_finite).at(0)?;
    check_number(
        highest,
        "a finite number, no less than the first",
        |highest| highest.is_finite() && lowest <= highest,
    )
    .at(1)
}

fn check_scale(centre: f64, scale: f64) -> Result<(), FormatError> {
    check_number(centre, "within single precision", |centre: f64| {
        centre.abs() <= f64::from(f32::MAX)
    })
    .within("centre")?;
    check_number(scale, LENGTH, is_length).within("scale")
}

/// Categories rise and are those of a categorical feature.
pub(super) fn check_categories(categories: &[u16], feature: &Feature) -> Result<(), FormatError> {
    let rising = categories.is_sorted_by(|a, b| a < b);
    must(rising, || "they must rise".into()).within("categories")?;
    let Some(limit) = feature.category_limit() else {
        return Err(FormatError::invalid("the feature is numeric").within("categories"));
    };
    check_column(
        "categories",
        categories.iter().copied(),
        "one of those that the feature has",
        |category| usize::from(category) < limit,
    )
}
