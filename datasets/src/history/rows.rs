//! One row of the interactions, before it is written.

/// A day of the history; 0 is its first.
pub type Day = i32;

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

/// What is wrong with a row that was made dirty. The first ones are of the interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The same row once more.
    Duplicate,
    /// A right row that comes in a later file.
    Late,
    /// The row before it once more, with another quantity and amount: the right ones.
    Correction,
    /// Dated before the customer joined.
    BeforeJoining,
    /// A product that the products do not know.
    UnknownProduct,
    /// No customer.
    NoCustomer,
    /// The time written day first, `31/12/2025 17:05`.
    DayFirst,
    /// The time written without separators, `20251231170500`.
    Compact,
    /// Text in GBK in a file of UTF-8.
    Gbk,
    /// An amount a thousand times too large.
    Outlier,
    /// A line of a basket of a thousand lines.
    GiantBasket,
    /// A customer's row once more.
    CustomerTwice,
    /// A second row of a customer, with another household.
    CustomerConflict,
}

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
    /// Whether it belongs to the cancellation of an order.
    pub cancelled: bool,
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
            cancelled: false,
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
