//! The columns of the readable tree in the words and units of the catalogue, for its picture, its
//! text and its page.

use std::sync::LazyLock;

use regulars_models::format::Feature;
use regulars_models::tree::{ColumnName, Phrases};

use crate::contract::features::{Column, Shop};
use crate::text::round;
use crate::words::said;

/// The sentences of the readable tree.
pub fn phrases() -> &'static Phrases {
    static SAID: LazyLock<Phrases> = LazyLock::new(|| Phrases {
        all: said(mark!("all {rows}")),
        all_rows: said(mark!("all rows")),
        line: said(mark!("{condition}: {facts}")),
        told: said(mark!("{count} {rows}, {fact}")),
        nobody: said(mark!("no {rows} yet; as above, {fact}")),
        rate: said(mark!("{percent} % {outcome}")),
        leaf: said(mark!(" => leaf {leaf}, {value}")),
        leaf_in_box: said(mark!(" (leaf {leaf}: {value})")),
        picture: said(mark!(
            "{leaves} leaves; bars show the share that {outcome}, ticks mark {percent} % of all {rows}"
        )),
        is: said(mark!("{name} = {list}")),
        is_one_of: said(mark!("{name} in {{list}}")),
        is_not: said(mark!("{name} is not {list} or unknown")),
        is_none_of: said(mark!("{name} not in {{list}} or unknown")),
        is_unknown: said(mark!("{name} is unknown")),
        is_known: said(mark!("{name} is known")),
        or_unknown: said(mark!("{condition} or unknown")),
        or: said(mark!("{condition} or {missing}")),
        brackets: said(mark!("({condition})")),
        comma: said(mark!(", ")),
        and: said(mark!(" and ")),
    });
    &SAID
}

/// A column as it is spoken of.
pub struct Spoken<'a> {
    /// What it is called where the catalogue does not know it, and what its categories are.
    feature: &'a Feature,
    /// What it is.
    title: String,
    /// Known to the catalogue, with what the shop calls things.
    known: Option<(Column<'a>, Shop<'a>)>,
}

/// What the catalogue knows of a column, if it is of the catalogue.
pub type Catalogued = for<'a> fn(&'a Feature) -> Option<Column<'a>>;

/// The columns of a model, as they are spoken of.
pub fn spoken<'a>(features: &'a [Feature], known: Catalogued, shop: Shop<'a>) -> Vec<Spoken<'a>> {
    let column = |feature: &'a Feature| {
        let column = known(feature);
        let plain = || feature.name.replace('_', " ");
        Spoken {
            title: column.as_ref().map_or_else(plain, Column::title),
            known: column.map(|column| (column, shop)),
            feature,
        }
    };
    features.iter().map(column).collect()
}

/// What people call a model, from its name in English: one that looks at one column is called after that.
pub fn title(english: &str) -> String {
    match (said(english), english.strip_suffix(" alone")) {
        (said, Some(column)) if said == english => tr!("{column} alone", column = column),
        (said, _) => said.to_owned(),
    }
}

/// What a feature means, from what is kept of that in English.
pub fn meaning(feature: &str, english: &str) -> String {
    let column = Column::named(feature);
    if column.feature().is_some() {
        return column.about(english);
    }
    match (said(english), english.strip_suffix(" of the customer")) {
        (said, Some(column)) if said == english => tr!("{column} of the customer", column = column),
        (said, _) => said.to_owned(),
    }
}

/// What models are called beside [`title`]'s.
#[rustfmt::skip]
const _TITLES: [&str; 13] = [
    mark!("one feature alone"), mark!("readable tree"), mark!("logistic regression (elastic net)"),
    mark!("logistic regression (linfa)"), mark!("naive Bayes"), mark!("decision tree (linfa)"),
    mark!("boosted trees"), mark!("random forest"), mark!("extra trees"), mark!("random forest (linfa)"),
    mark!("nearest neighbours"), mark!("neural network"), mark!("weighted ensemble"),
];

/// That of a column of the features.
pub fn of_catalogue(feature: &Feature) -> Option<Column<'_>> {
    let column = Column::named(&feature.name);
    column.feature().is_some().then_some(column)
}

impl Spoken<'_> {
    /// A value with its unit, or which category it is.
    pub fn value(&self, value: f64) -> String {
        if value.is_nan() {
            return self.missing();
        }
        let category = self.category(value as u16);
        category.map_or_else(|| self.quantity(value as f32), str::to_owned)
    }

    fn quantity(&self, value: f32) -> String {
        let value = f64::from(value);
        match &self.known {
            Some((column, shop)) => column.quantity(value, *shop),
            None => round(value, 2).to_string(),
        }
    }
}

impl ColumnName for Spoken<'_> {
    fn phrases(&self) -> &Phrases {
        phrases()
    }

    fn name(&self) -> &str {
        &self.title
    }

    fn category(&self, number: u16) -> Option<&str> {
        self.feature.category(number)
    }

    fn never_missing(&self) -> bool {
        let known = self.known.as_ref();
        known.is_some_and(|(column, _)| column.never_missing())
    }

    fn between(&self, above: Option<f32>, at_most: Option<f32>) -> String {
        if let Some((column, shop)) = &self.known {
            return column.between(above.map(f64::from), at_most.map(f64::from), *shop);
        }
        let bounds = match (above, at_most) {
            (Some(above), Some(at_most)) => tr!(
                "above {above} and up to {at_most}",
                above = self.quantity(above),
                at_most = self.quantity(at_most)
            ),
            (Some(above), None) => tr!("above {above}", above = self.quantity(above)),
            (None, Some(at_most)) => tr!("up to {at_most}", at_most = self.quantity(at_most)),
            (None, None) => tr!("known"),
        };
        tr!("{what}: {value}", what = self.title, value = bounds)
    }

    fn missing(&self) -> String {
        match &self.known {
            Some((column, _)) => column.missing(),
            None => tr!("not known"),
        }
    }

    fn is_there(&self) -> String {
        tr!("{name} is known", name = self.title)
    }

    fn is_missing(&self) -> String {
        match &self.known {
            Some((column, _)) => column.missing(),
            None => tr!("{name} is not known", name = self.title),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_in_words_with_units() {
        let features = [
            "gap_sd_days",
            "recency_days",
            "spend_trend_84",
            "share_meat",
            "spend_28",
            "monthly_charges",
        ]
        .map(Feature::numeric);
        let shop = Shop {
            currency: "EUR",
            basket: "order",
        };
        let columns = spoken(&features, of_catalogue, shop);
        let said: Vec<String> = columns
            .iter()
            .map(|column| column.between(Some(0.516), None))
            .collect();
        assert_eq!(
            said,
            [
                "days by which the time between two purchases varies (standard deviation): above 0.52 days",
                "days since the last purchase: above 0.52 days",
                "change of spend from the 84 days before to the last 84 days: above 0.52",
                "share of spend in meat: above 51.6 %",
                "money spent in the last 28 days: above 0.52 EUR",
                "monthly charges: above 0.52",
            ]
        );
        // An attribute of a table is no feature, though it may be called like one.
        let attribute = spoken(&features[1..2], |_| None, shop);
        assert_eq!(
            attribute[0].between(None, Some(3.0)),
            "recency days: up to 3"
        );
        assert!(!attribute[0].never_missing());
        assert_eq!(columns[0].missing(), "no rhythm known yet");
        let said = [
            columns[0].value(14.5),
            columns[3].value(0.25),
            columns[0].value(f64::NAN),
        ];
        assert_eq!(said, ["14.5 days", "25.0 %", "no rhythm known yet"]);
        assert!(columns[1].never_missing() && !columns[0].never_missing());
        assert_eq!(columns[5].is_missing(), "monthly charges is not known");
        assert_eq!(columns[5].is_there(), "monthly charges is known");
        assert_eq!(
            columns[1].between(Some(1.0), Some(7.0)),
            "days since the last purchase: above 1 day and up to 7 days"
        );
    }
}
