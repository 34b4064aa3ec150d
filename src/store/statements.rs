//! Every statement that is asked often, with parameters to try it by, for whoever wants to read it or to
//! see its plan.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{DbBackend, QueryTrait, Value};

use super::all_spaces::{AllSpacesQuery, all_spaces_query};
use super::check::{self, CHECK_POSTGRES, CHECK_SQLITE};
use super::found_sql::{page_statement, shared_count};
use super::load::{LOCK, NOT_LOCKED, Part};
use super::read::{MemberCursor, events_query, user_spaces_query, view_query};

use super::write::Direction;
use super::write_sql::{
    END_POSTGRES, PUT_LINKS_POSTGRES, WRITE_ENDING_POSTGRES, WRITE_ENDINGS_POSTGRES,
    WRITE_NEW_POSTGRES, WRITE_NEW_WITH_POSTGRES, WRITE_ONE_NEW_POSTGRES, WRITE_ONE_POSTGRES,
    WRITE_POSTGRES, WRITE_SQLITE,
};
use super::write_terms::PUT_TERMS_POSTGRES;
use super::{
    Among, Changes, EventQuery, FoundQuery, MemberOrder, MemberQuery, MovedSpace, OwnSpaces,
    SpaceQuery, SpaceSearch, erasure, erasure_rename, impact, import_rows, links, members, past,
    past_by_user, people, sweep, until, user_events, waiting,
};
use crate::domain::permission::{need_to_see_members, permit};
use crate::domain::{
    Action, Actor, Attendance, Authorship, Counts, Event, EventName, Grant, Kind, Link, LinkHash,
    Membership, Millis, NewLink, Offer, Origin, Privacy, Space, SpaceName, Standing, Status,
    Subject, UserId,
};

/// A moment.
const NOW: Millis = 1_700_000_000_000;

/// A statement by name.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it does.
    pub name: &'static str,
    /// Its text, as it is sent.
    pub sql: String,
    /// Texts and numbers.
    pub values: Vec<Value>,
}

/// All of them, as a database of this kind is asked about this space and these two users.
pub fn statements(backend: DbBackend, space: &SpaceName, users: [&UserId; 2]) -> Vec<Example> {
    let mut all = of_the_ledger(backend, space, users);
    all.extend(of_questions(backend, space, users));
    all.extend(past::examples(backend, space, users[0]));
    all.extend(past_by_user::examples(backend, space, users[0]));
    all.extend(user_events::examples(backend, space, users[0]));
    all.extend(sweep::examples(backend, space, users[0]));
    all.extend(erasure::examples(backend, space, users[0]));
    all.extend(waiting::examples(backend, space));
    all.extend(erasure_rename::examples(backend, space, users[0]));
    all.extend(impact::examples(backend, space, users[0]));
    all.extend(people::examples(backend, space, users));
    all.extend(of_searches(space, users));
    all.extend(import_rows::examples(backend, space, users[0]));
    all
}

fn example(name: &'static str, sql: impl Into<String>, values: Vec<Value>) -> Example {
    Example { name, sql: sql.into(), values }
}

fn looks(backend: DbBackend, space: &SpaceName, users: [&UserId; 2]) -> Vec<Example> {
    let keys = users.map(|user| (space.clone(), user.clone()));
    let spaces = BTreeSet::from([space.clone()]);
    let (keys_of_two, of_one, most) = ([&keys[0], &keys[1]], [&keys[0]], [(&keys[0], &1)]);
    let hash = LinkHash::parse(&"h".repeat(43)).map(|hash| (space.clone(), hash));
    let brought: Vec<_> = hash.iter().collect();
    let part = Part { spaces: Some(&spaces), keys: &keys_of_two, now: NOW, ..Part::default() };
    let with_links = Part { senders: &of_one, links: &brought, ..part };
    let inviting = Part { invitees: &keys_of_two, inviters: &most, ..with_links };
    let look = |name, part: Part<'_>| {
        let (sql, values) = part.statement(backend);
        example(name, sql, values)
    };
    vec![
        look("look at a batch", part),
        look("look at a batch with invite links", with_links),
        look("look at a batch that invites", inviting),
    ]
}

/// Writes in which more is said than what memberships are.
fn written_beside(backend: DbBackend, space: &SpaceName, users: [&UserId; 2]) -> Vec<Example> {
    let timed = changes_that_end(space, users);
    let (put, values) = match backend {
        DbBackend::Sqlite => timed.statement_for_sqlite(),
        _ => (PUT_TERMS_POSTGRES.into(), timed.terms().values(backend)),
    };
    let said = example("write what is said of memberships", put, values);
    let linked = changes_with_links(space, users);
    let (put, values) = match backend {
        DbBackend::Sqlite => linked.statement_for_sqlite(),
        _ => (PUT_LINKS_POSTGRES.into(), linked.all_link_values(backend)),
    };
    let of_links = example("write what became of invite links", put, values);
    let by_link = Changes { links: linked.links, ..changes(space, users) };
    let events: Vec<_> = by_link.events.iter().collect();
    let (put, values) = match backend {
        DbBackend::Sqlite => by_link.statement_for_sqlite(),
        _ => (
            WRITE_NEW_WITH_POSTGRES.into(),
            by_link.values(backend, &events, &BTreeSet::new(), Direction::BeginWith),
        ),
    };
    let begins = "write a batch in which memberships begin by invite links";
    vec![said, of_links, example(begins, put, values)]
}

fn of_the_ledger(backend: DbBackend, space: &SpaceName, users: [&UserId; 2]) -> Vec<Example> {
    let mut all = looks(backend, space, users);
    let overdue = until::overdue_values(space, NOW);
    all.push(example(
        "look at those whose time is over",
        until::overdue_statement(backend),
        overdue,
    ));
    all.extend(written_beside(backend, space, users));
    all.extend(links::examples(backend, space, NOW));
    let changes = changes(space, users);
    let events: Vec<_> = changes.events.iter().collect();
    let values = changes.values(backend, &events, &BTreeSet::new(), Direction::Begin);
    if backend == DbBackend::Sqlite {
        all.push(example("write a batch", WRITE_SQLITE, values));
        return all;
    }
    let [name, one] = [space.as_str(), users[0].as_str()].map(Value::from);
    all.push(example("lock spaces", LOCK, vec![name.clone()]));
    all.push(example("lock spaces that nobody has locked", NOT_LOCKED, vec![name.clone()]));
    all.push(example(
        "write a batch in which memberships begin",
        WRITE_NEW_POSTGRES,
        values.clone(),
    ));
    // Nobody was there before.
    let values = [values, vec!["".into()]].concat();
    all.push(example("write a batch", WRITE_POSTGRES, values.clone()));
    all.push(example("write a batch in which memberships end", WRITE_ENDINGS_POSTGRES, values));
    let values = changes.values_of_one().unwrap_or_default();
    let begins = "write one membership that begins";
    all.push(example(begins, WRITE_ONE_NEW_POSTGRES, values.clone()));
    let previous = || Value::from(None::<i64>);
    let ending = values.iter().take(21).cloned().chain([previous()]).collect();
    let change = values.into_iter().chain([previous()]).collect();
    all.push(example("write one change", WRITE_ONE_POSTGRES, change));
    all.push(example("write one membership that ends", WRITE_ENDING_POSTGRES, ending));
    all.push(example("end memberships beside others that begin", END_POSTGRES, vec![name, one]));
    all
}

fn of_questions(backend: DbBackend, space: &SpaceName, [one, two]: [&UserId; 2]) -> Vec<Example> {
    let check = match backend {
        DbBackend::Sqlite => CHECK_SQLITE.as_str(),
        _ => CHECK_POSTGRES.as_str(),
    };
    let checked = check::values(backend, &[(space, Some(one))], &[(0, space, two)], NOW);
    let mut all = vec![example("check memberships", check, checked)];
    let members = || vec![Status::Member, Status::Manager, Status::Creator];
    let newest = MemberOrder::NewestFirst;
    let going = Some(Attendance::Going);
    let after = MemberCursor { since: 7, user: two.clone() };
    for (name, statuses, attendance, order, after) in [
        ("page of members", members(), None, MemberOrder::ById, None),
        ("page of members, newest first", members(), None, newest, None),
        ("later page of members, newest first", members(), None, newest, Some(after)),
        ("page of members who go", members(), going, MemberOrder::ById, None),
        ("page of requests", vec![Status::Requested], None, MemberOrder::ById, None),
    ] {
        let query = MemberQuery { statuses, attendance, order, after, ..MemberQuery::default() };
        let sql = members::statement(backend, space, Some(one), &sees_members, &query);
        let mut values: Vec<Value> =
            vec![space.as_str().into(), one.as_str().into(), "".into(), 101.into(), 0.into()];
        values.push(NOW.into());
        values.extend(query.after.map(|after| Value::from(after.since)));
        all.push(example(name, sql, values));
    }
    let mine = SpaceQuery {
        user: one.clone(),
        kinds: Kind::ALL.to_vec(),
        statuses: vec![Status::Member],
        sees_hidden: false,
        after: Some(space.clone()),
        limit: 20,
        now: NOW,
    };
    let all_of_a_kind =
        AllSpacesQuery { kind: Some(space.kind()), limit: 100, ..AllSpacesQuery::default() };
    let all_by_words = AllSpacesQuery { search: "atcourses bread".into(), ..all_of_a_kind.clone() };
    let all_spaces =
        AllSpacesQuery { after: Some(space.clone()), kind: None, ..all_of_a_kind.clone() };
    let (again, values) = until::count_again_statement(backend, [space], NOW);
    all.push(example("count spaces again", again, values));
    let (due, values) = until::due_spaces_statement(NOW, 100);
    all.push(example("spaces in which somebody's time is over", due, values));
    for (name, statement) in [
        ("page of all spaces", all_spaces_query(&all_spaces, backend).build(backend)),
        ("page of all spaces of a kind", all_spaces_query(&all_of_a_kind, backend).build(backend)),
        ("page of all spaces by words", all_spaces_query(&all_by_words, backend).build(backend)),
        ("one space", view_query(space, Some(one), NOW).build(backend)),
        ("page of a user's spaces", user_spaces_query(&mine).build(backend)),
        ("history", events_query(space, EventQuery { after: 7, limit: 100 }).build(backend)),
    ] {
        let values = statement.values.map(|values| values.0).unwrap_or_default();
        all.push(example(name, statement.sql, values));
    }
    all
}

/// What is sought for by one user, among all and among the other's.
fn of_searches(space: &SpaceName, [one, two]: [&UserId; 2]) -> Vec<Example> {
    let found = |among| FoundQuery {
        viewer: Some(one.clone()),
        kind: space.kind(),
        among,
        rising: false,
        after: None,
        offset: 0,
        limit: 20,
        now: NOW,
    };
    let by = |words: &[&str], categories: &[i64]| {
        let search = SpaceSearch {
            text: words.join(" "),
            categories: categories.to_vec(),
            ..SpaceSearch::default()
        };
        Among::All { search: Some(search) }
    };
    let statuses = || vec![Status::Manager, Status::Member];
    let search =
        SpaceSearch { text: "bread".into(), categories: vec![7], ..SpaceSearch::default() };
    let search = Some(search);
    let everything = || found(Among::All { search: None });
    let mine = |search| {
        found(Among::Own(OwnSpaces { statuses: statuses(), search, ..OwnSpaces::default() }))
    };
    let queries = [
        ("page of all spaces that are seen", everything()),
        ("later page of all spaces that are seen", everything().going_on(Some(space.clone()))),
        ("page of spaces by name", found(by(&["bread"], &[]))),
        ("page of spaces by two words and categories", found(by(&["bread", "a"], &[7, 8]))),
        ("page of spaces by category", found(by(&[], &[7]))),
        ("page of spaces that are suggested", found(Among::Suggested)),
        (
            "later page of spaces that are suggested",
            found(Among::Suggested).going_on(Some(space.clone())),
        ),
        ("page of one's own spaces", mine(None)),
        ("page of one's own spaces that are looked for", mine(search)),
        (
            "page of another user's spaces",
            found(Among::Of { user: two.clone(), statuses: statuses(), except: None }),
        ),
    ];
    let counts = [
        ("count all spaces that everybody sees", everything()),
        ("count spaces that could be suggested", found(Among::Suggested)),
    ];
    let pages = queries.into_iter().map(|(name, query)| {
        let (sql, values) = page_statement(&query, &sees_members);
        example(name, sql, values)
    });
    let counts = counts.into_iter().map(|(name, query)| {
        let (sql, values) = shared_count(&query).at(NOW);
        example(name, sql, values)
    });
    pages.chain(counts).collect()
}

fn sees_members(kind: Kind, privacy: Privacy, hides: bool, standing: Standing) -> bool {
    let need = need_to_see_members(kind, privacy, hides);
    privacy.shows_to(standing) && permit(need, standing).is_ok()
}

/// The same, for some time.
fn changes_that_end(space: &SpaceName, users: [&UserId; 2]) -> Changes {
    let mut changes = changes(space, users);
    let until = Some(NOW + 1_000);
    changes.events.iter_mut().for_each(|event| event.until = until);
    changes.next_until.insert(space.clone(), until);
    changes
}

/// The same by an invite link, and another one is ended.
fn changes_with_links(space: &SpaceName, users: [&UserId; 2]) -> Changes {
    let mut changes = changes(space, users);
    let ended = changes.events.first().map(|joined| Event {
        seq: 9,
        name: EventName::LinkRevoked,
        subject: Subject::Space { fields: Vec::new() },
        ..joined.clone()
    });
    changes.events.extend(ended);
    let link = LinkHash::parse(&"h".repeat(43)).map(|hash| Link {
        id: 7,
        new: NewLink { hash, grant: Grant::Member, until: None, max_uses: None },
        uses: 1,
        created_by: Actor::User(users[1].clone()),
        created_at: 0,
        revoked_at: None,
        used_up_at: None,
    });
    changes.links.extend(link.map(|link| ((space.clone(), link.id), link)));
    changes
}

/// One user joins, assumed to be absent.
fn changes(space: &SpaceName, [one, two]: [&UserId; 2]) -> Changes {
    let by =
        Authorship { actor: Actor::User(one.clone()), service: None, cause: Action::Join, at: NOW };
    let (from, to) = (Status::Absent, Status::Member);
    let subject = Subject::Membership { user: one.clone(), from, to };
    let joined = Event {
        space: space.clone(),
        seq: 8,
        name: EventName::Joined,
        subject,
        previous: None,
        until: None,
        origin: Some(Origin::Joined),
        note: None,
        offered: Offer::Member,
        by,
    };
    let (status, origin) = (Status::Member, Some(Origin::Joined));
    let absent = Membership::absent(space.clone(), one.clone(), 8);
    let membership = Membership { status, origin, ..absent };
    let moved = Space {
        name: space.clone(),
        privacy: Privacy::Open,
        creator: two.clone(),
        contribution: crate::domain::Contribution::Anyone,
        capacity: None,
        cool_down: crate::domain::CoolDown::default(),
        waitlist: false,
        hides_members: false,
        seq: 8,
        counts: Counts::default(),
        created_at: 0,
        next_until: None,
    };
    Changes {
        at: joined.by.at,
        spaces: vec![MovedSpace { space: moved, believed: 7, new_creator: None }],
        events: vec![joined],
        memberships: [((space.clone(), one.clone()), membership)].into(),
        assumed: BTreeSet::from([space.clone()]),
        next_until: BTreeMap::new(),
        tickets: BTreeMap::new(),
        links: BTreeMap::new(),
    }
}
