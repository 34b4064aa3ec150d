//! One file for each table, and nothing else.

use sea_orm::{DbErr, QueryResult};

/// The columns of a table in order, and how to read them by their place in a row: a large part of
/// reading a row by names would be looking the names up.
macro_rules! columns {
    ($first:ident, $($column:ident),+ $(,)?) => {
        /// The columns, in the order in which a row is read.
        pub const COLUMNS: &[&str] = &[stringify!($first), $(stringify!($column)),+];

        impl super::Placed for Model {
            fn at(
                row: &sea_orm::QueryResult,
                place: usize,
            ) -> Result<Option<Self>, sea_orm::DbErr> {
                let Some($first) = row.try_get_by(place)? else { return Ok(None) };
                let mut next = place;
                $(
                    next += 1;
                    let $column = row.try_get_by(next)?;
                )+
                Ok(Some(Self { $first, $($column),+ }))
            }
        }
    };
}

/// A table's row as a part of a longer one.
pub trait Placed: Sized {
    /// The row whose first column stands at `place`, unless that is null.
    fn at(row: &QueryResult, place: usize) -> Result<Option<Self>, DbErr>;
}

pub mod membership;
pub mod membership_event;
pub mod secret;
pub mod space;
