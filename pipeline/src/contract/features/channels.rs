//! Through which channels customers come.
//!
//! A channel counts once a day, so that a basket of thirty lines weighs no more than a call.

use super::{ALWAYS, Each, Empty, Family, Feature, Over, Risk, Sql};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        each: Each::One,
        features: &[Feature {
            name: "channels",
            about: "Different channels used",
            unit: "channels",
            theme: "channel",
            risk: Risk::Open,
            needs: |history| !history.channels.is_empty(),
            sql: |_| {
                Sql::over(Over::Channels, "CAST(coalesce(used, 0) AS DOUBLE)")
                    .then("used", "count(CASE WHEN is_first THEN 1 END)")
            },
            empty: Empty::Never,
            phrase: |it| tr!("{channels} used", channels = it.several("channel")),
            clusters: None,
        }],
    },
    Family {
        each: Each::Channel,
        features: &[Feature {
            name: "channel_share_CHANNEL",
            about: "Share of CHANNEL among the channels used, each counted once a day",
            unit: "share",
            theme: "channel",
            risk: Risk::Open,
            needs: ALWAYS,
            sql: |_| {
                Sql::over(
                    Over::Channels,
                    "CAST(channel_NUMBER AS DOUBLE) / nullif(CAST(channel_days AS DOUBLE), 0)",
                )
                .then("channel_days", "count(*)")
                .then(
                    "channel_NUMBER",
                    "count(CASE WHEN place = NUMBER THEN 1 END)",
                )
            },
            empty: Empty::When(mark!("when none was"), mark!("no channel known")),
            phrase: |it| {
                tr!(
                    "{share} through {channel}",
                    share = it.percent(),
                    channel = it.of
                )
            },
            clusters: None,
        }],
    },
];
