//! The columns of the readable tree in the words and units of the catalogue, for its picture, its
//! text and its page.

use regulars_models::format::Feature;
use regulars_models::tree::ColumnName;

use crate::contract::features::{Column, Shop};
use crate::text::round;

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
            (Some(above), Some(at_most)) => format!(
                "above {} and up to {}",
                self.quantity(above),
                self.quantity(at_most)
            ),
            (Some(above), None) => format!("above {}", self.quantity(above)),
            (None, Some(at_most)) => format!("up to {}", self.quantity(at_most)),
            (None, None) => "known".to_owned(),
        };
        format!("{}: {bounds}", self.title)
    }

    fn missing(&self) -> String {
        match &self.known {
            Some((column, _)) => column.missing(),
            None => "not known".to_owned(),
        }
    }

    fn is_there(&self) -> String {
        format!("{} is known", self.title)
    }

    fn is_missing(&self) -> String {
        match &self.known {
            Some((column, _)) => column.missing(),
            None => format!("{} is not known", self.title),
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
