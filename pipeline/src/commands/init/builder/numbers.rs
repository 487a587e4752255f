//! Numbers of a source: how they are marked, and in which currencies they are.

use super::Builder;
use crate::commands::init::names;
use crate::commands::init::roles::SURE;
use crate::commands::init::source::{Value, short};
use crate::commands::init::values::{Marks, Shape, currencies, digits_of};
use crate::stages::ingest::coerce::currency_named;
use crate::text::percent;

impl Builder<'_> {
    /// In which currencies the amounts are: as a column says, or as stands beside them.
    pub(super) fn money(&mut self) {
        let named = self.best(&names::CURRENCY, |column| {
            let known = |label: &String| currency_named(label.trim()).is_some();
            let labels = column.labels.as_ref();
            labels.is_some_and(|labels| labels.keys().all(known))
        });
        let mut counts: Vec<(String, u64)> = Vec::new();
        if let Some((place, _)) = named.filter(|found| found.1 >= SURE)
            && ["amount", "unit_cost"].iter().any(|name| self.has(name))
        {
            let column = &self.file.columns[place];
            let labels = column.labels.iter().flatten();
            let code = |label: &str| currency_named(label.trim()).unwrap_or_default().to_owned();
            counts = labels.map(|(label, count)| (code(label), *count)).collect();
            self.source.currency_column = Some(column.name.clone());
            self.source.used.push(place);
        } else {
            let money = ["amount", "discount", "cost", "unit_cost"];
            let picks = self.source.picks.iter();
            let columns = picks
                .filter(|pick| money.contains(&pick.name.as_str()))
                .flat_map(|pick| match &pick.value {
                    Value::Column(name) | Value::Marked(name, _) => vec![name],
                    Value::Product(factors) => factors.iter().map(|(name, _)| name).collect(),
                    _ => Vec::new(),
                })
                .filter_map(|name| self.file.column(name));
            for column in columns.filter(|column| column.is_text()) {
                let found = currencies(&column.texts);
                counts.extend(
                    found
                        .into_iter()
                        .map(|(code, count)| (code.to_owned(), count)),
                );
            }
        }
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        for (code, _) in counts {
            if !self.source.currencies.contains(&code) {
                self.source.currencies.push(code);
            }
        }
        if self.source.currencies.len() > 1 {
            self.source.unsure.push(format!(
                "the amounts are in several currencies, {}: a load fails until rates under [ingest] say what each is worth",
                self.source.currencies.join(", ")
            ));
        }
    }

    /// A column of numbers, read as they are written.
    pub(super) fn number_of(&mut self, column: usize) -> Value {
        let marks = self.marks_of(column);
        let name = self.file.columns[column].name.clone();
        match marks {
            Some(marks) => Value::Marked(name, marks),
            None => Value::Column(name),
        }
    }

    /// The marks of a column of numbers where they are not those of the source. What its values do
    /// not tell is noted.
    pub(super) fn marks_of(&mut self, column: usize) -> Option<Marks> {
        let column = &self.file.columns[column];
        let Shape::Number(notation) = column.shape else {
            return None;
        };
        if !column.is_text() {
            return None;
        }
        let name = &column.name;
        let is_odd = |text: &&String| match notation.unsure {
            true => digits_of(text).contains(['.', ',']),
            false => notation.read(text).is_none(),
        };
        let such = || {
            let mut odd: Vec<&String> = column.texts.iter().filter(is_odd).collect();
            odd.dedup();
            let odd: Vec<String> = odd.iter().take(3).map(|text| short(text)).collect();
            odd.join(" | ")
        };
        let odd = column.texts.iter().filter(is_odd).count();
        let remark = if notation.unsure {
            let (taken, other) = match notation.group {
                Some(_) => ("between thousands", "before decimals"),
                None => ("before decimals", "between thousands"),
            };
            Some(format!(
                "AMBIGUOUS: the mark in `{name}`, such as {}, could stand {taken} or {other}, and no value tells; it is taken to stand {taken}. Change decimal and thousands if this is wrong",
                such()
            ))
        } else if odd > 0 {
            let share = odd as f64 / column.texts.len().max(1) as f64;
            Some(format!(
                "{} of the values of `{name}` are no numbers, such as {}: their rows will be rejected",
                percent(share),
                such()
            ))
        } else {
            None
        };
        let marks = notation.marks();
        let own = (!self.source.marks.read_as(notation, &column.texts)).then_some(marks);
        if let Some(remark) = remark
            && !self.source.unsure.contains(&remark)
        {
            self.source.unsure.push(remark);
        }
        own
    }
}
