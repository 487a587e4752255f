//! Customers by recency, frequency and money: scores, segments and value tiers.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt8Array, UInt64Array};
use regulars_models::ParamGuard;
use regulars_models::rfm::{
    RfmCustomer, RfmError, RfmParams, SegmentGuide, SegmentMap, concentration, segment_guide,
    value_tiers,
};

use super::far_out::LeftOut;
use super::{Metrics, SegmentRow, share_of};
use crate::failure::{Failure, Result};
use crate::outputs::table::{TableBuilder, numbers, round, text};
use crate::timeline::snapshot::Snapshot;

/// What each customer is by recency, frequency and money.
pub struct Rfm {
    map: SegmentMap,
    scored: Vec<RfmCustomer>,
    /// Customers in each segment of the map.
    sizes: Vec<usize>,
    /// The value tier of each customer, the best 0.
    tiers: Vec<usize>,
}

impl Rfm {
    /// Scores the customers of a snapshot; who is new is known by when they first bought.
    pub fn score(snapshot: &Snapshot, map: SegmentMap, new_within_days: u32) -> Result<Self> {
        let spend = snapshot.vector("monetary")?;
        let params = RfmParams::default()
            .new_within_days(new_within_days.into())
            .map(map.clone());
        let scored = params
            .check()
            .map_err(wrong)?
            .score(
                &snapshot.vector("recency_days")?,
                &snapshot.vector("frequency")?,
                &spend,
                &snapshot.vector("tenure_days")?,
            )
            .map_err(wrong)?;
        Ok(Self {
            map,
            scored: scored.customers,
            sizes: scored.segment_sizes,
            tiers: value_tiers(&spend, &[0.8, 0.95, 1.0]).map_err(wrong)?,
        })
    }

    /// What was found, but for clusters.
    pub fn metrics(&self, spend: &[f64]) -> Result<Metrics> {
        let concentration = concentration(spend).map_err(wrong)?;
        let total: f64 = spend.iter().sum();
        let mut spent = vec![0.0; self.map.names().len()];
        for (customer, spend) in self.scored.iter().zip(spend) {
            spent[customer.segment] += spend;
        }
        let n = self.scored.len() as f64;
        let segments = self
            .map
            .names()
            .iter()
            .zip(&self.sizes)
            .zip(&spent)
            .filter(|((_, size), _)| **size > 0)
            .map(|((name, size), spent)| SegmentRow {
                name: name.clone(),
                customers: *size as u64,
                share: *size as f64 / n,
                spend_share: share_of(*spent, total),
            })
            .collect();
        Ok(Metrics {
            customers: self.scored.len() as u64,
            spend: round(total, 2),
            top_tenth_share: concentration
                .as_ref()
                .map_or(0.0, |found| found.top_decile_share),
            gini: concentration.as_ref().map_or(0.0, |found| found.gini),
            segments,
            clusters: Vec::new(),
            tried: Vec::new(),
            far_out: LeftOut::default(),
        })
    }

    /// The customers with their scores, segments and tiers.
    pub fn table(&self, snapshot: &Snapshot) -> Result<TableBuilder> {
        let column = |name: &str, digits| -> Result<ArrayRef> {
            Ok(numbers(snapshot.vector(name)?, digits))
        };
        let scores = |of: fn(&RfmCustomer) -> u8| -> ArrayRef {
            Arc::new(self.scored.iter().map(of).collect::<UInt8Array>())
        };
        let three = self.scored.iter().map(|c| format!("{}{}{}", c.r, c.f, c.m));
        let names = self.scored.iter().map(|c| &self.map.names()[c.segment]);
        let tiers = self.tiers.iter().map(|tier| ["A", "B", "C"][*tier]);
        Ok(TableBuilder::new()
            .column("customer_id", "Who", snapshot.customers.clone())
            .column(
                "recency_days",
                "Days since the last purchase",
                column("recency_days", 0)?,
            )
            .column("frequency", "Baskets bought", column("frequency", 0)?)
            .column(
                "monetary",
                "Money spent, returns taken off",
                column("monetary", 2)?,
            )
            .column("r", "Recency score, 5 best", scores(|customer| customer.r))
            .column(
                "f",
                "Frequency score, 5 best",
                scores(|customer| customer.f),
            )
            .column("m", "Monetary score, 5 best", scores(|customer| customer.m))
            .column("rfm", "The three scores in one", text(three))
            .column("rfm_segment", "RFM segment", text(names))
            .column(
                "value_tier",
                "A: the first 80 % of spend, B: up to 95 %, C: the rest",
                text(tiers),
            ))
    }
}

fn wrong(error: RfmError) -> Failure {
    Failure::data(error.to_string())
}

/// The segments with their sizes, what they mean and what to do.
pub fn guide_table(segments: &[SegmentRow]) -> Result<RecordBatch> {
    let guide = |of: fn(&SegmentGuide) -> &'static str| {
        let said = |segment: &SegmentRow| segment_guide(&segment.name).map_or("", of);
        text(segments.iter().map(said))
    };
    let share = |of: fn(&SegmentRow) -> f64| numbers(segments.iter().map(of), 6);
    let customers: UInt64Array = segments.iter().map(|segment| segment.customers).collect();
    let names = segments.iter().map(|segment| &segment.name);
    TableBuilder::new()
        .column("rfm_segment", "RFM segment", text(names))
        .column("customers", "Customers in it", Arc::new(customers))
        .column(
            "share",
            "Share of all customers",
            share(|segment| segment.share),
        )
        .column(
            "spend_share",
            "Share of all spend",
            share(|segment| segment.spend_share),
        )
        .column("meaning", "Who they are", guide(|guide| guide.description))
        .column("action", "What to do", guide(|guide| guide.action))
        .build()
}
