//! One part of the customers: their interactions in a file, and what they bring to the tables of all.

use std::ops::RangeInclusive;

use arrow::record_batch::RecordBatch;

use super::dirt::{DirtyRow, Soil};
use super::interactions::InteractionsWriter;
use super::orders::orders as told_apart;
use super::{Job, tables};
use crate::files::WriteError;
use crate::history::calendar::Day;
use crate::history::life::Life;
use crate::history::person::Person;
use crate::history::random::{Purpose, Stream};
use crate::history::rows::{Problem, Row};
use crate::history::shopping::BasketCounts;
use crate::history::truth::{self, ChurnTruth, UpliftTruth};

/// Rows that are kept before they are written.
const ROWS_AT_ONCE: usize = 16_384;

/// What one part of the customers contributes to the tables of all.
pub struct Part {
    pub customers: RecordBatch,
    pub dirty_customers: Vec<(u64, Problem)>,
    pub members: RecordBatch,
    pub types: RecordBatch,
    pub churn: Vec<RecordBatch>,
    pub uplift: RecordBatch,
    /// Orders of guests and cancelled ones; of shops that number them alone.
    pub orders: RecordBatch,
    pub late: Vec<Row>,
    pub counts: BasketCounts,
    /// Baskets of guests.
    pub guests: u64,
    /// Orders that were cancelled.
    pub cancelled: u64,
    /// Contacts of each campaign.
    pub contacts: Vec<i64>,
    pub interactions: u64,
    pub lines: u64,
    pub dirty_rows: Vec<DirtyRow>,
}

impl Part {
    /// Lives the lives of these customers and writes their interactions.
    pub fn write(job: Job<'_>, number: u64, ids: RangeInclusive<u64>) -> Result<Self, WriteError> {
        let Job { order, world, .. } = job;
        let ending = order.format.ending();
        let name = format!("interactions/part-{:05}.{ending}", number + 1);
        let mut writer = InteractionsWriter::new(job.root.join(&name), &name, order.format, world)?;
        let mut soil = order.dirty.then(|| {
            let draw = Stream::new(world.params.seed, number, Purpose::Dirt);
            Soil::new(draw, order.format, world)
        });
        let mut rows: Vec<Row> = Vec::with_capacity(20_000);
        let mut late = Vec::new();
        let mut people = Vec::with_capacity((ids.end() - ids.start() + 1) as usize);
        let mut lived = Lived::new(job);
        let mut orders = Vec::new();
        for id in ids {
            let person = world.person(id);
            let from = rows.len();
            let life = world.live(&person, |row| rows.push(row));
            let guests = world.guests(id, |row| rows.push(row));
            if world.law.records.cancelled_with_c {
                orders.extend(told_apart(&rows[from..]));
            }
            if let Some(soil) = &mut soil {
                soil.spoil(&person, from, &mut rows, &mut late);
            }
            lived.add(job, &person, &life);
            lived.counts.add(&guests);
            lived.guests += guests.baskets;
            people.push((person, life));
            if rows.len() >= ROWS_AT_ONCE {
                writer.write(&rows)?;
                rows.clear();
            }
        }
        writer.write(&rows)?;
        let lines = writer.lines;
        let (interactions, dirty_rows) = writer.close()?;
        let (customers, dirty_customers) = tables::customers(world, &people, soil);
        let churn = job.as_of.iter().zip(&lived.churn);
        Ok(Self {
            customers,
            dirty_customers,
            members: tables::members(world, &people),
            types: tables::types(world, &people),
            churn: churn
                .map(|(day, truths)| tables::churn(world, *day, truths))
                .collect(),
            uplift: tables::uplift(world, &lived.uplift),
            orders: tables::orders(world, &orders),
            interactions: interactions + late.len() as u64,
            lines,
            late,
            counts: lived.counts,
            guests: lived.guests,
            cancelled: lived.cancelled,
            contacts: lived.contacts,
            dirty_rows,
        })
    }
}

/// What the lives of a part come to.
struct Lived {
    counts: BasketCounts,
    guests: u64,
    cancelled: u64,
    contacts: Vec<i64>,
    /// For each as-of date.
    churn: Vec<Vec<ChurnTruth>>,
    uplift: Vec<UpliftTruth>,
}

impl Lived {
    fn new(job: Job<'_>) -> Self {
        Self {
            counts: BasketCounts::default(),
            guests: 0,
            cancelled: 0,
            contacts: vec![0; job.world.calendar.campaigns.len()],
            churn: vec![Vec::new(); job.as_of.len()],
            uplift: Vec::new(),
        }
    }

    fn add(&mut self, job: Job<'_>, person: &Person, life: &Life) {
        let world = job.world;
        self.counts.add(&life.counts);
        self.cancelled += u64::from(life.cancelled);
        for chosen in life.chosen.iter().filter(|chosen| chosen.treated) {
            self.contacts[chosen.campaign] += 1;
        }
        let horizon = world.law.days.horizon as Day;
        for (truths, day) in self.churn.iter_mut().zip(job.as_of) {
            truths.extend(truth::churn(world, person, life, *day, horizon));
        }
        let end = world.calendar.days;
        self.uplift.extend(truth::uplift(world, person, life, end));
    }
}
