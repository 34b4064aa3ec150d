//! The database and its schema.

mod migrations;
mod opening;
mod plans;
mod outage;
mod texts;
