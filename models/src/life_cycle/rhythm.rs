//! How long customers usually stay away, and from when on hardly anybody comes back.

/// Days of silence, counted: a gap ended with a purchase, the silence since the last one has not.
///
/// They are whole numbers, so they can be counted in any order and on any number of threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silences {
    /// Gaps between purchases, by their days.
    gaps: Vec<u64>,
    /// Gaps after a second or later purchase, by their days.
    later: Vec<u64>,
    /// Silences that last, of customers who have bought at least twice, by their days.
    lasting: Vec<u64>,
}

/// What is usual at a date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    /// Four of five gaps between purchases are no longer, in days; NaN without any gap.
    pub q80: f64,
    /// 95 of 100 are no longer.
    pub q95: f64,
    /// Whoever is silent for longer has left, in days.
    pub churn_after: f64,
    /// Whether the silences told that; otherwise it was given, or is twice the longest usual gap.
    pub from_data: bool,
}

impl Silences {
    /// Counts the silences of a customer.
    ///
    /// - `days`: days with a purchase, rising, all before `as_of`.
    /// - `as_of`: the date; days without a purchase are counted up to it.
    pub fn add(&mut self, days: impl IntoIterator<Item = i32>, as_of: i32) {
        let mut before = None;
        let mut purchases = 0_u32;
        for day in days {
            if let Some(before) = before {
                count(&mut self.gaps, day - before);
                if purchases > 1 {
                    count(&mut self.later, day - before);
                }
            }
            before = Some(day);
            purchases += 1;
        }
        if let (Some(last), true) = (before, purchases > 1) {
            count(&mut self.lasting, as_of - last);
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.gaps, &other.gaps),
            (&mut self.later, &other.later),
            (&mut self.lasting, &other.lasting),
        ] {
            if mine.len() < theirs.len() {
                mine.resize(theirs.len(), 0);
            }
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine += theirs;
            }
        }
    }

    /// How many gaps were counted.
    pub fn gaps(&self) -> u64 {
        self.gaps.iter().sum()
    }

    /// A quantile of all gaps in days, interpolated linearly (type 7); NaN without any.
    pub fn quantile(&self, q: f64) -> f64 {
        let all = self.gaps();
        if all == 0 {
            return f64::NAN;
        }
        let position = q * (all - 1) as f64;
        let below = position.floor();
        let at = |place: u64| {
            let mut seen = 0;
            let day = self.gaps.iter().position(|count| {
                seen += count;
                seen > place
            });
            day.unwrap_or(0) as f64
        };
        let (low, high) = (at(below as u64), at((below as u64 + 1).min(all - 1)));
        low + (position - below) * (high - low)
    }

    /// The fewest days of silence, `from` at least, after which less than `below` come back within
    /// the next `within` days; none where too few silences are known for so long.
    ///
    /// By Kaplan and Meier over the silences of customers who had bought twice or more: a gap ends
    /// with a purchase, a silence that lasts is cut off. With `n_t` silences of at least `t` days,
    /// of which `e_t` end at `t`, it is `1 - prod_{t = g + 1}^{g + within} (1 - e_t / n_t)`.
    ///
    /// - `least`: so many silences must reach the end of the stretch that is judged.
    pub fn rarely_ends_after(&self, from: u32, within: u32, below: f64, least: u64) -> Option<u32> {
        let longest = self.later.len().max(self.lasting.len());
        let of = |counts: &[u64], day: usize| counts.get(day).copied().unwrap_or(0);
        // Silences that reach a day, and the logarithm of the share that lasts beyond it.
        let mut reach = vec![0_u64; longest + 1];
        for day in (1..longest).rev() {
            reach[day] = reach[day + 1] + of(&self.later, day) + of(&self.lasting, day);
        }
        let mut lasts = vec![0.0_f64; longest];
        for day in 1..longest {
            let ends = of(&self.later, day) as f64 / reach[day].max(1) as f64;
            lasts[day] = lasts[day - 1] + (1.0 - ends).ln();
        }
        let within = within as usize;
        (from as usize..longest.saturating_sub(within))
            .take_while(|day| reach[day + within] >= least.max(1))
            .find(|day| {
                let (now, then) = (lasts[*day], lasts[day + within]);
                // Where all silences have ended, nobody is left to come back.
                let back = if now.is_finite() {
                    -(then - now).exp_m1()
                } else {
                    0.0
                };
                back < below
            })
            .map(|day| day as u32)
    }
}

fn count(counts: &mut Vec<u64>, days: i32) {
    let days = usize::try_from(days).unwrap_or(0);
    if counts.len() <= days {
        counts.resize(days + 1, 0);
    }
    counts[days] += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A customer for each silence that ended and each that lasts, all with two purchases before.
    fn silences(ended: &[i32], lasting: &[i32]) -> Silences {
        let mut counted = Silences::default();
        for days in ended {
            counted
                .later
                .resize(counted.later.len().max(*days as usize + 1), 0);
            counted.later[*days as usize] += 1;
        }
        for days in lasting {
            counted.add([0, 1], 1 + days);
        }
        counted
    }

    #[test]
    fn gaps_are_counted_by_what_they_come_after() {
        let mut counted = Silences::default();
        counted.add([10, 13, 20], 25);
        counted.add([4], 25);
        counted.add([], 25);
        assert_eq!(counted.gaps(), 2);
        assert_eq!(counted.gaps, [0, 0, 0, 1, 0, 0, 0, 1]);
        // The first gap comes after a single purchase.
        assert_eq!(counted.later.iter().sum::<u64>(), 1);
        assert_eq!(counted.lasting, [0, 0, 0, 0, 0, 1]);
        let mut twice = counted.clone();
        twice.merge(&counted);
        assert_eq!(twice.gaps(), 4);
        assert_eq!(twice.quantile(0.5), 5.0);
    }

    /// `numpy.quantile([1, 2, 2, 5, 9, 9, 30], [.5, .8, .95])`
    #[test]
    fn quantiles_of_counts_are_those_of_the_values() {
        let mut counted = Silences::default();
        for gap in [1, 2, 2, 5, 9, 9, 30] {
            counted.add([0, gap], 100);
        }
        for (q, want) in [(0.5, 5.0), (0.8, 9.0), (0.95, 23.7)] {
            assert!((counted.quantile(q) - want).abs() < 1e-12, "{q}");
        }
        assert!(Silences::default().quantile(0.5).is_nan());
    }

    /// The product, written out for each day.
    #[test]
    fn who_comes_back_is_counted_as_kaplan_and_meier_do() {
        let ended: Vec<i32> = (1..=40)
            .flat_map(|day| vec![day; (60 / day) as usize])
            .collect();
        let lasting: Vec<i32> = (1..=120).collect();
        let counted = silences(&ended, &lasting);
        let back = |after: i32, within: i32| {
            let mut stays = 1.0;
            for day in after + 1..=after + within {
                let ends = ended.iter().filter(|e| **e == day).count() as f64;
                let reach = ended.iter().chain(&lasting).filter(|e| **e >= day).count();
                stays *= 1.0 - ends / reach as f64;
            }
            1.0 - stays
        };
        for (within, below) in [(10, 0.1), (20, 0.1), (20, 0.3)] {
            let brute = (0..).find(|after| back(*after, within) < below).unwrap();
            let found = counted.rarely_ends_after(0, within as u32, below, 1);
            assert_eq!(found, Some(brute as u32), "{within} {below}");
        }
        assert_eq!(counted.rarely_ends_after(50, 20, 0.3, 1), Some(50));
    }

    #[test]
    fn a_history_that_is_too_short_says_nothing() {
        // Nobody was ever away for longer than 12 days, so what comes after is not known.
        let short = silences(&[1, 2, 3, 5, 8, 10], &[2, 6, 12]);
        assert_eq!(short.rarely_ends_after(0, 30, 0.1, 1), None);
        let few = silences(&[1, 2, 3], &[100, 100]);
        assert_eq!(few.rarely_ends_after(0, 30, 0.1, 3), None);
        assert_eq!(few.rarely_ends_after(0, 30, 0.1, 2), Some(3));
        assert_eq!(Silences::default().rarely_ends_after(0, 1, 0.5, 0), None);
    }
}
