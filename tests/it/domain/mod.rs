//! The rules: as grids, as examples, and as laws that hold whatever happens.

mod allowed;
mod attendance;
mod capacity;
mod counted;
mod decide;
mod each;
mod ends;
mod erasure;
mod history;
mod ids;
mod imports;
mod invitations;
mod laws;
pub mod links;
mod lists;
mod moderation;
mod origin;
mod past;
mod people;
mod recount;
mod rules;
mod spaces;
mod tables;
mod texts;
mod waiting;
pub mod walk;
pub mod world;
