//! The stages, in words.

/// A stage of a customer's life with a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Known, and has not bought anything yet.
    Prospect,
    /// Bought once, a short while ago.
    New,
    /// Bought once, and not again within the time of a new customer.
    OneTimer,
    /// Buys in their own rhythm, and spends more than before.
    Growing,
    /// Buys in their own rhythm, and spends as before.
    Mature,
    /// Buys in their own rhythm, and spends less than before.
    Declining,
    /// Away for longer than is usual for them.
    AtRisk,
    /// Away for longer than they hardly ever were.
    Dormant,
    /// Away for so long that hardly anybody comes back.
    Churned,
    /// Was away for so long, and has come back.
    Reactivated,
}

impl Stage {
    /// Every stage, in the order of a life.
    pub const ALL: [Self; 10] = [
        Self::Prospect,
        Self::New,
        Self::OneTimer,
        Self::Growing,
        Self::Mature,
        Self::Declining,
        Self::AtRisk,
        Self::Dormant,
        Self::Churned,
        Self::Reactivated,
    ];

    /// Its place in [`Self::ALL`].
    pub fn place(self) -> usize {
        self as usize
    }

    /// What it is called in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prospect => "prospect",
            Self::New => "new",
            Self::OneTimer => "one-timer",
            Self::Growing => "growing",
            Self::Mature => "mature",
            Self::Declining => "declining",
            Self::AtRisk => "at risk",
            Self::Dormant => "dormant",
            Self::Churned => "churned",
            Self::Reactivated => "reactivated",
        }
    }

    /// Who these customers are.
    pub fn description(self) -> &'static str {
        match self {
            Self::Prospect => "Known, and have not bought anything yet",
            Self::New => "Made their first purchase a short while ago, and no second one yet",
            Self::OneTimer => "Bought once, and did not come back while they were new",
            Self::Growing => "Buy in their own rhythm, and more than they used to",
            Self::Mature => "Buy in their own rhythm, and about as much as they used to",
            Self::Declining => "Buy in their own rhythm, and less than they used to",
            Self::AtRisk => "Have been away for longer than is usual for them",
            Self::Dormant => "Have been away for longer than they hardly ever were",
            Self::Churned => "Have been away for so long that hardly anybody comes back",
            Self::Reactivated => "Had been away for so long, and have come back",
        }
    }

    /// What to do about them.
    pub fn action(self) -> &'static str {
        match self {
            Self::Prospect => {
                "Give a reason for a first purchase; do not spend on who never answers"
            }
            Self::New => "Welcome them, and bring about the second purchase soon",
            Self::OneTimer => "Ask why they did not return; one offer that fits what they bought",
            Self::Growing => "Show them more of the range, invite them to the loyalty programme",
            Self::Mature => "Thank them and keep things as they are; no discounts needed",
            Self::Declining => "Ask what they miss, and bring back what they no longer buy",
            Self::AtRisk => "Write to them now, while a reminder is enough",
            Self::Dormant => "Win them back with a real incentive, the most valuable ones by hand",
            Self::Churned => "One last cheap message, then leave them out of paid campaigns",
            Self::Reactivated => {
                "Treat them as new: find out what brought them back, and keep it up"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_a_name_of_its_own_and_stands_in_its_place() {
        for (place, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage.place(), place);
            let alike = Stage::ALL
                .iter()
                .filter(|other| other.name() == stage.name());
            assert_eq!(alike.count(), 1);
            assert!(!stage.description().is_empty() && !stage.action().is_empty());
        }
    }
}
