//! Codes for items that are known by large numbers.

/// Ids of items, ascending: the code of an item is its place among them.
///
/// ```
/// use regulars_models::associations::ItemIds;
///
/// let ids = ItemIds::of([9_007_199_254_740_993_u64, 7, 7, 1 << 62]);
/// assert_eq!(ids.codes([7, 1 << 62]).collect::<Vec<_>>(), [Some(0), Some(2)]);
/// assert_eq!(ids.id(1), Some(9_007_199_254_740_993));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemIds<Id> {
    ids: Vec<Id>,
}

impl<Id: Ord + Copy> ItemIds<Id> {
    /// Takes ids in any order and any number of times: numbers of any width, signed or not.
    pub fn of(ids: impl IntoIterator<Item = Id>) -> Self {
        let mut ids: Vec<Id> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        ids.shrink_to_fit();
        Self { ids }
    }

    /// Number of different ids.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The id of an item code.
    pub fn id(&self, code: u32) -> Option<Id> {
        self.ids.get(code as usize).copied()
    }

    /// The code of an id; `None` if it is unknown, or beyond what 32 bits can number.
    pub fn code(&self, id: Id) -> Option<u32> {
        let place = self.ids.binary_search(&id).ok()?;
        u32::try_from(place).ok()
    }

    /// The codes of many ids.
    pub fn codes(&self, ids: impl IntoIterator<Item = Id>) -> impl Iterator<Item = Option<u32>> {
        ids.into_iter().map(|id| self.code(id))
    }
}
