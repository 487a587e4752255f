//! Several models as one.

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_column};
use super::json::Json;
use super::model::{check_classifier, read_classifier, write_classifier};
use crate::classifiers::{Classifier, Ensemble};

/// What is said of a member that is none.
const NO_MEMBER: &str = "an ensemble has single models that say why they score as they do";

fn write_member(member: &Classifier) -> Json<'static> {
    let mut object = Object::default();
    object.text("kind", member.kind());
    object.put("model", write_classifier(member));
    object.into_json()
}

fn read_member(json: Json<'_>) -> Result<Classifier, FormatError> {
    let mut fields = Fields::of(json)?;
    let kind = fields.text("kind")?;
    // Asked before it is read: an ensemble of ensembles could be as deep as the text is long.
    must(kind != "ensemble", || NO_MEMBER.into()).within("kind")?;
    let member = read_classifier(&kind, fields.take("model")?)?;
    fields.finish()?;
    Ok(member)
}

impl Stored for Ensemble {
    fn write(&self, out: &mut Object) {
        out.column("weights", self.weights.iter().copied());
        let members = self.members.iter().map(write_member).collect();
        out.put("members", Json::List(members));
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let list = fields.list("members")?.into_iter().enumerate();
        let members = list
            .map(|(place, json)| read_member(json).at(place))
            .collect::<Result<Vec<_>, _>>()
            .within("members")?;
        Ok(Self {
            weights: fields.column_of("weights", members.len(), "members")?,
            members,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        must(!self.members.is_empty(), || "at least one is needed".into()).within("members")?;
        for (place, member) in self.members.iter().enumerate() {
            let single = !matches!(member, Classifier::Ensemble(_)) && member.explains();
            must(single, || NO_MEMBER.into())
                .and_then(|()| check_classifier(member, features).within("model"))
                .at(place)
                .within("members")?;
        }
        let weights = self.weights.iter().copied();
        check_column("weights", weights, "a share", |weight: f64| {
            (0.0..=1.0).contains(&weight)
        })?;
        let sum: f64 = self.weights.iter().sum();
        must((sum - 1.0).abs() < 1e-6, || {
            format!("together they are {sum}, not 1")
        })
        .within("weights")
    }
}
