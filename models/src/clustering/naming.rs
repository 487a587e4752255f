//! A short name for each cluster, made of what sets it apart.

use std::collections::BTreeSet;

use linfa::ParamGuard;

use super::{ClusterProfile, ClusteringError};

/// What a feature is called in the name of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureWords {
    /// Phrase for clusters where the feature is high, such as `frequent`; empty if a high
    /// value should not be said.
    pub high: String,
    /// Phrase for clusters where it is low, such as `occasional`; empty if it should not be
    /// said.
    pub low: String,
    /// Phrase for clusters where it is far higher than usual, such as `very frequent`.
    pub very_high: String,
    /// Phrase for clusters where it is far lower than usual, such as `hardly ever here`.
    pub very_low: String,
    /// What the feature speaks of. A name has at most one phrase for each theme, so spend in
    /// 28, 56 and 84 days does not fill it.
    pub theme: String,
}

impl FeatureWords {
    /// Words for high and low values, and the theme. Extreme values have the same words.
    pub fn new(high: &str, low: &str, theme: &str) -> Self {
        Self {
            high: high.to_owned(),
            low: low.to_owned(),
            very_high: high.to_owned(),
            very_low: low.to_owned(),
            theme: theme.to_owned(),
        }
    }

    /// Words of their own for extreme values, so that two clusters on one side of the average
    /// can be told apart.
    pub fn extreme(mut self, very_high: &str, very_low: &str) -> Self {
        self.very_high = very_high.to_owned();
        self.very_low = very_low.to_owned();
        self
    }

    fn phrase(&self, difference: f64, extreme: f64) -> &str {
        let phrase = match (difference > 0.0, difference.abs() >= extreme) {
            (true, false) => &self.high,
            (true, true) => &self.very_high,
            (false, false) => &self.low,
            (false, true) => &self.very_low,
        };
        phrase.trim()
    }
}

/// One phrase of a name, and the figure behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamePart {
    /// Column of the profiles.
    pub feature: usize,
    /// The phrase.
    pub phrase: String,
    /// Standardised difference of the cluster in that feature.
    pub difference: f64,
}

/// The name of a cluster, and why it is called so.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterName {
    /// The name, such as `Frequent, big-basket, discount-driven`. No two clusters of one call
    /// share a name.
    pub name: String,
    /// The phrases of the name with their figures, in the order in which they stand there.
    /// Empty for typical customers.
    pub parts: Vec<NamePart>,
}

/// How names are made. Nothing is checked yet.
#[derive(Clone, Debug, PartialEq)]
pub struct NamingParams(NamingValidParams);

/// Checked parameters. Only [`ParamGuard::check`] on [`NamingParams`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct NamingValidParams {
    phrases: usize,
    least_difference: f64,
    relative_difference: f64,
    extreme_difference: f64,
    typical: String,
}

impl Default for NamingParams {
    fn default() -> Self {
        Self(NamingValidParams {
            phrases: 3,
            least_difference: 0.35,
            relative_difference: 0.4,
            extreme_difference: 1.5,
            typical: "Typical customers".to_owned(),
        })
    }
}

impl NamingParams {
    /// Most phrases of a name, unless more are needed to tell two clusters apart. At least 1,
    /// default 3.
    pub fn phrases(mut self, phrases: usize) -> Self {
        self.0.phrases = phrases;
        self
    }

    /// Standardised difference below which a feature is not worth a phrase; a cluster with
    /// none above it is typical. Above 0, default 0.35.
    pub fn least_difference(mut self, difference: f64) -> Self {
        self.0.least_difference = difference;
        self
    }

    /// Second and third phrases need this share of the largest difference of the cluster.
    /// 0 to 1, default 0.4.
    pub fn relative_difference(mut self, share: f64) -> Self {
        self.0.relative_difference = share;
        self
    }

    /// Standardised difference from which a feature has the words for extreme values. Above 0,
    /// default 1.5; infinity never uses them.
    pub fn extreme_difference(mut self, difference: f64) -> Self {
        self.0.extreme_difference = difference;
        self
    }

    /// Name of a cluster that is near the average in everything. Default `Typical customers`.
    pub fn typical(mut self, name: &str) -> Self {
        self.0.typical = name.to_owned();
        self
    }
}

impl ParamGuard for NamingParams {
    type Checked = NamingValidParams;
    type Error = ClusteringError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        let refuse = |name, value, range| Err(ClusteringError::Naming { name, value, range });
        if p.phrases == 0 {
            return refuse("phrases", 0.0, "1 or more");
        }
        if !(p.least_difference > 0.0 && p.least_difference.is_finite()) {
            let range = "a finite number above 0";
            return refuse("least_difference", p.least_difference, range);
        }
        if !(0.0..=1.0).contains(&p.relative_difference) {
            return refuse("relative_difference", p.relative_difference, "from 0 to 1");
        }
        if p.extreme_difference.is_nan() || p.extreme_difference <= 0.0 {
            return refuse("extreme_difference", p.extreme_difference, "above 0");
        }
        if p.typical.trim().is_empty() {
            return refuse("letters in typical", 0.0, "1 or more");
        }
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A difference below this is noise, and tells nobody apart.
const FAINT: f64 = 0.1;

impl NamingValidParams {
    /// Names for all clusters.
    ///
    /// Each cluster is named by the features with the largest absolute standardised
    /// differences, at most one for each theme, largest first. Clusters that would share a
    /// name (the same phrases in whatever order) each get their next distinguishing feature,
    /// even a weaker one; those that still cannot be told apart get a number.
    ///
    /// - `profiles`: as [`profile_clusters`](super::profile_clusters) gives them.
    /// - `words`: one entry for each column of the profiles. Of two features of one theme with
    ///   equal differences, the first column is taken.
    ///
    /// # Errors
    /// [`ClusteringError::Columns`] if the profiles have another number of features.
    pub fn name(
        &self,
        profiles: &[ClusterProfile],
        words: &[FeatureWords],
    ) -> Result<Vec<ClusterName>, ClusteringError> {
        for profile in profiles {
            if profile.features.len() != words.len() {
                return Err(ClusteringError::Columns {
                    what: "a profile",
                    found: profile.features.len(),
                    expected: words.len(),
                });
            }
        }
        let candidates: Vec<Vec<NamePart>> = profiles
            .iter()
            .map(|profile| self.candidates(profile, words))
            .collect();
        let mut lengths: Vec<usize> = candidates.iter().map(|c| self.phrases_of(c)).collect();
        // Every round adds a phrase to some name, so it ends when the phrases do.
        loop {
            let keys: Vec<BTreeSet<&str>> = (0..candidates.len())
                .map(|c| phrases(&candidates[c][..lengths[c]]))
                .collect();
            let shared = |c: usize| keys.iter().filter(|key| **key == keys[c]).count() > 1;
            let extend: Vec<usize> = (0..candidates.len())
                .filter(|&c| shared(c) && lengths[c] < candidates[c].len())
                .collect();
            if extend.is_empty() {
                break;
            }
            extend.into_iter().for_each(|c| lengths[c] += 1);
        }
        let mut names: Vec<ClusterName> = candidates
            .into_iter()
            .zip(lengths)
            .map(|(mut parts, length)| {
                parts.truncate(length);
                ClusterName {
                    name: self.sentence(&parts),
                    parts,
                }
            })
            .collect();
        number_equals(&mut names);
        Ok(names)
    }

    /// The phrases that could describe a cluster, strongest first, one for each theme.
    fn candidates(&self, profile: &ClusterProfile, words: &[FeatureWords]) -> Vec<NamePart> {
        let mut all: Vec<(usize, f64)> = profile
            .features
            .iter()
            .map(|feature| feature.difference)
            .enumerate()
            .filter(|(_, difference)| difference.abs() >= FAINT)
            .collect();
        // Stable, so that equal differences keep the order of the columns.
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let mut themes = BTreeSet::new();
        let mut parts = Vec::new();
        for (feature, difference) in all {
            let words = &words[feature];
            let phrase = words.phrase(difference, self.extreme_difference);
            // A direction without a phrase leaves the theme to the next feature.
            if !phrase.is_empty() && themes.insert(words.theme.as_str()) {
                parts.push(NamePart {
                    feature,
                    phrase: phrase.to_owned(),
                    difference,
                });
            }
        }
        parts
    }

    /// How many of a cluster's candidates are worth saying.
    fn phrases_of(&self, candidates: &[NamePart]) -> usize {
        let largest = candidates.first().map_or(0.0, |part| part.difference.abs());
        let least = self
            .least_difference
            .max(self.relative_difference * largest);
        candidates
            .iter()
            .take(self.phrases)
            .take_while(|part| part.difference.abs() >= least)
            .count()
    }

    fn sentence(&self, parts: &[NamePart]) -> String {
        if parts.is_empty() {
            return self.typical.clone();
        }
        let phrases: Vec<&str> = parts.iter().map(|part| part.phrase.as_str()).collect();
        let joined = phrases.join(", ");
        // A typical cluster that had to be told apart from another one.
        if parts[0].difference.abs() < self.least_difference {
            return format!("{} ({joined})", self.typical);
        }
        let mut letters = joined.chars();
        match letters.next() {
            Some(first) => first.to_uppercase().chain(letters).collect(),
            None => joined,
        }
    }
}

fn phrases(parts: &[NamePart]) -> BTreeSet<&str> {
    parts.iter().map(|part| part.phrase.as_str()).collect()
}

/// Adds 2, 3, ... to the second and later clusters with the same phrases.
fn number_equals(names: &mut [ClusterName]) {
    let keys: Vec<BTreeSet<String>> = names
        .iter()
        .map(|name| {
            phrases(&name.parts)
                .into_iter()
                .map(str::to_owned)
                .collect()
        })
        .collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for i in 0..names.len() {
        let mut number = 1 + keys[..i].iter().filter(|key| **key == keys[i]).count();
        let plain = names[i].name.clone();
        if number > 1 {
            names[i].name = format!("{plain} {number}");
        }
        // A caller's phrase may itself end in a number.
        while !taken.insert(names[i].name.clone()) {
            number += 1;
            names[i].name = format!("{plain} {number}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clustering::FeatureProfile;

    fn words() -> Vec<FeatureWords> {
        vec![
            FeatureWords::new("frequent", "rare", "frequency")
                .extreme("very frequent", "hardly ever"),
            FeatureWords::new("frequent of late", "rare of late", "frequency"),
            FeatureWords::new("big-basket", "small-basket", "basket"),
            FeatureWords::new("discount-driven", "full-price", "price"),
            FeatureWords::new("weekend shoppers", "", "time"),
        ]
    }

    fn names(differences: &[[f64; 5]]) -> Vec<String> {
        let profile = |row: &[f64; 5]| ClusterProfile {
            size: 10,
            share: 0.1,
            features: row
                .iter()
                .map(|&difference| FeatureProfile {
                    known: 10,
                    mean: 1.0,
                    median: 1.0,
                    index: None,
                    difference,
                })
                .collect(),
        };
        let profiles: Vec<ClusterProfile> = differences.iter().map(profile).collect();
        let params = NamingParams::default().check().unwrap();
        let names = params.name(&profiles, &words()).unwrap();
        names.into_iter().map(|name| name.name).collect()
    }

    #[test]
    fn the_largest_differences_make_the_name() {
        assert_eq!(
            names(&[[1.4, 0.0, 0.9, 0.8, 0.7]]),
            ["Frequent, big-basket, discount-driven"]
        );
        assert_eq!(
            names(&[[-0.6, 0.0, -1.2, 0.1, 0.0]]),
            ["Small-basket, rare"]
        );
    }

    #[test]
    fn a_theme_is_named_once() {
        assert_eq!(
            names(&[[1.4, 1.5, 0.9, 0.0, 0.0]]),
            ["Frequent of late, big-basket"]
        );
    }

    #[test]
    fn a_direction_without_a_phrase_is_not_said() {
        assert_eq!(names(&[[0.5, 0.0, 0.0, 0.0, -2.0]]), ["Frequent"]);
    }

    #[test]
    fn phrases_far_weaker_than_the_first_are_left_out() {
        // 40 % of 2.0 is 0.8.
        assert_eq!(
            names(&[[2.0, 0.0, 0.7, 0.9, 0.0]]),
            ["Very frequent, discount-driven"]
        );
    }

    #[test]
    fn extreme_values_have_words_of_their_own() {
        assert_eq!(
            names(&[[-0.9, 0.0, -0.8, 0.0, 0.0], [-1.5, 0.0, -1.2, 0.0, 0.0]]),
            ["Rare, small-basket", "Hardly ever, small-basket"]
        );
    }

    #[test]
    fn a_cluster_near_the_average_is_typical() {
        assert_eq!(names(&[[0.3, -0.2, 0.1, 0.0, -0.3]]), ["Typical customers"]);
        assert_eq!(names(&[[0.0; 5]]), ["Typical customers"]);
    }

    #[test]
    fn clusters_with_one_name_get_their_next_feature() {
        assert_eq!(
            names(&[[1.0, 0.0, 0.2, 0.0, 0.0], [0.9, 0.0, -0.3, 0.0, 0.0]]),
            ["Frequent, big-basket", "Frequent, small-basket"]
        );
        // The same phrases in another order are the same name.
        assert_eq!(
            names(&[[1.0, 0.0, 0.9, 0.0, 0.2], [0.9, 0.0, 1.0, -0.2, 0.0]]),
            [
                "Frequent, big-basket, weekend shoppers",
                "Big-basket, frequent, full-price"
            ]
        );
        // Typical ones as well.
        assert_eq!(
            names(&[[0.2, 0.0, 0.0, 0.0, 0.0], [0.0; 5]]),
            ["Typical customers (frequent)", "Typical customers"]
        );
    }

    #[test]
    fn clusters_that_cannot_be_told_apart_get_a_number() {
        let same = [1.0, 0.0, 0.0, 0.05, 0.0];
        assert_eq!(
            names(&[same, same, same]),
            ["Frequent", "Frequent 2", "Frequent 3"]
        );
    }

    #[test]
    fn names_are_unique_whatever_the_differences() {
        use crate::clustering::lloyd::{generator, index_below};
        let mut rng = generator(3, [0; 3]);
        for _ in 0..500 {
            let rows: Vec<[f64; 5]> = (0..6)
                .map(|_| std::array::from_fn(|_| (index_below(&mut rng, 5) as f64 - 2.0) * 0.3))
                .collect();
            let got = names(&rows);
            let unique: BTreeSet<&String> = got.iter().collect();
            assert_eq!(unique.len(), got.len(), "{got:?}");
            assert_eq!(got, names(&rows));
        }
    }

    #[test]
    fn profiles_and_words_must_agree() {
        let profile = ClusterProfile {
            size: 1,
            share: 1.0,
            features: vec![],
        };
        let params = NamingParams::default().check().unwrap();
        assert!(params.name(&[profile], &words()).is_err());
        assert_eq!(params.name(&[], &words()).unwrap(), []);
    }

    #[test]
    fn every_limit_of_the_parameters_is_checked() {
        let refused = |params: NamingParams| params.check().unwrap_err().to_string();
        assert_eq!(
            refused(NamingParams::default().phrases(0)),
            "phrases = 0, but it must be 1 or more"
        );
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let params = NamingParams::default().least_difference(bad);
            assert!(refused(params).starts_with("least_difference"));
        }
        for bad in [-0.1, 1.1, f64::NAN] {
            let params = NamingParams::default().relative_difference(bad);
            assert!(refused(params).starts_with("relative_difference"));
        }
        for bad in [0.0, f64::NAN] {
            let params = NamingParams::default().extreme_difference(bad);
            assert!(refused(params).starts_with("extreme_difference"));
        }
        assert!(refused(NamingParams::default().typical(" ")).starts_with("letters in typical"));
    }
}
