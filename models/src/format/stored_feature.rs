//! A feature in a model file.

use super::error::{FormatError, Within, must};
use super::feature::{Feature, FeatureKind, distinct};
use super::fields::{Fields, Object, Stored};
use crate::tree::MAX_CATEGORY;

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
