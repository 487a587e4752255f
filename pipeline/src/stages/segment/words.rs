//! Codes and texts of the models, marked so that every language has them; they are said where they are used.

use crate::words::{Language, said, spoken};

/// The eight classes of the usual map.
pub const EIGHT_CLASSES: [&str; 8] = [
    mark!("Important value"),
    mark!("General value"),
    mark!("Important develop"),
    mark!("General develop"),
    mark!("Important keep"),
    mark!("General keep"),
    mark!("Important retain"),
    mark!("General retain"),
];

/// A stage of the life cycle in the language of the command. Clusters are new as well, and called otherwise.
pub fn stage(name: &str) -> &str {
    match (spoken(), name) {
        (Language::En, name) => name,
        (_, "new") => said(mark!("new customer")),
        (_, name) => said(name),
    }
}

/// A phase of a relationship, likewise: clusters have a stability too.
pub fn phase(name: &str) -> &str {
    match (spoken(), name) {
        (Language::En, name) => name,
        (_, "stability") => said(mark!("stability of a relationship")),
        (_, name) => said(name),
    }
}

/// Segments of the usual map, who they are and what to do.
#[cfg(test)]
const SEGMENTS: [[&str; 3]; 11] = [
    [
        mark!("Champions"),
        mark!("Bought very recently, buy often and spend the most"),
        mark!(
            "Reward them, show them new products first, ask for reviews; do not spend discounts on them"
        ),
    ],
    [
        mark!("Loyal Customers"),
        mark!("Buy often and spend well, and were here not long ago"),
        mark!("Offer the loyalty programme and higher-value products, ask what they miss"),
    ],
    [
        mark!("Potential Loyalists"),
        mark!("Bought recently, with a middling number of orders and spend"),
        mark!("Suggest products that fit what they buy, invite them to the loyalty programme"),
    ],
    [
        mark!("New Customers"),
        mark!("Made their first purchase a short while ago"),
        mark!(
            "Welcome them, help them with what they bought, give a reason for the second order soon"
        ),
    ],
    [
        mark!("Promising"),
        mark!("Bought recently, but seldom and little so far"),
        mark!("Make yourself known: start with small offers in the categories they already buy"),
    ],
    [
        mark!("Needing Attention"),
        mark!("Middling in recency, frequency and spend; could go either way"),
        mark!("Send a limited-time offer based on past purchases before the gap grows"),
    ],
    [
        mark!("About To Sleep"),
        mark!("Bought a while ago, seldom and little; fading"),
        mark!(
            "Remind them with popular products or a modest discount, ask whether they want to hear from you"
        ),
    ],
    [
        mark!("At Risk"),
        mark!("Used to buy and spend well, but have not been here for long"),
        mark!(
            "Win them back with a personal message and a real incentive, find out what went wrong"
        ),
    ],
    [
        mark!("Can't Lose Them"),
        mark!("Were among the best customers, and have stayed away longest"),
        mark!(
            "Call or write personally, make the strongest offer, do not leave them to a competitor"
        ),
    ],
    [
        mark!("Hibernating"),
        mark!("Last purchase long ago, few orders, low spend"),
        mark!(
            "Try one inexpensive reactivation message with fitting products, then contact rarely"
        ),
    ],
    [
        mark!("Lost"),
        mark!("Lowest in recency, frequency and spend"),
        mark!("Spend nothing beyond one last cheap reminder; leave them out of paid campaigns"),
    ],
];

/// Stages of the life cycle, who they are and what to do.
#[cfg(test)]
const STAGES: [[&str; 3]; 10] = [
    [
        mark!("prospect"),
        mark!("Known, and have not bought anything yet"),
        mark!("Give a reason for a first purchase; do not spend on who never answers"),
    ],
    [
        mark!("new"),
        mark!("Made their first purchase a short while ago, and no second one yet"),
        mark!("Welcome them, and bring about the second purchase soon"),
    ],
    [
        mark!("one-timer"),
        mark!("Bought once, and did not come back while they were new"),
        mark!("Ask why they did not return; one offer that fits what they bought"),
    ],
    [
        mark!("growing"),
        mark!("Buy in their own rhythm, and more than they used to"),
        mark!("Show them more of the range, invite them to the loyalty programme"),
    ],
    [
        mark!("mature"),
        mark!("Buy in their own rhythm, and about as much as they used to"),
        mark!("Thank them and keep things as they are; no discounts needed"),
    ],
    [
        mark!("declining"),
        mark!("Buy in their own rhythm, and less than they used to"),
        mark!("Ask what they miss, and bring back what they no longer buy"),
    ],
    [
        mark!("at risk"),
        mark!("Have been away for longer than is usual for them"),
        mark!("Write to them now, while a reminder is enough"),
    ],
    [
        mark!("dormant"),
        mark!("Have been away for longer than they hardly ever were"),
        mark!("Win them back with a real incentive, the most valuable ones by hand"),
    ],
    [
        mark!("churned"),
        mark!("Have been away for so long that hardly anybody comes back"),
        mark!("One last cheap message, then leave them out of paid campaigns"),
    ],
    [
        mark!("reactivated"),
        mark!("Had been away for so long, and have come back"),
        mark!("Treat them as new: find out what brought them back, and keep it up"),
    ],
];

/// Phases of a relationship, and rungs of the ladder of loyalty, those that settings name among them.
#[cfg(test)]
const PHASES_AND_RUNGS: [&str; 9] = [
    mark!("exploration"),
    mark!("formation"),
    mark!("stability"),
    mark!("decline"),
    mark!("customer"),
    mark!("client"),
    mark!("supporter"),
    mark!("advocate"),
    mark!("partner"),
];

#[cfg(test)]
mod tests {
    use regulars_models::life_cycle::Stage;
    use regulars_models::rfm::{EightClassMap, SEGMENT_GUIDES};

    use super::*;
    use crate::config::LifeCycle;

    #[test]
    fn every_text_of_the_models_is_marked() {
        let guides = SEGMENT_GUIDES.map(|guide| [guide.name, guide.description, guide.action]);
        assert_eq!(guides, SEGMENTS);
        let stages = Stage::ALL.map(|stage| [stage.name(), stage.description(), stage.action()]);
        assert_eq!(stages, STAGES);
        assert_eq!(EightClassMap::default().names(), EIGHT_CLASSES);
        let life = LifeCycle::default();
        for stage in Stage::ALL {
            for word in [life.phase_of(stage), life.rung_of(stage)] {
                let known = PHASES_AND_RUNGS.contains(&word) || word == stage.name();
                assert!(known, "{word}");
            }
        }
    }
}
