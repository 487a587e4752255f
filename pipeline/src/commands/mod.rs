//! Commands that are no stage of a run.

pub mod campaign;
pub mod check;
pub mod compare;
pub mod demo;
pub mod diff;
pub mod drift;
pub mod estimate;
pub mod explain;
pub mod export;
pub mod forget;
pub mod generate;
pub mod init;
pub mod manual;
pub mod models;
pub mod profile;
pub mod publish;
mod results;
pub mod rules;
pub mod score;
pub mod show;
pub mod targets;
mod terminal;
pub mod timings;
pub mod train;
pub mod verify;
