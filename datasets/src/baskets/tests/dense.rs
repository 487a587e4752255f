use super::super::Pattern;
use super::{all, counts, generator};

#[test]
fn every_row_holds_one_item_of_every_column() {
    let generator = generator("C23N119D8K", 1);
    let columns = generator.columns();
    assert_eq!(columns.len(), 23);
    let rows = all(&generator);
    assert_eq!(rows.len(), 8_000);
    for row in &rows {
        assert_eq!(row.len(), 23);
        for (item, column) in row.iter().zip(columns) {
            assert!(column.contains(item), "{item} is not in {column:?}");
        }
    }
    let absent = counts(&rows, 119).iter().filter(|&&n| n == 0).count();
    assert_eq!(absent, 0, "items that never occur");
}

#[test]
fn columns_share_out_all_items_unevenly_and_hold_two_at_least() {
    for (name, items) in [
        ("C23N119D8K", 119),
        ("C1N2D1", 2),
        ("C50N100D1", 100),
        ("C50N101D1", 101),
        ("C3N1KD1", 1_000),
    ] {
        for seed in 0..20 {
            let generator = generator(name, seed);
            let columns = generator.columns();
            assert_eq!(columns[0].start, 0);
            for two in columns.windows(2) {
                assert_eq!(two[0].end, two[1].start);
            }
            assert_eq!(columns[columns.len() - 1].end, items);
            let widths: Vec<usize> = columns.iter().map(ExactSizeIterator::len).collect();
            assert!(widths.iter().all(|&width| width >= 2), "{name}: {widths:?}");
            if name == "C23N119D8K" {
                assert!(widths.iter().all(|&width| width <= 12), "{widths:?}");
                assert!(widths.contains(&2), "{widths:?}");
                assert!(widths.iter().any(|&width| width >= 9), "{widths:?}");
            }
        }
    }
}

#[test]
fn long_itemsets_are_frequent_whatever_the_seed() {
    for seed in 0..12 {
        let rows = all(&generator("C23N119D8K", seed));
        let by_length = frequent(&rows, 3_200);
        let total: usize = by_length.iter().sum();
        // The range that the documentation states: all is fixed by the seed, so it is exact.
        assert!((489..=1_332).contains(&total), "seed {seed}: {by_length:?}");
        let longest = by_length.len();
        assert!((7..=10).contains(&longest), "seed {seed}: {by_length:?}");
        let common = counts(&rows, 119).iter().filter(|&&n| n >= 7_200).count();
        assert!((1..=2).contains(&common), "seed {seed}: {common}");
    }
}

/// Shifting each column on its own keeps how often every item occurs and takes away all
/// that columns have to do with each other.
#[test]
fn it_is_the_correlation_of_columns_that_makes_itemsets_frequent() {
    for seed in 0..4 {
        let mut rows = all(&generator("C23N119D8K", seed));
        let correlated: usize = frequent(&rows, 3_200).iter().sum();
        for column in 0..23 {
            let values: Vec<u32> = rows.iter().map(|row| row[column]).collect();
            for (i, row) in rows.iter_mut().enumerate() {
                row[column] = values[(i + 331 * column) % values.len()];
            }
        }
        let apart: usize = frequent(&rows, 3_200).iter().sum();
        assert!(correlated > 3 * apart, "{correlated} against {apart}");
    }
}

/// A row shows two items of its profile with chance (1 - c)^2, where c is the corruption of
/// its class. Corrupted values can only add to that, at most the rest of the chances.
#[test]
fn rows_follow_the_profile_of_their_class() {
    let generator = generator("C23N119D20K", 1);
    let rows = all(&generator);
    let patterns = generator.patterns();
    assert_eq!(patterns.len(), 20);
    let heard = |p: &Pattern| p.weight * (1.0 - p.corruption).powi(2);
    let corrupted = 1.0 - patterns.iter().map(heard).sum::<f64>();
    let columns = generator.columns();
    let mut pairs = 0;
    for (two, place) in columns.windows(2).zip(0..) {
        for first in two[0].clone() {
            for second in two[1].clone() {
                let holds = |items: &[u32]| items[place] == first && items[place + 1] == second;
                let of_class = patterns.iter().filter(|p| holds(&p.items));
                let least: f64 = of_class.map(heard).sum();
                let share = rows.iter().filter(|row| holds(row)).count() as f64 / 20_000.0;
                // Five standard errors of a share of 20,000 rows.
                let error = 5.0 * (share.max(least) / 20_000.0).sqrt();
                assert!(
                    share >= least - error,
                    "{first}, {second}: {share}, {least}"
                );
                let most = least + corrupted + error;
                assert!(share <= most, "{first}, {second}: {share}, {most}");
                pairs += u32::from(least > 0.1);
            }
        }
    }
    assert!(pairs >= 20, "only {pairs} pairs that are often together");
}

/// How many sets of each length are in at least `least` rows, by intersecting the lists of
/// rows that hold each item.
fn frequent(rows: &[Vec<u32>], least: usize) -> Vec<usize> {
    fn extend(lists: &[Vec<u32>], least: usize, length: usize, by_length: &mut Vec<usize>) {
        for (i, list) in lists.iter().enumerate() {
            if by_length.len() == length {
                by_length.push(0);
            }
            by_length[length] += 1;
            let longer: Vec<Vec<u32>> = lists[i + 1..]
                .iter()
                .map(|other| {
                    let in_other = |row: &&u32| other.binary_search(row).is_ok();
                    list.iter().filter(in_other).copied().collect()
                })
                .filter(|both: &Vec<u32>| both.len() >= least)
                .collect();
            extend(&longer, least, length + 1, by_length);
        }
    }
    let items = rows.iter().flatten().max().map_or(0, |&most| most + 1);
    let mut lists = vec![Vec::new(); items as usize];
    for (row, number) in rows.iter().zip(0..) {
        for &item in row {
            lists[item as usize].push(number);
        }
    }
    lists.retain(|list| list.len() >= least);
    let mut by_length = Vec::new();
    extend(&lists, least, 0, &mut by_length);
    by_length
}

/// {0}, {1}, {2} and {0, 1}, {0, 2} are in two rows of the three; {1, 2} is in one.
#[test]
fn frequent_itemsets_counted_by_hand() {
    let rows = [vec![0, 1], vec![0, 2], vec![0, 1, 2]];
    assert_eq!(frequent(&rows, 2), [3, 2]);
    assert_eq!(frequent(&rows, 1), [3, 3, 1]);
}
