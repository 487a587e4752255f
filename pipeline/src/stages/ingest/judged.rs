//! Rows on their way through a load: which of them can be used, and what is wrong with the others.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::nullif;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::coerce::{Coerced, Notation, Problem, coerce, first_time, kind_by_sign, product};
use super::currencies::{Money, Tally};
use super::evaluate::{Incalculable, evaluate};
use super::plan::{Reading, SourcePlan};
use crate::failure::Result;
use crate::sources::RawBatch;
use crate::warehouse::layout::{ColumnPlan, DELETED};

/// So many bad cells of one piece of a file are told one by one; the others are counted.
const TOLD: usize = 20_000;

/// A cell or a row that cannot be used.
pub struct Reject {
    /// Its line, or row for formats without lines.
    pub line: u64,
    /// The canonical column; empty when it is the whole row.
    pub column: String,
    /// What was there.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What a source has in the cells of a column, or of the two that are multiplied.
struct Written<'a> {
    first: ArrayFormatter<'a>,
    second: Option<ArrayFormatter<'a>>,
}

impl<'a> Written<'a> {
    fn new(first: &'a ArrayRef, second: Option<&'a ArrayRef>) -> Result<Self> {
        let format = |values: &'a ArrayRef| ArrayFormatter::try_new(values.as_ref(), &PLAINLY);
        Ok(Self {
            first: format(first)?,
            second: second.map(format).transpose()?,
        })
    }

    fn of(&self, row: usize) -> String {
        match &self.second {
            Some(second) => format!("{} x {}", self.first.value(row), second.value(row)),
            None => self.first.value(row).to_string(),
        }
    }
}

static PLAINLY: FormatOptions<'static> = FormatOptions::new();

/// What is known of the rows of a column that cannot be used.
struct Unusable {
    problems: Vec<Problem>,
    /// Rows of which a reason is given.
    noted: Vec<bool>,
    /// Rows of guests, who may be without a customer.
    guests: Option<BooleanArray>,
}

/// What has been found out about some rows of a source file.
pub struct Judged<'a> {
    /// The rows as the source has them.
    pub raw: &'a RawBatch,
    /// Which of them can be used, as far as is known.
    pub good: Vec<bool>,
    /// Why the others cannot; a row may have several reasons.
    pub rejects: Vec<Reject>,
    /// The currencies of its amounts.
    pub currencies: Tally,
    /// The currency of each row, where a column says so.
    currency: Option<ArrayRef>,
    /// How many more there are, by column and reason.
    pub more: BTreeMap<(String, String), u64>,
    cells: usize,
    /// Rows that say that another is gone: of these only the key has to be filled.
    deleted: Option<BooleanArray>,
}

impl<'a> Judged<'a> {
    /// Nothing is wrong with the rows that could be read, yet; `mute` says of what could not be
    /// read that it is better not shown.
    pub fn new(
        raw: &'a RawBatch,
        source: &SourcePlan,
        notation: &mut Notation,
        mute: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let malformed = raw.malformed.iter().map(|malformed| Reject {
            line: malformed.line,
            column: String::new(),
            value: match mute(&malformed.value) {
                true => String::new(),
                false => malformed.value.clone(),
            },
            reason: malformed.reason.clone(),
        });
        let (deleted, wrong) = source.deleted(&raw.rows, notation)?;
        let mut judged = Self {
            raw,
            good: vec![true; raw.rows.num_rows()],
            rejects: malformed.collect(),
            currencies: Tally::default(),
            currency: source.money.named(&raw.rows)?,
            more: BTreeMap::new(),
            cells: 0,
            deleted,
        };
        for flaw in &raw.flaws {
            let value = match mute(&flaw.value) {
                true => String::new(),
                false => flaw.value.clone(),
            };
            judged.reject(flaw.row, &flaw.column, value, flaw.reason.as_str());
        }
        judged.reject_all(DELETED, wrong);
        Ok(judged)
    }

    /// Rejects rows for which an expression cannot be calculated.
    pub fn reject_all(&mut self, column: &str, wrong: Vec<Incalculable>) {
        for Incalculable { row, value, reason } in wrong {
            self.reject(row, column, value, reason);
        }
    }

    /// Rejects a row for what stands in one of its columns.
    pub fn reject(&mut self, row: usize, column: &str, value: String, reason: impl Into<String>) {
        self.good[row] = false;
        if self.cells == TOLD {
            let what = (column.to_owned(), reason.into());
            *self.more.entry(what).or_default() += 1;
            return;
        }
        self.cells += 1;
        self.rejects.push(Reject {
            line: self.raw.lines[row],
            column: column.to_owned(),
            value,
            reason: reason.into(),
        });
    }

    /// The values of a canonical column that a source fills, null where there is none; rows whose
    /// value cannot be used, or is missing where there has to be one, are rejected.
    pub fn column(
        &mut self,
        plan: &ColumnPlan,
        place: usize,
        source: &SourcePlan,
        notation: &mut Notation,
    ) -> Result<Option<ArrayRef>> {
        let rows = self.raw.rows.num_rows();
        // A table may end with a basket that no source fills.
        let Some(Some(expression)) = source.expressions.get(place) else {
            return Ok(None);
        };
        let (mut values, mut wrong) = evaluate(expression, &self.raw.rows)?;
        let (content, data_type) = (plan.content, &plan.data_type);
        let mut own = source.own_times(&plan.name, notation);
        let (coerced, second) = match &source.readings[place] {
            Reading::Plain(said) => {
                let notation = own.first_mut().unwrap_or(notation);
                (coerce(&values, content, data_type, *said, notation)?, None)
            }
            Reading::First(others) => {
                let mut columns = vec![values];
                for other in others {
                    let (values, more) = evaluate(other, &self.raw.rows)?;
                    wrong.extend(more);
                    columns.push(values);
                }
                let (coerced, shown) = first_time(&columns, content, data_type, &mut own)?;
                values = shown;
                (coerced, None)
            }
            Reading::Sign(said) => (kind_by_sign(&values, *said, notation)?, None),
            Reading::Product { by, names, said } => {
                let (second, more) = evaluate(by, &self.raw.rows)?;
                wrong.extend(more);
                let names = [names[0].as_str(), names[1].as_str()];
                let coerced = product([&values, &second], names, *said, notation)?;
                (coerced, Some(second))
            }
        };
        let mut noted = vec![false; rows];
        wrong.iter().for_each(|wrong| noted[wrong.row] = true);
        self.reject_all(&plan.name, wrong);
        let Coerced {
            values: mut coerced,
            mut problems,
            currencies,
        } = coerced;
        if Money::is(&plan.name) {
            let rows = self.currency.as_ref();
            let tally = &mut self.currencies;
            let (converted, unknown) = source.money.apply(&coerced, &currencies, rows, tally)?;
            coerced = converted;
            problems.extend(unknown);
        }
        let guests = match plan.name == "customer_id" && !source.source.anonymous.is_empty() {
            true => guests(&values, &source.source.anonymous)?,
            false => None,
        };
        if let Some(guests) = &guests {
            coerced = nullif(&coerced, guests)?;
        }
        if !problems.is_empty() || plan.required && coerced.null_count() > 0 {
            let written = Written::new(&values, second.as_ref())?;
            let found = Unusable {
                problems,
                noted,
                guests,
            };
            self.reject_values(plan, &coerced, &written, found);
        }
        Ok(Some(coerced))
    }

    /// Rejects the rows of a column with problems, and those that lack a value where there has to be
    /// one.
    fn reject_values(
        &mut self,
        plan: &ColumnPlan,
        coerced: &ArrayRef,
        written: &Written<'_>,
        mut found: Unusable,
    ) {
        let guests = found.guests.take();
        let is_guest = |row: usize| guests.as_ref().is_some_and(|guests| guests.value(row));
        let problems = found.problems.into_iter();
        for (row, reason) in problems.filter(|(row, _)| !is_guest(*row)) {
            found.noted[row] = true;
            self.reject(row, &plan.name, written.of(row), reason);
        }
        let missing = |row: &usize| plan.required && coerced.is_null(*row) && !found.noted[*row];
        for row in (0..coerced.len()).filter(missing) {
            // What a join would have filled is empty for the reason that is given.
            if !self.is_deletion(row) && !is_guest(row) && !self.raw.is_flawed(row) {
                let value = written.of(row).trim().to_owned();
                self.reject(row, &plan.name, value, tr!("is empty"));
            }
        }
    }

    /// Rows that cannot be used, with those that could not even be read.
    pub fn rejected(&self) -> u64 {
        let bad = self.good.iter().filter(|&&good| !good).count();
        (bad + self.raw.malformed.len()) as u64
    }

    /// Which rows say that another is gone.
    pub fn deletions(&self) -> BooleanArray {
        let none = || BooleanArray::from(vec![false; self.good.len()]);
        self.deleted.clone().unwrap_or_else(none)
    }

    fn is_deletion(&self, row: usize) -> bool {
        self.deleted.as_ref().is_some_and(|flags| flags.value(row))
    }
}

/// Rows whose customer is one of the values that stand for nobody; none if there is no such row.
fn guests(values: &ArrayRef, anonymous: &[String]) -> Result<Option<BooleanArray>> {
    let options = FormatOptions::default();
    let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
    let floating = values.data_type().is_floating();
    let is_guest = |row: usize| {
        if values.is_null(row) {
            return anonymous.iter().any(|known| known.trim().is_empty());
        }
        let text = shown.value(row).to_string();
        // Tools without nullable whole numbers keep a 0 as 0.0.
        let text = match floating {
            true => text.strip_suffix(".0").unwrap_or(&text),
            false => &text,
        };
        anonymous.iter().any(|known| known.trim() == text.trim())
    };
    let guests: BooleanArray = (0..values.len()).map(|row| Some(is_guest(row))).collect();
    Ok((guests.true_count() > 0).then_some(guests))
}
