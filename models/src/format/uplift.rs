//! A model of uplift: boosted trees for amounts, one or two, and how they come together.

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_all, check_number};
use crate::tree::RegressionLoss;
use crate::uplift::{Learner, UpliftModel};

impl Stored for UpliftModel {
    fn write(&self, out: &mut Object) {
        out.text("learner", self.learner.name());
        out.number("share", self.share);
        out.objects("models", &self.models);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let name = fields.text("learner")?;
        let learner = Learner::ALL
            .into_iter()
            .find(|learner| learner.name() == name)
            .ok_or_else(|| {
                let names = Learner::ALL.map(Learner::name).join(", ");
                FormatError::invalid(format!("choose one of {names}")).within("learner")
            })?;
        Ok(Self {
            learner,
            share: fields.number("share")?,
            models: fields.objects("models")?,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        let (found, wanted) = (self.models.len(), self.learner.parts());
        must(found == wanted, || {
            format!("{found} where the {} has {wanted}", self.learner.name())
        })
        .within("models")?;
        // A difference of means: that of logarithms would be another thing.
        for (i, model) in self.models.iter().enumerate() {
            must(model.loss == RegressionLoss::Squared, || {
                "a model of uplift is made of models of the squared loss".into()
            })
            .at(i)
            .within("models")?;
        }
        check_number(self.share, "between 0 and 1", |share| {
            share > 0.0 && share < 1.0
        })
        .within("share")?;
        check_all("models", &self.models, features)
    }
}
