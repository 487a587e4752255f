//! What everybody can know of every day: season, weekday, price rise, campaigns.

use chrono::{Datelike, Days, NaiveDate};

use super::law::Law;
use super::profiles::{ByType, CAMPAIGNS, CampaignKind, Profile};
pub use super::rows::Day;

/// How long a campaign lasts, and the effect of a contact with it.
pub const CAMPAIGN_DAYS: Day = 28;
/// How long a complaint or a bad delivery stays fresh.
pub const TROUBLE_DAYS: Day = 60;
/// How long the price rise stays fresh.
pub const PRICE_RISE_DAYS: Day = 90;
/// By how much prices rise.
pub const PRICE_RISE: f64 = 0.08;
/// A campaign reaches those who bought in this many days before it.
pub const CAMPAIGN_REACH_DAYS: Day = 365;
/// The chance that a customer within reach is chosen for a campaign.
pub const CHOSEN: f64 = 0.6;
/// The chance that a chosen customer is contacted; the others are the control group.
pub const TREATED: f64 = 0.7;

/// One campaign.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// Its number, from 1.
    pub id: i64,
    /// Index into [`CAMPAIGNS`].
    pub kind: usize,
    /// Its first day, on which contacts are made.
    pub starts: Day,
}

impl Campaign {
    /// What sort of campaign it is.
    pub fn sort(&self) -> &'static CampaignKind {
        &CAMPAIGNS[self.kind]
    }
}

/// The days of a history, and what is known of each.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The first day.
    pub start: NaiveDate,
    /// How many days the history has.
    pub days: Day,
    /// Up to which day, exclusive, it is lived on.
    pub until: Day,
    /// The day on which prices rise.
    pub price_rise: Day,
    /// Every campaign that begins before `until`, the earliest first.
    pub campaigns: Vec<Campaign>,
    /// How many usual days one day is worth for the visits of each type.
    pace: Vec<ByType>,
    /// What is left of a visit rate that fades, after so many days.
    faded: Vec<ByType>,
}

impl Calendar {
    /// The calendar of a history from `start` to the day before `end`.
    pub fn new(law: &Law, start: NaiveDate, end: NaiveDate) -> Self {
        let days = (end - start).num_days() as Day;
        let until = days + law.days.future;
        let pace = (0..until)
            .map(|day| {
                let date = start + Days::new(day as u64);
                let season = (law.days.season)(date);
                let weekday = date.weekday().num_days_from_monday() as usize;
                law.profiles
                    .each_ref()
                    .map(|profile| season * profile.weekdays[weekday])
            })
            .collect();
        let campaigns = (35..until)
            .step_by(2 * CAMPAIGN_DAYS as usize)
            .enumerate()
            .map(|(number, starts)| Campaign {
                id: number as i64 + 1,
                kind: number % CAMPAIGNS.len(),
                starts,
            })
            .collect();
        Self {
            start,
            days,
            until,
            price_rise: days * 3 / 5,
            campaigns,
            pace,
            faded: (0..until)
                .map(|days| {
                    law.profiles
                        .each_ref()
                        .map(|of| (-of.fading * f64::from(days)).exp())
                })
                .collect(),
        }
    }

    /// A day on which customers may come for the first time: this one, or the next that is open, or
    /// the last one before the end.
    pub fn open_day(&self, day: Day) -> Day {
        // Types of one shop differ in when they come, not in when it is closed.
        let open = |day: &Day| self.pace[*day as usize][0] > 0.0;
        let after = (day..self.days).find(open);
        after.or_else(|| (0..day).rev().find(open)).unwrap_or(day)
    }

    /// The calendar date of a day.
    pub fn date(&self, day: Day) -> NaiveDate {
        let days = Days::new(day.unsigned_abs().into());
        if day < 0 {
            self.start - days
        } else {
            self.start + days
        }
    }

    /// The day of a calendar date.
    pub fn day(&self, date: NaiveDate) -> Day {
        (date - self.start).num_days() as Day
    }

    /// The month of a day, 1 to 12.
    pub fn month(&self, day: Day) -> usize {
        self.date(day).month() as usize
    }

    /// How many usual days this one is worth for a customer of a type who began on `began`.
    pub fn pace(&self, profile: usize, day: Day, began: Day) -> f64 {
        self.pace[day as usize][profile] * self.faded[(day - began) as usize][profile]
    }

    /// The hazard of leaving at the end of a day on which nothing of the customer's own is fresh.
    pub fn leaving(&self, profile: &Profile, day: Day) -> f64 {
        let fresh = (self.price_rise..self.price_rise + PRICE_RISE_DAYS).contains(&day);
        profile.leaving * if fresh { profile.price_sensitive } else { 1.0 }
    }

    /// How many usual days a day is worth for a type, on average over the history.
    pub fn mean_pace(&self, profile: usize) -> f64 {
        let days = &self.pace[..self.days as usize];
        days.iter().map(|pace| pace[profile]).sum::<f64>() / days.len() as f64
    }

    /// The campaign that begins on a day.
    pub fn campaign_on(&self, day: Day) -> Option<usize> {
        self.campaigns
            .binary_search_by_key(&day, |campaign| campaign.starts)
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::shops::Shop;

    #[test]
    fn campaigns_never_overlap_and_take_turns() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let calendar = Calendar::new(Shop::Grocery.law(), day("2024-01-01"), day("2026-01-01"));
        assert_eq!(calendar.days, 731);
        for pair in calendar.campaigns.windows(2) {
            assert!(pair[0].starts + CAMPAIGN_DAYS <= pair[1].starts);
            assert_ne!(pair[0].kind, pair[1].kind);
        }
        let first = calendar.campaigns[0];
        assert_eq!(calendar.campaign_on(first.starts), Some(0));
        assert_eq!(calendar.campaign_on(first.starts + 1), None);
        assert_eq!(calendar.date(31).to_string(), "2024-02-01");
        assert_eq!(calendar.day(calendar.date(-5)), -5);
    }
}
