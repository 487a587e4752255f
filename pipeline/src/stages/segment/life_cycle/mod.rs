//! Where everybody stands in their life with the shop, now and month by month before.

pub mod page;
mod tables;

use chrono::{Months, NaiveDate};
use rayon::prelude::*;
use regulars_models::ParamGuard;
use regulars_models::life_cycle::{
    LifeCycleParams, LifeCycleValidParams, Placed, Rhythm, Silences, Stage,
};
use serde::{Deserialize, Serialize};

pub use self::tables::{NEVER_BOUGHT, flow_table, stages_table, with_life_cycle};
use super::people::People;
use super::share_of;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::outputs::table::round;

/// Customers whose silences are counted at once.
const AT_ONCE: usize = 8_192;
/// In place of a stage: nobody had heard of them yet.
const UNKNOWN: u8 = Stage::ALL.len() as u8;
/// What that is called in files.
const NOT_YET: &str = mark!("not known yet");

/// Where everybody stands.
pub struct LifeCycle {
    /// Dates, rising; the last is that of the results.
    pub dates: Vec<(NaiveDate, Rhythm)>,
    /// The stage of each customer at each date, customer by customer.
    stages: Vec<u8>,
    /// How each stands now.
    pub now: Vec<Placed>,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LifeMetrics {
    /// Stages that somebody is in, in the order of a life.
    pub stages: Vec<StageRow>,
    /// Whoever is silent for longer has left, in days.
    pub churn_after_days: f64,
    /// Where that comes from, in words.
    pub churn_after_by: String,
    /// Four of five gaps between purchases are no longer, in days; none without any gap.
    pub usual_gap_days: Option<f64>,
    /// 95 of 100 are no longer.
    pub long_gap_days: Option<f64>,
    /// Of those who bought in their rhythm a month before, the share that still does.
    pub kept: Option<f64>,
}

/// A stage with its customers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageRow {
    /// Its name.
    pub name: String,
    /// Customers in it.
    pub customers: u64,
    /// Of all who are known.
    pub share: f64,
    /// Of all spend.
    pub spend_share: f64,
}

/// How many went from one stage to another between two dates.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The earlier date, and the later one.
    pub dates: [NaiveDate; 2],
    /// The stage at each; none for who was not known yet.
    pub stages: [Option<Stage>; 2],
    /// How many.
    pub customers: u64,
    /// Of all who were in the earlier stage.
    pub share: f64,
}

impl LifeCycle {
    /// Places everybody at the as-of date, and at as many months before it as are asked for and
    /// have something to tell.
    pub fn of(
        people: &People,
        settings: &Settings,
        first_day: NaiveDate,
        as_of: NaiveDate,
    ) -> Result<Self> {
        let segment = &settings.config.segment;
        let life = &segment.life_cycle;
        let params = LifeCycleParams::default()
            .onboarding_days(f64::from(segment.new_within_days).max(0.5))
            .window_days(life.window_days.into())
            .change(life.change)
            .returns(life.return_below, life.return_within_days)
            .churn_after(life.churn_after_days.map(f64::from))
            .check()
            .map_err(|error| Failure::machine(error.to_string()))?;
        let dates = dates(first_day, as_of, life.months);
        let dates: Vec<(NaiveDate, Rhythm)> = dates
            .into_iter()
            .map(|date| (date, rhythm(people, &params, date)))
            .collect();
        let asked: Vec<(i32, Rhythm)> = dates
            .iter()
            .map(|(date, rhythm)| (date.to_epoch_days(), *rhythm))
            .collect();
        let mut stages = vec![UNKNOWN; people.len() * asked.len()];
        let mut now = vec![None; people.len()];
        let rows = stages.par_chunks_mut(asked.len()).zip(&mut now).enumerate();
        rows.with_min_len(512).for_each(|(row, (stages, now))| {
            let placed = params.place(people.purchases(row), &asked);
            for ((stage, placed), (date, _)) in stages.iter_mut().zip(&placed).zip(&asked) {
                if people.known_from[row] < *date {
                    *stage = placed.stage.place() as u8;
                }
            }
            *now = placed.last().copied();
        });
        Ok(Self {
            dates,
            stages,
            now: now.into_iter().flatten().collect(),
        })
    }

    /// The rhythm of the as-of date.
    fn rhythm(&self) -> Option<&Rhythm> {
        self.dates.last().map(|(_, rhythm)| rhythm)
    }

    /// What was found.
    pub fn metrics(&self, people: &People, asked: &crate::config::LifeCycle) -> LifeMetrics {
        let (mut sizes, mut spent) = ([0_u64; 10], [0.0_f64; 10]);
        for (row, placed) in self.now.iter().enumerate() {
            let place = placed.stage.place();
            sizes[place] += 1;
            let spends = people.purchases(row).iter();
            spent[place] += spends.map(|day| f64::from(day.spend)).sum::<f64>();
        }
        let (all, total) = (self.now.len() as f64, spent.iter().sum());
        let stages = Stage::ALL
            .into_iter()
            .filter(|stage| sizes[stage.place()] > 0);
        let rhythm = self.rhythm();
        let gap = |of: fn(&Rhythm) -> f64| {
            rhythm
                .map(of)
                .filter(|gap| !gap.is_nan())
                .map(|gap| round(gap, 1))
        };
        LifeMetrics {
            stages: stages
                .map(|stage| StageRow {
                    name: stage.name().to_owned(),
                    customers: sizes[stage.place()],
                    share: round(sizes[stage.place()] as f64 / all, 6),
                    spend_share: round(share_of(spent[stage.place()], total), 6),
                })
                .collect(),
            churn_after_days: rhythm.map_or(0.0, |rhythm| round(rhythm.churn_after, 1)),
            churn_after_by: by_what(rhythm, asked),
            usual_gap_days: gap(|rhythm| rhythm.q80),
            long_gap_days: gap(|rhythm| rhythm.q95),
            kept: kept(&self.last_moves()),
        }
    }

    /// Who went where between each date and the next.
    pub fn moves(&self) -> Vec<Move> {
        (1..self.dates.len())
            .flat_map(|to| self.moves_to(to))
            .collect()
    }

    /// Who went where in the last month.
    pub fn last_moves(&self) -> Vec<Move> {
        match self.dates.len() {
            0 | 1 => Vec::new(),
            dates => self.moves_to(dates - 1),
        }
    }

    fn moves_to(&self, to: usize) -> Vec<Move> {
        const KINDS: usize = UNKNOWN as usize + 1;
        let mut counts = [[0_u64; KINDS]; KINDS];
        for stages in self.stages.chunks(self.dates.len()) {
            counts[usize::from(stages[to - 1])][usize::from(stages[to])] += 1;
        }
        let dates = [self.dates[to - 1].0, self.dates[to].0];
        let stage = |place: usize| Stage::ALL.get(place).copied();
        let mut moves = Vec::new();
        for (from, row) in counts.iter().enumerate() {
            let all: u64 = row.iter().sum();
            for (into, customers) in row.iter().enumerate() {
                // Whoever is known at neither date went nowhere.
                if *customers > 0 && into < KINDS - 1 {
                    let known = all - row[KINDS - 1];
                    moves.push(Move {
                        dates,
                        stages: [stage(from), stage(into)],
                        customers: *customers,
                        share: round(*customers as f64 / known as f64, 6),
                    });
                }
            }
        }
        moves
    }
}

/// The as-of date and the same day of months before it, while the history is longer.
fn dates(first_day: NaiveDate, as_of: NaiveDate, months: usize) -> Vec<NaiveDate> {
    let before = (1..=months as u32).map_while(|ago| as_of.checked_sub_months(Months::new(ago)));
    let mut dates: Vec<NaiveDate> = before.take_while(|date| *date > first_day).collect();
    dates.reverse();
    dates.push(as_of);
    dates
}

/// What was usual up to a date.
fn rhythm(people: &People, params: &LifeCycleValidParams, date: NaiveDate) -> Rhythm {
    let day = date.to_epoch_days();
    let pieces = people.len().div_ceil(AT_ONCE);
    // Whole numbers are added up, so the order does not matter.
    let silences = (0..pieces)
        .into_par_iter()
        .map(|piece| {
            let mut counted = Silences::default();
            for row in piece * AT_ONCE..((piece + 1) * AT_ONCE).min(people.len()) {
                let days = people.purchases(row).iter().map(|purchase| purchase.day);
                counted.add(days.take_while(|bought| *bought < day), day);
            }
            counted
        })
        .reduce(Silences::default, |mut all, piece| {
            all.merge(&piece);
            all
        });
    params.rhythm(&silences)
}

fn by_what(rhythm: Option<&Rhythm>, asked: &crate::config::LifeCycle) -> String {
    let from_data = rhythm.is_some_and(|rhythm| rhythm.from_data);
    match (asked.churn_after_days, from_data) {
        (Some(_), _) => tr!("as the settings say"),
        (None, true) => tr!(
            "after that less than {few} in 100 come back within {days} days",
            few = round(100.0 * asked.return_below, 1),
            days = asked.return_within_days
        ),
        (None, false) => {
            tr!("twice the longest usual gap: the history is too short to say more")
        }
    }
}

/// Of those who bought in their rhythm, how many still do.
fn kept(moves: &[Move]) -> Option<f64> {
    let active = |stage: Option<Stage>| {
        matches!(
            stage,
            Some(
                Stage::New | Stage::Growing | Stage::Mature | Stage::Declining | Stage::Reactivated
            )
        )
    };
    let sum = |kept: bool| -> u64 {
        let counted = moves.iter().filter(|step| active(step.stages[0]));
        let counted = counted.filter(|step| !kept || active(step.stages[1]));
        counted.map(|step| step.customers).sum()
    };
    let all = sum(false);
    (all > 0).then(|| round(sum(true) as f64 / all as f64, 6))
}

/// What a stage is called, or that somebody was not known yet.
fn name(stage: Option<Stage>) -> &'static str {
    stage.map_or(NOT_YET, Stage::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_counted_back_from_the_date_and_end_with_the_history() {
        let found = dates(day("2017-01-01"), day("2017-05-31"), 12);
        let words: Vec<String> = found.iter().map(NaiveDate::to_string).collect();
        assert_eq!(
            words,
            [
                "2017-01-31",
                "2017-02-28",
                "2017-03-31",
                "2017-04-30",
                "2017-05-31"
            ]
        );
        assert_eq!(dates(day("2017-05-30"), day("2017-05-31"), 12).len(), 1);
        assert_eq!(dates(day("2010-01-01"), day("2017-05-31"), 3).len(), 4);
    }

    #[test]
    fn moves_add_up_to_who_is_known() {
        let usual = Rhythm {
            q80: 7.0,
            q95: 9.0,
            churn_after: 30.0,
            from_data: true,
        };
        let [new, mature, at_risk] = [Stage::New, Stage::Mature, Stage::AtRisk];
        let of = |stage: Stage| stage.place() as u8;
        let life = LifeCycle {
            dates: vec![(day("2017-04-01"), usual), (day("2017-05-01"), usual)],
            stages: [
                [of(new), of(mature)],
                [of(new), of(at_risk)],
                [of(mature), of(mature)],
                [UNKNOWN, of(new)],
                [UNKNOWN, of(Stage::Prospect)],
            ]
            .concat(),
            now: Vec::new(),
        };
        let moves = life.moves();
        let said: Vec<_> = moves
            .iter()
            .map(|step| (step.stages.map(name), step.customers, step.share))
            .collect();
        assert_eq!(
            said,
            [
                (["new", "mature"], 1, 0.5),
                (["new", "at risk"], 1, 0.5),
                (["mature", "mature"], 1, 1.0),
                (["not known yet", "prospect"], 1, 0.5),
                (["not known yet", "new"], 1, 0.5),
            ]
        );
        assert_eq!(moves, life.last_moves());
        // Three bought in their rhythm, and two still do.
        assert_eq!(kept(&moves), Some(0.666667));
        assert_eq!(kept(&[]), None);
    }
}
