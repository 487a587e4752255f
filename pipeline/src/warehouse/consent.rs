//! What customers have said over time of being contacted: interactions of the kind `consent`.

use arrow::array::RecordBatch;

use super::Warehouse;
use super::views::holding;
use crate::contract::CONSENT_GIVEN;
use crate::failure::Result;

impl Warehouse {
    /// The answers that may be seen, as of the date and as they were known then: customer, channel, words
    /// (the status) and time; nothing where there are none.
    pub fn answers(&self) -> Result<Option<RecordBatch>> {
        self.answers_in("interactions", "true")
    }

    /// The same with whatever was said and has become known until now.
    pub fn answers_by_now(&self) -> Result<Option<RecordBatch>> {
        self.answers_in("interactions_loaded", &holding(None, 0))
    }

    fn answers_in(&self, table: &str, condition: &str) -> Result<Option<RecordBatch>> {
        let text = |column: &str| match self.has_column("interactions", column) {
            true => format!("CAST({column} AS VARCHAR)"),
            false => "CAST(NULL AS VARCHAR)".to_owned(),
        };
        let found = self.scope.query(&format!(
            "SELECT customer_id, {} AS channel, {} AS status, arrow_cast(occurred_at, 'Int64') AS said_at FROM {table} \
             WHERE kind = '{CONSENT_GIVEN}' AND customer_id IS NOT NULL AND {condition} \
             ORDER BY customer_id, occurred_at, channel, status",
            text("channel"),
            text("status"),
        ))?;
        Ok((found.num_rows() > 0).then_some(found))
    }
}
