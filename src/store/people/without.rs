//! Who is left out of a page of people.

use sea_orm::Value;

use crate::domain::{SpaceName, UserId};

/// Who is left out.
#[derive(Clone, Debug, Default)]
pub enum Without {
    /// Nobody.
    #[default]
    Nobody,
    /// This user.
    User(UserId),
    /// Whoever is something to this space, be it blocked.
    PeopleOf(SpaceName),
}

impl Without {
    /// Fills `{without}` in a statement about this column, with one parameter more if it takes one. Each
    /// person is looked for in the space by key: whoever belongs is passed over one by one.
    pub(super) fn leave_out(
        &self,
        sql: String,
        user: &str,
        mut values: Vec<Value>,
    ) -> (String, Vec<Value>) {
        let parameter = values.len() + 1;
        let (condition, value) = match self {
            Self::Nobody => (String::new(), None),
            Self::User(id) => (format!(" AND {user} <> ${parameter}"), Some(id.as_str())),
            Self::PeopleOf(space) => {
                let condition = format!(
                    " AND NOT EXISTS (
        SELECT 1 FROM membership m WHERE m.space = ${parameter} AND m.user_id = {user}
    )"
                );
                (condition, Some(space.as_str()))
            }
        };
        values.extend(value.map(Value::from));
        (sql.replace("{without}", &condition), values)
    }
}
