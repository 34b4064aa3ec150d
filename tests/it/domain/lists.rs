//! Lists of users: how many, who counts twice, who stands in two.

use roster::domain::{Command, Offer, RoleChange, UserId, Users, UsersError};

use super::world::{by, roles, user, users};

fn numbered(count: usize) -> Vec<UserId> {
    (1..=count).map(|number| user(&number.to_string())).collect()
}

fn named(command: &Command) -> Vec<String> {
    command.moves(&by("9")).iter().map(|(verb, user)| format!("{verb} {user}")).collect()
}

#[test]
fn a_call_names_from_one_to_a_thousand_users() {
    assert_eq!(Users::MAX, 1_000);
    assert_eq!(Users::new(Vec::new()), Err(UsersError::Empty));
    assert!(Users::new(numbered(1)).is_ok());
    assert!(Users::new(numbered(1_000)).is_ok());
    assert_eq!(Users::new(numbered(1_001)), Err(UsersError::TooMany));
    let repeated = vec![user("7"); 1_001];
    assert_eq!(Users::new(repeated), Err(UsersError::TooMany), "duplicates count for the limit");
}

#[test]
fn who_is_named_twice_counts_once() {
    let invite = Command::Invite(users(&["b", "a", "b", "a"]).into(), Offer::Member);
    assert_eq!(named(&invite), ["invite b", "invite a"]);
    assert_eq!(named(&Command::Block(Users::one(user("b")).into())), ["block b"]);
}

#[test]
fn the_three_lists_of_a_role_change() {
    let change = roles(&["a", "a"], &["b"], &["c"]);
    let moves = ["set role manager a", "set role member b", "set role none c"];
    assert_eq!(named(&change), moves);
    let new = |a: usize, b: usize, c: usize| {
        let mut rest = numbered(a + b + c).into_iter();
        let mut take = |count| rest.by_ref().take(count).collect::<Vec<_>>();
        let (managers, members, none) = (take(a), take(b), take(c));
        RoleChange::new(managers, members, none).map(|_| ())
    };
    assert_eq!(new(0, 0, 0), Err(UsersError::Empty));
    assert_eq!(new(0, 0, 1), Ok(()));
    assert_eq!(new(400, 300, 300), Ok(()));
    assert_eq!(new(400, 300, 301), Err(UsersError::TooMany));
}

#[test]
fn nobody_stands_in_two_lists() {
    let list = |ids: &[&str]| ids.iter().map(|id| user(id)).collect::<Vec<_>>();
    for lists in [
        [list(&["a", "b"]), list(&["b"]), list(&[])],
        [list(&["a"]), list(&[]), list(&["a"])],
        [list(&[]), list(&["c", "a"]), list(&["b", "a"])],
    ] {
        let [managers, members, none] = lists;
        assert_eq!(RoleChange::new(managers, members, none), Err(UsersError::Contradictory));
    }
}
