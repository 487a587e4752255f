//! The registry of one task: versions by number, and the champion among them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::champion::{self, Act, Action, Champion};
use super::guard::{BESIDE, Guard};
use super::record::{self, FileSum};
use super::version::{Candidate, RECORD, Version};
use crate::failure::{During, Failure, Result};
use crate::outputs::below::no_link;
use crate::outputs::interrupt;
use crate::outputs::replace;

/// Which version is the champion, and how it became that.
const CHAMPION: &str = "champion.json";

/// In place of a number: the newest version.
const LATEST: &str = "latest";
/// In place of a number: the version in use.
const OF_CHAMPION: &str = "champion";

/// The versions of one task.
#[derive(Clone, Debug)]
pub struct Registry {
    folder: PathBuf,
}

impl Registry {
    /// The registry of a task below a folder; nothing is made there before something is stored.
    pub fn new(folder: &Path, task: &str) -> Self {
        Self {
            folder: folder.join(task),
        }
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The numbers of its versions, ascending.
    pub fn numbers(&self) -> Result<Vec<u32>> {
        let found = match fs::read_dir(&self.folder) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).during(self.folder.display()),
        };
        let mut numbers = Vec::new();
        for entry in found {
            let name = entry.during(self.folder.display())?.file_name();
            let number = name.to_str().and_then(|name| name.parse().ok());
            numbers.extend(number.filter(|number| name == *named(*number)));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// A version by its number.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn version(&self, number: u32) -> Result<Version> {
        let folder = self.folder.join(named(number));
        if !folder.is_dir() {
            let failure = Failure::data(format!(
                "there is no version {number} in {}",
                self.folder.display()
            ));
            return Err(failure.hint(self.there()?));
        }
        no_link(&folder)?;
        Version::open(folder, number)
    }

    /// The version that was asked for: a number, `latest` or `champion`.
    ///
    /// # Errors
    /// It is none of these, or not there.
    pub fn find(&self, asked: &str) -> Result<Version> {
        match asked {
            OF_CHAMPION => self.in_use(),
            LATEST => match self.numbers()?.last() {
                Some(number) => self.version(*number),
                None => Err(self.empty()),
            },
            number => match number.parse() {
                Ok(number) => self.version(number),
                Err(_) => Err(Failure::settings(format!("`{number}` is no version")).hint(
                    format!(
                        "give a number, `{LATEST}` or `{OF_CHAMPION}`; {}",
                        self.there()?
                    ),
                )),
            },
        }
    }

    /// The version that is the champion.
    ///
    /// # Errors
    /// None is, or it was taken away.
    pub fn in_use(&self) -> Result<Version> {
        let Some(number) = self.champion()?.champion else {
            return match self.numbers()?.is_empty() {
                true => Err(self.empty()),
                false => Err(Failure::data(format!(
                    "no version in {} is the champion yet",
                    self.folder.display()
                ))
                .hint("make one: regulars models promote latest; or name a version")),
            };
        };
        if self.folder.join(named(number)).is_dir() {
            return self.version(number);
        }
        let failure = Failure::data(format!(
            "the champion is version {number}, and {} is gone",
            self.folder.join(named(number)).display()
        ));
        Err(failure.hint(format!(
            "promote another one: regulars models promote N; {}",
            self.there()?
        )))
    }

    /// Which version is the champion, and how it became that.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn champion(&self) -> Result<Champion> {
        let path = self.folder.join(CHAMPION);
        match fs::read_to_string(&path) {
            Ok(text) => record::read(&text, champion::FORMAT, &path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Champion::default()),
            Err(error) => Err(error).during(path.display()),
        }
    }

    /// Stores a version under the next number. It is there whole or not at all, whatever happens to
    /// the process, and another process that stores at the same time gets another number.
    pub fn store(&self, candidate: Candidate) -> Result<Version> {
        let _hold = interrupt::hold();
        let _guard = Guard::take(&self.folder)?;
        let number = self.next_number()?;
        let beside = self.folder.join(format!("{BESIDE}{}", named(number)));
        let stored = self.write(&beside, number, candidate);
        if stored.is_err() {
            let _ = fs::remove_dir_all(&beside); // else the next one that stores removes it
        }
        stored
    }

    fn write(&self, beside: &Path, number: u32, candidate: Candidate) -> Result<Version> {
        fs::create_dir(beside).during(beside.display())?;
        let Candidate { mut record, files } = candidate;
        for (name, content) in files {
            write(&beside.join(name), &content)?;
            let sum = FileSum::of(content.as_bytes());
            record.files.insert(name.to_owned(), sum);
        }
        record.format = record::FORMAT.to_owned();
        record.layout = record::LAYOUT;
        record.program = record::program();
        record.number = number;
        write(&beside.join(RECORD), &record::written(&record)?)?;
        let folder = self.folder.join(named(number));
        // A folder of that name that is not empty makes this fail, whoever has put it there.
        fs::rename(beside, &folder).during(folder.display())?;
        // The name is on the disk once its folder is; where a system cannot do that it needs not.
        if let Ok(parent) = File::open(&self.folder) {
            let _ = parent.sync_all();
        }
        Ok(Version { folder, record })
    }

    /// Notes that a version is the champion from now on, or again. `check` sees who was it before,
    /// while nobody else can change that.
    pub fn crown(&self, act: Act, check: impl FnOnce(&Champion) -> Result<()>) -> Result<Champion> {
        let _hold = interrupt::hold();
        let _guard = Guard::take(&self.folder)?;
        self.version(act.version)?;
        let mut champion = self.champion()?;
        check(&champion)?;
        champion.note(act);
        replace(&self.folder.join(CHAMPION), &record::written(&champion)?)?;
        Ok(champion)
    }

    /// Removes a version. Its number is not given again.
    ///
    /// # Errors
    /// There is none, or it is the champion.
    pub fn remove(&self, act: Act) -> Result<()> {
        let _hold = interrupt::hold();
        let _guard = Guard::take(&self.folder)?;
        let number = act.version;
        let folder = self.folder.join(named(number));
        if !folder.is_dir() {
            self.version(number)?; // says so
        }
        no_link(&folder)?;
        let mut champion = self.champion()?;
        if champion.champion == Some(number) {
            return Err(Failure::data(format!(
                "version {number} is the champion and cannot be removed"
            ))
            .hint(
                "promote another one first, or go back to the one before: regulars models rollback",
            ));
        }
        debug_assert_eq!(act.action, Action::Remove);
        champion.note(act);
        replace(&self.folder.join(CHAMPION), &record::written(&champion)?)?;
        // Out of sight in one step; what is out of sight is removed by this process or the next.
        let beside = self.folder.join(format!("{BESIDE}{}", named(number)));
        fs::rename(&folder, &beside).during(folder.display())?;
        fs::remove_dir_all(&beside).during(beside.display())
    }

    /// The next number: one more than any that was given.
    fn next_number(&self) -> Result<u32> {
        let there = self.numbers()?.last().copied().unwrap_or(0);
        Ok(there.max(self.champion()?.last_number()) + 1)
    }

    /// Which versions there are, for a hint.
    fn there(&self) -> Result<String> {
        let numbers = self.numbers()?;
        let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
        Ok(match numbers.as_slice() {
            [] => "there is no version yet: regulars train".to_owned(),
            [only] => format!("there is version {only}"),
            several => format!("there are {}", several.join(", ")),
        })
    }

    fn empty(&self) -> Failure {
        Failure::data(format!("{} holds no model yet", self.folder.display()))
            .hint("learn one: regulars train; or say where the models are: --registry DIR")
    }
}

/// The folder of a version.
fn named(number: u32) -> String {
    format!("{number:04}")
}

/// Writes a new file through to the disk.
fn write(path: &Path, content: &str) -> Result<()> {
    let mut file = File::create_new(path).during(path.display())?;
    file.write_all(content.as_bytes())
        .and_then(|()| file.sync_all())
        .during(path.display())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::registry::record::{Data, Definition, Figure, ModelName, Quality, Record, Training};

    fn candidate() -> Candidate {
        let figure = Figure {
            value: 0.5,
            low: 0.4,
            high: 0.6,
        };
        let record = Record {
            format: String::new(),
            layout: 0,
            program: String::new(),
            number: 0,
            task: "churn".into(),
            created_at: "2024-01-01T00:00:00Z".into(),
            model: ModelName {
                name: "tree".into(),
                title: "decision tree".into(),
                why: String::new(),
                calibration: "none".into(),
            },
            outcome: String::new(),
            definition: Definition {
                label: None,
                horizon_days: 28,
                min_baskets: 2,
                active_days: 56,
                timezone: "UTC".into(),
            },
            training: Training {
                as_of: None,
                dates: Vec::new(),
                seen_until: None,
                tested_seen_until: None,
                rows: 0,
                left: 0,
            },
            data: Data {
                load: 1,
                version: 0,
                as_of_asked: None,
                known_at: None,
            },
            settings_sha256: String::new(),
            settings: serde_json::Value::Null,
            seed: 42,
            quality: Quality {
                tested_on: String::new(),
                rows: 0,
                left: 0,
                log_loss: figure,
                roc_auc: figure,
                average_precision: figure,
                lift_top_tenth: 1.0,
                brier: 0.1,
                calibration_error: 0.0,
                baseline: None,
            },
            season: None,
            files: [].into(),
        };
        Candidate {
            record,
            files: vec![("card.md", "a card\n".to_owned())],
        }
    }

    fn act(action: Action, version: u32) -> Act {
        Act {
            action,
            version,
            at: String::new(),
            by: String::new(),
            why: String::new(),
            forced: false,
            comparison: None,
        }
    }

    #[test]
    fn whoever_stores_at_once_gets_a_number_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(folder.path(), "churn");
        let numbers: BTreeSet<u32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| registry.store(candidate()).unwrap().number()))
                .collect();
            let numbers = threads.into_iter().map(|thread| thread.join().unwrap());
            numbers.collect()
        });
        assert_eq!(numbers, (1..=8).collect());
        assert_eq!(registry.numbers().unwrap(), (1..=8).collect::<Vec<_>>());
        assert_eq!(registry.find("latest").unwrap().number(), 8);
        assert_eq!(
            registry.version(3).unwrap().text("card.md").unwrap(),
            "a card\n"
        );
    }

    #[test]
    fn a_removed_number_is_not_given_again_and_the_champion_stays() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(folder.path(), "churn");
        for _ in 0..2 {
            registry.store(candidate()).unwrap();
        }
        let fine = |_: &Champion| Ok(());
        registry.crown(act(Action::Promote, 1), fine).unwrap();
        let refused = registry.remove(act(Action::Remove, 1)).unwrap_err();
        assert!(refused.message.contains("is the champion"), "{refused}");
        registry.remove(act(Action::Remove, 2)).unwrap();
        assert_eq!(registry.numbers().unwrap(), [1]);
        assert_eq!(registry.store(candidate()).unwrap().number(), 3);
        let gone = registry.version(2).unwrap_err();
        assert_eq!(gone.hint.as_deref(), Some("there are 1, 3"));
    }

    #[test]
    fn what_a_killed_process_left_is_no_version_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(folder.path(), "churn");
        registry.store(candidate()).unwrap();
        let left = registry.folder().join(".beside-0002");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("card.md"), "half").unwrap();
        assert_eq!(registry.numbers().unwrap(), [1]);
        assert_eq!(registry.store(candidate()).unwrap().number(), 2);
        assert!(!left.exists());
        assert_eq!(
            registry.version(2).unwrap().text("card.md").unwrap(),
            "a card\n"
        );
    }

    #[test]
    fn a_file_that_was_cut_short_or_changed_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(folder.path(), "churn");
        let version = registry.store(candidate()).unwrap();
        let card = version.folder.join("card.md");
        fs::write(&card, "a ca").unwrap();
        let short = version.text("card.md").unwrap_err();
        assert!(short.message.contains("it has 4 bytes, not 7"), "{short}");
        fs::write(&card, "a bard\n").unwrap();
        let changed = version.text("card.md").unwrap_err();
        assert!(changed.message.contains("bytes have changed"), "{changed}");
        fs::remove_file(&card).unwrap();
        assert_eq!(version.faults().len(), 1);
    }
}
