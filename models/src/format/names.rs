//! Names that were perhaps meant.

/// Names longer than this are not compared.
const LONGEST: usize = 64;

/// The most similar of some names: the same but for case, or a third of its letters away at most;
/// of equally similar ones the first.
pub(crate) fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |text: &str| -> Vec<char> {
        text.chars()
            .take(LONGEST + 1)
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = fold(name);
    let allowed = (wanted.len() / 3).max(1);
    among
        .filter_map(|other| {
            let folded = fold(other);
            let comparable = wanted.len() <= LONGEST
                && folded.len() <= LONGEST
                && wanted.len().abs_diff(folded.len()) <= allowed;
            let distance = comparable.then(|| edits(&wanted, &folded))?;
            (distance <= allowed).then_some((distance, other))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// The fewest letters to insert, delete, replace or swap with their neighbour (Damerau 1964; no
/// letter is changed twice).
fn edits(a: &[char], b: &[char]) -> usize {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    table[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        table[i][0] = i;
        for j in 1..=b.len() {
            let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut fewest = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                fewest = fewest.min(table[i - 2][j - 2] + 1);
            }
            table[i][j] = fewest;
        }
    }
    table[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::edits;

    #[test]
    fn edits_are_counted() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        let count = |a, b| edits(&letters(a), &letters(b));
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("gian", "gain"), 1);
        assert_eq!(count("abc", "abc"), 0);
    }
}
