//! What happened: a column that says so, the sign of a quantity, or what the file is called.

use super::{Builder, quoted};
use crate::commands::init::names::{self, fold};
use crate::commands::init::source::{Pick, Value, evidence};
use crate::contract::KINDS;

impl Builder<'_> {
    /// The kind of each row; `signed` is the column whose sign may tell it.
    pub(super) fn kind(&mut self, signed: Option<usize>) -> Pick {
        let (value, evidence) = self
            .kind_by_column()
            .or_else(|| self.kind_by_sign(signed))
            .unwrap_or_else(|| self.kind_of_file());
        Pick {
            name: "kind".into(),
            value,
            evidence,
        }
    }

    /// A column that says what happened, if all that it says is understood.
    fn kind_by_column(&mut self) -> Option<(Value, String)> {
        let (place, _) = self.best(&names::KIND, |column| column.labels.is_some())?;
        let column = &self.file.columns[place];
        let mut labels: Vec<&String> = column
            .labels
            .iter()
            .flatten()
            .map(|(label, _)| label)
            .collect();
        labels.sort();
        let meant: Option<Vec<(&String, &'static str)>> = labels
            .into_iter()
            .map(|label| Some((label, kind_of(label)?)))
            .collect();
        let Some(meant) = meant else {
            self.source.notes.push(format!(
                "`{}` may say what happened; turn its values into kinds with kind = {{ sql = \"CASE ...\" }}.",
                column.name
            ));
            return None;
        };
        let as_they_are = |(label, kind): &(&String, &str)| label.eq_ignore_ascii_case(kind);
        let value = if meant.iter().all(as_they_are) {
            Value::Column(column.name.clone())
        } else {
            let cases: Vec<String> = meant
                .iter()
                .map(|(label, kind)| format!("WHEN '{}' THEN '{kind}'", label.replace('\'', "''")))
                .collect();
            let name = quoted(&column.name);
            Value::Sql(format!("CASE {name} {} END", cases.join(" ")))
        };
        self.source.used.push(place);
        Some((value, evidence(column)))
    }

    fn kind_by_sign(&mut self, signed: Option<usize>) -> Option<(Value, String)> {
        let column = signed.filter(|&column| self.file.columns[column].negative > 0)?;
        let marks = self.marks_of(column);
        let name = &self.file.columns[column].name;
        Some((
            Value::BySign(name.clone(), marks),
            format!("`{name}` is below zero in some rows: these are returns"),
        ))
    }

    /// The same kind in every row.
    fn kind_of_file(&self) -> (Value, String) {
        let buys = ["basket_id", "product_id", "amount"]
            .iter()
            .any(|name| self.has(name));
        let file = fold(&self.file.stem);
        let named = names::KINDS_BY_FILE
            .iter()
            .find(|(_, words)| words.split_whitespace().any(|word| file.contains(word)))
            .map(|(kind, _)| *kind)
            // A file of purchases may be called after the call centre or the payments that go with it.
            .filter(|kind| !buys || *kind == "return");
        let kind = named.or_else(|| {
            let only = |name: &str| self.has(name) && !buys;
            (only("rating"))
                .then_some("survey")
                .or(only("campaign_id").then_some("contact"))
        });
        match kind {
            Some(kind) => (
                Value::Constant(kind),
                format!(
                    "guessed from the name of the file; known: {}",
                    KINDS.join(", ")
                ),
            ),
            None => (
                Value::Constant("purchase"),
                "every row is a purchase".into(),
            ),
        }
    }
}

/// The kind of interaction that a label means.
fn kind_of(label: &str) -> Option<&'static str> {
    let label = fold(label);
    let known = KINDS.iter().find(|kind| fold(kind) == label).copied();
    let bought = [
        "purchase", "sale", "sold", "buy", "order", "kauf", "verkauf", "achat", "vente", "compra",
        "venta", "购买", "销售",
    ];
    let looked = [
        "view",
        "cart",
        "addtocart",
        "removefromcart",
        "browse",
        "click",
        "pageview",
        "wishlist",
    ];
    known
        .or_else(|| looked.contains(&label.as_str()).then_some("visit"))
        .or_else(|| bought.contains(&label.as_str()).then_some("purchase"))
        .or_else(|| {
            let named = names::KINDS_BY_FILE
                .iter()
                .find(|(_, words)| words.split_whitespace().any(|word| label.starts_with(word)));
            named.map(|(kind, _)| *kind)
        })
}
