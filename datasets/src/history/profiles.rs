//! The latent types of customer: what a pipeline is to find out, and nobody who has real data knows.

use super::rows::Channel;

/// How many types there are.
pub const TYPES: usize = 6;

/// One value for each type of customer.
pub type ByType = [f64; TYPES];

/// The most departments of a shop.
pub const DEPARTMENTS: usize = 10;

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

/// Visits this many times as frequent, leaving this many times as likely.
pub const fn effect(pace: f64, leaving: f64) -> Effect {
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
    /// Share of each department of the shop in the lines; 0 for those that it has not.
    pub taste: [f64; DEPARTMENTS],
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
