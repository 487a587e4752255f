//! The canonical tables: what every source is mapped onto and every stage reads; and the
//! features that are made of them.

pub mod consent;
pub mod features;
pub mod no_products;
pub mod personal;

use arrow::datatypes::{DataType, TimeUnit};

/// Digits of an amount: `Decimal128(18, 4)`, so that sums are exact in any order.
pub const MONEY_PRECISION: u8 = 18;
/// Digits after the point of an amount.
pub const MONEY_SCALE: i8 = 4;

/// What a canonical column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A key: `Int64` where every source has whole numbers, text otherwise.
    Id,
    /// A moment, kept in UTC to the microsecond.
    Time,
    /// A calendar day.
    Date,
    /// Money, a quantity, a rating or a duration: an exact decimal.
    Decimal,
    /// One of [`KINDS`].
    Kind,
    /// Free text.
    Text,
    /// Yes or no.
    Flag,
    /// An attribute of a customer: numbers stay numbers, everything else is text.
    Attribute,
}

impl Content {
    /// The Arrow type in the warehouse; ids and attributes depend on their sources.
    pub fn fixed_type(self) -> Option<DataType> {
        match self {
            Content::Id | Content::Attribute => None,
            Content::Time => Some(DataType::Timestamp(
                TimeUnit::Microsecond,
                Some("UTC".into()),
            )),
            Content::Date => Some(DataType::Date32),
            Content::Decimal => Some(DataType::Decimal128(MONEY_PRECISION, MONEY_SCALE)),
            Content::Kind | Content::Text => Some(DataType::Utf8),
            Content::Flag => Some(DataType::Boolean),
        }
    }
}

/// One column of a canonical table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub content: Content,
    /// A row without it is rejected.
    pub required: bool,
    /// One line for the column's description in the files.
    pub about: &'static str,
}

const fn column(
    name: &'static str,
    content: Content,
    required: bool,
    about: &'static str,
) -> Column {
    Column {
        name,
        content,
        required,
        about,
    }
}

/// One canonical table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name, in the settings and in the warehouse.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
    /// The column that names a row; a second row with the same key is rejected.
    pub key: Option<&'static str>,
    /// Whether columns beyond these may be mapped, as attributes.
    pub attributes: bool,
}

/// What may happen between a customer and the company.
pub const KINDS: &[&str] = &[
    "purchase",
    "return",
    "visit",
    "service_call",
    "complaint",
    "contact",
    "response",
    "survey",
    "payment",
    "web_event",
    "app_event",
    CONSENT_GIVEN,
];

/// Their names, and what is counted by them, as people read them.
const _: [&str; 14] = [
    mark!("web_event"),
    mark!("app_event"),
    mark!("service_call"),
    mark!("consent given"),
    mark!("{n} return"),
    mark!("{n} visit"),
    mark!("{n} service call"),
    mark!("{n} complaint"),
    mark!("{n} response"),
    mark!("{n} survey"),
    mark!("{n} payment"),
    mark!("{n} web event"),
    mark!("{n} app event"),
    mark!("campaigns"),
];

/// The kind of an interaction that says whether somebody may be contacted from then on.
pub const CONSENT_GIVEN: &str = "consent";

/// Columns that `ingest` adds to every interaction: the calendar day and hour in the project's
/// time zone, and the month that partitions the table. Every later question about days and
/// hours reads these, so the time zone is applied once and in one place.
pub const DERIVED: &[&str] = &["day", "hour", "month"];

/// Columns that `ingest` adds to the rows of every table, for itself.
pub const OWN: &[&str] = &[
    "known_at",
    "replaced_at",
    "source_file",
    "row_key",
    "deleted",
];

/// What a source of any table may say about its rows, beside the table's own columns.
pub const ABOUT_ROWS: &[Column] = &[
    column(
        "known_at",
        Content::Time,
        false,
        mark!("When the row became known; by default when it is loaded"),
    ),
    column(
        "deleted",
        Content::Flag,
        false,
        mark!("Whether the row says that the one with its key is gone"),
    ),
];

/// One thing that happened between a customer and the company, a row each.
pub const INTERACTIONS: Table = Table {
    name: "interactions",
    key: None,
    attributes: false,
    columns: &[
        column("customer_id", Content::Id, true, mark!("Who")),
        column(
            "occurred_at",
            Content::Time,
            true,
            mark!("When it happened, UTC"),
        ),
        column(
            "kind",
            Content::Kind,
            true,
            mark!("What happened: purchase, return, visit, contact, ..."),
        ),
        column(
            "channel",
            Content::Text,
            false,
            mark!("Through which channel"),
        ),
        column("location_id", Content::Id, false, mark!("Where")),
        column(
            "basket_id",
            Content::Id,
            false,
            mark!("The checkout or order that the line belongs to"),
        ),
        column("product_id", Content::Id, false, mark!("What was bought")),
        column("quantity", Content::Decimal, false, mark!("How many")),
        column(
            "amount",
            Content::Decimal,
            false,
            mark!("Money paid for the line, after discounts"),
        ),
        column(
            "discount",
            Content::Decimal,
            false,
            mark!("Money taken off the line"),
        ),
        column(
            "cost",
            Content::Decimal,
            false,
            mark!("What the line cost the company"),
        ),
        column(
            "campaign_id",
            Content::Id,
            false,
            mark!("The campaign behind a contact or a response"),
        ),
        column(
            "rating",
            Content::Decimal,
            false,
            mark!("The answer to a survey or a complaint"),
        ),
        column(
            "status",
            Content::Text,
            false,
            mark!(
                "What has come of it: payments are due, paid, late or disputed, complaints open or closed"
            ),
        ),
        column(
            "due_on",
            Content::Date,
            false,
            mark!("The last day on which a payment is in time"),
        ),
        column(
            "duration_seconds",
            Content::Decimal,
            false,
            mark!("How long a visit or a call took"),
        ),
        column(
            "account_id",
            Content::Id,
            false,
            mark!("The account, such as a company, that the customer acted for"),
        ),
    ],
};

/// One row for each customer.
pub const CUSTOMERS: Table = Table {
    name: "customers",
    key: Some("customer_id"),
    attributes: true,
    columns: &[
        column("customer_id", Content::Id, true, mark!("Who")),
        column(
            "joined_at",
            Content::Time,
            false,
            mark!("Customer since, UTC"),
        ),
        column(
            "consent",
            Content::Flag,
            false,
            mark!("Whether the customer may be contacted"),
        ),
        column(
            "account_id",
            Content::Id,
            false,
            mark!("The account, such as a company, that the customer belongs to"),
        ),
    ],
};

/// One row for each product, with its place in the taxonomy from broad to narrow.
pub const PRODUCTS: Table = Table {
    name: "products",
    key: Some("product_id"),
    attributes: false,
    columns: &[
        column("product_id", Content::Id, true, mark!("Which product")),
        column("name", Content::Text, false, mark!("Its name")),
        column(
            "department",
            Content::Text,
            false,
            mark!("Broadest level of the taxonomy"),
        ),
        column(
            "category",
            Content::Text,
            false,
            mark!("Middle level of the taxonomy"),
        ),
        column(
            "type",
            Content::Text,
            false,
            mark!("Narrowest level of the taxonomy"),
        ),
        column("brand", Content::Text, false, mark!("Its brand")),
        column(
            "unit_cost",
            Content::Decimal,
            false,
            mark!("What one costs the company"),
        ),
        column(
            "active",
            Content::Flag,
            false,
            mark!("Whether it can be bought now; what cannot is suggested to nobody"),
        ),
    ],
};

/// One row for each campaign.
pub const CAMPAIGNS: Table = Table {
    name: "campaigns",
    key: Some("campaign_id"),
    attributes: false,
    columns: &[
        column("campaign_id", Content::Id, true, mark!("Which campaign")),
        column("name", Content::Text, true, mark!("Its name")),
        column("kind", Content::Text, false, mark!("What sort of campaign")),
        column("starts_on", Content::Date, true, mark!("First day")),
        column("ends_on", Content::Date, true, mark!("Last day")),
        column("cost", Content::Decimal, false, mark!("What it cost")),
    ],
};

/// All canonical tables, in the order in which they are committed: the interactions come last,
/// so that whatever they refer to is there before them.
pub const TABLES: &[Table] = &[PRODUCTS, CUSTOMERS, CAMPAIGNS, INTERACTIONS];

/// The table of this name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

impl Table {
    /// The canonical column of this name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns
            .iter()
            .chain(ABOUT_ROWS)
            .find(|column| column.name == name)
    }
}

/// Levels of the products' taxonomy at which rules and offers can work, narrow to broad.
pub const LEVELS: &[&str] = &["product", "type", "category", "department", "brand"];
