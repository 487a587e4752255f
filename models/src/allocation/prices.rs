//! Prices of limits, and steps towards those at which the bound is smallest.

/// What using one place of each limit costs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prices {
    /// Above 0 where a limit of the kind at most keeps candidates away, below where one of the kind at
    /// least draws them.
    pub limits: Vec<f64>,
    /// Of a place on each list.
    pub lists: Vec<f64>,
    /// Of money.
    pub budget: f64,
}

impl Prices {
    pub(super) fn none(limits: usize, lists: usize) -> Self {
        Self {
            limits: vec![0.0; limits],
            lists: vec![0.0; lists],
            budget: 0.0,
        }
    }

    /// The prices after a step against the slopes.
    fn step(&self, slopes: &Account, length: f64, bounds: &Bounds) -> Self {
        let limits = self.limits.iter().zip(&slopes.limits).zip(&bounds.limits);
        let lists = self.lists.iter().zip(&slopes.lists).zip(&bounds.lists);
        Self {
            limits: limits
                .map(|((price, slope), (low, high))| (price - length * slope).clamp(*low, *high))
                .collect(),
            lists: lists
                .map(|((price, slope), is)| {
                    if *is {
                        (price - length * slope).max(0.0)
                    } else {
                        0.0
                    }
                })
                .collect(),
            budget: match bounds.budget {
                true => (self.budget - length * slopes.budget).max(0.0),
                false => 0.0,
            },
        }
    }
}

/// Within what prices may be.
pub(super) struct Bounds {
    /// By limit, the lowest and the highest.
    pub limits: Vec<(f64, f64)>,
    /// By list, whether there is one.
    pub lists: Vec<bool>,
    /// Whether money has one.
    pub budget: bool,
}

/// What comes of some prices. First `limits` and `lists` are how many were taken; once settled, they
/// and `budget` are the slopes of `value`.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub brings: f64,
    pub value: f64,
    pub limits: Vec<f64>,
    pub lists: Vec<f64>,
    pub budget: f64,
}

impl Account {
    pub(super) fn none(limits: usize, lists: usize) -> Self {
        Self {
            brings: 0.0,
            value: 0.0,
            limits: vec![0.0; limits],
            lists: vec![0.0; lists],
            budget: 0.0,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.brings += other.brings;
        for (sum, more) in self.limits.iter_mut().zip(&other.limits) {
            *sum += more;
        }
        for (sum, more) in self.lists.iter_mut().zip(&other.lists) {
            *sum += more;
        }
    }

    fn steepness(&self) -> f64 {
        let all = self.limits.iter().chain(&self.lists).chain([&self.budget]);
        all.map(|slope| slope * slope).sum()
    }
}

/// Subgradient steps of Polyak's length towards `target`, which no value is below (Polyak 1969; Held,
/// Wolfe and Crowder 1974: shorter steps where nothing gets better). The best prices met, and their
/// value.
pub(super) fn descend(
    bounds: &Bounds,
    start: Prices,
    target: f64,
    steps: usize,
    account: impl Fn(&Prices) -> Account,
) -> (Prices, f64) {
    let mut prices = start;
    let (mut best, mut lowest) = (prices.clone(), f64::INFINITY);
    let (mut eagerness, mut idle) = (1.0, 0);
    for _ in 0..=steps {
        let now = account(&prices);
        if now.value < lowest {
            // What is better by next to nothing does not count as progress.
            idle = if lowest - now.value > 1e-9 * lowest.abs() {
                0
            } else {
                idle + 1
            };
            lowest = now.value;
            best.clone_from(&prices);
        } else {
            idle += 1;
        }
        if idle > 12 {
            (eagerness, idle) = (eagerness / 2.0, 0);
            prices.clone_from(&best);
            if eagerness < 1e-7 {
                break;
            }
            continue;
        }
        let steepness = now.steepness();
        let above = now.value - target;
        if steepness == 0.0 || above <= 1e-9 * target.abs().max(1e-9) {
            break;
        }
        prices = prices.step(&now, eagerness * above / steepness, bounds);
    }
    (best, lowest)
}
