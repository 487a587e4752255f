//! `features.json`: what each feature of a model is, so that it is never given others under their
//! names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::hex;

/// What `features.json` holds under `format`.
pub const FORMAT: &str = "regulars-model-features";

/// The features of a version, in the order of the model's columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFeatures {
    /// Always `FORMAT`.
    pub format: String,
    /// The layout.
    pub layout: u32,
    /// What the features go over that the history decided: `departments`, `channels`.
    pub places: BTreeMap<String, Vec<String>>,
    /// The features.
    pub features: Vec<KeptFeature>,
}

/// One feature of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFeature {
    /// Its name.
    pub name: String,
    /// What it means, in words.
    pub about: String,
    /// `numeric` or `categorical`.
    pub kind: String,
    /// SHA-256 of kind and definition.
    pub sha256: String,
    /// How it is computed, a line for each part.
    pub definition: Vec<String>,
}

impl KeptFeatures {
    /// Features over these places.
    pub fn new(places: BTreeMap<String, Vec<String>>, features: Vec<KeptFeature>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            layout: super::record::LAYOUT,
            places,
            features,
        }
    }
}

impl KeptFeature {
    /// A feature, with its definition as lines of text.
    pub fn new(name: &str, about: &str, kind: &str, definition: &str) -> Self {
        let hash = Sha256::digest(format!("{kind}\n{definition}").as_bytes());
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            kind: kind.to_owned(),
            sha256: hex(&hash),
            definition: definition.lines().map(str::to_owned).collect(),
        }
    }

    /// How it differs from what has its name now, in words; nothing where the two are the same.
    pub fn differs_from(&self, now: &Self) -> Option<String> {
        if self.sha256 == now.sha256 {
            return None;
        }
        let lines = self.definition.len().max(now.definition.len());
        let line = |of: &Self, at: usize| {
            let line = of.definition.get(at);
            line.map_or("nothing".to_owned(), |line| format!("`{}`", short(line)))
        };
        let differs = (0..lines).find(|at| self.definition.get(*at) != now.definition.get(*at));
        Some(differs.map_or_else(
            || "its hash is another one".to_owned(),
            |at| format!("it was {} and is {} now", line(self, at), line(now, at)),
        ))
    }
}

/// As much of a line as a message can hold.
fn short(line: &str) -> String {
    const MOST: usize = 160;
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_said() {
        let of = |text: &str| KeptFeature::new("a", "about a", "numeric", text);
        let then = of("value: x\nfrom 18 o'clock on");
        assert_eq!(then.differs_from(&then.clone()), None);
        let now = of("value: x\nfrom 20 o'clock on");
        let words = then.differs_from(&now).unwrap();
        assert_eq!(
            words,
            "it was `from 18 o'clock on` and is `from 20 o'clock on` now"
        );
    }
}
