use super::*;

#[test]
fn doubles_in_a_basket_count_once_and_items_are_sorted() {
    let baskets = baskets_of(&[&[3, 1, 3, 3], &[], &[2, 2]], 4);
    assert_eq!(baskets.n_baskets(), 3);
    assert_eq!(baskets.n_items(), 4);
    assert_eq!(baskets.n_lines(), 3);
    let all: Vec<&[u32]> = baskets.iter().collect();
    assert_eq!(all, [&[1, 3][..], &[], &[2]]);
    assert_eq!(baskets.basket(2), [2]);
}

#[test]
fn pairs_in_any_order_make_the_same_baskets_as_rows() {
    let from_pairs = Baskets::from_pairs(&[2, 0, 0, 2, 0], &[2, 3, 1, 2, 3], 3, 4).unwrap();
    assert_eq!(from_pairs, baskets_of(&[&[1, 3], &[], &[2]], 4));
}

#[test]
fn no_baskets_and_no_items_are_fine() {
    let none = Baskets::from_csr(vec![0], vec![], 0).unwrap();
    assert_eq!((none.n_baskets(), none.n_lines()), (0, 0));
    assert_eq!(Baskets::from_pairs(&[], &[], 0, 0).unwrap(), none);
    assert_eq!(Baskets::from_pairs(&[], &[], 7, 0).unwrap().n_baskets(), 7);
}

#[track_caller]
fn refused(made: Result<Baskets, BasketsError>, message: &str) {
    assert_eq!(made.unwrap_err().to_string(), message);
}

#[test]
fn bad_offsets_are_refused_with_their_place() {
    let hint = "give one offset more than there are baskets, from 0 upwards to the number of items";
    let make = |offsets: &[usize]| Baskets::from_csr(offsets.to_vec(), vec![0, 1, 2], 3);
    refused(
        make(&[]),
        &format!("offset 0 is 0, but the first must be 0; {hint}"),
    );
    refused(
        make(&[1, 3]),
        &format!("offset 0 is 1, but the first must be 0; {hint}"),
    );
    refused(
        make(&[0, 2, 1, 3]),
        &format!("offset 2 is 1, but the one before it is 2; {hint}"),
    );
    refused(
        make(&[0, 2]),
        &format!("offset 1 is 2, but the last must be the number of items, 3; {hint}"),
    );
}

#[test]
fn what_is_out_of_range_is_refused_with_its_line() {
    refused(
        Baskets::from_csr(vec![0, 2], vec![0, 3], 3),
        "line 1 holds item 3, but items are numbered from 0 and there are 3",
    );
    refused(
        Baskets::from_pairs(&[0, 0], &[0, 3], 1, 3),
        "line 1 holds item 3, but items are numbered from 0 and there are 3",
    );
    refused(
        Baskets::from_pairs(&[0, 1], &[0, 2], 1, 3),
        "line 1 holds basket 1, but baskets are numbered from 0 and there are 1",
    );
    refused(
        Baskets::from_pairs(&[0, u32::MAX], &[0, 2], 1, 3),
        "line 1 holds basket 4294967295, but baskets are numbered from 0 and there are 1",
    );
    refused(
        Baskets::from_pairs(&[0], &[0, 2], 1, 3),
        "1 basket numbers, but 2 items; give one item with each basket number",
    );
    refused(
        Baskets::from_csr(vec![0], vec![], u32::MAX as usize),
        "4294967295 items are more than 4,294,967,294; mine a part of the history at a time",
    );
}
