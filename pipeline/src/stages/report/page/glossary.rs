//! The words of the page, so that nobody needs another document beside it.

/// A word, and what it means here.
pub const WORDS: [(&str, &str); 26] = [
    (
        mark!("active customer"),
        mark!(
            "One who bought recently enough to have a probability of leaving; [churn] active_days of the settings says how recently."
        ),
    ),
    (
        mark!("as-of date"),
        mark!("The date that a figure speaks of: only what happened before it was looked at."),
    ),
    (
        mark!("band"),
        mark!(
            "A group of customers by their probability of leaving: high, medium or low; lapsed are those who have been away too long for a probability."
        ),
    ),
    (
        mark!("basket"),
        mark!("What was bought in one checkout or order."),
    ),
    (
        mark!("calibration"),
        mark!(
            "Whether probabilities come true: of a hundred customers with 30 %, about thirty should leave."
        ),
    ),
    (
        mark!("calibration error"),
        mark!("By how much probabilities and what happened differ on average; 0 is best."),
    ),
    (
        mark!("cluster"),
        mark!(
            "A group of customers who behave alike, found from their behaviour alone and named by what sets it apart."
        ),
    ),
    (
        mark!("confidence of a rule"),
        mark!("Of the baskets with the first item, the share that also hold the second."),
    ),
    (
        mark!("frequency"),
        mark!(
            "How many baskets a customer has bought; score 5 is the fifth of the customers who bought most often."
        ),
    ),
    (
        mark!("gain"),
        mark!(
            "Which share of the leavers is found by going down the list from the highest probability."
        ),
    ),
    (
        mark!("held up"),
        mark!(
            "On the weeks after those that a rule was mined from, its items were again together more often than chance."
        ),
    ),
    (
        mark!("hit rate"),
        mark!(
            "Share of the customers who bought something new and bought one of the items suggested to them before."
        ),
    ),
    (
        mark!("kept, new, returning, lost"),
        mark!(
            "By month: kept bought in the month before too, new had never bought, returning had but not in the month before; lost bought in the month before and not in this one."
        ),
    ),
    (
        mark!("lifetime value"),
        mark!("What a customer is expected to bring from the as-of date on, discounted to it."),
    ),
    (
        mark!("lift of a list"),
        mark!("How many times more leavers it holds than as many customers drawn at random."),
    ),
    (
        mark!("lift of a rule"),
        mark!("How many times more often its items are together than by chance; 1 is chance."),
    ),
    (
        mark!("log loss"),
        mark!(
            "How surprised a model is by what happened; lower is better, and models are chosen by it."
        ),
    ),
    (
        mark!("monetary"),
        mark!("What a customer has spent, returns taken off."),
    ),
    (
        mark!("NDCG, recall"),
        mark!(
            "How high on the list the items stand that were then bought, and which share of these was on it; 1 is best."
        ),
    ),
    (
        mark!("others"),
        mark!(
            "Groups of fewer than ten customers, merged so that nobody can be told from the figures."
        ),
    ),
    (
        mark!("probability of leaving"),
        mark!(
            "How likely it is that the customer does what leaving means here, by the chosen model."
        ),
    ),
    (
        mark!("quality gate"),
        mark!("A condition that a load has to meet."),
    ),
    (
        mark!("recency"),
        mark!(
            "Days since the last purchase; score 5 is the fifth of the customers who bought last."
        ),
    ),
    (
        mark!("RFM segment"),
        mark!("A group of customers by recency, frequency and money, with a name and an action."),
    ),
    (
        mark!("ROC AUC"),
        mark!(
            "Of one who left and one who stayed, how often the score is higher for the one who left; 50 % is chance."
        ),
    ),
    (
        mark!("value tier"),
        mark!("A: customers who bring the first 80 % of the spend, B: up to 95 %, C: the rest."),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_alphabetical_order() {
        let words = WORDS.map(|(word, _)| word.to_lowercase());
        assert!(words.is_sorted(), "{words:?}");
    }
}
