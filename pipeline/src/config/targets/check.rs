//! What the types of a list cannot say: names, numbers, and what does not go together.

use std::collections::BTreeMap;

use super::{Amount, Choose, Control, Quota, Target};
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::text::{count, in_english, percent};

/// The folder of what was sent, which no list may be called.
pub const LEDGER: &str = "ledger";

/// Letters of a name at most: it becomes the name of files.
const LONGEST: usize = 64;

/// Whether a list may have this name, which becomes that of its files.
pub fn nameable(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.chars().count() <= LONGEST && name.chars().all(plain) && name != LEDGER
}

/// Names, numbers, and what does not go together.
pub fn check(settings: &Settings) -> Result<()> {
    let targets = &settings.config.targets;
    if let Some(cap) = targets.cap {
        settings.at_least(&["targets", "cap", "contacts"], cap.contacts as usize, 1)?;
        settings.at_least(&["targets", "cap", "days"], cap.days as usize, 1)?;
        settings.days(&["targets", "cap", "days"], cap.days)?;
    }
    if let Some(budget) = targets.budget {
        if !(budget > 0.0 && budget.is_finite()) {
            return Err(settings
                .wrong(&["targets", "budget"], format!("{budget} is no budget"))
                .hint("give an amount above 0, or leave it out"));
        }
        if !targets.lists.is_empty() && targets.lists.values().all(|list| list.contact_cost == 0.0)
        {
            return Err(settings
                .wrong(
                    &["targets", "budget"],
                    "nothing is spent, since contacts cost nothing on any list",
                )
                .hint("add contact_cost to the lists"));
        }
        let cheapest = targets.lists.values().map(|list| list.contact_cost);
        let cheapest = cheapest.fold(f64::INFINITY, f64::min);
        if budget < cheapest && cheapest.is_finite() {
            return Err(settings
                .wrong(
                    &["targets", "budget"],
                    format!(
                        "{budget} does not pay for one contact, which costs {cheapest} or more"
                    ),
                )
                .hint("give a larger budget"));
        }
    }
    for (name, list) in &targets.lists {
        let list = List {
            settings,
            name,
            list,
        };
        list.check()?;
    }
    Ok(())
}

struct List<'a> {
    settings: &'a Settings,
    name: &'a str,
    list: &'a Target,
}

impl List<'_> {
    fn wrong(&self, keys: &[&str], problem: impl std::fmt::Display) -> Failure {
        let keys = [&["targets", self.name], keys].concat();
        self.settings.wrong(&keys, problem)
    }

    fn check(&self) -> Result<()> {
        if !nameable(self.name) {
            let problem = format!(
                "`{}` cannot be the name of a list, since its files are called so",
                self.name
            );
            return Err(self.wrong(&[], problem).hint(format!(
                "use letters, digits, - and _, {LONGEST} at most, and another name than `{LEDGER}`"
            )));
        }
        if self.list.who.trim().is_empty() {
            return Err(self
                .wrong(&[], "it does not say whom the list is for")
                .hint("add who = \"segment = 'Champions'\", or who = \"true\" for everybody"));
        }
        let days = ["targets", self.name, "days"];
        self.settings.at_least(&days, self.list.days as usize, 1)?;
        self.settings.days(&days, self.list.days)?;
        self.money()?;
        self.worth()?;
        self.control()?;
        self.quotas()
    }

    /// What contacts cost, and what they may cost in all.
    fn money(&self) -> Result<()> {
        let list = self.list;
        if !(list.contact_cost >= 0.0 && list.contact_cost.is_finite()) {
            let problem = format!("{} is no cost", list.contact_cost);
            return Err(self
                .wrong(&["contact_cost"], problem)
                .hint("give an amount from 0 up"));
        }
        if list.most == Some(0) {
            return Err(self
                .wrong(&["most"], "a list of nobody")
                .hint("give at least 1, or leave it out"));
        }
        let Some(budget) = list.budget else {
            return Ok(());
        };
        if list.contact_cost == 0.0 {
            return Err(self
                .wrong(
                    &["budget"],
                    "nothing is spent, since a contact costs nothing",
                )
                .hint("add contact_cost, or limit the list by most"));
        }
        if !(budget.is_finite() && list.paid_for().is_some_and(|paid| paid > 0)) {
            let problem = format!(
                "{budget} does not pay for one contact, which costs {}",
                list.contact_cost
            );
            return Err(self
                .wrong(&["budget"], problem)
                .hint("give a larger budget or a smaller contact_cost"));
        }
        Ok(())
    }

    /// What a response is worth and how probable it is: both or neither.
    fn worth(&self) -> Result<()> {
        let list = self.list;
        if list.choose == Choose::Uplift {
            return self.by_uplift();
        }
        if list.uplift_of.is_some() {
            return Err(self
                .wrong(&["uplift_of"], "the list does not choose by uplift")
                .hint("add choose = \"uplift\""));
        }
        match (&list.response_rate, &list.value) {
            (Some(_), None) => Err(self
                .wrong(&["response_rate"], "it is not said what a response is worth")
                .hint("add value, an amount or a column")),
            (None, Some(_)) => Err(self
                .wrong(&["value"], "it is not said how probable a response is")
                .hint("add response_rate, a number from 0 to 1 or a column; 1 where value is what a contact brings")),
            (None, None) if self.settings.config.targets.budget.is_some() => Err(self
                .wrong(&[], "lists share a budget, and it is not said who is best for this one")
                .hint("add response_rate and value: the customers with the largest expected profit are chosen")),
            (None, None) if list.is_limited() => Err(self
                .wrong(&[], "the list is limited, and it is not said who is best")
                .hint("add response_rate and value: the customers with the largest expected profit are chosen")),
            (rate, _) => {
                if let Some(Amount::Number(rate)) = rate {
                    self.settings.share(&["targets", self.name, "response_rate"], *rate)?;
                }
                self.value()
            }
        }
    }

    fn value(&self) -> Result<()> {
        match self.list.value {
            Some(Amount::Number(value)) if !(value > 0.0 && value.is_finite()) => Err(self
                .wrong(&["value"], format!("a response that is worth {value}"))
                .hint("give an amount above 0")),
            _ => Ok(()),
        }
    }

    /// What a list that chooses by uplift needs, and what takes the place of what.
    fn by_uplift(&self) -> Result<()> {
        let list = self.list;
        if list.response_rate.is_some() {
            return Err(self
                .wrong(
                    &["response_rate"],
                    "the list chooses by uplift, which takes its place",
                )
                .hint("remove response_rate, or choose = \"uplift\""));
        }
        if list.value.is_none() {
            return Err(self
                .wrong(
                    &["choose"],
                    "it is not said what a purchase is worth that would not have been made",
                )
                .hint("add value, an amount or a column"));
        }
        if let Some(of) = list.uplift_of.as_deref().filter(|of| !nameable(of)) {
            return Err(self
                .wrong(&["uplift_of"], format!("`{of}` is no name of a list"))
                .hint("name the list that campaign learn has learned from"));
        }
        self.value()
    }

    fn control(&self) -> Result<()> {
        let inside = |share: f64| share > 0.0 && share < 1.0;
        let wrong = |problem: String, hint: &str| Err(self.wrong(&["control"], problem).hint(hint));
        match self.list.control {
            None if self.list.stratify.is_some() => Err(self
                .wrong(&["stratify"], "there is no control group to be drawn")
                .hint("add control, such as control = 0.1")),
            None => Ok(()),
            Some(Control::Share(share)) if inside(share) => Ok(()),
            Some(Control::Share(share)) => wrong(
                format!("{share} is no share of a list to be held back"),
                "give a number between 0 and 1, such as 0.1",
            ),
            Some(Control::Sized(of)) if !inside(of.effect) => wrong(
                format!(
                    "an effect of {} is no difference between two shares",
                    of.effect
                ),
                "give how far the shares that respond lie apart, such as 0.02",
            ),
            Some(Control::Sized(of)) if !inside(of.power) => wrong(
                format!("a power of {} is no probability", of.power),
                "give a number between 0 and 1; 0.8 is usual",
            ),
            Some(Control::Sized(of)) => match of.base {
                Some(base) if !(inside(base) && base + of.effect < 1.0) => wrong(
                    format!(
                        "a base of {base} with an effect of {} makes no two shares",
                        of.effect
                    ),
                    "give the share that would respond without being contacted, such as 0.05",
                ),
                None if self.list.choose == Choose::Uplift => wrong(
                    "it is not known how many would buy without being contacted".to_owned(),
                    "add base = 0.05, the share that would",
                ),
                None if self.list.response_rate.is_none() => wrong(
                    "it is not known how many respond".to_owned(),
                    "add base = 0.05, the share that would respond without being contacted, or response_rate to the list",
                ),
                _ => Ok(()),
            },
        }
    }

    /// Quotas: numbers that can be, and possible together in each column.
    fn quotas(&self) -> Result<()> {
        self.list
            .quota
            .iter()
            .try_for_each(|(column, quotas)| self.quotas_of(column, quotas))
    }

    fn quotas_of(&self, column: &str, quotas: &BTreeMap<String, Quota>) -> Result<()> {
        for (value, quota) in quotas {
            self.quota(&["quota", column, value], *quota)?;
        }
        let room = [self.list.most, self.list.paid_for()];
        let room = room.into_iter().flatten().min();
        let numbers = |of: fn(Quota) -> Option<f64>| quotas.values().filter_map(move |q| of(*q));
        let mut all = numbers(Quota::least).chain(numbers(Quota::most));
        let Some(room) = room else {
            return match all.any(|number| number < 1.0) {
                true => Err(self
                    .wrong(&["quota"], "shares of a list of any length")
                    .hint("add most or budget, or give numbers of customers")),
                false => Ok(()),
            };
        };
        // What they ask for, without those who are only limited from above.
        let asked = |quota: &Quota| quota.wanted().or(quota.least());
        let wanted = quotas.values().filter_map(asked);
        let wanted: f64 = wanted
            .map(|number| {
                if number < 1.0 {
                    number * room as f64
                } else {
                    number
                }
            })
            .sum();
        if wanted > room as f64 * (1.0 + 1e-9) {
            let named: Vec<String> = quotas
                .iter()
                .filter_map(|(value, quota)| Some((value, asked(quota)?)))
                .map(|(value, number)| match number < 1.0 {
                    true => format!("{value} {}", percent(number)),
                    false => format!("{value} {}", count(number as u64)),
                })
                .collect();
            let problem = format!(
                "together the quotas want {} ({}), and the list has room for {}",
                in_english(wanted.ceil() as u64, "customer"),
                named.join(", "),
                count(room)
            );
            return Err(self
                .wrong(&["quota", column], problem)
                .hint("give smaller quotas, or a larger most or budget"));
        }
        Ok(())
    }

    /// One quota: numbers of customers or shares, and no more at least than at most.
    fn quota(&self, keys: &[&str], quota: Quota) -> Result<()> {
        for number in [quota.least(), quota.most()].into_iter().flatten() {
            let share = number > 0.0 && number < 1.0;
            let whole = number >= 1.0 && number.fract() == 0.0 && number.is_finite();
            if !share && !whole {
                let problem = format!("{number} is neither a number of customers nor a share");
                return Err(self
                    .wrong(keys, problem)
                    .hint("give a whole number from 1 up, or a share of the list below 1"));
            }
        }
        match (quota.least(), quota.most()) {
            (None, None) => Err(self
                .wrong(keys, "a quota that asks for nothing")
                .hint("give a number, or { least = 100, most = 0.5 }")),
            (Some(least), Some(most)) if (least < 1.0) == (most < 1.0) && least > most => Err(self
                .wrong(keys, format!("{least} at least and {most} at most"))
                .hint("give no more as least than as most")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(list: &str) -> Result<Settings> {
        let text = format!("[targets.spring]\nwho = \"true\"\n{list}\n");
        Settings::from_text(text, PathBuf::from("x.toml"), PathBuf::from("."))
    }

    #[test]
    fn what_cannot_be_is_said_with_its_line() {
        for (list, words) in [
            ("most = 0", "x.toml:3: [targets] spring most"),
            ("budget = 5", "a contact costs nothing"),
            (
                "budget = 0.5\ncontact_cost = 0.8",
                "does not pay for one contact",
            ),
            ("most = 5", "it is not said who is best"),
            ("value = 3", "how probable a response is"),
            ("response_rate = 2\nvalue = 3", "2 is no share"),
            ("control = 1", "1 is no share of a list"),
            ("control = { effect = 0.1 }", "not known how many respond"),
            (
                "control = { effect = 0.1, base = 0.95 }",
                "makes no two shares",
            ),
            ("stratify = \"segment\"", "no control group"),
            ("colums = []", "unknown key `colums`"),
            ("response_rate = true", "a number, or a column or SQL"),
            ("choose = \"luck\"", "unknown value `luck`"),
            (
                "choose = \"uplift\"",
                "it is not said what a purchase is worth",
            ),
            (
                "choose = \"uplift\"\nvalue = 3\nresponse_rate = 0.1",
                "which takes its place",
            ),
            (
                "choose = \"uplift\"\nvalue = 3\nuplift_of = \"a/b\"",
                "`a/b` is no name of a list",
            ),
            ("uplift_of = \"x\"", "does not choose by uplift"),
            (
                "choose = \"uplift\"\nvalue = 3\ncontrol = { effect = 0.1 }",
                "would buy without being contacted",
            ),
        ] {
            let message = read(list).expect_err(list).to_string();
            assert!(message.contains(words), "{list}: {message}");
        }
        let limits = "most = 10\nresponse_rate = 0.1\nvalue = 9\n";
        for (quota, words) in [
            (
                "quota = { a = { x = 4, y = 7 } }",
                "want 11 customers (x 4, y 7)",
            ),
            ("quota = { a = { x = 0.6, y = 0.5 } }", "x 60.0 %, y 50.0 %"),
            (
                "quota = { a = { x = 1.5 } }",
                "neither a number of customers nor a share",
            ),
            (
                "quota = { a = { x = 1 }, b = { y = { least = 6 }, z = { least = 0.5 } } }",
                "quota b: together the quotas want 11 customers (y 6, z 50.0 %)",
            ),
            (
                "quota = { a = { x = { least = 4, most = 3 } } }",
                "4 at least and 3 at most",
            ),
            ("quota = { a = { x = {} } }", "asks for nothing"),
            (
                "quota = { a = { x = \"all\" } }",
                "{ least = 100, most = 0.5 }",
            ),
        ] {
            let message = read(&format!("{limits}{quota}"))
                .expect_err(quota)
                .to_string();
            assert!(message.contains(words), "{quota}: {message}");
        }
        read(&format!("{limits}quota.a = {{ x = 0.5, y = 5 }}")).unwrap();
    }

    #[test]
    fn lists_come_in_the_order_of_the_file_and_names_become_files() {
        let text = "[targets]\ncap = { contacts = 1, days = 28 }\nsuppress = [\"a.csv\", { path = \"b.csv\", id = \"no\" }]\n\
             [targets.z]\nwho = \"true\"\n[targets.a]\nwho = \"true\"\ncontrol = { effect = 0.02, base = 0.1 }\n";
        let settings =
            Settings::from_text(text.to_owned(), PathBuf::from("x.toml"), PathBuf::new()).unwrap();
        let names: Vec<&str> = settings.targets().iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["z", "a"]);
        let ids = settings.config.targets.suppress.iter().map(|file| &file.id);
        assert_eq!(ids.collect::<Vec<_>>(), ["customer_id", "no"]);
        for name in ["a/b", "..", "", "ledger", "a b", &"x".repeat(65)] {
            assert!(!nameable(name), "{name}");
        }
        for name in ["spring-2024", "春季", "A_1"] {
            assert!(nameable(name), "{name}");
        }
    }

    #[test]
    fn a_budget_pays_for_whole_contacts() {
        let list = |budget, contact_cost| Target {
            budget: Some(budget),
            contact_cost,
            ..Target::default()
        };
        assert_eq!(list(10.0, 0.1).paid_for(), Some(100));
        assert_eq!(list(0.3, 0.1).paid_for(), Some(3));
        assert_eq!(list(1.99, 1.0).paid_for(), Some(1));
    }
}
