//! Money as it is added up, and as it is told.

use crate::contract::MONEY_SCALE;

/// Ten-thousandths as an amount.
pub fn amount(money: i64) -> f64 {
    money as f64 / 10f64.powi(MONEY_SCALE.into())
}
