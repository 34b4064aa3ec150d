//! The forms of texts in requests of the contract, which its types do not tell. A field of one name
//! has one form everywhere.

use prost_reflect::{FieldDescriptor, Kind};
use serde_json::{Value, json};

const SPACE: &str = "(courses|groups|events)/[1-9][0-9]{0,17}|communities/[0-9a-f]{32}";
const NEW_SPACE: &str = "(courses|groups|events)/([1-9][0-9]{0,17}|-)|communities/([0-9a-f]{32}|-)";
const USER: &str = "[A-Za-z0-9._:@|-]{1,128}";
const COMMUNITY: &str = "[0-9a-f]{32}";

/// The form of what this field holds, if it is one of these. A text that may be left out may be empty.
pub fn of(field: &FieldDescriptor) -> Option<Value> {
    if field.kind() != Kind::String {
        return None;
    }
    let (form, example) = match field.name() {
        "name" if field.full_name() == "roster.v1.CreateSpaceRequest.name" => {
            (NEW_SPACE, "courses/1")
        }
        "space" | "name" => (SPACE, "courses/1"),
        "user" | "users" | "creator" | "managers" | "members" | "removed" => (USER, "7"),
        "community_id" => (COMMUNITY, "d25506c2690f4b81b2050b9b90bda3b7"),
        _ => return None,
    };
    // A word about nobody is none.
    let is_about = matches!(field.parent_message().name(), "Person" | "DeletedUser");
    let is_left_out = field.full_name() == "roster.v1.ListMembershipEventsRequest.space";
    let may_be_empty =
        matches!(field.name(), "user") && !field.is_list() && !is_about || is_left_out;
    let pattern = if may_be_empty { format!("^({form})?$") } else { format!("^({form})$") };
    Some(json!({ "type": "string", "pattern": pattern, "examples": [example] }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SpaceName, UserId};
    use crate::transport::protocols::services;

    #[test]
    fn examples_are_of_their_form() {
        let methods = services().flat_map(|service| service.methods().collect::<Vec<_>>());
        let mut seen = 0;
        for field in methods.flat_map(|method| method.input().fields().collect::<Vec<_>>()) {
            let Some(form) = of(&field) else { continue };
            let example = form["examples"][0].as_str().unwrap();
            let is_read = match field.name() {
                "space" | "name" => SpaceName::parse(example).is_ok(),
                "community_id" => SpaceName::parse(&format!("communities/{example}")).is_ok(),
                _ => UserId::parse(example).is_ok(),
            };
            assert!(is_read, "{}", field.full_name());
            seen += 1;
        }
        assert!(seen > 20);
    }
}
