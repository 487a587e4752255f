//! Customers by recency, frequency and money: scores, segments and value tiers.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt8Array, UInt64Array};
use regulars_models::ParamGuard;
use regulars_models::rfm::{
    Cuts, Direction, RfmCustomer, RfmError, RfmParams, Scoring, SegmentGuide, concentration,
    segment_guide, value_tiers,
};

use super::far_out::LeftOut;
use super::life_cycle::{LifeMetrics, NEVER_BOUGHT};
use super::map_files::{self, Words};
use super::rules::RfmRules;
use super::windows::Inputs;
use super::words::EIGHT_CLASSES;
use super::{Metrics, SegmentRow, Weights, share_of};
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::outputs::table::{TableBuilder, numbers, round, text};
use crate::timeline::snapshot::Snapshot;
use crate::words::said;

/// Those who are known and have not bought.
const NEVER_BOUGHT_GUIDE: SegmentGuide = SegmentGuide {
    name: NEVER_BOUGHT,
    description: mark!("Known, and have not bought anything yet"),
    action: mark!("Give a reason for a first purchase; they have no scores, and are in no share"),
};

/// What each customer is by recency, frequency and money.
pub struct Rfm {
    rules: RfmRules,
    inputs: Inputs,
    scored: Vec<RfmCustomer>,
    /// Customers in each segment of the map.
    sizes: Vec<usize>,
    /// The value tier of each customer, the best 0.
    tiers: Vec<usize>,
    /// The class of each among eight.
    eight: Vec<usize>,
}

impl Rfm {
    /// Scores customers; who is new is known by when they first bought.
    pub fn score(rules: RfmRules, inputs: Inputs) -> Result<Self> {
        let params = RfmParams::default()
            .new_within_days(rules.new_within_days.into())
            .map(rules.map.clone())
            .scoring(rules.scoring.clone())
            .windowed(inputs.windowed);
        let scored = params
            .check()
            .map_err(wrong)?
            .score(
                &inputs.recency,
                &inputs.frequency,
                &inputs.monetary,
                &inputs.tenure,
            )
            .map_err(wrong)?;
        let eight = rules
            .eight
            .classify(&inputs.recency, &inputs.frequency, &inputs.monetary);
        Ok(Self {
            scored: scored.customers,
            sizes: scored.segment_sizes,
            tiers: value_tiers(&inputs.monetary, &[0.8, 0.95, 1.0]).map_err(wrong)?,
            eight: eight.map_err(wrong)?,
            rules,
            inputs,
        })
    }

    /// What customers are scored by.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// What was found, but for clusters.
    pub fn metrics(&self) -> Result<Metrics> {
        let spend = &self.inputs.monetary;
        let concentration = concentration(spend).map_err(wrong)?;
        let total: f64 = spend.iter().sum();
        let mut spent = vec![0.0; self.rules.map.names().len()];
        for (customer, spend) in self.scored.iter().zip(spend) {
            spent[customer.segment] += spend;
        }
        let n = self.scored.len() as f64;
        let segments = self
            .rules
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
            top_fifth_share: concentration
                .as_ref()
                .map_or(0.0, |found| found.top_fifth_share),
            gini: concentration.as_ref().map_or(0.0, |found| found.gini),
            segments,
            clusters: Vec::new(),
            tried: Vec::new(),
            method: String::new(),
            map: None,
            identity: None,
            far_out: LeftOut::default(),
            never_bought: 0,
            life_cycle: LifeMetrics::default(),
            weights: self.rules.weights.as_ref().map(|found| Weights {
                recency: found.weights[0],
                frequency: found.weights[1],
                money: found.weights[2],
                consistency_ratio: found.consistency_ratio,
            }),
        })
    }

    /// The customers with their scores, segments and tiers.
    pub fn table(&self, snapshot: &Snapshot) -> Result<TableBuilder> {
        let column = |values: &[f64], digits| numbers(values.iter().copied(), digits);
        let scores = |of: fn(&RfmCustomer) -> u8| -> ArrayRef {
            Arc::new(self.scored.iter().map(of).collect::<UInt8Array>())
        };
        let (inputs, [baskets, money]) = (&self.inputs, &self.inputs.words);
        let mut table = TableBuilder::new()
            .column("customer_id", "Who", snapshot.customers.clone())
            .column(
                "recency_days",
                "Days since the last purchase",
                column(&inputs.recency, 0),
            )
            .column("frequency", baskets, column(&inputs.frequency, 0))
            .column("monetary", money, column(&inputs.monetary, 2));
        if let Some(refunded) = &inputs.refunded {
            table = table.column("refunded", "Money that came back", column(refunded, 2));
        }
        table = table
            .column("r", "Recency score, 5 best", scores(|customer| customer.r))
            .column(
                "f",
                "Frequency score, 5 best",
                scores(|customer| customer.f),
            )
            .column("m", "Monetary score, 5 best", scores(|customer| customer.m));
        if let Some(found) = &self.rules.weights {
            let weighted = |customer: &RfmCustomer| {
                let scores = [customer.r, customer.f, customer.m].map(f64::from);
                let parts = scores
                    .iter()
                    .zip(&found.weights)
                    .map(|(score, weight)| score * weight);
                parts.sum::<f64>()
            };
            let scores = numbers(self.scored.iter().map(weighted), 3);
            table = table.column(
                "rfm_score",
                "The three scores by their weights, 1 to 5",
                scores,
            );
        }
        let three = self.scored.iter().map(|c| format!("{}{}{}", c.r, c.f, c.m));
        let names = self
            .scored
            .iter()
            .map(|c| &self.rules.map.names()[c.segment]);
        let eight = self
            .eight
            .iter()
            .map(|class| &self.rules.eight.names()[*class]);
        let tiers = self.tiers.iter().map(|tier| ["A", "B", "C"][*tier]);
        Ok(table
            .column("rfm", "The three scores in one", text(three))
            .column("rfm_segment", "RFM segment", text(names.clone()))
            .in_words("rfm_segment", names.map(|name| Some(segment_words(name))))
            .column(
                "eight_class",
                "Class by recency, frequency and money, each at the mean or better, or worse",
                text(eight.clone()),
            )
            .in_words("eight_class", eight.map(|name| Some(class_words(name))))
            .column(
                "value_tier",
                "A: the first 80 % of spend, B: up to 95 %, C: the rest",
                text(tiers),
            ))
    }

    /// The segments with their sizes, what they mean and what to do, and behind them those who never
    /// bought.
    pub fn guide_table(&self, found: &Metrics) -> Result<RecordBatch> {
        let mut rows = found.segments.clone();
        if found.never_bought > 0 {
            rows.push(SegmentRow {
                name: NEVER_BOUGHT.to_owned(),
                customers: found.never_bought,
                share: f64::NAN,
                spend_share: 0.0,
            });
        }
        guide_table(&rows, &self.rules.words)
    }

    /// The maps that are in force and the cut points behind the scores, as files to copy and edit.
    pub fn rule_files(&self, files: &mut Pending) -> Result<()> {
        map_files::write(files, &self.rules.map, &self.rules.words, &self.rules.eight)?;
        let inputs = &self.inputs;
        let learned = |column, values: &[f64], direction| {
            Cuts::learned(column, values, direction, self.rules.map.bins()).map_err(wrong)
        };
        let cuts = match &self.rules.scoring {
            Scoring::Cuts(cuts) => cuts.clone(),
            // Quintiles within quintiles have no cut points of their own; these are those of all.
            Scoring::Quintiles | Scoring::Nested => [
                learned("recency", &inputs.recency, Direction::LowerIsBetter)?,
                learned("frequency", &inputs.frequency, Direction::HigherIsBetter)?,
                learned("monetary", &inputs.monetary, Direction::HigherIsBetter)?,
            ],
        };
        map_files::write_cuts(files, &cuts)
    }
}

/// A segment of the usual map in the language of the command; a name that is the user's own stays as it is.
pub fn segment_words(name: &str) -> &str {
    match name == NEVER_BOUGHT || segment_guide(name).is_some() {
        true => said(name),
        false => name,
    }
}

/// The same of one of eight classes.
fn class_words(name: &str) -> &str {
    match EIGHT_CLASSES.contains(&name) {
        true => said(name),
        false => name,
    }
}

fn wrong(error: RfmError) -> Failure {
    Failure::data(error.to_string())
}

fn guide_table(segments: &[SegmentRow], words: &[Words]) -> Result<RecordBatch> {
    // What the user's own file says counts before what is usual.
    let told = |own: fn(&Words) -> &str, usual: fn(&SegmentGuide) -> &'static str| {
        text(segments.iter().map(|segment| {
            let mut named = words.iter().filter(|words| words.name == segment.name);
            let own = named.next().map_or("", own);
            match own {
                "" if segment.name == NEVER_BOUGHT => said(usual(&NEVER_BOUGHT_GUIDE)),
                "" => segment_guide(&segment.name).map_or("", |guide| said(usual(guide))),
                own => own,
            }
        }))
    };
    let share = |of: fn(&SegmentRow) -> f64| numbers(segments.iter().map(of), 6);
    let customers: UInt64Array = segments.iter().map(|segment| segment.customers).collect();
    let names = segments.iter().map(|segment| &segment.name);
    TableBuilder::new()
        .column("rfm_segment", "RFM segment", text(names.clone()))
        .in_words("rfm_segment", names.map(|name| Some(segment_words(name))))
        .column("customers", "Customers in it", Arc::new(customers))
        .column(
            "share",
            "Share of all who have bought",
            share(|segment| segment.share),
        )
        .column(
            "spend_share",
            "Share of all spend",
            share(|segment| segment.spend_share),
        )
        .column(
            "meaning",
            "Who they are",
            told(|words| &words.meaning, |guide| guide.description),
        )
        .column(
            "action",
            "What to do",
            told(|words| &words.action, |guide| guide.action),
        )
        .build()
}
