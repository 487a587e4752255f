//! Boosted trees of every loss.

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_all, check_column, check_columns, check_number};
use super::trees::check_sums;
use crate::tree::node::Tree;
use crate::tree::{
    BoostedRegressor, GradientBoosting, LambdaRank, MultiClassBoosting, RegressionLoss,
};

/// What all boosted models hold; of one output all but the start values, which are one.
struct Boosted<'m> {
    columns: usize,
    start: &'m [f64],
    trees: &'m [Tree],
    validation_losses: &'m [f64],
}

struct Parts {
    columns: usize,
    start: Vec<f64>,
    trees: Vec<Tree>,
    validation_losses: Vec<f64>,
}

impl<'m> Boosted<'m> {
    fn of(columns: usize, start: &'m [f64], trees: &'m [Tree], losses: &'m [f64]) -> Self {
        Self {
            columns,
            start,
            trees,
            validation_losses: losses,
        }
    }

    fn write(&self, out: &mut Object) {
        out.count("columns", self.columns);
        out.column("start", self.start.iter().copied());
        out.column("validation_losses", self.validation_losses.iter().copied());
        out.objects("trees", self.trees);
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_columns(self.columns, features).within("columns")?;
        let losses = self.validation_losses.iter().copied();
        check_column("validation_losses", losses, "known", |loss: f64| {
            !loss.is_nan()
        })?;
        check_all("trees", self.trees, features)?;
        check_column(
            "start",
            self.start.iter().copied(),
            "finite",
            f64::is_finite,
        )?;
        check_sums(self.start.iter().map(|start| start.abs()).sum(), self.trees).within("trees")
    }
}

impl Parts {
    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            columns: fields.count("columns")?,
            start: fields.column("start")?,
            validation_losses: fields.column("validation_losses")?,
            trees: fields.objects("trees")?,
        })
    }

    /// The one start value of a model with one output.
    fn start(&self) -> Result<f64, FormatError> {
        match self.start.as_slice() {
            [start] => Ok(*start),
            more => {
                let problem = format!("{} numbers where one is expected", more.len());
                Err(FormatError::invalid(problem).within("start"))
            }
        }
    }
}

/// Models whose loss has no numbers of its own.
macro_rules! one_output {
    ($($model:ident),*) => {$(
        impl Stored for $model {
            fn write(&self, out: &mut Object) {
                Boosted::of(self.features, &[self.start], &self.trees, &self.validation_losses)
                    .write(out);
            }

            fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
                let parts = Parts::read(fields)?;
                Ok(Self {
                    features: parts.columns,
                    start: parts.start()?,
                    trees: parts.trees,
                    validation_losses: parts.validation_losses,
                })
            }

            fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
                Boosted::of(self.features, &[self.start], &self.trees, &self.validation_losses)
                    .check(features)
            }
        }
    )*};
}

one_output!(GradientBoosting, LambdaRank);

impl Stored for BoostedRegressor {
    fn write(&self, out: &mut Object) {
        match self.loss {
            RegressionLoss::Squared => out.text("loss", "squared"),
            RegressionLoss::Poisson => out.text("loss", "poisson"),
            RegressionLoss::Pinball { quantile } => {
                out.text("loss", "pinball");
                out.number("quantile", quantile);
            }
        }
        Boosted::of(
            self.features,
            &[self.start],
            &self.trees,
            &self.validation_losses,
        )
        .write(out);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let loss = match fields.text("loss")?.as_ref() {
            "squared" => RegressionLoss::Squared,
            "poisson" => RegressionLoss::Poisson,
            "pinball" => RegressionLoss::Pinball {
                quantile: fields.number("quantile")?,
            },
            _ => {
                let problem = "choose \"squared\", \"poisson\" or \"pinball\"";
                return Err(FormatError::invalid(problem).within("loss"));
            }
        };
        let parts = Parts::read(fields)?;
        Ok(Self {
            features: parts.columns,
            loss,
            start: parts.start()?,
            trees: parts.trees,
            validation_losses: parts.validation_losses,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        if let RegressionLoss::Pinball { quantile } = self.loss {
            check_number(quantile, "above 0 and below 1", |q| 0.0 < q && q < 1.0)
                .within("quantile")?;
        }
        Boosted::of(
            self.features,
            &[self.start],
            &self.trees,
            &self.validation_losses,
        )
        .check(features)
    }
}

impl Stored for MultiClassBoosting {
    fn write(&self, out: &mut Object) {
        Boosted::of(
            self.features,
            &self.start,
            &self.trees,
            &self.validation_losses,
        )
        .write(out);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let parts = Parts::read(fields)?;
        Ok(Self {
            features: parts.columns,
            start: parts.start,
            trees: parts.trees,
            validation_losses: parts.validation_losses,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        let (classes, trees) = (self.start.len(), self.trees.len());
        must(classes >= 2, || "at least two classes are needed".into()).within("start")?;
        must(trees.is_multiple_of(classes), || {
            format!("{trees} trees are not one for each of {classes} classes a round")
        })
        .within("trees")?;
        Boosted::of(
            self.features,
            &self.start,
            &self.trees,
            &self.validation_losses,
        )
        .check(features)
    }
}
