//! Who is left out of a page of people.

use sea_orm::Value;

use crate::domain::{Millis, SpaceName, UserId};
use crate::store::until::holds;

/// Who is left out.
#[derive(Clone, Debug, Default)]
pub enum Without {
    /// Nobody.
    #[default]
    Nobody,
    /// This user.
    User(UserId),
    /// Whoever is something to this space at this moment, be it blocked.
    PeopleOf(SpaceName, Millis),
}

impl Without {
    /// Fills `{without}` in a statement about this column, with the parameters that it takes beside. Each
    /// person is looked for in the space by key: whoever belongs is passed over one by one.
    pub(super) fn leave_out(
        &self,
        sql: String,
        user: &str,
        mut values: Vec<Value>,
    ) -> (String, Vec<Value>) {
        let parameter = values.len() + 1;
        let condition = match self {
            Self::Nobody => String::new(),
            Self::User(id) => {
                values.push(id.as_str().into());
                format!(" AND {user} <> ${parameter}")
            }
            Self::PeopleOf(space, now) => {
                values.extend([space.as_str().into(), (*now).into()]);
                let holds = holds("m", &format!("${}", parameter + 1));
                format!(
                    " AND NOT EXISTS (
        SELECT 1 FROM membership m
        WHERE m.space = ${parameter} AND m.user_id = {user} AND {holds}
    )"
                )
            }
        };
        (sql.replace("{without}", &condition), values)
    }
}
