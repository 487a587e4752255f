//! What a user may set about rules.

use linfa::ParamGuard;
use thiserror::Error;

use super::sides::{SideItems, Sides};

/// Why rules could not be made.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum RuleError {
    /// Not a share.
    #[error("min_confidence = {0}; choose a number from 0 to 1")]
    MinConfidence(f64),
    /// Below 0, infinite, or not a number.
    #[error("min_lift = {0}; choose a number from 0 up, 1 for rules better than chance")]
    MinLift(f64),
    /// A rule has at least one item to suggest.
    #[error("max_consequent = 0; choose at least 1")]
    ZeroMaxConsequent,
    /// A rule has at least one item on either side.
    #[error("{0} = 0, but both sides of a rule have an item; choose at least 1")]
    ZeroSize(&'static str),
    /// No size lies between the limits.
    #[error("max_{side} = {max} is below min_{side} = {min}; choose at least {min}")]
    Sizes {
        /// `antecedent` or `consequent`.
        side: &'static str,
        /// The fewest items of that side.
        min: usize,
        /// The most items of that side.
        max: usize,
    },
    /// An item is required and cannot be there, so no rule could be found.
    #[error("item {item} is required in the {side}, and {why}; no rule can be like that")]
    Impossible {
        /// `antecedent` or `consequent`.
        side: &'static str,
        /// The item.
        item: u32,
        /// What keeps it away.
        why: &'static str,
    },
    /// Not a probability above 0.
    #[error("max_q_value = {0}; choose a number above 0 and at most 1, where 1 keeps every rule")]
    MaxQValue(f64),
    /// Confidence cannot improve by 1 or more, and a rule that is worse than a shorter one
    /// should be asked for with [`Redundancy::Keep`].
    #[error(
        "min_improvement = {0}; choose a number from 0 and below 1, or keep what is redundant to \
         keep rules that are no better than shorter ones"
    )]
    MinImprovement(f64),
}

/// Which rules say nothing beyond a shorter one with the same consequent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redundancy {
    /// Keep them all.
    Keep,
    /// Drop a rule whose [improvement](super::Rule::improvement) is not above the smallest.
    Improvement,
    /// As `Improvement`, and the rule's confidence has to be *significantly* above that of
    /// every shorter antecedent: the p-value that is corrected is the largest of the rule's own
    /// and those of Fisher's exact tests against each proper part B of the antecedent A: of the
    /// baskets with B, does the consequent go with the rest of A? Being better than all of them
    /// is one claim, so the largest is its p-value. Source: Webb (2007), "Discovering
    /// significant patterns", section 3 (productive rules).
    Significance,
}

/// Checked parameters of rules; see [`RuleParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct RuleValidParams {
    pub(super) min_confidence: f64,
    pub(super) min_lift: f64,
    pub(super) min_antecedent: usize,
    pub(super) max_antecedent: usize,
    pub(super) min_consequent: usize,
    pub(super) max_consequent: usize,
    pub(super) antecedent: SideItems,
    pub(super) consequent: SideItems,
    pub(super) max_q_value: f64,
    pub(super) min_improvement: f64,
    pub(super) redundancy: Redundancy,
}

impl RuleValidParams {
    /// The lowest confidence.
    pub fn min_confidence(&self) -> f64 {
        self.min_confidence
    }

    /// The lowest lift.
    pub fn min_lift(&self) -> f64 {
        self.min_lift
    }

    /// The fewest and the most items of an antecedent.
    pub fn antecedent_sizes(&self) -> [usize; 2] {
        [self.min_antecedent, self.max_antecedent]
    }

    /// The fewest and the most items of a consequent.
    pub fn consequent_sizes(&self) -> [usize; 2] {
        [self.min_consequent, self.max_consequent]
    }

    /// Limits on the items of an antecedent.
    pub fn antecedent(&self) -> &SideItems {
        &self.antecedent
    }

    /// Limits on the items of a consequent.
    pub fn consequent(&self) -> &SideItems {
        &self.consequent
    }

    /// The highest q-value.
    pub fn max_q_value(&self) -> f64 {
        self.max_q_value
    }

    /// What the improvement must exceed.
    pub fn min_improvement(&self) -> f64 {
        self.min_improvement
    }

    /// Which rules are dropped for a shorter one.
    pub fn redundancy(&self) -> Redundancy {
        self.redundancy
    }

    pub(super) fn sides(&self) -> Sides {
        Sides::new(
            self.antecedent_sizes(),
            self.consequent_sizes(),
            &self.antecedent,
            &self.consequent,
        )
    }
}

/// Unchecked parameters of rules.
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_confidence` | 0.1 | the lowest confidence of a rule |
/// | `min_lift` | 1 | the lowest lift of a rule |
/// | `min_antecedent`, `max_antecedent` | 1, no limit | how many items a rule starts from |
/// | `min_consequent`, `max_consequent` | 1, 1 | how many items one rule suggests |
/// | `antecedent`, `consequent` | no limits | which items may, must and must not be on that side |
/// | `redundancy` | `Significance` | which rules are dropped for a shorter one |
/// | `min_improvement` | 0 | by how much more than this the confidence must exceed that of every shorter antecedent |
/// | `max_q_value` | 0.05 | the highest q-value of a rule; 1 keeps what may be chance |
#[derive(Clone, Debug, PartialEq)]
pub struct RuleParams(RuleValidParams);

impl Default for RuleParams {
    fn default() -> Self {
        Self(RuleValidParams {
            min_confidence: 0.1,
            min_lift: 1.0,
            min_antecedent: 1,
            max_antecedent: usize::MAX,
            min_consequent: 1,
            max_consequent: 1,
            antecedent: SideItems::default(),
            consequent: SideItems::default(),
            max_q_value: 0.05,
            min_improvement: 0.0,
            redundancy: Redundancy::Significance,
        })
    }
}

impl RuleParams {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the lowest confidence of a rule, itself included.
    pub fn min_confidence(mut self, min_confidence: f64) -> Self {
        self.0.min_confidence = min_confidence;
        self
    }

    /// Sets the lowest lift of a rule, itself included.
    pub fn min_lift(mut self, min_lift: f64) -> Self {
        self.0.min_lift = min_lift;
        self
    }

    /// Sets the fewest items of an antecedent.
    pub fn min_antecedent(mut self, min_antecedent: usize) -> Self {
        self.0.min_antecedent = min_antecedent;
        self
    }

    /// Sets the most items of an antecedent.
    pub fn max_antecedent(mut self, max_antecedent: usize) -> Self {
        self.0.max_antecedent = max_antecedent;
        self
    }

    /// Sets the fewest items of a consequent.
    pub fn min_consequent(mut self, min_consequent: usize) -> Self {
        self.0.min_consequent = min_consequent;
        self
    }

    /// Sets the most items of a consequent.
    ///
    /// Each item more multiplies the candidates, and with them the evidence that each rule
    /// needs.
    pub fn max_consequent(mut self, max_consequent: usize) -> Self {
        self.0.max_consequent = max_consequent;
        self
    }

    /// Limits the items of the antecedent.
    pub fn antecedent(mut self, antecedent: SideItems) -> Self {
        self.0.antecedent = antecedent;
        self
    }

    /// Limits the items of the consequent; [`SideItems::only`] asks what leads to these items.
    pub fn consequent(mut self, consequent: SideItems) -> Self {
        self.0.consequent = consequent;
        self
    }

    /// Sets the highest q-value of a rule, itself included: the share of the rules kept that
    /// may be expected to be chance.
    pub fn max_q_value(mut self, max_q_value: f64) -> Self {
        self.0.max_q_value = max_q_value;
        self
    }

    /// Sets what the improvement of a rule must exceed; see
    /// [`Rule::improvement`](super::Rule::improvement).
    pub fn min_improvement(mut self, min_improvement: f64) -> Self {
        self.0.min_improvement = min_improvement;
        self
    }

    /// Sets which rules are dropped because a shorter one says as much.
    pub fn redundancy(mut self, redundancy: Redundancy) -> Self {
        self.0.redundancy = redundancy;
        self
    }
}

impl ParamGuard for RuleParams {
    type Checked = RuleValidParams;
    type Error = RuleError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        // Ranges refuse what is not a number, too.
        if !(0.0..=1.0).contains(&params.min_confidence) {
            return Err(RuleError::MinConfidence(params.min_confidence));
        }
        if !(0.0..f64::INFINITY).contains(&params.min_lift) {
            return Err(RuleError::MinLift(params.min_lift));
        }
        if params.max_consequent == 0 {
            return Err(RuleError::ZeroMaxConsequent);
        }
        for (name, [min, max], side) in [
            ("min_antecedent", params.antecedent_sizes(), "antecedent"),
            ("min_consequent", params.consequent_sizes(), "consequent"),
        ] {
            if min == 0 {
                return Err(RuleError::ZeroSize(name));
            }
            if max < min {
                return Err(RuleError::Sizes { side, min, max });
            }
        }
        check_required("antecedent", &params.antecedent, &params.consequent)?;
        check_required("consequent", &params.consequent, &params.antecedent)?;
        if !(params.max_q_value > 0.0 && params.max_q_value <= 1.0) {
            return Err(RuleError::MaxQValue(params.max_q_value));
        }
        if !(0.0..1.0).contains(&params.min_improvement) {
            return Err(RuleError::MinImprovement(params.min_improvement));
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// Refuses what no rule can be: an item that must and must not be on a side, or must be on both.
fn check_required(
    side: &'static str,
    items: &SideItems,
    other: &SideItems,
) -> Result<(), RuleError> {
    for &item in &items.required {
        let not_allowed = |allowed: &Vec<u32>| !allowed.contains(&item);
        let why = if items.forbidden.contains(&item) {
            "forbidden there too"
        } else if items.allowed.as_ref().is_some_and(not_allowed) {
            "not among the items allowed there"
        } else if other.required.contains(&item) {
            "required on the other side too"
        } else {
            continue;
        };
        return Err(RuleError::Impossible { side, item, why });
    }
    Ok(())
}
