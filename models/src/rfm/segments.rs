//! The map from scores to named segments, and what each name means to a reader.

use super::RfmError;

/// A named segment, in words for the person who acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentGuide {
    /// The name, as in the map.
    pub name: &'static str,
    /// Who these customers are.
    pub description: &'static str,
    /// What to do about them.
    pub action: &'static str,
}

/// The segments of the default map, best customers first, the lost ones last.
pub const SEGMENT_GUIDES: [SegmentGuide; 11] = [
    SegmentGuide {
        name: "Champions",
        description: "Bought very recently, buy often and spend the most",
        action: "Reward them, show them new products first, ask for reviews; do not spend discounts on them",
    },
    SegmentGuide {
        name: "Loyal Customers",
        description: "Buy often and spend well, and were here not long ago",
        action: "Offer the loyalty programme and higher-value products, ask what they miss",
    },
    SegmentGuide {
        name: "Potential Loyalists",
        description: "Bought recently, with a middling number of orders and spend",
        action: "Suggest products that fit what they buy, invite them to the loyalty programme",
    },
    SegmentGuide {
        name: "New Customers",
        description: "Made their first purchase a short while ago",
        action: "Welcome them, help them with what they bought, give a reason for the second order soon",
    },
    SegmentGuide {
        name: "Promising",
        description: "Bought recently, but seldom and little so far",
        action: "Make yourself known: start with small offers in the categories they already buy",
    },
    SegmentGuide {
        name: "Needing Attention",
        description: "Middling in recency, frequency and spend; could go either way",
        action: "Send a limited-time offer based on past purchases before the gap grows",
    },
    SegmentGuide {
        name: "About To Sleep",
        description: "Bought a while ago, seldom and little; fading",
        action: "Remind them with popular products or a modest discount, ask whether they want to hear from you",
    },
    SegmentGuide {
        name: "At Risk",
        description: "Used to buy and spend well, but have not been here for long",
        action: "Win them back with a personal message and a real incentive, find out what went wrong",
    },
    SegmentGuide {
        name: "Can't Lose Them",
        description: "Were among the best customers, and have stayed away longest",
        action: "Call or write personally, make the strongest offer, do not leave them to a competitor",
    },
    SegmentGuide {
        name: "Hibernating",
        description: "Last purchase long ago, few orders, low spend",
        action: "Try one inexpensive reactivation message with fitting products, then contact rarely",
    },
    SegmentGuide {
        name: "Lost",
        description: "Lowest in recency, frequency and spend",
        action: "Spend nothing beyond one last cheap reminder; leave them out of paid campaigns",
    },
];

/// The guide to a segment of the default map, or `None` for any other name.
pub fn segment_guide(name: &str) -> Option<&'static SegmentGuide> {
    SEGMENT_GUIDES.iter().find(|guide| guide.name == name)
}

/// Rows R = 1 to 5, columns FM = 1 to 5.
const DEFAULT_CELLS: [[&str; 5]; 5] = {
    const CHAMPIONS: &str = "Champions";
    const LOYAL: &str = "Loyal Customers";
    const POTENTIAL: &str = "Potential Loyalists";
    const SLEEP: &str = "About To Sleep";
    const RISK: &str = "At Risk";
    const LOSE: &str = "Can't Lose Them";
    const HIBERNATING: &str = "Hibernating";
    [
        ["Lost", HIBERNATING, RISK, LOSE, LOSE],
        [HIBERNATING, HIBERNATING, RISK, RISK, RISK],
        [SLEEP, SLEEP, "Needing Attention", LOYAL, LOYAL],
        ["Promising", POTENTIAL, POTENTIAL, LOYAL, CHAMPIONS],
        ["New Customers", POTENTIAL, POTENTIAL, CHAMPIONS, CHAMPIONS],
    ]
};

/// A rectangle of cells that belongs to one segment. A segment may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRange {
    /// Name of the segment.
    pub name: String,
    /// Lowest and highest R score, both included.
    pub r: (usize, usize),
    /// Lowest and highest FM score, both included.
    pub fm: (usize, usize),
}

impl SegmentRange {
    /// Names the cells with R and FM in the given ranges, bounds included.
    pub fn new(name: impl Into<String>, r: (usize, usize), fm: (usize, usize)) -> Self {
        Self {
            name: name.into(),
            r,
            fm,
        }
    }
}

/// New by score is not new by date: what a segment is called whose first purchase is not new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCustomerRule {
    /// The segment that is only for customers whose first purchase is new.
    pub segment: String,
    /// The segment of customers in the same cell who first bought longer ago.
    pub otherwise: String,
}

/// An exclusive and complete map from (R, FM) to a named segment.
///
/// Each cell has exactly one name, so every customer is in exactly one segment. The default is
/// 5 x 5:
///
/// | R \ FM | 1 | 2 | 3 | 4 | 5 |
/// |---|---|---|---|---|---|
/// | 5 | New Customers | Potential Loyalists | Potential Loyalists | Champions | Champions |
/// | 4 | Promising | Potential Loyalists | Potential Loyalists | Loyal Customers | Champions |
/// | 3 | About To Sleep | About To Sleep | Needing Attention | Loyal Customers | Loyal Customers |
/// | 2 | Hibernating | Hibernating | At Risk | At Risk | At Risk |
/// | 1 | Lost | Hibernating | At Risk | Can't Lose Them | Can't Lose Them |
///
/// with the rule that "New Customers" who first bought too long ago are "Promising".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentMap {
    bins: usize,
    /// Distinct names, in the order in which the map names them.
    names: Vec<String>,
    /// `cells[(r - 1) * bins + fm - 1]` indexes `names`.
    cells: Vec<usize>,
    rule: Option<NewCustomerRule>,
}

impl Default for SegmentMap {
    fn default() -> Self {
        let mut names: Vec<String> = Vec::new();
        // The order of the guides, so that files and pictures list the best first.
        names.extend(SEGMENT_GUIDES.iter().map(|guide| guide.name.to_owned()));
        let position = |cell: &&str| names.iter().position(|n| n == cell).expect("has a guide");
        let cells = DEFAULT_CELLS.iter().flatten().map(position).collect();
        Self {
            bins: 5,
            names,
            cells,
            rule: Some(NewCustomerRule {
                segment: "New Customers".into(),
                otherwise: "Promising".into(),
            }),
        }
    }
}

impl SegmentMap {
    /// Makes a map of `bins` x `bins` cells from ranges that a user wrote.
    ///
    /// No rule for new customers is in force; see [`Self::new_customer_rule`].
    ///
    /// # Errors
    /// [`RfmError::MissingCells`] names cells that no range covers, [`RfmError::DoubledCell`]
    /// a cell that two ranges cover and both their names, [`RfmError::CellRange`] a range
    /// outside 1 to `bins` or upside down, [`RfmError::EmptyName`] a blank name, and
    /// [`RfmError::Bins`] a scale outside 2 to 100. Ranges are read in the order given, so
    /// the first fault in that order is reported, and gaps last.
    ///
    /// # Example
    /// ```
    /// use regulars_models::rfm::{SegmentMap, SegmentRange};
    /// let map = SegmentMap::from_ranges(5, &[
    ///     SegmentRange::new("Active", (3, 5), (1, 5)),
    ///     SegmentRange::new("Win back", (1, 2), (3, 5)),
    ///     SegmentRange::new("Let go", (1, 2), (1, 2)),
    /// ])?;
    /// assert_eq!(map.cell(2, 4), "Win back");
    /// # Ok::<(), regulars_models::rfm::RfmError>(())
    /// ```
    pub fn from_ranges(bins: usize, ranges: &[SegmentRange]) -> Result<Self, RfmError> {
        if !(2..=100).contains(&bins) {
            return Err(RfmError::Bins(bins));
        }
        let mut names: Vec<String> = Vec::new();
        let mut cells: Vec<Option<usize>> = vec![None; bins * bins];
        for range in ranges {
            if range.name.trim().is_empty() {
                return Err(RfmError::EmptyName);
            }
            for (axis, (low, high)) in [("R", range.r), ("FM", range.fm)] {
                if low < 1 || high > bins || low > high {
                    return Err(RfmError::CellRange {
                        name: range.name.clone(),
                        axis,
                        low,
                        high,
                        bins,
                    });
                }
            }
            let known = names.iter().position(|name| *name == range.name);
            let this = known.unwrap_or_else(|| {
                names.push(range.name.clone());
                names.len() - 1
            });
            for r in range.r.0..=range.r.1 {
                for fm in range.fm.0..=range.fm.1 {
                    let cell = &mut cells[(r - 1) * bins + fm - 1];
                    if let Some(first) = *cell {
                        return Err(RfmError::DoubledCell {
                            r,
                            fm,
                            first: names[first].clone(),
                            second: range.name.clone(),
                        });
                    }
                    *cell = Some(this);
                }
            }
        }
        let missing: Vec<(usize, usize)> = (0..bins * bins)
            .filter(|&i| cells[i].is_none())
            .map(|i| (i / bins + 1, i % bins + 1))
            .collect();
        if !missing.is_empty() {
            return Err(RfmError::MissingCells {
                count: missing.len(),
                cells: missing.into_iter().take(5).collect(),
            });
        }
        Ok(Self {
            bins,
            names,
            cells: cells.into_iter().flatten().collect(),
            rule: None,
        })
    }

    /// Keeps `segment` for customers whose first purchase is new; others in its cells are
    /// `otherwise`, which may be a name that no cell has.
    ///
    /// # Errors
    /// [`RfmError::UnknownSegment`] if no cell is named `segment`, [`RfmError::EmptyName`] if
    /// `otherwise` is blank.
    pub fn new_customer_rule(mut self, segment: &str, otherwise: &str) -> Result<Self, RfmError> {
        if !self.cells.iter().any(|&i| self.names[i] == segment) {
            return Err(RfmError::UnknownSegment {
                name: segment.to_owned(),
                known: self.names.join(", "),
            });
        }
        if otherwise.trim().is_empty() {
            return Err(RfmError::EmptyName);
        }
        if !self.names.iter().any(|name| name == otherwise) {
            self.names.push(otherwise.to_owned());
        }
        self.rule = Some(NewCustomerRule {
            segment: segment.to_owned(),
            otherwise: otherwise.to_owned(),
        });
        Ok(self)
    }

    /// Drops the rule for new customers: the cell alone decides.
    pub fn without_new_customer_rule(mut self) -> Self {
        self.rule = None;
        self
    }

    /// The rule for new customers, if one is in force.
    pub fn rule(&self) -> Option<&NewCustomerRule> {
        self.rule.as_ref()
    }

    /// Scores run from 1 to this number on both axes.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Every name that a customer can get, each once: best first in the default map, in the
    /// order given otherwise.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name in a cell, before the rule for new customers.
    ///
    /// # Panics
    /// If a score lies outside 1 to [`Self::bins`].
    pub fn cell(&self, r: usize, fm: usize) -> &str {
        &self.names[self.cell_index(r, fm)]
    }

    fn cell_index(&self, r: usize, fm: usize) -> usize {
        let scale = 1..=self.bins;
        assert!(
            scale.contains(&r) && scale.contains(&fm),
            "R = {r}, FM = {fm}, but scores run from 1 to {}",
            self.bins
        );
        self.cells[(r - 1) * self.bins + fm - 1]
    }

    /// The segment of a customer, as an index into [`Self::names`].
    ///
    /// `is_new` says whether the first purchase lies within the limit of days; it matters only
    /// in the cells of the segment that the rule names.
    ///
    /// # Panics
    /// If a score lies outside 1 to [`Self::bins`].
    pub fn segment(&self, r: usize, fm: usize, is_new: bool) -> usize {
        let cell = self.cell_index(r, fm);
        match &self.rule {
            Some(rule) if !is_new && self.names[cell] == rule.segment => {
                let otherwise = self.names.iter().position(|name| *name == rule.otherwise);
                otherwise.expect("the rule's names are in the map")
            }
            _ => cell,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(map: &SegmentMap, r: usize, fm: usize, is_new: bool) -> &str {
        &map.names()[map.segment(r, fm, is_new)]
    }

    #[test]
    fn the_default_map_has_the_published_cells() {
        let map = SegmentMap::default();
        let cells = [
            ((5, 1), "New Customers"),
            ((5, 3), "Potential Loyalists"),
            ((5, 4), "Champions"),
            ((4, 1), "Promising"),
            ((4, 4), "Loyal Customers"),
            ((4, 5), "Champions"),
            ((3, 1), "About To Sleep"),
            ((3, 3), "Needing Attention"),
            ((3, 5), "Loyal Customers"),
            ((2, 2), "Hibernating"),
            ((2, 3), "At Risk"),
            ((1, 1), "Lost"),
            ((1, 2), "Hibernating"),
            ((1, 3), "At Risk"),
            ((1, 4), "Can't Lose Them"),
        ];
        for ((r, fm), segment) in cells {
            assert_eq!(map.cell(r, fm), segment, "R = {r}, FM = {fm}");
        }
    }

    #[test]
    fn every_default_segment_is_used_and_has_words() {
        let map = SegmentMap::default();
        for (i, guide) in SEGMENT_GUIDES.iter().enumerate() {
            assert!(map.cells.contains(&i), "{} has no cell", guide.name);
            assert!(guide.description.len() > 20 && guide.action.len() > 20);
            assert!(!guide.description.ends_with('.') && !guide.action.ends_with('.'));
        }
        assert_eq!(map.names().len(), SEGMENT_GUIDES.len());
        assert_eq!(segment_guide("Lost").map(|guide| guide.name), Some("Lost"));
        assert_eq!(segment_guide("lost"), None);
    }

    #[test]
    fn new_by_score_but_not_by_date_is_promising() {
        let map = SegmentMap::default();
        assert_eq!(name(&map, 5, 1, true), "New Customers");
        assert_eq!(name(&map, 5, 1, false), "Promising");
        // The date matters nowhere else.
        assert_eq!(name(&map, 5, 5, true), "Champions");
        assert_eq!(name(&map, 4, 1, true), "Promising");
        let plain = map.without_new_customer_rule();
        assert_eq!(name(&plain, 5, 1, false), "New Customers");
    }

    fn three() -> Vec<SegmentRange> {
        vec![
            SegmentRange::new("Active", (3, 5), (1, 5)),
            SegmentRange::new("Win back", (1, 2), (3, 5)),
            SegmentRange::new("Let go", (1, 2), (1, 2)),
        ]
    }

    #[test]
    fn a_missing_cell_is_named() {
        let mut ranges = three();
        ranges[0].fm = (1, 4);
        ranges.push(SegmentRange::new("Active", (4, 5), (5, 5)));
        let error = SegmentMap::from_ranges(5, &ranges).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no segment covers R = 3, FM = 5; name every cell exactly once"
        );
    }

    #[test]
    fn many_missing_cells_are_counted() {
        let error = SegmentMap::from_ranges(5, &three()[..1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no segment covers R = 1, FM = 1; R = 1, FM = 2; R = 1, FM = 3; R = 1, FM = 4; \
             R = 1, FM = 5 and 5 more cells; name every cell exactly once"
        );
    }

    #[test]
    fn a_doubled_cell_is_named_with_both_segments() {
        let mut ranges = three();
        ranges.push(SegmentRange::new("Stars", (5, 5), (5, 5)));
        let error = SegmentMap::from_ranges(5, &ranges).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the cell R = 5, FM = 5 is claimed by `Active` and again by `Stars`; \
             name every cell exactly once"
        );
    }

    #[test]
    fn ranges_outside_the_scale_or_upside_down_are_refused() {
        for (r, fm, axis) in [
            ((0, 5), (1, 5), "R"),
            ((1, 6), (1, 5), "R"),
            ((1, 5), (4, 2), "FM"),
            ((1, 5), (1, 9), "FM"),
        ] {
            let error = SegmentMap::from_ranges(5, &[SegmentRange::new("All", r, fm)]);
            assert!(matches!(error, Err(RfmError::CellRange { axis: a, .. }) if a == axis));
        }
    }

    #[test]
    fn names_must_not_be_blank_and_bins_make_a_scale() {
        let blank = SegmentMap::from_ranges(5, &[SegmentRange::new(" ", (1, 5), (1, 5))]);
        assert_eq!(blank, Err(RfmError::EmptyName));
        assert_eq!(SegmentMap::from_ranges(1, &[]), Err(RfmError::Bins(1)));
    }

    #[test]
    fn a_map_of_another_scale_can_have_its_own_rule() {
        let map = SegmentMap::from_ranges(
            2,
            &[
                SegmentRange::new("Here", (2, 2), (1, 2)),
                SegmentRange::new("Gone", (1, 1), (1, 2)),
            ],
        )
        .unwrap()
        .new_customer_rule("Here", "Back again")
        .unwrap();
        assert_eq!(map.names(), ["Here", "Gone", "Back again"]);
        assert_eq!(name(&map, 2, 1, false), "Back again");
        assert_eq!(name(&map, 2, 2, true), "Here");
        let error = map.new_customer_rule("Her", "x").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the rule for new customers names `Her`, but the map has only Here, Gone, Back again"
        );
    }
}
