//! One file for each table, and nothing else.

pub mod invite_link;
pub mod membership;
pub mod membership_event;
pub mod person;
pub mod secret;
pub mod space;
pub mod space_content;
pub mod space_term;
