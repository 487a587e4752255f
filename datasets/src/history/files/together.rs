//! The tables of all customers, to which one part after the other is added.

use std::path::Path;

use super::dirt::DirtyRow;
use super::dirty_rows::DirtyRows;
use super::interactions::InteractionsWriter;
use super::part::Part;
use super::{Job, Written, tables};
use crate::files::{Format, TableWriter, WriteError, write_table, write_text};
use crate::history::shopping::BasketCounts;

/// The tables while they are written.
pub struct Tables<'a> {
    job: Job<'a>,
    truth: &'a Path,
    customers: TableWriter,
    members: TableWriter,
    types: TableWriter,
    churn: TableWriter,
    uplift: TableWriter,
    /// Of shops that number orders.
    orders: Option<TableWriter>,
    late: Option<InteractionsWriter>,
    dirty_rows: DirtyRows<'a>,
    counts: BasketCounts,
    /// Contacts of each campaign.
    contacts: Vec<i64>,
    /// Rows of the customers, with the copies that dirt adds.
    customer_rows: u64,
    /// Customers so far.
    pub people: u64,
    /// What has been written so far.
    pub written: Written,
}

impl<'a> Tables<'a> {
    /// Begins the tables and writes the products, which no customer changes.
    pub fn new(job: Job<'a>, truth: &'a Path) -> Result<Self, WriteError> {
        let format = job.order.format;
        let source = |name, schema| TableWriter::new(job.source(name), format, schema);
        let in_truth = |name, schema| TableWriter::new(truth.join(name), Format::Parquet, schema);
        let mut dirty_rows = DirtyRows::new(job.order.dirty, truth)?;
        let products = tables::products(job.world, job.order.dirty && format == Format::Csv);
        write_table(job.source("products"), format, &products.rows)?;
        dirty_rows.add(&products.dirty_rows)?;
        Ok(Self {
            job,
            truth,
            customers: source("customers", tables::customers_schema(job.world.law.records))?,
            members: source("campaign_members", tables::members_schema())?,
            types: in_truth(
                "customers.parquet",
                tables::types_schema(job.world.law.records),
            )?,
            churn: in_truth("churn.parquet", tables::churn_schema())?,
            uplift: in_truth("uplift.parquet", tables::uplift_schema())?,
            orders: (job.world.law.records.cancelled_with_c)
                .then(|| in_truth("orders.parquet", tables::orders_schema()))
                .transpose()?,
            late: None,
            dirty_rows,
            counts: BasketCounts::default(),
            contacts: vec![0; job.world.calendar.campaigns.len()],
            customer_rows: 0,
            people: 0,
            written: Written::default(),
        })
    }

    /// Adds the next part.
    pub fn add(&mut self, part: Part) -> Result<(), WriteError> {
        let Job { order, world, .. } = self.job;
        let ending = order.format.ending();
        let dirty = part.dirty_customers.iter().map(|&(row, problem)| DirtyRow {
            file: format!("customers.{ending}"),
            row: self.customer_rows + row,
            problem,
        });
        self.dirty_rows.add(&dirty.collect::<Vec<_>>())?;
        self.customer_rows += part.customers.num_rows() as u64;
        self.customers.write(&part.customers)?;
        self.members.write(&part.members)?;
        self.types.write(&part.types)?;
        for rows in &part.churn {
            self.churn.write(rows)?;
        }
        self.uplift.write(&part.uplift)?;
        if let Some(orders) = &mut self.orders {
            orders.write(&part.orders)?;
        }
        self.counts.add(&part.counts);
        for (sum, more) in self.contacts.iter_mut().zip(&part.contacts) {
            *sum += more;
        }
        self.dirty_rows.add(&part.dirty_rows)?;
        if !part.late.is_empty() {
            let name = format!("interactions/late.{ending}");
            let path = self.job.root.join(&name);
            let writer = match &mut self.late {
                Some(writer) => writer,
                none => none.insert(InteractionsWriter::new(path, &name, order.format, world)?),
            };
            writer.write(&part.late)?;
        }
        self.written.interactions += part.interactions;
        self.written.lines += part.lines;
        self.written.guests += part.guests;
        self.written.cancelled += part.cancelled;
        self.people += part.types.num_rows() as u64; // without copies that dirt adds
        Ok(())
    }

    /// Ends the tables, and writes those that wait for all customers.
    pub fn close(mut self) -> Result<Written, WriteError> {
        for writer in [
            self.customers,
            self.members,
            self.types,
            self.churn,
            self.uplift,
        ]
        .into_iter()
        .chain(self.orders)
        {
            writer.close()?;
        }
        if let Some(late) = self.late {
            let (_, rows) = late.close()?;
            self.dirty_rows.add(&rows)?;
        }
        let campaigns = tables::campaigns(self.job.world, &self.contacts);
        write_table(
            self.job.source("campaigns"),
            self.job.order.format,
            &campaigns,
        )?;
        let patterns = tables::patterns(self.job.world.law, &self.counts);
        write_text(&self.truth.join("patterns.csv"), &patterns)?;
        Ok(Written {
            baskets: self.counts.baskets,
            dirty: self.dirty_rows.close()?,
            ..self.written
        })
    }
}
