//! Naive Bayes: what each value of each feature adds.

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_column, check_columns, check_number};
use super::preprocessing::{check_categories, check_range};
use crate::classifiers::NaiveBayes;
use crate::classifiers::naive_bayes::Evidence;

impl Stored for NaiveBayes {
    fn write(&self, out: &mut Object) {
        out.number("prior", self.prior);
        out.objects("features", &self.features);
        out.column("means", self.means.iter().copied());
        out.column("deviations", self.deviations.iter().copied());
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let features: Vec<Evidence> = fields.objects("features")?;
        let n = features.len();
        Ok(Self {
            prior: fields.number("prior")?,
            means: fields.column_of("means", n, "features")?,
            deviations: fields.column_of("deviations", n, "features")?,
            features,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_number(self.prior, "finite", f64::is_finite).within("prior")?;
        check_columns(self.features.len(), features).within("features")?;
        let mut largest = self.prior.abs();
        for (i, evidence) in self.features.iter().enumerate() {
            evidence.check(&features[i..=i]).at(i).within("features")?;
            largest += evidence.largest() + self.means[i].abs();
        }
        check_column(
            "deviations",
            self.deviations.iter().copied(),
            "finite",
            f64::is_finite,
        )?;
        must(largest.is_finite(), || {
            "with these, log-odds can be more than a number can hold".into()
        })
        .within("features")
    }
}

impl Evidence {
    /// The most that any value adds or takes off.
    fn largest(&self) -> f64 {
        match self {
            Self::Gaussian { variances, .. } => {
                let widest = 2.0 * f64::from(f32::MAX);
                let part = |v: f64| libm::log(v).abs() + widest * widest / v;
                part(variances[0]) + part(variances[1])
            }
            Self::Binned { added, .. } | Self::Categorical { added, .. } => {
                added.iter().fold(0.0, |most, added| added.abs().max(most))
            }
            Self::Silent => 0.0,
        }
    }
}

impl Stored for Evidence {
    fn write(&self, out: &mut Object) {
        match self {
            Self::Gaussian {
                means,
                variances,
                range,
            } => {
                out.text("kind", "gaussian");
                out.column("means", *means);
                out.column("variances", *variances);
                out.column("range", [range.0, range.1]);
            }
            Self::Binned { edges, added } => {
                out.text("kind", "binned");
                out.column("edges", edges.iter().copied());
                out.column("added", added.iter().copied());
            }
            Self::Categorical { categories, added } => {
                out.text("kind", "categorical");
                out.column("categories", categories.iter().copied());
                out.column("added", added.iter().copied());
            }
            Self::Silent => out.text("kind", "silent"),
        }
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        match fields.text("kind")?.as_ref() {
            "gaussian" => {
                let means = fields.column_of("means", 2, "labels")?;
                let variances = fields.column_of("variances", 2, "labels")?;
                let range = fields.column_of("range", 2, "ends")?;
                Ok(Self::Gaussian {
                    means: [means[0], means[1]],
                    variances: [variances[0], variances[1]],
                    range: (range[0], range[1]),
                })
            }
            "binned" => {
                let edges: Vec<f32> = fields.column("edges")?;
                let added = fields.column_of("added", edges.len() + 1, "bins")?;
                Ok(Self::Binned { edges, added })
            }
            "categorical" => {
                let categories: Vec<u16> = fields.column("categories")?;
                let added = fields.column_of("added", categories.len(), "categories")?;
                Ok(Self::Categorical { categories, added })
            }
            "silent" => Ok(Self::Silent),
            _ => {
                let problem = "choose \"gaussian\", \"binned\", \"categorical\" or \"silent\"";
                Err(FormatError::invalid(problem).within("kind"))
            }
        }
    }

    /// Here the features are the one that this is the evidence of.
    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        let finite = |name: &str, added: &[f64]| {
            check_column(name, added.iter().copied(), "finite", f64::is_finite)
        };
        match self {
            Self::Gaussian {
                means,
                variances,
                range,
            } => {
                let single = f64::from(f32::MAX);
                check_column("means", *means, "within single precision", |mean: f64| {
                    mean.abs() <= single
                })?;
                check_column(
                    "variances",
                    *variances,
                    "a finite number above 0",
                    |v: f64| v.is_finite() && v > 0.0,
                )?;
                check_range(*range).within("range")
            }
            Self::Binned { edges, added } => {
                let rising = edges.is_sorted_by(|a, b| a < b);
                must(rising, || "they must rise".into()).within("edges")?;
                check_column("edges", edges.iter().copied(), "finite", f32::is_finite)?;
                finite("added", added)
            }
            Self::Categorical { categories, added } => {
                check_categories(categories, &features[0])?;
                finite("added", added)
            }
            Self::Silent => Ok(()),
        }
    }
}
