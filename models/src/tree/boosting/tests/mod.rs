mod common;
mod derivatives;
mod fixture;
mod log_loss;
mod shape;
