//! The latent types of customer: what a pipeline is to find out, and nobody who has real data knows.

use super::rows::Channel;

/// How many types there are.
pub const TYPES: usize = 6;

/// One value for each type of customer.
pub type ByType = [f64; TYPES];

/// Departments of the catalogue, in the order of [`Profile::taste`].
pub const DEPARTMENTS: [&str; 10] = [
    "Fruit and vegetables",
    "Dairy and eggs",
    "Bakery",
    "Meat and fish",
    "Pantry",
    "Drinks",
    "Household",
    "Health and beauty",
    "Pets and baby",
    "Home and electronics",
];

/// Age bands of the attribute `age_band`.
pub const AGES: [&str; 6] = ["18-24", "25-34", "35-44", "45-54", "55-64", "65+"];

/// The sorts of campaign, in the order of [`Profile::campaigns`]; they take turns.
pub const CAMPAIGNS: [CampaignKind; 3] = [
    CampaignKind {
        name: "coupon mailing",
        channel: Channel::Mail,
        cost_cents: 90,
    },
    CampaignKind {
        name: "newsletter",
        channel: Channel::Email,
        cost_cents: 2,
    },
    CampaignKind {
        name: "win-back call",
        channel: Channel::Phone,
        cost_cents: 400,
    },
];

/// One sort of campaign.
#[derive(Clone, Copy, Debug)]
pub struct CampaignKind {
    /// What it is called.
    pub name: &'static str,
    /// How customers are reached.
    pub channel: Channel,
    /// What one contact costs, in hundredths.
    pub cost_cents: i64,
}

/// What a contact does to a customer while the campaign lasts.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// Visits become this many times as frequent.
    pub pace: f64,
    /// Leaving becomes this many times as likely.
    pub leaving: f64,
}

impl Effect {
    /// Nothing changes.
    pub const NONE: Self = effect(1.0, 1.0);
}

const fn effect(pace: f64, leaving: f64) -> Effect {
    Effect { pace, leaving }
}

/// What makes one type of customer different from the others.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Its name in the truth.
    pub name: &'static str,
    /// Its share among those who are customers when the history begins.
    pub share_at_start: f64,
    /// Its share among those who join later.
    pub share_later: f64,
    /// Days with a purchase per day, on average over the type's customers.
    pub rate: f64,
    /// Shape of the gamma distribution of that rate over customers.
    pub rate_shape: f64,
    /// Shape of the gamma distribution of the gaps between visits: 1 is irregular (exponential
    /// gaps), 3 is regular. A whole number, so that the gaps are Erlang distributed.
    pub regularity: usize,
    /// The hazard of leaving, per day, when nothing has happened.
    pub leaving: f64,
    /// The chance of leaving right after the first visit.
    pub leaving_at_once: f64,
    /// By how much visits get rarer each day: the rate falls as `exp(-fading * days)`.
    pub fading: f64,
    /// Visits from Monday to Sunday, relative to each other.
    pub weekdays: [f64; 7],
    /// Weight of the morning, midday and evening peak.
    pub peaks: [f64; 3],
    /// Mean number of lines that a basket has beyond the first.
    pub lines: f64,
    /// Shape of the negative binomial distribution of that number.
    pub lines_shape: f64,
    /// Share of each of [`DEPARTMENTS`] in the lines.
    pub taste: [f64; 10],
    /// The chance that one more of the same product is taken.
    pub another: f64,
    /// Share of lines that are bought at a discount.
    pub discounted: f64,
    /// Share of orders placed online and delivered.
    pub online: f64,
    /// The chance of a complaint after a visit without a bad delivery.
    pub complains: f64,
    /// How many times as likely leaving is while a complaint or a bad delivery is fresh.
    pub unforgiving: f64,
    /// How many times as likely leaving is while the price rise is fresh.
    pub price_sensitive: f64,
    /// The effect of each of [`CAMPAIGNS`].
    pub campaigns: [Effect; 3],
    /// Share that pays by invoice.
    pub invoice: f64,
    /// Share that belongs to an account of several customers.
    pub account: f64,
    /// Shares of [`AGES`].
    pub ages: [f64; 6],
    /// Shares of households of one to five people.
    pub household: [f64; 5],
    /// Mean of the logarithm of the income, whose standard deviation is 0.5 for every type.
    pub log_income: f64,
}

impl Profile {
    /// Stages of the gaps in a usual day, for a customer with so many visits in one.
    pub fn scale(&self, rate: f64) -> f64 {
        self.regularity as f64 * rate
    }
}

/// Every type, in a fixed order.
pub const PROFILES: [Profile; TYPES] = [
    Profile {
        name: "weekly family",
        share_at_start: 0.34,
        share_later: 0.24,
        rate: 0.30,
        rate_shape: 1.6,
        regularity: 2,
        leaving: 1.0 / 3000.0,
        leaving_at_once: 0.0,
        fading: 0.0,
        weekdays: [0.88, 0.80, 0.80, 0.86, 0.98, 1.34, 1.34],
        peaks: [0.12, 0.28, 0.60],
        lines: 9.8,
        lines_shape: 0.48,
        taste: [0.18, 0.14, 0.09, 0.13, 0.20, 0.09, 0.08, 0.05, 0.03, 0.01],
        another: 0.12,
        discounted: 0.46,
        online: 0.12,
        complains: 0.003,
        unforgiving: 8.0,
        price_sensitive: 1.2,
        // Comes anyway: no campaign changes anything, so its uplift is exactly zero.
        campaigns: [Effect::NONE; 3],
        invoice: 0.02,
        account: 0.01,
        ages: [0.02, 0.20, 0.38, 0.27, 0.09, 0.04],
        household: [0.03, 0.12, 0.28, 0.37, 0.20],
        log_income: 10.9,
    },
    Profile {
        name: "bargain hunter",
        share_at_start: 0.26,
        share_later: 0.20,
        rate: 0.19,
        rate_shape: 1.3,
        regularity: 1,
        leaving: 1.0 / 1500.0,
        leaving_at_once: 0.0,
        fading: 0.0,
        weekdays: [1.05, 1.00, 0.97, 1.00, 0.98, 1.00, 1.00],
        peaks: [0.24, 0.44, 0.32],
        lines: 8.2,
        lines_shape: 0.42,
        taste: [0.12, 0.12, 0.09, 0.09, 0.26, 0.11, 0.11, 0.08, 0.01, 0.01],
        another: 0.16,
        discounted: 0.72,
        online: 0.06,
        complains: 0.006,
        unforgiving: 5.0,
        price_sensitive: 5.0,
        campaigns: [effect(1.6, 0.8), effect(1.2, 1.0), Effect::NONE],
        invoice: 0.01,
        account: 0.01,
        ages: [0.06, 0.12, 0.14, 0.18, 0.22, 0.28],
        household: [0.30, 0.34, 0.18, 0.12, 0.06],
        log_income: 10.4,
    },
    Profile {
        name: "occasional",
        share_at_start: 0.24,
        share_later: 0.26,
        rate: 0.09,
        rate_shape: 1.3,
        regularity: 1,
        leaving: 1.0 / 1500.0,
        leaving_at_once: 0.04,
        fading: 0.0,
        weekdays: [0.95, 0.90, 0.95, 1.00, 1.15, 1.15, 0.90],
        peaks: [0.08, 0.27, 0.65],
        lines: 4.2,
        lines_shape: 0.60,
        taste: [0.12, 0.11, 0.14, 0.10, 0.17, 0.21, 0.05, 0.06, 0.02, 0.02],
        another: 0.08,
        discounted: 0.40,
        online: 0.18,
        complains: 0.004,
        unforgiving: 6.0,
        price_sensitive: 1.5,
        campaigns: [effect(1.3, 1.0), effect(1.5, 0.9), effect(1.4, 0.7)],
        invoice: 0.02,
        account: 0.01,
        ages: [0.26, 0.30, 0.16, 0.12, 0.09, 0.07],
        household: [0.46, 0.32, 0.12, 0.07, 0.03],
        log_income: 10.6,
    },
    Profile {
        name: "fading",
        share_at_start: 0.11,
        share_later: 0.10,
        rate: 0.26,
        rate_shape: 1.6,
        regularity: 1,
        leaving: 1.0 / 900.0,
        leaving_at_once: 0.0,
        fading: 0.005,
        weekdays: [0.95, 0.95, 0.95, 1.00, 1.05, 1.10, 1.00],
        peaks: [0.20, 0.38, 0.42],
        lines: 7.0,
        lines_shape: 0.55,
        taste: [0.15, 0.13, 0.10, 0.11, 0.20, 0.12, 0.08, 0.07, 0.02, 0.02],
        another: 0.10,
        discounted: 0.44,
        online: 0.14,
        complains: 0.008,
        unforgiving: 6.0,
        price_sensitive: 2.0,
        campaigns: [effect(1.2, 0.9), Effect::NONE, effect(1.3, 0.4)],
        invoice: 0.02,
        account: 0.01,
        ages: [0.12, 0.20, 0.20, 0.18, 0.16, 0.14],
        household: [0.28, 0.32, 0.18, 0.14, 0.08],
        log_income: 10.6,
    },
    Profile {
        name: "one-timer",
        share_at_start: 0.0,
        share_later: 0.14,
        rate: 0.05,
        rate_shape: 1.5,
        regularity: 1,
        leaving: 1.0 / 30.0,
        leaving_at_once: 0.80,
        fading: 0.0,
        weekdays: [0.90, 0.90, 0.90, 0.95, 1.10, 1.20, 1.05],
        peaks: [0.20, 0.45, 0.35],
        lines: 2.0,
        lines_shape: 0.80,
        taste: [0.10, 0.06, 0.10, 0.06, 0.15, 0.20, 0.06, 0.10, 0.04, 0.13],
        another: 0.06,
        discounted: 0.55,
        online: 0.30,
        complains: 0.02,
        unforgiving: 2.0,
        price_sensitive: 1.0,
        campaigns: [Effect::NONE; 3],
        invoice: 0.01,
        account: 0.01,
        ages: [0.30, 0.26, 0.16, 0.12, 0.09, 0.07],
        household: [0.42, 0.30, 0.14, 0.09, 0.05],
        log_income: 10.6,
    },
    Profile {
        name: "business account",
        share_at_start: 0.05,
        share_later: 0.06,
        rate: 0.42,
        rate_shape: 1.6,
        regularity: 3,
        leaving: 1.0 / 2500.0,
        leaving_at_once: 0.0,
        fading: 0.0,
        weekdays: [1.65, 1.45, 1.35, 1.30, 1.15, 0.08, 0.02],
        peaks: [0.62, 0.30, 0.08],
        lines: 12.0,
        lines_shape: 0.9,
        taste: [0.08, 0.16, 0.14, 0.02, 0.15, 0.25, 0.12, 0.02, 0.01, 0.05],
        another: 0.45,
        discounted: 0.25,
        online: 0.45,
        complains: 0.004,
        unforgiving: 10.0,
        price_sensitive: 1.5,
        // Wants to be left alone: contacts do harm.
        campaigns: [Effect::NONE, effect(0.85, 1.2), effect(0.70, 2.5)],
        invoice: 0.95,
        account: 0.90,
        ages: [0.02, 0.18, 0.30, 0.30, 0.16, 0.04],
        household: [0.22, 0.28, 0.20, 0.18, 0.12],
        log_income: 11.0,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn sums_to_one(what: &str, shares: impl Iterator<Item = f64>) {
        let sum: f64 = shares.sum();
        assert!((sum - 1.0).abs() < 1e-9, "{what}: {sum}");
    }

    #[test]
    fn shares_sum_to_one() {
        sums_to_one("at start", PROFILES.iter().map(|p| p.share_at_start));
        sums_to_one("later", PROFILES.iter().map(|p| p.share_later));
        for profile in &PROFILES {
            sums_to_one(profile.name, profile.taste.iter().copied());
            sums_to_one(profile.name, profile.peaks.iter().copied());
            sums_to_one(profile.name, profile.ages.iter().copied());
            sums_to_one(profile.name, profile.household.iter().copied());
            let week: f64 = profile.weekdays.iter().sum();
            assert!((week - 7.0).abs() < 0.011, "{}: {week}", profile.name);
        }
    }
}
