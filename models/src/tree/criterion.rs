//! What a split is worth. Both sums that a criterion sees come from the same histograms.

/// The worth of a set of rows, given two sums over them. The gain of a split is
/// `score(left) + score(right) - score(parent)`.
pub(crate) trait Criterion: Sync {
    fn score(&self, gradient: f64, hessian: f64) -> f64;

    /// The value of a leaf holding these rows.
    fn value(&self, gradient: f64, hessian: f64) -> f64;

    /// The worth when the leaf's value must be `value` rather than the best one.
    fn score_at(&self, gradient: f64, hessian: f64, value: f64) -> f64;
}

/// Second-order boosting: `gradient` and `hessian` are those of the loss in the raw score
/// (Chen and Guestrin 2016, "XGBoost", equations 5 to 7, without the factor of one half; with
/// `l1` times the absolute value of each leaf added to the loss, as in their program).
#[derive(Clone, Copy)]
pub(crate) struct Newton {
    pub l1: f64,
    pub l2: f64,
}

impl Newton {
    /// The gradient drawn towards 0 by `l1`, at most to 0.
    #[inline]
    fn drawn(&self, gradient: f64) -> f64 {
        (gradient.abs() - self.l1).max(0.0).copysign(gradient)
    }
}

impl Criterion for Newton {
    #[inline]
    fn score(&self, gradient: f64, hessian: f64) -> f64 {
        let gradient = self.drawn(gradient);
        gradient * gradient / (hessian + self.l2)
    }

    fn value(&self, gradient: f64, hessian: f64) -> f64 {
        let gradient = self.drawn(gradient);
        // Not -0: it would make other bits of equal values.
        if gradient == 0.0 {
            return 0.0;
        }
        -gradient / (hessian + self.l2)
    }

    fn score_at(&self, gradient: f64, hessian: f64, value: f64) -> f64 {
        -(2.0 * gradient + (hessian + self.l2) * value) * value - 2.0 * self.l1 * value.abs()
    }
}

/// Gini impurity: `gradient` is the weight of the positive rows, `hessian` of all rows.
///
/// The impurity of a node of weight n with positives k is `2 k/n (1 - k/n)`, so n times it is
/// `2k - 2k^2/n`; the sum of `2k` over the children is the parent's and drops out of the gain.
pub(crate) struct Gini;

impl Criterion for Gini {
    fn score(&self, positive: f64, weight: f64) -> f64 {
        2.0 * positive * positive / weight
    }

    fn value(&self, positive: f64, weight: f64) -> f64 {
        positive / weight
    }

    fn score_at(&self, positive: f64, weight: f64, _: f64) -> f64 {
        self.score(positive, weight)
    }
}

/// Entropy in bits; the sums are those of [`Gini`].
pub(crate) struct Entropy;

impl Criterion for Entropy {
    fn score(&self, positive: f64, weight: f64) -> f64 {
        let part = |k: f64| {
            if k > 0.0 {
                k * libm::log2(k / weight)
            } else {
                0.0
            }
        };
        part(positive) + part(weight - positive)
    }

    fn value(&self, positive: f64, weight: f64) -> f64 {
        positive / weight
    }

    fn score_at(&self, positive: f64, weight: f64, _: f64) -> f64 {
        self.score(positive, weight)
    }
}
