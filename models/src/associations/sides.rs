//! What may stand on the two sides of a rule.

/// Limits on the items of one side of a rule; the default is none.
///
/// They are part of the question, not of the answer: a rule outside of them is no candidate, is
/// not tested and does not count among the tests that q-values allow for. So asking only "what
/// leads to this product?" needs less evidence than asking everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideItems {
    /// Every item of the side is one of these; `None` for no limit, and an empty list admits
    /// nothing.
    pub allowed: Option<Vec<u32>>,
    /// All of these are on the side.
    pub required: Vec<u32>,
    /// None of these is on the side.
    pub forbidden: Vec<u32>,
}

impl SideItems {
    /// Only these items.
    pub fn only(items: impl Into<Vec<u32>>) -> Self {
        Self {
            allowed: Some(items.into()),
            ..Self::default()
        }
    }

    /// All of these items, and any others.
    pub fn with(items: impl Into<Vec<u32>>) -> Self {
        Self {
            required: items.into(),
            ..Self::default()
        }
    }

    /// Any items but these.
    pub fn without(items: impl Into<Vec<u32>>) -> Self {
        Self {
            forbidden: items.into(),
            ..Self::default()
        }
    }

    /// The limits in a form that is quick to check.
    fn prepare(&self) -> Prepared {
        let sorted = |items: &[u32]| {
            let mut items = items.to_vec();
            items.sort_unstable();
            items.dedup();
            items
        };
        Prepared {
            allowed: self.allowed.as_deref().map(sorted),
            required: sorted(&self.required),
            forbidden: sorted(&self.forbidden),
        }
    }
}

/// Limits with every list ascending, each item once.
struct Prepared {
    allowed: Option<Vec<u32>>,
    required: Vec<u32>,
    forbidden: Vec<u32>,
}

impl Prepared {
    /// Whether a side with these items is within the limits.
    fn admit(&self, side: impl Iterator<Item = u32>) -> bool {
        let mut n_required = 0;
        for item in side {
            let listed = |list: &[u32]| list.binary_search(&item).is_ok();
            if listed(&self.forbidden) || self.allowed.as_deref().is_some_and(|list| !listed(list))
            {
                return false;
            }
            n_required += usize::from(listed(&self.required));
        }
        n_required == self.required.len()
    }
}

/// Limits on the sizes and the items of both sides.
pub(super) struct Sides {
    pub(super) min_antecedent: usize,
    pub(super) max_antecedent: usize,
    pub(super) min_consequent: usize,
    pub(super) max_consequent: usize,
    antecedent: Prepared,
    consequent: Prepared,
}

impl Sides {
    pub(super) fn new(
        [min_antecedent, max_antecedent]: [usize; 2],
        [min_consequent, max_consequent]: [usize; 2],
        antecedent: &SideItems,
        consequent: &SideItems,
    ) -> Self {
        Self {
            min_antecedent,
            max_antecedent,
            min_consequent,
            max_consequent,
            antecedent: antecedent.prepare(),
            consequent: consequent.prepare(),
        }
    }

    /// Whether the rule with these items, where those at the positions `consequent` are the
    /// consequent, is within the limits.
    pub(super) fn admit(&self, items: &[u32], consequent: &[usize]) -> bool {
        let rest = items.len() - consequent.len();
        let in_antecedent = (items.iter().enumerate())
            .filter(|(k, _)| !consequent.contains(k))
            .map(|(_, &item)| item);
        (self.min_antecedent..=self.max_antecedent).contains(&rest)
            && (self.min_consequent..=self.max_consequent).contains(&consequent.len())
            && self.consequent.admit(consequent.iter().map(|&k| items[k]))
            && self.antecedent.admit(in_antecedent)
    }
}
