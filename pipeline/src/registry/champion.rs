//! `champion.json`: which version is in use, and who made it so, when and why.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record;

/// What `champion.json` holds under `format`.
pub(super) const FORMAT: &str = "regulars-champion";

/// The version in use, and how that came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Champion {
    format: String,
    layout: u32,
    /// The version in use.
    pub champion: Option<u32>,
    /// What was done, in its order.
    pub history: Vec<Act>,
}

/// One act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// What was done.
    pub action: Action,
    /// To which version.
    pub version: u32,
    /// When, UTC.
    pub at: String,
    /// By whom: a user and a machine.
    pub by: String,
    /// Why.
    pub why: String,
    /// Whether it was to be, better or not.
    #[serde(default)]
    pub forced: bool,
    /// What the comparison with the champion before said, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Value>,
}

/// What can be done to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It became the champion.
    Promote,
    /// It became the champion again, in place of the one that had followed it.
    Rollback,
    /// It was removed.
    Remove,
}

impl Default for Champion {
    fn default() -> Self {
        Self {
            format: FORMAT.to_owned(),
            layout: record::LAYOUT,
            champion: None,
            history: Vec::new(),
        }
    }
}

impl Champion {
    /// Notes an act.
    pub(super) fn note(&mut self, act: Act) {
        if act.action != Action::Remove {
            self.champion = Some(act.version);
        }
        self.history.push(act);
    }

    /// The champion before the present one that is still there: promotions are taken back one by one,
    /// and what was taken back is not come back to.
    pub fn before(&self) -> Option<u32> {
        let mut reigns: Vec<u32> = Vec::new();
        for act in &self.history {
            match act.action {
                Action::Promote if reigns.last() != Some(&act.version) => reigns.push(act.version),
                Action::Promote => {}
                Action::Rollback => {
                    while reigns.len() > 1 && reigns.last() != Some(&act.version) {
                        reigns.pop();
                    }
                }
                Action::Remove => reigns.retain(|version| *version != act.version),
            }
        }
        reigns.pop();
        let present = self.champion;
        reigns
            .into_iter()
            .rev()
            .find(|before| Some(*before) != present)
    }

    /// The largest number that was ever given, as far as this file knows.
    pub(super) fn last_number(&self) -> u32 {
        let numbers = self.history.iter().map(|act| act.version);
        numbers.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(acts: &[(Action, u32)]) -> Champion {
        let mut champion = Champion::default();
        for (action, version) in acts {
            champion.note(Act {
                action: *action,
                version: *version,
                at: String::new(),
                by: String::new(),
                why: String::new(),
                forced: false,
                comparison: None,
            });
        }
        champion
    }

    #[test]
    fn promotions_are_taken_back_one_by_one() {
        use Action::{Promote, Remove, Rollback};
        let before = |acts: &[(Action, u32)]| after(acts).before();
        assert_eq!(before(&[]), None);
        assert_eq!(before(&[(Promote, 1)]), None);
        let three = [(Promote, 1), (Promote, 2), (Promote, 3)];
        assert_eq!(before(&three), Some(2));
        let once = [&three[..], &[(Rollback, 2)]].concat();
        assert_eq!(before(&once), Some(1));
        let twice = [&once[..], &[(Rollback, 1)]].concat();
        assert_eq!(after(&twice).champion, Some(1));
        assert_eq!(before(&twice), None);
        assert_eq!(before(&[&three[..], &[(Remove, 2)]].concat()), Some(1));
        assert_eq!(before(&[(Promote, 1), (Promote, 1)]), None);
        // One that comes back by promotion follows the one that was there.
        assert_eq!(before(&[(Promote, 1), (Promote, 2), (Promote, 1)]), Some(2));
    }
}
