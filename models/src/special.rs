//! Special functions that `libm` does not have.

/// The regularised incomplete beta function at `x`; `y` is `1 - x`.
///
/// By its continued fraction (Abramowitz and Stegun 1964, 26.5.8), evaluated as Lentz (1976)
/// does.
pub(crate) fn beta_share(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let log = |value: f64, rest: f64| match value {
        small if small < 0.5 => small.ln(),
        _ => libm::log1p(-rest),
    };
    let front =
        (libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * log(x, y) + b * log(y, x))
            .exp();
    let share = if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, y) / b
    };
    share.clamp(0.0, 1.0)
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const SMALL: f64 = 1e-300;
    let away = |value: f64| if value.abs() < SMALL { SMALL } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    // It takes about the root of the larger argument; arguments are numbers of baskets.
    for m in 1..100_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incomplete_beta_function_is_scipys() {
        // scipy.special.betainc(a, b, x)
        for (a, b, x, want) in [
            (6.0, 14.0, 0.3, 0.526_137_475_726_485_5),
            (7.0, 14.0, 0.3, 0.391_990_187_799_075_6),
            (0.5, 0.5, 0.25, 1.0 / 3.0),
            (2.0, 1.0, 0.9, 0.81),
        ] {
            let got = beta_share(a, b, x, 1.0 - x);
            assert!((got - want).abs() < 1e-12, "{got} for {want}");
        }
        assert_eq!(beta_share(2.0, 3.0, 0.0, 1.0), 0.0);
        assert_eq!(beta_share(2.0, 3.0, 1.0, 0.0), 1.0);
    }
}
