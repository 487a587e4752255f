//! One row of the interactions, before it is written.

use super::calendar::Day;
use super::files::Problem;

/// What happened, named as in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A purchase line.
    Purchase,
    /// A line brought back.
    Return,
    /// A visit without a purchase.
    Visit,
    /// A call to the service, or one about a bad delivery.
    ServiceCall,
    /// A complaint, with how content its answer left the customer.
    Complaint,
    /// A contact of a campaign.
    Contact,
    /// A redeemed coupon of a campaign.
    Response,
    /// An answer to a survey.
    Survey,
    /// A paid invoice.
    Payment,
}

/// The names of [`Kind`], in its order.
pub const KINDS: [&str; 9] = [
    "purchase",
    "return",
    "visit",
    "service_call",
    "complaint",
    "contact",
    "response",
    "survey",
    "payment",
];

/// Through which channel something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// In the store.
    Store,
    /// On the website.
    Online,
    /// By mail.
    Mail,
    /// By e-mail.
    Email,
    /// By telephone.
    Phone,
    /// About a delivery.
    Delivery,
    /// The customer no longer wants to be contacted.
    OptOut,
}

/// The names of [`Channel`], in its order.
pub const CHANNELS: [&str; 7] = [
    "store", "online", "mail", "email", "phone", "delivery", "opt-out",
];

/// One interaction. Money is in hundredths; times are in seconds of the local clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Who; missing only where the data are made dirty.
    pub customer: Option<i64>,
    /// The day.
    pub day: Day,
    /// Seconds since midnight.
    pub second: i32,
    /// What.
    pub kind: Kind,
    /// Through which channel.
    pub channel: Option<Channel>,
    /// In which store.
    pub location: Option<i64>,
    /// Of or about which basket.
    pub basket: Option<i64>,
    /// Which product.
    pub product: Option<i64>,
    /// How many.
    pub quantity: Option<i64>,
    /// Money paid.
    pub amount: Option<i64>,
    /// Money taken off.
    pub discount: Option<i64>,
    /// What it cost the company.
    pub cost: Option<i64>,
    /// Of which campaign.
    pub campaign: Option<i64>,
    /// Rating: 1 to 5 of a complaint, 0 to 10 of a survey.
    pub rating: Option<i64>,
    /// What is wrong with the row, where data are made dirty.
    pub problem: Option<Problem>,
}

impl Row {
    /// A row that says who, when and what.
    pub fn new(customer: u64, day: Day, second: i32, kind: Kind) -> Self {
        Self {
            customer: Some(customer as i64),
            day,
            second,
            kind,
            channel: None,
            location: None,
            basket: None,
            product: None,
            quantity: None,
            amount: None,
            discount: None,
            cost: None,
            campaign: None,
            rating: None,
            problem: None,
        }
    }
}
