//! The rules: as grids, as examples, and as laws that hold whatever happens.

mod attendance;
mod capacity;
mod decide;
mod erasure;
mod ids;
mod imports;
mod laws;
mod lists;
mod moderation;
mod past;
mod people;
mod spaces;
mod tables;
mod texts;
mod walk;
pub mod world;
