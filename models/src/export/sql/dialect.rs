//! What databases write differently.

/// Whose SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Apache DataFusion.
    DataFusion,
    /// PostgreSQL, from 12 on.
    PostgreSql,
    /// DuckDB.
    DuckDb,
    /// The standard (ISO 9075), for all others. It knows no NaN: give it `NULL` for missing values.
    Ansi,
}

impl Dialect {
    /// A number as one of double precision, bit for bit.
    ///
    /// With an exponent a number is an approximate one, which is `f64`; only PostgreSQL takes it for a
    /// decimal all the same. What is below 0 stands in brackets, for two minuses begin a comment.
    pub(super) fn number(self, value: f64) -> String {
        let text = match self {
            Self::PostgreSql => format!("{value:e}::float8"),
            _ => format!("{value:e}"),
        };
        match value.is_sign_negative() {
            true => format!("({text})"),
            false => text,
        }
    }

    /// The type of double precision.
    pub(super) fn double(self) -> &'static str {
        match self {
            Self::DataFusion | Self::DuckDb => "DOUBLE",
            Self::PostgreSql | Self::Ansi => "DOUBLE PRECISION",
        }
    }

    /// A column as a number, `NULL` where it is missing.
    pub(super) fn known(self, column: &str) -> String {
        let double = format!("CAST({column} AS {})", self.double());
        match self {
            Self::DataFusion => format!("CASE WHEN NOT isnan({double}) THEN {double} END"),
            Self::PostgreSql | Self::DuckDb => {
                format!("NULLIF({double}, CAST('NaN' AS {}))", self.double())
            }
            Self::Ansi => double,
        }
    }

    /// A number rounded to single precision, where that can hold it.
    pub(super) fn rounded(self, value: &str) -> String {
        format!("CAST(CAST({value} AS REAL) AS {})", self.double())
    }

    /// How a query is named that is computed once, however often it is read.
    pub(super) fn once(self) -> &'static str {
        match self {
            Self::PostgreSql | Self::DuckDb => "AS MATERIALIZED",
            Self::DataFusion | Self::Ansi => "AS",
        }
    }
}

/// A name as SQL writes it, whatever is in it.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
