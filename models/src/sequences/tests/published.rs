//! Tables that others have published, and what another implementation finds.

use super::*;

/// The running example of Pei and others, with a to g as 1 to 7. SPMF's documentation uses the
/// same histories, as `contextPrefixSpan.txt`.
pub(super) fn running_example() -> Histories {
    daily(
        &[
            &[&[1], &[1, 2, 3], &[1, 3], &[4], &[3, 6]],
            &[&[1, 4], &[3], &[2, 3], &[1, 5]],
            &[&[5, 6], &[1, 2], &[4, 6], &[3], &[2]],
            &[&[5], &[7], &[1, 6], &[3], &[2], &[3]],
        ],
        8,
    )
}

/// Reads `a(bc)a` as elements.
pub(super) fn read(text: &str) -> Vec<Vec<u32>> {
    let mut elements: Vec<Vec<u32>> = Vec::new();
    let mut inside = false;
    for letter in text.bytes() {
        match letter {
            b'(' => {
                elements.push(Vec::new());
                inside = true;
            }
            b')' => inside = false,
            _ => {
                let item = u32::from(letter - b'a') + 1;
                match elements.last_mut().filter(|_| inside) {
                    Some(element) => element.push(item),
                    None => elements.push(vec![item]),
                }
            }
        }
    }
    elements
}

/// Table 2 of Pei and others (2004), "Mining sequential patterns by pattern-growth: the
/// PrefixSpan approach": the sequential patterns with a support of at least 2.
#[test]
fn the_sequential_patterns_of_the_paper() {
    let table = "
        a aa ab a(bc) a(bc)a aba abc (ab) (ab)c (ab)d (ab)f (ab)dc ac aca acb acc ad adc af
        b ba bc (bc) (bc)a bd bdc bf
        c ca cb cc
        d db dc dcb
        e ea eab eac eacb eb ebc ec ecb ef efb efc efcb
        f fb fbc fc fcb";
    let mut expected: Vec<Vec<Vec<u32>>> = table.split_whitespace().map(read).collect();
    expected.sort();
    let found = mine(&running_example(), at_least(2));
    let mut patterns: Vec<Vec<Vec<u32>>> = found.iter().map(|s| s.to_vec()).collect();
    patterns.sort();
    assert_eq!(patterns.len(), 53);
    assert_eq!(patterns, expected);
    for (text, count) in [
        ("a", 4),
        ("c", 4),
        ("ab", 4),
        ("ac", 4),
        ("acc", 3),
        ("(ab)", 2),
    ] {
        let elements = read(text);
        let elements: Vec<&[u32]> = elements.iter().map(|e| &e[..]).collect();
        assert_eq!(found.count_of(&elements), Some(count), "{text}");
    }
}

/// Two customers each buy a and b at one time and then c.
#[test]
fn together_and_then() {
    let histories = daily(&[&[&[0, 1], &[2]], &[&[0, 1], &[2]]], 3);
    let found = mine(&histories, at_least(2));
    assert_eq!(found.count_of(&[&[0, 1]]), Some(2));
    assert_eq!(found.count_of(&[&[0, 1], &[2]]), Some(2));
    assert_eq!(found.len(), 7, "a, b, c, ab, a-c, b-c, ab-c");
    let closed = mine(&histories, at_least(2).closed(true));
    assert_eq!(listed(&closed), [(vec![vec![0, 1], vec![2]], 2)]);
}

fn numbers(line: &str) -> impl Iterator<Item = u32> {
    line.split_whitespace()
        .map(|number| number.parse().unwrap())
}

/// Figures of PrefixSpan-py 0.5.2; the fixture's script says how they were made.
#[test]
fn prefixspan_py_finds_the_same_patterns_and_closed_patterns() {
    let customers: Vec<Customer> = include_str!("../../../tests/fixtures/prefixspan_sequences.txt")
        .lines()
        .map(|line| (0..).zip(numbers(line).map(|item| vec![item])).collect())
        .collect();
    let histories = histories_of(&customers, 12);
    assert_eq!(histories.n_customers(), 200);
    let patterns = include_str!("../../../tests/fixtures/prefixspan_patterns.txt");
    let closed = include_str!("../../../tests/fixtures/prefixspan_closed.txt");
    for (fixture, closed) in [(patterns, false), (closed, true)] {
        let expected: Vec<(Vec<Vec<u32>>, u32)> = fixture
            .lines()
            .map(|line| {
                let mut numbers = numbers(line);
                let count = numbers.next().unwrap();
                (numbers.map(|item| vec![item]).collect(), count)
            })
            .collect();
        assert!(expected.len() > 100);
        assert_eq!(
            listed(&mine(&histories, at_least(20).closed(closed))),
            expected
        );
    }
}
