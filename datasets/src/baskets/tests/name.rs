use super::super::{Baskets, NameError, Problem};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[track_caller]
fn check(name: &str, canonical: &str) {
    let baskets: Baskets = name.parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(baskets.to_string(), canonical);
    assert_eq!(canonical.parse(), Ok(baskets));
}

#[test]
fn names_print_back_in_their_shortest_form() {
    check("T10I4D100K", "T10I4D100K");
    check("t10i4d100k", "T10I4D100K");
    check("T10I4D100000N1000L2K", "T10I4D100K");
    check("T20I6D1MN10KL5K", "T20I6D1MN10KL5K");
    check("L5KN10KD1MI6T20", "T20I6D1MN10KL5K");
    check("T010I4D1500", "T10I4D1500");
    check("T1KI4D1500K", "T1KI4D1500K");
    check("T1I1D10000M", "T1I1D10000M");
    check("C23N119D8K", "C23N119D8K");
    check("c23n119d8124", "C23N119D8124");
    check("D8000C23N119", "C23N119D8K");
}

#[test]
fn a_name_sets_every_parameter() {
    let Ok(Baskets::Quest(quest)) = "T20I6D1MN10KL5K".parse() else {
        panic!("not a Quest name")
    };
    assert_eq!((quest.length(), quest.pattern_length()), (20, 6));
    assert_eq!(quest.baskets(), 1_000_000);
    assert_eq!((quest.items(), quest.patterns()), (10_000, 5_000));

    let Ok(Baskets::Dense(dense)) = "C23N119D8124".parse() else {
        panic!("not a dense name")
    };
    assert_eq!((dense.columns(), dense.items()), (23, 119));
    assert_eq!(dense.baskets(), 8_124);
}

#[track_caller]
fn refused(name: &str, problem: Problem) {
    let error = NameError {
        given: name.to_owned(),
        problem,
    };
    assert_eq!(name.parse::<Baskets>(), Err(error));
}

#[test]
fn bad_names_are_refused_for_what_is_wrong_with_them() {
    let letter = |found| Problem::Letter {
        found,
        expected: "T, I, D, N, L",
    };
    let missing = |letter, meaning| Problem::Missing { letter, meaning };
    let too_many = |letter, value, most| Problem::TooMany {
        letter,
        value,
        most,
    };

    refused("", missing('T', "mean length of a basket"));
    refused("T10", missing('I', "mean length of an itemset"));
    refused("T10I4", missing('D', "number of baskets"));
    refused("N119D8K", missing('T', "mean length of a basket"));
    refused("C23D8K", missing('N', "number of items in all columns"));
    refused("C23N119", missing('D', "number of rows"));

    refused("mushroom", letter('m'));
    refused("T10I4D100KB", letter('B'));
    refused("T10I4D100KK", letter('K'));
    refused("T10I4D-5", Problem::NoNumber('D'));
    refused(" T10I4D100K", letter(' '));
    refused("T10I4D100K ", letter(' '));
    refused("T10I4D1.5K", letter('.'));
    refused("T10I4D100,000", letter(','));
    refused("10T4I100KD", letter('1'));
    refused("T１0I4D5", Problem::NoNumber('T'));
    refused("ſ10", letter('ſ'));
    refused(
        "C23N119D8KT10",
        Problem::Letter {
            found: 'T',
            expected: "C, N, D",
        },
    );

    refused("TI4D100K", Problem::NoNumber('T'));
    refused("T10I4DK", Problem::NoNumber('D'));
    refused("T10I4D", Problem::NoNumber('D'));
    refused("T10I4D5t10", Problem::Twice('T'));
    refused("C23N119D8KN119", Problem::Twice('N'));

    refused("T0I4D100K", Problem::Zero('T'));
    refused("T10I0D100K", Problem::Zero('I'));
    refused("T10I4D0K", Problem::Zero('D'));
    refused("T10I4D100KN0", Problem::Zero('N'));
    refused("T10I4D100KL0", Problem::Zero('L'));
    refused("C0N119D8K", Problem::Zero('C'));
    refused("C23N0D8K", Problem::Zero('N'));
    refused("C23N119D0", Problem::Zero('D'));

    refused("T10I4D18446744073709551616", Problem::Overflow('D'));
    refused("T10I4D18446744073709551615K", Problem::Overflow('D'));
    let most = 10_000_000_000;
    refused("T10I4D10000000001", too_many('D', 10_000_000_001, most));
    refused("C23N119D10001M", too_many('D', 10_001_000_000, most));
    refused("T20KI4D5N1M", too_many('T', 20_000, 10_000));
    refused("T20I20KD5N1M", too_many('I', 20_000, 10_000));
    refused("T10I4D5N11M", too_many('N', 11_000_000, 10_000_000));
    refused("T10I4D5L11M", too_many('L', 11_000_000, 10_000_000));
    refused("C11KN1MD5", too_many('C', 11_000, 10_000));
    refused("C10N11MD5", too_many('N', 11_000_000, 10_000_000));

    for (name, letter, value) in [("T2KI4D5", 'T', 2_000), ("T10I1001D5", 'I', 1_001)] {
        refused(
            name,
            Problem::LongerThanItems {
                letter,
                value,
                items: 1_000,
            },
        );
    }
    refused(
        "T10I11D5L10M",
        Problem::PatternItems {
            patterns: 10_000_000,
            length: 11,
            most: 100_000_000,
        },
    );
    refused(
        "C23N45D5",
        Problem::FewItems {
            items: 45,
            columns: 23,
        },
    );
}

#[test]
fn an_error_says_what_was_given_what_is_wrong_and_what_is_right() {
    let error = "T10I4\n".parse::<Baskets>().expect_err("no name");
    assert_eq!(
        error.to_string(),
        "no baskets are called \"T10I4\\n\": found '\\n', but expected one of the letters T, I, \
         D, N, L, with a number after it\n  hint: T10I4D100K is 100,000 baskets of 10 items on \
         average from itemsets of 4 (and N1K items, L2K itemsets); C23N119D8K is 8,000 rows of \
         23 columns with 119 items in all"
    );
}

/// Strings that look somewhat like names: none may panic, and what is accepted must print as
/// a name of the same baskets.
#[test]
fn no_string_panics_and_every_accepted_one_prints_back() {
    let parts = [
        "T",
        "I",
        "D",
        "N",
        "L",
        "C",
        "t",
        "d",
        "K",
        "M",
        "k",
        "0",
        "1",
        "7",
        "10",
        "23",
        "119",
        "1000",
        "99999999999",
        "18446744073709551615",
        " ",
        "-",
        "+",
        ".",
        "é",
        "１",
        "ſ",
        "\0",
        "T10I4D100K",
        "C23N119D8K",
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut accepted = 0;
    for round in 0..200_000 {
        let name: String = if round % 2 == 0 {
            (0..rng.gen_range(0..12))
                .map(|_| parts[rng.gen_range(0..parts.len())])
                .collect()
        } else {
            // Nearer to a name, so that many are accepted.
            let letters = if rng.r#gen() { "TIDNL" } else { "CND" };
            let number = |letter| {
                let bits = rng.gen_range(1..40);
                let value = rng.gen_range(0..1_u64 << bits);
                format!("{letter}{value}{}", ["", "K", "M"][rng.gen_range(0..3)])
            };
            letters.chars().map(number).collect()
        };
        match name.parse::<Baskets>() {
            Ok(baskets) => {
                accepted += 1;
                let printed = baskets.to_string();
                assert_eq!(printed.parse(), Ok(baskets), "{name} as {printed}");
            }
            Err(error) => assert_eq!(error.given, name),
        }
    }
    assert!(accepted >= 1_000, "only {accepted} accepted");
}
