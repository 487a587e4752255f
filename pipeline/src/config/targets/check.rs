//! What the types of a list cannot say: names, numbers, and what does not go together.

use super::{Amount, Control, Target};
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::text::{count, percent, plural};

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
        match (&list.response_rate, &list.value) {
            (Some(_), None) => Err(self
                .wrong(&["response_rate"], "it is not said what a response is worth")
                .hint("add value, an amount or a column")),
            (None, Some(_)) => Err(self
                .wrong(&["value"], "it is not said how probable a response is")
                .hint("add response_rate, a number from 0 to 1 or a column; 1 where value is what a contact brings")),
            (None, None) if list.is_limited() => Err(self
                .wrong(&[], "the list is limited, and it is not said who is best")
                .hint("add response_rate and value: the customers with the largest expected profit are chosen")),
            (rate, value) => {
                if let Some(Amount::Number(rate)) = rate {
                    self.settings.share(&["targets", self.name, "response_rate"], *rate)?;
                }
                match value {
                    Some(Amount::Number(value)) if !(*value > 0.0 && value.is_finite()) => Err(self
                        .wrong(&["value"], format!("a response that is worth {value}"))
                        .hint("give an amount above 0")),
                    _ => Ok(()),
                }
            }
        }
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
                None if self.list.response_rate.is_none() => wrong(
                    "it is not known how many respond".to_owned(),
                    "add base = 0.05, the share that would respond without being contacted, or response_rate to the list",
                ),
                _ => Ok(()),
            },
        }
    }

    /// Quotas: of one column, and possible together.
    fn quotas(&self) -> Result<()> {
        let list = self.list;
        let mut columns = list.quota.iter();
        let Some((column, quotas)) = columns.next() else {
            return Ok(());
        };
        if let Some((other, _)) = columns.next() {
            let problem = format!("quotas of two columns, `{column}` and `{other}`");
            return Err(self.wrong(&["quota"], problem).hint(
                "keep one of them; a customer who counts into two quotas has no best list that is found quickly",
            ));
        }
        for (value, quota) in quotas {
            let share = *quota > 0.0 && *quota < 1.0;
            let number = *quota >= 1.0 && quota.fract() == 0.0 && quota.is_finite();
            if !share && !number {
                let keys = ["quota", column, value];
                return Err(self
                    .wrong(
                        &keys,
                        format!("{quota} is neither a number of customers nor a share"),
                    )
                    .hint("give a whole number from 1 up, or a share of the list below 1"));
            }
        }
        let room = [list.most, list.paid_for()].into_iter().flatten().min();
        let shares: f64 = quotas.values().filter(|quota| **quota < 1.0).sum();
        let numbers: f64 = quotas.values().filter(|quota| **quota >= 1.0).sum();
        let named: Vec<String> = quotas
            .iter()
            .map(|(value, quota)| match *quota < 1.0 {
                true => format!("{value} {}", percent(*quota)),
                false => format!("{value} {}", count(*quota as u64)),
            })
            .collect();
        let named = named.join(", ");
        let Some(room) = room else {
            return match shares > 0.0 {
                true => Err(self
                    .wrong(&["quota"], "shares of a list of any length")
                    .hint("add most or budget, or give numbers of customers")),
                false => Ok(()),
            };
        };
        let wanted = numbers + shares * room as f64;
        if wanted > room as f64 * (1.0 + 1e-9) {
            let problem = format!(
                "together the quotas want {} ({named}), and the list has room for {}",
                plural(wanted.ceil() as u64, "customer"),
                count(room)
            );
            return Err(self
                .wrong(&["quota", column], problem)
                .hint("give smaller quotas, or a larger most or budget"));
        }
        Ok(())
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
            ("quota = { a = { x = 1 }, b = { y = 1 } }", "two columns"),
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
