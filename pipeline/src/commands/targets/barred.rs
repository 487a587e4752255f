//! Who may not be on a list: by what they said, by suppression files, by the control groups of lists
//! that run, and by the cap. The first reason counts.

use arrow::array::{Array, ArrayRef};
use chrono::{Days, NaiveDate};

use super::ledger::{CONTROL, SENT, Sending};
use crate::config::Settings;
use crate::config::targets::Cap;
use crate::contract::consent::Consent;
use crate::failure::Result;
use crate::known::Customers;
use crate::suppressed::{self, Ids};
use crate::text::{count, plural};
use crate::warning::{ODD_CONSENT, SUPPRESSION_WITHOUT_MATCH, Warning};

/// Customers who may not be on a list, and why.
struct Bar {
    why: String,
    /// The suppression file; empty where there is none.
    file: String,
    who: Ids,
    /// Seen more often than this.
    above: u32,
}

/// What keeps customers from every list of a run.
pub struct Barred {
    suppressed: Vec<Bar>,
    sendings: Vec<Sending>,
    cap: Option<Cap>,
    date: NaiveDate,
}

/// Why each customer may not be on a list, in the order of their ids.
pub struct Reasons {
    /// The reasons in words.
    pub words: Vec<String>,
    /// By customer, the place of the reason; none for those who may be on it.
    pub of: Vec<Option<usize>>,
    /// Customers who have not said whether they may be contacted, and may be by the settings.
    pub unasked: Vec<bool>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

impl Barred {
    /// Reads the suppression files, and takes the ledger without what is made anew.
    pub fn open(
        settings: &Settings,
        customers: &Customers,
        ledger: Vec<Sending>,
        anew: &[&str],
    ) -> Result<Self> {
        let date = customers.date;
        let is_anew =
            |sending: &Sending| sending.date == date && anew.contains(&sending.list.as_str());
        let suppressed = suppressed::read(settings, &customers.id_type)?.into_iter();
        Ok(Self {
            suppressed: suppressed
                .map(|file| Bar {
                    why: tr!("are on {file}", file = file.path),
                    file: file.path,
                    who: file.who,
                    above: 0,
                })
                .collect(),
            sendings: ledger
                .into_iter()
                .filter(|sending| sending.date <= date && !is_anew(sending))
                .collect(),
            cap: settings.config.targets.cap,
            date,
        })
    }

    /// Takes a list into account that has just been made.
    pub fn add(&mut self, sending: Sending) {
        self.sendings.push(sending);
    }

    /// Why each of these customers, who are everybody, may not be on a list through a channel.
    pub fn reasons(
        &self,
        settings: &Settings,
        customers: &Customers,
        everybody: &ArrayRef,
        channel: Option<&str>,
    ) -> Result<Reasons> {
        let consent = customers.consent(settings, channel)?;
        let mut reasons = Reasons {
            words: vec![
                tr!("said no to being contacted"),
                tr!("have not said that they may be contacted"),
            ],
            of: vec![None; everybody.len()],
            unasked: Vec::with_capacity(everybody.len()),
            warnings: Vec::new(),
        };
        if !consent.odd.is_empty() {
            let values: Vec<String> = consent
                .odd
                .iter()
                .take(5)
                .map(|(value, number)| format!("`{value}` ({})", count(*number)))
                .collect();
            let message = tr!(
                "{columns} has values that are neither yes nor no and count as no: {values}",
                columns = consent.columns.join(&tr!(" or ")),
                values = values.join(&tr!(", "))
            );
            reasons.warnings.push(Warning::new(ODD_CONSENT, message));
        }
        for (row, (said, allowed)) in consent.said.iter().zip(&consent.allowed).enumerate() {
            let unknown = *said == Consent::Unknown;
            reasons.of[row] = (!allowed).then_some(usize::from(unknown));
            reasons.unasked.push(unknown);
        }
        for bar in self.suppressed.iter().chain(&self.by_ledger(customers)?) {
            reasons.bar(bar, everybody);
        }
        Ok(reasons)
    }

    /// Whether a suppression file names nobody who is a customer: a warning for each.
    pub fn without_match(&self, everybody: &ArrayRef) -> Vec<Warning> {
        let nobody = |bar: &&Bar| {
            bar.who.number() > 0
                && (0..everybody.len()).all(|row| bar.who.seen(everybody, row) == 0)
        };
        let warn = |bar: &Bar| {
            let message = tr!(
                "none of the {ids} on {file} is a customer; is the id column right?",
                ids = plural(bar.who.number() as u64, "id"),
                file = bar.file
            );
            Warning::new(SUPPRESSION_WITHOUT_MATCH, message)
        };
        self.suppressed.iter().filter(nobody).map(warn).collect()
    }

    /// Of everybody, on how many lists of this date each may be: `most`, or what the cap leaves.
    pub fn room(&self, customers: &Customers, everybody: &ArrayRef, most: u32) -> Result<Vec<u32>> {
        let Some(Cap { contacts, .. }) = self.cap else {
            return Ok(vec![most; everybody.len()]);
        };
        let had = self.contacts(customers)?;
        let left = |row| contacts.saturating_sub(had.seen(everybody, row)).min(most);
        Ok((0..everybody.len()).map(left).collect())
    }

    /// What contacts of this date cost that stay as they are.
    pub fn spent(&self) -> Result<f64> {
        let today = self
            .sendings
            .iter()
            .filter(|sending| sending.date == self.date);
        today.map(|sending| sending.sum("cost")).sum()
    }

    /// How often each customer was contacted in the days of the cap.
    fn contacts(&self, customers: &Customers) -> Result<Ids> {
        let mut who = Ids::none(&customers.id_type);
        let Some(Cap { days, .. }) = self.cap else {
            return Ok(who);
        };
        let first = self.date - Days::new(u64::from(days) - 1);
        for sending in self.sendings.iter().filter(|sending| sending.date >= first) {
            for id in sending.members(SENT)? {
                who.add(&id);
            }
        }
        Ok(who)
    }

    fn by_ledger(&self, customers: &Customers) -> Result<Vec<Bar>> {
        let mut bars = Vec::new();
        for sending in self
            .sendings
            .iter()
            .filter(|sending| self.date < sending.until)
        {
            bars.push(Bar {
                why: tr!(
                    "are in the control group of {list} of {date}, which runs until {until}",
                    list = sending.list,
                    date = sending.date,
                    until = sending.until
                ),
                file: String::new(),
                who: sending.group(CONTROL, &customers.id_type)?,
                above: 0,
            });
        }
        if let Some(Cap { contacts, days }) = self.cap {
            let who = self.contacts(customers)?;
            let (contacts_text, days) = (
                plural(contacts.into(), "contact"),
                plural(days.into(), "day"),
            );
            bars.push(Bar {
                why: tr!(
                    "have had {contacts} in {days} by other lists",
                    contacts = contacts_text,
                    days = days
                ),
                file: String::new(),
                who,
                above: contacts - 1,
            });
        }
        Ok(bars)
    }
}

impl Reasons {
    fn bar(&mut self, bar: &Bar, everybody: &ArrayRef) {
        let place = self.words.len();
        self.words.push(bar.why.clone());
        for (row, reason) in self.of.iter_mut().enumerate() {
            if reason.is_none() && bar.who.seen(everybody, row) > bar.above {
                *reason = Some(place);
            }
        }
    }

    /// How many of these customers each reason leaves out, the first that applies, and how many of
    /// those who may be contacted were not asked.
    pub fn count(&self, rows: impl Iterator<Item = usize>) -> (Vec<(String, u64)>, u64) {
        let mut numbers = vec![0; self.words.len()];
        let mut unasked = 0;
        for row in rows {
            match self.of[row] {
                Some(reason) => numbers[reason] += 1,
                None => unasked += u64::from(self.unasked[row]),
            }
        }
        let counted = self.words.iter().cloned().zip(numbers);
        (counted.filter(|(_, number)| *number > 0).collect(), unasked)
    }
}
