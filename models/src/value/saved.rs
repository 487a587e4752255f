//! Models of value in a JSON file that reads back to the same bits.

use serde::{Deserialize, Serialize};

use super::model::PurchaseModel;
use super::{BetaGeometric, GammaGamma, ParetoNbd, ShiftedBetaGeometric, VERSION, ValueError};

/// What every file holds under `format`.
const FORMAT: &str = "regulars-value";

/// Fitted models with the unit of their times, as one text.
///
/// Numbers stand as texts with the fewest digits that read back to the same bits. A text may come
/// from anywhere: unknown fields, another version and parameters that no model can have are
/// refused.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedValue {
    /// The unit of time of the histories, such as `day`.
    pub unit: String,
    /// When customers buy.
    pub purchases: Option<PurchaseModel>,
    /// What they spend.
    pub spend: Option<GammaGamma>,
    /// When contracts end.
    pub contract: Option<ShiftedBetaGeometric>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u64,
    unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purchases: Option<Purchases>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spend: Option<SpendFields>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contract: Option<ContractFields>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "leaves", deny_unknown_fields)]
enum Purchases {
    #[serde(rename = "after a purchase")]
    BetaGeometric {
        at_start: bool,
        regularity: u32,
        r: Exact,
        alpha: Exact,
        a: Exact,
        b: Exact,
    },
    #[serde(rename = "at any time")]
    Pareto {
        r: Exact,
        alpha: Exact,
        s: Exact,
        beta: Exact,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpendFields {
    p: Exact,
    q: Exact,
    v: Exact,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContractFields {
    a: Exact,
    b: Exact,
}

/// A number as the text that reads back to its bits.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Exact(f64);

impl From<Exact> for String {
    fn from(number: Exact) -> Self {
        format!("{:?}", number.0)
    }
}

impl TryFrom<String> for Exact {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse() {
            Ok(number) => Ok(Self(number)),
            Err(_) => {
                let start: String = text.chars().take(40).collect();
                Err(format!("{start:?} is no number"))
            }
        }
    }
}

impl SavedValue {
    /// The text. The same models give the same bytes.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json), so that whatever is written can be read.
    pub fn to_json(&self) -> Result<String, ValueError> {
        self.check()?;
        let purchases = |model: PurchaseModel| match model {
            PurchaseModel::BetaGeometric(model) => Purchases::BetaGeometric {
                at_start: model.leaves_at_start,
                regularity: model.regularity,
                r: Exact(model.r),
                alpha: Exact(model.alpha),
                a: Exact(model.a),
                b: Exact(model.b),
            },
            PurchaseModel::Pareto(model) => Purchases::Pareto {
                r: Exact(model.r),
                alpha: Exact(model.alpha),
                s: Exact(model.s),
                beta: Exact(model.beta),
            },
        };
        let file = File {
            format: FORMAT.to_owned(),
            version: VERSION,
            unit: self.unit.clone(),
            purchases: self.purchases.map(purchases),
            spend: self.spend.map(|model| SpendFields {
                p: Exact(model.p),
                q: Exact(model.q),
                v: Exact(model.v),
            }),
            contract: self.contract.map(|model| ContractFields {
                a: Exact(model.a),
                b: Exact(model.b),
            }),
        };
        let text = serde_json::to_string_pretty(&file).map_err(|error| refused(&error))?;
        Ok(text + "\n")
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`ValueError::Saved`] for a text that is something else, or of another version, and
    /// [`Setting`](ValueError::Setting) or [`InfiniteMean`](ValueError::InfiniteMean) for a
    /// parameter that no model can have.
    pub fn from_json(text: &str) -> Result<Self, ValueError> {
        let file: File = serde_json::from_str(text).map_err(|error| refused(&error))?;
        if file.format != FORMAT || file.version != VERSION {
            let found = format!("it is version {} of `{}`", file.version, file.format);
            return Err(refused(&found));
        }
        let purchases = |model: Purchases| match model {
            Purchases::BetaGeometric {
                at_start,
                regularity,
                r,
                alpha,
                a,
                b,
            } => PurchaseModel::BetaGeometric(BetaGeometric {
                r: r.0,
                alpha: alpha.0,
                a: a.0,
                b: b.0,
                regularity,
                leaves_at_start: at_start,
            }),
            Purchases::Pareto { r, alpha, s, beta } => PurchaseModel::Pareto(ParetoNbd {
                r: r.0,
                alpha: alpha.0,
                s: s.0,
                beta: beta.0,
            }),
        };
        let saved = Self {
            unit: file.unit,
            purchases: file.purchases.map(purchases),
            spend: file.spend.map(|fields| GammaGamma {
                p: fields.p.0,
                q: fields.q.0,
                v: fields.v.0,
            }),
            contract: file.contract.map(|fields| ShiftedBetaGeometric {
                a: fields.a.0,
                b: fields.b.0,
            }),
        };
        saved.check()?;
        Ok(saved)
    }

    fn check(&self) -> Result<(), ValueError> {
        self.purchases.map_or(Ok(()), |model| model.check())?;
        self.spend.map_or(Ok(()), |model| model.check())?;
        self.contract.map_or(Ok(()), |model| model.check())
    }
}

fn refused(problem: &impl ToString) -> ValueError {
    ValueError::Saved {
        problem: problem.to_string(),
    }
}
