//! What is known beforehand of how a feature moves the risk of leaving.

/// How the risk of leaving moves as a feature rises, all others held fixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Risk {
    /// Nobody can say beforehand.
    Open,
    /// It does not fall.
    Rises(Beside),
    /// It does not rise.
    Falls(Beside),
}

/// What a value is high or low beside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beside {
    /// The median of the customers.
    Median,
    /// A number: a trend of 0 is neither rising nor falling.
    Number(f64),
}

impl Risk {
    /// Whether the words for a value say the opposite of its effect, such as `orders rising` of a
    /// customer whose risk it raises.
    ///
    /// - `median`: of the customers.
    /// - `effect`: what the value adds to the score; above 0 it raises the risk.
    pub fn contradicts(self, value: f64, median: f64, effect: f64) -> bool {
        let (beside, sign) = match self {
            Self::Open => return false,
            Self::Rises(beside) => (beside, 1.0),
            Self::Falls(beside) => (beside, -1.0),
        };
        let usual = match beside {
            Beside::Median => median,
            Beside::Number(number) => number,
        };
        // Nothing is said of a missing value that could be wrong.
        (value - usual) * sign * effect < 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_effect_agree_or_do_not() {
        let trend = Risk::Falls(Beside::Number(0.0));
        assert!(trend.contradicts(0.3, f64::NAN, 0.1));
        assert!(!trend.contradicts(0.3, f64::NAN, -0.1));
        assert!(!trend.contradicts(0.0, f64::NAN, 0.1));
        let away = Risk::Rises(Beside::Median);
        assert!(away.contradicts(2.0, 9.0, 0.4));
        assert!(!away.contradicts(20.0, 9.0, 0.4));
        assert!(!away.contradicts(f64::NAN, 9.0, 0.4));
        assert!(!Risk::Open.contradicts(2.0, 9.0, 0.4));
    }
}
