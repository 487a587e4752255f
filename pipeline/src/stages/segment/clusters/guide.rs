//! What each cluster is, and what to do about it, in sentences.

use regulars_models::clustering::{ClusterName, ClusterProfile};

use crate::contract::features::{Column, Shop};
use crate::text::{count, percent};
use crate::words::{Language, said, spoken};

/// From this standardised difference on something is plain.
const PLAIN: f64 = 0.5;
/// From this one on it is large.
const LARGE: f64 = 0.8;

/// What customers of a cluster typically do, from its profile.
pub struct Portrait<'a> {
    /// Features by the places of the profile.
    pub features: &'a [String],
    /// As clusters see it.
    pub seen: &'a ClusterProfile,
    /// As the features have it.
    pub real: &'a ClusterProfile,
    /// What sets it apart.
    pub name: &'a ClusterName,
    /// Of all spend.
    pub spend_share: f64,
}

impl Portrait<'_> {
    /// Who they are: how many, what they bring, and what a typical one does.
    pub fn sentence(&self, shop: Shop<'_>) -> String {
        let mut told: Vec<usize> = Vec::new();
        for name in ["recency_days", "frequency", "mean_basket"] {
            told.extend(self.features.iter().position(|feature| feature == name));
        }
        for part in self.name.parts.iter().take(3) {
            let category = self.features[part.feature].contains(" = ");
            if !told.contains(&part.feature) && !category {
                told.push(part.feature);
            }
        }
        let mut phrases: Vec<String> = Vec::new();
        for place in told {
            let median = self.real.features[place].median;
            if !median.is_nan() {
                phrases.push(phrase(&self.features[place], median, shop));
            }
        }
        // An attribute is said by how many have it.
        for part in &self.name.parts {
            let name = &self.features[part.feature];
            if name.contains(" = ") {
                let share = self.real.features[part.feature].mean;
                phrases.push(tr!(
                    "{attribute} for {share}",
                    attribute = name,
                    share = percent(share)
                ));
            }
        }
        let between = match spoken() {
            Language::En => ", ",
            Language::Zh => "，",
        };
        tr!(
            "{customers} customers, {share} of all, who bring {spend} of the spend; a typical one: {phrases}",
            customers = count(self.real.size as u64),
            share = percent(self.real.share),
            spend = percent(self.spend_share),
            phrases = phrases.join(between)
        )
    }

    fn difference(&self, name: &str) -> f64 {
        let place = self.features.iter().position(|feature| feature == name);
        place.map_or(0.0, |place| self.seen.features[place].difference)
    }

    /// Of the customers of the cluster, as the features have it; NaN where there is no such feature.
    fn median(&self, name: &str) -> f64 {
        let place = self.features.iter().position(|feature| feature == name);
        place.map_or(f64::NAN, |place| self.real.features[place].median)
    }

    /// What to do, by how recent, frequent and large their purchases are beside those of all, then
    /// by what else sets them apart.
    pub fn action(&self) -> String {
        let [recency, frequency, basket, discount] =
            ["recency_days", "frequency", "mean_basket", "discount_share"]
                .map(|name| self.difference(name));
        let worth = frequency.max(basket);
        let first = if recency >= LARGE {
            match worth >= PLAIN {
                true => {
                    mark!("Win them back in person: they were worth much and have stopped coming")
                }
                false => {
                    mark!(
                        "One friendly reminder, then let them rest: they are long gone and were worth little"
                    )
                }
            }
        } else if recency >= PLAIN {
            mark!("Remind them before they are gone: they have been away for longer than most")
        } else if frequency >= PLAIN && basket >= PLAIN {
            mark!(
                "Look after them: first access, a person to call, no discounts that they do not ask for"
            )
        } else if frequency >= PLAIN {
            mark!(
                "Make baskets larger: bundles, what goes with what they buy, free delivery from a sum on"
            )
        } else if basket >= PLAIN {
            mark!(
                "Give reasons to come more often: what they will need next, at the time they need it"
            )
        } else if frequency <= -LARGE {
            match self.median("frequency") < 2.0 {
                true => {
                    mark!(
                        "Earn the second purchase: a welcome, and an offer for the next one soon after the first"
                    )
                }
                false => mark!("Earn the next purchase: an offer soon after the last one"),
            }
        } else {
            mark!("Keep them informed, and try offers on a part of them first")
        };
        let mut told = said(first).to_owned();
        if discount >= PLAIN {
            told += said(mark!(
                "; they buy at a discount, so offers should be few and have an end"
            ));
        } else if discount <= -PLAIN {
            told += said(match self.median("discount_share") < 0.005 {
                true => mark!("; they pay the full price, so there is no need to lower it"),
                false => mark!(
                    "; they buy at a discount less than others do, so there is little need of offers"
                ),
            });
        }
        // Nothing is begun with those who are let rest.
        let rests = recency >= LARGE && worth < PLAIN;
        if let (false, Some(shelf)) = (rests, self.shelf()) {
            told += &tr!(
                "; begin with {department}, which they buy more than others do",
                department = shelf
            );
        }
        told
    }

    /// The department of which they buy clearly more than all, the one with the largest
    /// difference.
    fn shelf(&self) -> Option<String> {
        let departments = self
            .features
            .iter()
            .enumerate()
            .filter_map(|(place, name)| {
                let column = Column::named(name);
                let (_, place_of) = column.feature()?;
                place_of.department()?;
                let difference = self.seen.features[place].difference;
                (difference >= PLAIN).then(|| (difference, place_of.in_words("DEPARTMENT")))
            });
        let most = departments.max_by(|a, b| a.0.total_cmp(&b.0));
        most.map(|(_, department)| department)
    }
}

fn phrase(name: &str, value: f64, shop: Shop<'_>) -> String {
    let column = Column::named(name);
    match column.feature() {
        Some(_) => column.phrase(value, shop),
        None => format!(
            "{} {}",
            name.replace('_', " "),
            crate::text::round(value, 2)
        ),
    }
}

/// What a mean Jaccard index over bootstrap samples is worth (Hennig 2007).
pub fn verdict(jaccard: f64) -> &'static str {
    match jaccard {
        value if value >= 0.85 => mark!("very stable"),
        value if value >= 0.75 => mark!("stable"),
        value if value >= 0.6 => mark!("doubtful"),
        value if value.is_nan() => "",
        _ => mark!("not to be relied on"),
    }
}

#[cfg(test)]
mod tests {
    use regulars_models::clustering::{FeatureProfile, NamePart};

    use super::*;

    const FEATURES: [&str; 5] = [
        "recency_days",
        "frequency",
        "mean_basket",
        "discount_share",
        "region = North",
    ];

    fn profile(values: [(f64, f64); 5]) -> ClusterProfile {
        let feature = |(median, difference): (f64, f64)| FeatureProfile {
            known: 10,
            mean: median,
            median,
            index: None,
            difference,
        };
        ClusterProfile {
            size: 1200,
            share: 0.12,
            features: values.map(feature).to_vec(),
        }
    }

    fn told(values: [(f64, f64); 5], parts: &[usize]) -> (String, String) {
        let profile = profile(values);
        let part = |place: &usize| NamePart {
            feature: *place,
            phrase: String::new(),
            difference: values[*place].1,
        };
        let portrait = Portrait {
            features: &FEATURES.map(str::to_owned),
            seen: &profile,
            real: &profile,
            name: &ClusterName {
                name: String::new(),
                parts: parts.iter().map(part).collect(),
            },
            spend_share: 0.5,
        };
        let shop = Shop {
            currency: "EUR",
            basket: "visit",
        };
        (portrait.sentence(shop), portrait.action())
    }

    #[test]
    fn a_cluster_is_told_in_the_words_of_the_shop() {
        let (sentence, action) = told(
            [
                (9.0, -0.9),
                (31.0, 1.1),
                (24.0, 0.0),
                (0.3, 0.7),
                (0.8, 1.0),
            ],
            &[1, 4, 3],
        );
        assert_eq!(
            sentence,
            "1,200 customers, 12.0 % of all, who bring 50.0 % of the spend; a typical one: last purchase 9 days ago, 31 visits so far, 24 EUR per visit, 30.0 % off by discounts, region = North for 80.0 %"
        );
        assert!(action.starts_with("Make baskets larger"), "{action}");
        assert!(
            action.ends_with("offers should be few and have an end"),
            "{action}"
        );
    }

    #[test]
    fn what_to_do_depends_on_what_they_were_worth() {
        let gone = |frequency| {
            told(
                [
                    (300.0, 1.2),
                    (3.0, frequency),
                    (9.0, 0.0),
                    (0.0, -0.6),
                    (0.0, 0.0),
                ],
                &[],
            )
            .1
        };
        assert!(gone(0.9).starts_with("Win them back"));
        assert!(gone(-0.9).starts_with("One friendly reminder"));
        assert!(gone(-0.9).ends_with("no need to lower it"));
        let seldom = |baskets| {
            told(
                [
                    (20.0, 0.0),
                    (baskets, -0.9),
                    (9.0, 0.0),
                    (0.1, -0.6),
                    (0.0, 0.0),
                ],
                &[],
            )
            .1
        };
        assert!(seldom(1.0).starts_with("Earn the second purchase"));
        assert!(seldom(8.0).starts_with("Earn the next purchase"));
        assert!(seldom(8.0).ends_with("little need of offers"));
        let usual = told(
            [(20.0, 0.0), (3.0, 0.1), (9.0, 0.0), (0.1, 0.0), (0.0, 0.0)],
            &[],
        )
        .1;
        assert_eq!(
            usual,
            "Keep them informed, and try offers on a part of them first"
        );
    }

    #[test]
    fn stability_has_the_words_of_its_source() {
        let words = [0.9, 0.8, 0.7, 0.3, f64::NAN].map(verdict);
        assert_eq!(
            words,
            [
                "very stable",
                "stable",
                "doubtful",
                "not to be relied on",
                ""
            ]
        );
    }
}
