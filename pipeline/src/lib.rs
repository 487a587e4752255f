//! The library that data flows through: from sources to the files that people act on.
//!
//! `ARCHITECTURE.md` at the top of the repository is the map; [`stages::STAGES`] is the run.

#[macro_use]
pub mod words;

pub mod cli;
pub mod commands;
pub mod config;
pub mod contract;
pub mod engine;
pub mod failure;
pub mod known;
pub mod learning;
mod library_errors;
pub mod lifecycle;
pub mod log;
pub mod outputs;
mod pages;
pub mod progress;
pub mod purchases;
pub mod registry;
pub mod resources;
pub mod run;
pub mod sources;
pub mod stages;
pub mod summary;
pub mod suppressed;
pub mod text;
pub mod timeline;
pub mod user_sql;
pub mod warehouse;
pub mod warning;
pub mod workbench;
