//! The kinds of shop that can be generated, a law each.

mod grocery;
mod mail_order;
mod restaurant;
mod subscription;
mod wholesale;

use super::law::Law;

/// A kind of shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shop {
    /// Large baskets every few days.
    #[default]
    Grocery,
    /// Orders every few months, seasons, goods that come and leave.
    MailOrder,
    /// A delivery of one or two lines at fixed intervals.
    Subscription,
    /// Two or three dishes a visit.
    Restaurant,
    /// Business customers who order in bulk every few days.
    Wholesale,
}

impl Shop {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Grocery,
        Self::MailOrder,
        Self::Subscription,
        Self::Restaurant,
        Self::Wholesale,
    ];

    /// What is true of such a shop.
    pub fn law(self) -> &'static Law {
        match self {
            Self::Grocery => &grocery::GROCERY,
            Self::MailOrder => &mail_order::MAIL_ORDER,
            Self::Subscription => &subscription::SUBSCRIPTION,
            Self::Restaurant => &restaurant::RESTAURANT,
            Self::Wholesale => &wholesale::WHOLESALE,
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shop| shop.law().name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::patterns::{
        MOST_ASSOCIATIONS, MOST_REPLENISHMENTS, MOST_SEQUENCES, MOST_SUBSTITUTES,
    };
    use chrono::{Days, NaiveDate};

    fn sums_to_one(what: &str, shares: impl Iterator<Item = f64>) {
        let sum: f64 = shares.sum();
        assert!((sum - 1.0).abs() < 1e-9, "{what}: {sum}");
    }

    #[test]
    fn shares_sum_to_one() {
        for law in Shop::ALL.map(Shop::law) {
            let profiles = &law.profiles;
            sums_to_one(law.name, profiles.iter().map(|p| p.share_at_start));
            sums_to_one(law.name, profiles.iter().map(|p| p.share_later));
            for profile in profiles {
                sums_to_one(profile.name, profile.taste.iter().copied());
                sums_to_one(profile.name, profile.peaks.iter().copied());
                sums_to_one(profile.name, profile.ages.iter().copied());
                sums_to_one(profile.name, profile.household.iter().copied());
                let week: f64 = profile.weekdays.iter().sum();
                assert!((week - 7.0).abs() < 0.011, "{}: {week}", profile.name);
                let beyond = &profile.taste[law.goods.departments.len()..];
                assert!(beyond.iter().all(|share| *share == 0.0), "{}", profile.name);
            }
        }
    }

    #[test]
    fn goods_are_of_one_piece() {
        for law in Shop::ALL.map(Shop::law) {
            let goods = &law.goods;
            let departments = goods.departments.len();
            assert!(departments <= crate::history::profiles::DEPARTMENTS);
            assert_eq!(
                (goods.categories.len(), goods.prices.len()),
                (departments, departments)
            );
            assert!(goods.associations.len() <= MOST_ASSOCIATIONS);
            assert!(goods.substitutes.len() <= MOST_SUBSTITUTES);
            assert!(goods.sequences.len() <= MOST_SEQUENCES);
            assert!(goods.replenishments.len() <= MOST_REPLENISHMENTS);
            assert!(goods.products_of_a_type <= 100); // opinions of products have two digits
            let known = |name: &str| goods.categories.iter().flatten().any(|of| *of == name);
            for season in goods.seasons {
                assert!(known(season.category), "{}: {}", law.name, season.category);
            }
        }
    }

    #[test]
    fn a_year_has_as_many_usual_days_as_days_that_are_open() {
        for law in Shop::ALL.map(Shop::law) {
            let first: NaiveDate = "2025-01-01".parse().unwrap();
            let busy: Vec<f64> = (0..365)
                .map(|day| (law.days.season)(first + Days::new(day)))
                .collect();
            let open = busy.iter().filter(|busy| **busy > 0.0).count() as f64;
            let mean = busy.iter().sum::<f64>() / open;
            assert!((mean - 1.0).abs() < 0.06, "{}: {mean}", law.name);
            assert!(open > 340.0, "{}: {open}", law.name);
            assert_eq!(
                Shop::named(law.name).map(Shop::law).map(|law| law.name),
                Some(law.name)
            );
        }
    }
}
