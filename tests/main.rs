//! End-to-end tests: they drive the built binary as a user does.

mod bad_input;
mod demo;
mod exit_codes;
mod generate;
mod ingest;
mod kinds;
mod layers;
mod loads;
mod own_data;
mod reference;
mod util;
