use super::*;

#[track_caller]
fn refused(params: SequenceParams, message: &str) {
    assert_eq!(params.check_ref().unwrap_err().to_string(), message);
    assert_eq!(params.check().unwrap_err().to_string(), message);
}

#[test]
fn min_support_is_at_least_one_customer_and_a_share_is_one() {
    refused(
        at_least(0),
        "the minimum support is 0 customers; choose at least 1",
    );
    for share in [0.0, 1.01, -0.1, f64::NAN, f64::INFINITY] {
        refused(
            SequenceParams::new(MinSupport::Share(share)),
            &format!(
                "the minimum support is a share of {share}; choose a number above 0 and at most 1"
            ),
        );
    }
}

#[test]
fn limits_must_leave_something_to_find() {
    refused(
        at_least(1).max_elements(0),
        "max_elements = 0; choose at least 1",
    );
    refused(at_least(1).max_items(0), "max_items = 0; choose at least 1");
    refused(
        at_least(1).min_gap(4).max_gap(3),
        "max_gap = 3 is below min_gap = 4; choose at least 4",
    );
    refused(
        at_least(1).min_gap(4).max_span(3),
        "max_span = 3 is below min_gap = 4, so no second element fits; choose at least 4",
    );
    refused(
        at_least(1).required(&[3, 1]).forbidden(&[2, 1]),
        "item 1 is required and forbidden; leave it out of one of the two",
    );
    refused(
        at_least(1).required(&[3, 1, 3]).max_items(1),
        "2 items are required, but max_items = 1; choose at least 2",
    );
}

#[test]
fn the_limit_on_patterns_must_be_a_number_of_32_bits() {
    for limit in [0, u32::MAX as usize] {
        refused(
            at_least(1).max_patterns(limit),
            &format!("max_patterns = {limit}; choose between 1 and 4,294,967,294"),
        );
    }
}

#[test]
fn what_was_set_can_be_read() {
    let params = at_least(3)
        .max_elements(4)
        .max_items(5)
        .min_gap(1)
        .max_gap(2)
        .max_span(6)
        .required(&[7, 2])
        .forbidden(&[9, 8, 9])
        .closed(true)
        .max_patterns(10)
        .check()
        .unwrap();
    assert_eq!(params.min_support(), MinSupport::Count(3));
    assert_eq!((params.max_elements(), params.max_items()), (4, 5));
    let time = TimeLimits {
        min_gap: 1,
        max_gap: Some(2),
        max_span: Some(6),
    };
    assert_eq!(params.time(), time);
    assert_eq!(params.required(), [2, 7]);
    assert_eq!(params.forbidden(), [8, 9]);
    assert_eq!((params.closed(), params.max_patterns()), (true, 10));
}

#[test]
fn rules_refuse_what_is_no_share() {
    let rules = SequenceRuleParams::new;
    for (params, message) in [
        (
            rules().min_confidence(1.5),
            "min_confidence = 1.5; choose a number from 0 to 1",
        ),
        (
            rules().min_lift(f64::NAN),
            "min_lift = NaN; choose a number from 0 up, 1 for rules better than chance",
        ),
        (
            rules().max_q_value(0.0),
            "max_q_value = 0; choose a number above 0 and at most 1, where 1 keeps every rule",
        ),
    ] {
        assert_eq!(params.check().unwrap_err().to_string(), message);
    }
}
