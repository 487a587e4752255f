//! The library that data flows through: from sources to the files that people act on.
//!
//! `ARCHITECTURE.md` at the top of the repository is the map; [`stages::STAGES`] is the run.

mod below;
pub mod check;
pub mod cli;
pub mod compare;
pub mod config;
pub mod contract;
pub mod delta;
pub mod demo;
pub mod engine;
pub mod failure;
pub mod fence;
pub mod forget;
pub mod gates;
pub mod generate;
mod in_order;
pub mod init;
pub mod interrupt;
mod library_errors;
pub mod lock;
pub mod manifest;
pub mod manual;
pub mod memory;
mod ordered_store;
pub mod outputs;
mod page;
pub mod profile;
pub mod progress;
pub mod purchases;
mod row_hash;
pub mod run;
pub mod snapshot;
pub mod sources;
pub mod stages;
pub mod summary;
pub mod table;
pub mod temporary;
pub mod text;
pub mod user_sql;
pub mod warehouse;
pub mod warning;
