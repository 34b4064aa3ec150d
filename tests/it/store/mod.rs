//! The database and its schema.

mod migrations;
mod opening;
mod outage;
mod plans;
mod texts;
