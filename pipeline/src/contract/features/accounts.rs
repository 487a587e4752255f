//! The account that a customer belongs to: a company and its people.

use super::{Beside, Each, Empty, Family, Feature, History, Over, Risk, Sql};

const NO_ACCOUNT: Empty = Empty::When(
    mark!("for who belongs to none"),
    mark!("belongs to no account"),
);

pub(super) const FAMILIES: &[Family] = &[Family {
    each: Each::One,
    features: &[
        Feature {
            name: "account_people_84",
            about: "People of the account who bought in the last 84 days",
            unit: "people",
            theme: "account",
            risk: Risk::Falls(Beside::Median),
            needs: accounts,
            sql: |_| Sql::over(Over::Accounts, "CAST(account_people AS DOUBLE)"),
            empty: NO_ACCOUNT,
            phrase: |it| {
                let people = it.one_or_more(mark!("{n} person"), mark!("{n} people"));
                tr!(
                    "{people} of the account bought in the last 84 days",
                    people = people
                )
            },
            clusters: None,
        },
        Feature {
            name: "account_recency_days",
            about: "Days since anybody of the account bought",
            unit: "days",
            theme: "account",
            risk: Risk::Rises(Beside::Median),
            needs: accounts,
            sql: |_| Sql::over(Over::Accounts, "CAST(f.as_of - account_last AS DOUBLE)"),
            empty: NO_ACCOUNT,
            phrase: |it| tr!("last purchase of the account {days} ago", days = it.days()),
            clusters: None,
        },
        Feature {
            name: "account_spend_84",
            about: "Money spent by the account in the last 84 days",
            unit: "money",
            theme: "account",
            risk: Risk::Falls(Beside::Median),
            needs: accounts_with_money,
            sql: |_| Sql::over(Over::Accounts, "CAST(account_lately AS DOUBLE)"),
            empty: NO_ACCOUNT,
            phrase: |it| {
                tr!(
                    "{money} spent by the account in the last 84 days",
                    money = it.money()
                )
            },
            clusters: None,
        },
        Feature {
            name: "account_spend_share",
            about: "The customer's share of the account's spend",
            unit: "share",
            theme: "account",
            risk: Risk::Open,
            needs: accounts_with_money,
            sql: |_| {
                Sql::over(
                    Over::Accounts,
                    "CAST(own_spend AS DOUBLE) / nullif(CAST(account_spend AS DOUBLE), 0)",
                )
            },
            empty: NO_ACCOUNT,
            phrase: |it| tr!("{share} of the account's spend", share = it.percent()),
            clusters: None,
        },
    ],
}];

fn accounts(history: &History) -> bool {
    !history.accounts.is_empty()
}

fn accounts_with_money(history: &History) -> bool {
    accounts(history) && history.tells("amount")
}
