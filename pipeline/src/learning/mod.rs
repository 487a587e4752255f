//! Learning a yes or no from rows, whatever they are.
//!
//! A [`Task`](task::Task) says what the rows are and which of them teach, choose and test;
//! [`Terms`](task::Terms) say which models run and how one is chosen. From there on every act
//! stands alone: [`train`](train::train) tries the models, [`choose`](choice::choose) picks one,
//! [`learn`](learned::learn) has it learn from everything, [`assess`](leaderboard::assess)
//! says how good all are, and [`score`](score::score) takes nothing but a saved model and rows.

pub mod calibration;
pub mod choice;
mod ensemble;
pub mod figures;
pub mod leaderboard;
pub mod learned;
pub mod lineup;
pub mod rows;
pub mod score;
pub mod solo;
pub mod task;
#[cfg(test)]
mod tests;
pub mod train;
