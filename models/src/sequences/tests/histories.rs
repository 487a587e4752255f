use super::*;

#[test]
fn lines_in_any_order_make_baskets_by_day() {
    let histories = Histories::from_columns(
        &[2, 0, 0, 2, 0, 0],
        &[5, 9, -3, 5, 9, 9],
        &[1, 3, 2, 1, 0, 3],
        4,
        4,
    )
    .unwrap();
    let customers: Vec<Customer> = (0..4)
        .map(|c| {
            let baskets = histories.baskets(c);
            baskets.map(|b| (b.day, b.items.to_vec())).collect()
        })
        .collect();
    let expected: Vec<Customer> = vec![
        vec![(-3, vec![2]), (9, vec![0, 3])],
        vec![],
        vec![(5, vec![1])],
        vec![],
    ];
    assert_eq!(customers, expected);
    assert_eq!(histories, histories_of(&expected, 4));
    assert_eq!(
        [
            histories.n_customers(),
            histories.n_baskets(),
            histories.n_items(),
            histories.n_lines()
        ],
        [4, 3, 4, 4]
    );
}

#[test]
fn doubles_are_dropped_and_empty_baskets_left_out() {
    let histories = daily(&[&[&[3, 1, 3], &[], &[2, 2]]], 4);
    let baskets: Vec<(i32, &[u32])> = histories.baskets(0).map(|b| (b.day, b.items)).collect();
    assert_eq!(baskets, [(0, &[1, 3][..]), (2, &[2])]);
}

#[test]
fn nobody_and_nothing_are_fine() {
    let none = Histories::from_baskets(&[0], &[], &[0], &[], 0).unwrap();
    assert_eq!(none, Histories::from_columns(&[], &[], &[], 0, 0).unwrap());
    assert_eq!((none.n_customers(), none.n_baskets()), (0, 0));
    let idle = Histories::from_columns(&[], &[], &[], 7, 3).unwrap();
    assert_eq!(idle.n_customers(), 7);
}

#[track_caller]
fn refused(made: Result<Histories, HistoriesError>, message: &str) {
    assert_eq!(made.unwrap_err().to_string(), message);
}

#[test]
fn what_is_out_of_range_is_refused_with_its_line() {
    refused(
        Histories::from_columns(&[0, 0], &[1, 1], &[0, 3], 1, 3),
        "line 1 holds item 3, but items are numbered from 0 and there are 3",
    );
    refused(
        Histories::from_columns(&[0, u32::MAX], &[1, 1], &[0, 2], 1, 3),
        "line 1 holds customer 4294967295, but customers are numbered from 0 and there are 1",
    );
    refused(
        Histories::from_columns(&[0], &[1, 2], &[0], 1, 3),
        "1 customer numbers, 2 days and 1 items; give one of each with every line",
    );
    refused(
        Histories::from_columns(&[], &[], &[], 0, u32::MAX as usize),
        "4294967295 items are more than 4,294,967,294; mine a part of the history at a time",
    );
    refused(
        Histories::from_baskets(&[0, 1], &[1], &[0, 1], &[3], 3),
        "line 0 holds item 3, but items are numbered from 0 and there are 3",
    );
}

#[test]
fn bad_starts_and_days_are_refused_with_their_place() {
    let make = |customers: &[usize], days: &[i32], baskets: &[usize]| {
        Histories::from_baskets(customers, days, baskets, &[0, 1, 2], 3)
    };
    refused(
        make(&[], &[0], &[0, 3]),
        "customer start 0 is 0, but the first must be 0",
    );
    refused(
        make(&[0, 1], &[0], &[1, 3]),
        "basket start 0 is 1, but the first must be 0",
    );
    refused(
        make(&[0, 2], &[0, 0], &[0, 4, 3]),
        "basket start 2 is 3, but the one before it is 4",
    );
    refused(
        make(&[0, 1], &[0], &[0, 2]),
        "basket start 1 is 2, but the last must be the number of items, 3",
    );
    refused(
        make(&[0, 1], &[0, 0], &[0, 1, 3]),
        "customer start 1 is 1, but the last must be the number of days, 2",
    );
    refused(
        make(&[0, 1], &[0], &[0, 1, 3]),
        "basket start 2 is 3, but it must be start 1: give one start more than there are days",
    );
    refused(
        make(&[0, 1, 3], &[9, 5, 4], &[0, 1, 2, 3]),
        "basket 2 of customer 1 is of day 4, but the basket before it is of day 5; sort each \
         customer's baskets by day",
    );
}
