//! The database and its schema.

mod classes;
mod filled_in;
mod in_doubt;
mod links;
mod migrations;
mod moved_file;
mod opening;
mod outage;
mod plans;
mod read_calls;
mod read_only;
mod recount;
mod rows_read;
mod secret_spaces;
mod silence;
mod texts;
mod turns;
mod waiting;
