//! Who may not be on a list: by what they said, by suppression files, by the control groups of lists
//! that run, and by the cap. The first reason counts.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::{Days, NaiveDate};

use super::ids::Ids;
use super::ledger::{CONTROL, SENT, Sending};
use crate::config::Settings;
use crate::config::targets::{Cap, Suppress};
use crate::contract::consent::Consent;
use crate::failure::{During, Failure, Result, did_you_mean};
use crate::known::Customers;
use crate::outputs::{plain, read_parquet};
use crate::text::{count, plural};
use crate::warning::{ODD_CONSENT, SUPPRESSION_WITHOUT_MATCH, Warning};

/// Customers who may not be on a list, and why.
struct Bar {
    why: String,
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
        let suppressed = settings.config.targets.suppress.iter();
        Ok(Self {
            suppressed: suppressed
                .map(|file| suppression(settings, file, &customers.id_type))
                .collect::<Result<_>>()?,
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
                "said no to being contacted".to_owned(),
                "have not said that they may be contacted".to_owned(),
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
            let message = format!(
                "{} has values that are neither yes nor no and count as no: {}",
                consent.columns.join(" or "),
                values.join(", ")
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
            let file = bar.why.trim_start_matches("are on ");
            let message = format!(
                "none of the {} on {file} is a customer; is the id column right?",
                plural(bar.who.number() as u64, "id")
            );
            Warning::new(SUPPRESSION_WITHOUT_MATCH, message)
        };
        self.suppressed.iter().filter(nobody).map(warn).collect()
    }

    fn by_ledger(&self, customers: &Customers) -> Result<Vec<Bar>> {
        let mut bars = Vec::new();
        for sending in self
            .sendings
            .iter()
            .filter(|sending| self.date < sending.until)
        {
            bars.push(Bar {
                why: format!(
                    "are in the control group of {} of {}, which runs until {}",
                    sending.list, sending.date, sending.until
                ),
                who: sending.group(CONTROL, &customers.id_type)?,
                above: 0,
            });
        }
        if let Some(Cap { contacts, days }) = self.cap {
            let mut who = Ids::none(&customers.id_type);
            let first = self.date - Days::new(u64::from(days) - 1);
            for sending in self.sendings.iter().filter(|sending| sending.date >= first) {
                for id in sending.members(SENT)? {
                    who.add(&id);
                }
            }
            let (contacts_text, days) = (
                plural(contacts.into(), "contact"),
                plural(days.into(), "day"),
            );
            bars.push(Bar {
                why: format!("have had {contacts_text} in {days} by other lists"),
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

/// The customers on a suppression file.
fn suppression(settings: &Settings, file: &Suppress, id_type: &DataType) -> Result<Bar> {
    let keys = ["targets", "suppress"];
    let path = settings.base.join(&file.path);
    if !path.is_file() {
        return Err(settings
            .wrong(&keys, format!("there is no file {}", path.display()))
            .hint("paths are relative to the folder of the settings"));
    }
    let name = file.path.to_lowercase();
    let ids = match () {
        () if name.ends_with(".parquet") => from_parquet(settings, file, &path)?,
        () if name.ends_with(".xlsx") || name.ends_with(".xls") => {
            return Err(settings
                .wrong(&keys, format!("{} is a spreadsheet", path.display()))
                .hint("save it as CSV"));
        }
        () => from_csv(settings, file, &path)?,
    };
    let mut who = Ids::none(id_type);
    for id in ids {
        // What a file of ours has kept from being a formula is the id again.
        who.add(plain(&id));
    }
    Ok(Bar {
        why: format!("are on {}", file.path),
        who,
        above: 0,
    })
}

fn from_parquet(settings: &Settings, file: &Suppress, path: &Path) -> Result<Vec<String>> {
    let table = read_parquet(path)?;
    let Some(ids) = table.column_by_name(&file.id) else {
        let schema = table.schema();
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        return Err(no_id(settings, file, &names));
    };
    let ids = cast(ids, &DataType::Utf8)?;
    let ids = ids.as_string::<i32>().iter().flatten();
    Ok(ids.map(str::to_owned).collect())
}

fn from_csv(settings: &Settings, file: &Suppress, path: &Path) -> Result<Vec<String>> {
    let bytes = std::fs::read(path).during(path.display())?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or_default();
    let mark = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|mark| {
        (
            header.bytes().filter(|byte| byte == mark).count(),
            u8::MAX - mark,
        )
    });
    let wrong = |error: csv::Error| Failure::data(format!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(mark.unwrap_or(b','))
        .flexible(true)
        .from_reader(text.as_bytes());
    let names = reader.headers().map_err(wrong)?.clone();
    let names: Vec<&str> = names.iter().map(str::trim).collect();
    let Some(place) = names.iter().position(|name| *name == file.id) else {
        return Err(no_id(settings, file, &names));
    };
    let mut ids = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let id = record.get(place).map(str::trim).filter(|id| !id.is_empty());
        ids.extend(id.map(str::to_owned));
    }
    Ok(ids)
}

fn no_id(settings: &Settings, file: &Suppress, names: &[&str]) -> Failure {
    let problem = format!("{} has no column `{}`", file.path, file.id);
    settings
        .wrong(&["targets", "suppress"], problem)
        .hint(format!(
            "{}; name it: {{ path = \"{}\", id = \"...\" }}",
            did_you_mean(&file.id, names),
            file.path
        ))
}
