//! What a user may set about rules.

use linfa::ParamGuard;
use thiserror::Error;

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
    /// Not a probability above 0.
    #[error("max_q_value = {0}; choose a number above 0 and at most 1, where 1 keeps every rule")]
    MaxQValue(f64),
    /// Confidence cannot improve by 1 or more, and a rule that is worse than a shorter one
    /// should be asked for with `keep_redundant`.
    #[error(
        "min_improvement = {0}; choose a number from 0 and below 1, or set keep_redundant to \
         keep rules that are no better than shorter ones"
    )]
    MinImprovement(f64),
}

/// Checked parameters of rules; see [`RuleParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct RuleValidParams {
    pub(super) min_confidence: f64,
    pub(super) min_lift: f64,
    pub(super) max_consequent: usize,
    pub(super) max_q_value: f64,
    pub(super) min_improvement: f64,
    pub(super) keep_redundant: bool,
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

    /// The most items of a consequent.
    pub fn max_consequent(&self) -> usize {
        self.max_consequent
    }

    /// The highest q-value.
    pub fn max_q_value(&self) -> f64 {
        self.max_q_value
    }

    /// What the improvement must exceed.
    pub fn min_improvement(&self) -> f64 {
        self.min_improvement
    }

    /// Whether rules that are no better than shorter ones are kept.
    pub fn keep_redundant(&self) -> bool {
        self.keep_redundant
    }
}

/// Unchecked parameters of rules.
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_confidence` | 0.1 | the lowest confidence of a rule |
/// | `min_lift` | 1 | the lowest lift of a rule |
/// | `max_consequent` | 1 | the most items that one rule suggests |
/// | `max_q_value` | 0.05 | the highest q-value of a rule; 1 keeps what may be chance |
/// | `min_improvement` | 0 | by how much more than this the confidence must exceed that of every shorter antecedent |
/// | `keep_redundant` | false | keep rules that fail `min_improvement` |
#[derive(Clone, Debug, PartialEq)]
pub struct RuleParams(RuleValidParams);

impl Default for RuleParams {
    fn default() -> Self {
        Self(RuleValidParams {
            min_confidence: 0.1,
            min_lift: 1.0,
            max_consequent: 1,
            max_q_value: 0.05,
            min_improvement: 0.0,
            keep_redundant: false,
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

    /// Sets the most items of a consequent.
    ///
    /// Each item more multiplies the candidates, and with them the evidence that each rule
    /// needs.
    pub fn max_consequent(mut self, max_consequent: usize) -> Self {
        self.0.max_consequent = max_consequent;
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

    /// Keeps rules whose improvement is too small.
    pub fn keep_redundant(mut self, keep_redundant: bool) -> Self {
        self.0.keep_redundant = keep_redundant;
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
