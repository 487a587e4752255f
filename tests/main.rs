//! End-to-end tests: they drive the built binary as a user does.

mod bad_input;
mod check;
mod demo;
mod exit_codes;
mod gates;
mod generate;
mod ingest;
mod init;
mod layers;
mod own_data;
mod reference;
mod util;
