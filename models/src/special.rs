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

/// The regularised lower incomplete gamma function at `x`, for `a` above 0.
///
/// By its series below `a + 1` and by its continued fraction above (Abramowitz and Stegun 1964,
/// 6.5.29 and 6.5.31), the latter evaluated as Lentz (1976) does.
pub(crate) fn gamma_share(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = (a * x.ln() - x - libm::lgamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..10_000 {
            term *= x / (a + f64::from(n));
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return (front * sum).clamp(0.0, 1.0);
    }
    let mut b = x + 1.0 - a;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for n in 1..10_000 {
        let n = f64::from(n);
        let part = -n * (n - a);
        b += 2.0;
        d = 1.0 / (part * d + b);
        c = b + part / c;
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (1.0 - front * fraction).clamp(0.0, 1.0)
}

/// The digamma function, the slope of `ln Γ`, above 0.
///
/// By its asymptotic series from 10 on (Abramowitz and Stegun 1964, 6.3.18), and by
/// `ψ(x) = ψ(x + 1) - 1/x` below.
pub(crate) fn digamma(x: f64) -> f64 {
    let mut x = x;
    let mut below = 0.0;
    while x < 10.0 {
        below += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    // Bernoulli numbers over their orders.
    let series = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32760.0,
        1.0 / 12.0,
    ];
    let tail = series
        .iter()
        .rev()
        .fold(0.0, |sum, term| (sum + term) * square);
    x.ln() - 0.5 / x - tail - below
}

/// The standard normal quantile of `p` in `0.0..1.0` exclusive: the `z` below which it falls with
/// probability `p`.
///
/// By halving, over the complementary error function of `libm`: exact to the last digits in both
/// tails, and asked for too seldom to be fast.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let below = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        match below(middle) < p {
            true => low = middle,
            false => high = middle,
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_is_scipys() {
        for (p, expected) in [
            (0.975, 1.959_963_984_540_054),
            (0.8, 0.841_621_233_572_914_3),
            (0.95, 1.644_853_626_951_472_2),
            (0.3, -0.524_400_512_708_040_9),
            (1e-6, -4.753_424_308_822_899),
        ] {
            let found = normal_quantile(p);
            assert!((found - expected).abs() < 1e-12, "{p}: {found}");
        }
    }

    #[test]
    fn the_digamma_function_is_scipys() {
        // scipy.special.digamma(x)
        for (x, want) in [
            (1e-3, -1_000.575_571_931_810_3),
            (0.25, -4.227_453_533_376_265_5),
            (1.0, -0.577_215_664_901_532_9),
            (2.5, 0.703_156_640_645_243_1),
            (12.0, 2.442_661_679_975_812_5),
            (1e6, 13.815_510_057_964_191),
        ] {
            let got = digamma(x);
            assert!((got / want - 1.0).abs() < 1e-14, "{got} for {want}");
        }
    }

    #[test]
    fn the_incomplete_gamma_function_is_scipys() {
        // scipy.special.gammainc(a, x)
        for (a, x, want) in [
            (0.5, 0.5, 0.682_689_492_137_085_9),
            (1.0, 3.0, 0.950_212_931_632_136),
            (4.5, 2.0, 0.088_587_473_168_320_83),
            (4.5, 9.0, 0.964_826_460_533_015_2),
        ] {
            assert!((gamma_share(a, x) - want).abs() < 1e-13, "{a} {x}");
        }
        assert_eq!(gamma_share(2.0, 0.0), 0.0);
    }

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
