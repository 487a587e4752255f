//! End-to-end tests: they drive the built binary as a user does.

mod bad_input;
mod check;
mod churn;
mod database;
mod demo;
mod exit_codes;
mod formats;
mod gates;
mod generate;
mod ingest;
mod init;
mod kinds;
mod labels;
mod layers;
mod loads;
mod own_data;
mod packaging;
mod profile;
mod random_settings;
mod reference;
mod remote;
mod rules;
mod servers;
mod util;
