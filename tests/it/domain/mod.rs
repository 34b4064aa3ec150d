//! The rules: as grids, as examples, and as laws that hold whatever happens.

mod allowed;
mod attendance;
mod capacity;
mod decide;
mod each;
mod ends;
mod erasure;
mod ids;
mod imports;
mod laws;
mod lists;
mod moderation;
mod past;
mod people;
mod rules;
mod spaces;
mod tables;
mod texts;
pub mod walk;
pub mod world;
