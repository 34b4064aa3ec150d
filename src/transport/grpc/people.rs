//! `PeopleService`.

use std::fmt::Display;
use std::time::Duration;

use prost_types::Timestamp;
use tokio::time::Instant;
use tonic::{Request, Response, Status, Streaming};

use super::{Api, lists, parse, pb, render};
use crate::auth::Scope;
use crate::domain::{Line, People, Person, Profile, Prose, SourceTime, Tag, Users};
use crate::service::Written;
use crate::transport::error::{Failure, Problem, expected};

/// How long a part of an upload may take to be written.
const PART_TIME: Duration = Duration::from_secs(3);

#[tonic::async_trait]
impl pb::people_service_server::PeopleService for Api {
    async fn put_users(
        &self,
        request: Request<pb::PutUsersRequest>,
    ) -> Result<Response<pb::PutUsersResponse>, Status> {
        let call = self.admit(&request)?;
        let people = read_people(request.into_inner().people)?;
        let put = self.service.put_people(&call, people, call.deadline).await;
        let Written { changed, unchanged } = put.map_err(Failure::from)?;
        let (changed_count, unchanged_count) = (small(changed), small(unchanged));
        Ok(self.answer(pb::PutUsersResponse { changed_count, unchanged_count }))
    }

    /// A part is written before the next one is read, so an upload holds one part at a time. Whoever
    /// stops uploading has written whole parts.
    async fn upload_users(
        &self,
        request: Request<Streaming<pb::UploadUsersRequest>>,
    ) -> Result<Response<pb::UploadUsersResponse>, Status> {
        let call = self.admit(&request)?;
        call.require_service(Scope::PeopleWrite).map_err(Failure::from)?;
        let mut parts = request.into_inner();
        let mut told = pb::UploadUsersResponse::default();
        while let Some(part) = parts.message().await? {
            let people = read_people(part.people)?;
            let put = self.service.put_people(&call, people, Instant::now() + PART_TIME).await;
            let Written { changed, unchanged } = put.map_err(Failure::from)?;
            told.changed_count += changed as i64;
            told.unchanged_count += unchanged as i64;
        }
        Ok(self.answer(told))
    }

    async fn delete_users(
        &self,
        request: Request<pb::DeleteUsersRequest>,
    ) -> Result<Response<pb::DeleteUsersResponse>, Status> {
        let call = self.admit(&request)?;
        let people = read_deleted(&request.into_inner().deleted_users)?;
        let put = self.service.put_people(&call, people, call.deadline).await;
        let Written { changed, unchanged } = put.map_err(Failure::from)?;
        let (changed_count, unchanged_count) = (small(changed), small(unchanged));
        Ok(self.answer(pb::DeleteUsersResponse { changed_count, unchanged_count }))
    }

    async fn get_users(
        &self,
        request: Request<pb::GetUsersRequest>,
    ) -> Result<Response<pb::GetUsersResponse>, Status> {
        let call = self.admit(&request)?;
        let users = parse::user_ids("users", &request.get_ref().users)?;
        if users.is_empty() {
            return Err(Failure::field("users", Problem::Empty).into());
        }
        let known = self.service.get_people(&call, &users).await.map_err(Failure::from)?;
        let people = known.into_people().map(render::person).collect();
        Ok(self.answer(pb::GetUsersResponse { people }))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let call = self.admit(&request)?;
        Ok(self.answer(lists::people(self, &call, request.into_inner()).await?))
    }
}

/// At most as many as a message can name.
fn small(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn read_people(people: Vec<pb::Person>) -> Result<People, Failure> {
    bounded("people", people.len())?;
    let words = people.into_iter().enumerate();
    let words = words.map(|(n, person)| read_person(&format!("people[{n}]"), person));
    let words = words.collect::<Result<_, _>>()?;
    People::new(words).map_err(|error| parse::users_failure("people", error))
}

fn read_deleted(deleted: &[pb::DeletedUser]) -> Result<People, Failure> {
    bounded("deleted_users", deleted.len())?;
    let word = |(n, word): (usize, &pb::DeletedUser)| {
        let of = format!("deleted_users[{n}]");
        Ok(Person {
            user: parse::user(format_args!("{of}.user"), &word.user)?,
            changed_at: change_time(&of, word.change_time)?,
            profile: None,
        })
    };
    let words = deleted.iter().enumerate().map(word).collect::<Result<_, Failure>>()?;
    People::new(words).map_err(|error| parse::users_failure("deleted_users", error))
}

/// Nothing of a list that is too long is read.
fn bounded(field: &str, count: usize) -> Result<(), Failure> {
    if count > Users::MAX { Err(Failure::field(field, Problem::TooManyUsers)) } else { Ok(()) }
}

fn read_person(of: &str, person: pb::Person) -> Result<Person, Failure> {
    if person.deleted {
        return Err(Failure::field(format_args!("{of}.deleted"), Problem::InvalidChoice));
    }
    let user = parse::user(format_args!("{of}.user"), &person.user)?;
    let changed_at = change_time(of, person.change_time)?;
    let joined_at = |joined| source_time(format_args!("{of}.join_time"), joined);
    let profile = Profile {
        username: line(of, "username", &person.username)?,
        real_name: line(of, "real_name", &person.real_name)?,
        avatar: address(of, "avatar", &person.avatar)?,
        external_id: match person.external_id {
            Some(id) => Some(positive(format_args!("{of}.external_id"), id)?),
            None => None,
        },
        joined_at: person.join_time.map(joined_at).transpose()?.map(SourceTime::millis),
        locale: line(of, "locale", &person.locale)?,
        bio: prose(of, "bio", &person.bio)?,
        location: line(of, "location", &person.location)?,
        description: prose(of, "description", &person.description)?,
        gender: line(of, "gender", &person.gender)?,
        website: address(of, "website", &person.website)?,
        tags: read_tags(of, &person.tags)?,
        reputation: person.reputation,
        is_staff: person.staff,
    };
    Ok(Person { user, changed_at, profile: Some(profile) })
}

fn read_tags(of: &str, tags: &[pb::PersonTag]) -> Result<Vec<Tag>, Failure> {
    if tags.len() > Profile::MAX_TAGS {
        let problem = Problem::Expected(expected::TAGS);
        return Err(Failure::field(format_args!("{of}.tags"), problem));
    }
    let read = |(n, tag): (usize, &pb::PersonTag)| {
        let of = format!("{of}.tags[{n}]");
        Ok(Tag {
            id: positive(format_args!("{of}.id"), tag.id)?,
            title: line(&of, "title", &tag.title)?,
            description: prose(&of, "description", &tag.description)?,
            color: line(&of, "color", &tag.color)?,
        })
    };
    tags.iter().enumerate().map(read).collect()
}

fn line(of: &str, name: &str, text: &str) -> Result<Line<255>, Failure> {
    let problem = Problem::Expected(expected::DISPLAY_NAME);
    Line::new(text).map_err(|_| Failure::field(format_args!("{of}.{name}"), problem))
}

fn address(of: &str, name: &str, text: &str) -> Result<Line<2048>, Failure> {
    let problem = Problem::Expected(expected::ADDRESS);
    Line::new(text).map_err(|_| Failure::field(format_args!("{of}.{name}"), problem))
}

fn prose(of: &str, name: &str, text: &str) -> Result<Prose<5000>, Failure> {
    let problem = Problem::Expected(expected::PROSE);
    Prose::new(text).map_err(|_| Failure::field(format_args!("{of}.{name}"), problem))
}

fn positive(field: impl Display, number: i64) -> Result<i64, Failure> {
    let problem = Problem::Expected(expected::POSITIVE);
    if number > 0 { Ok(number) } else { Err(Failure::field(field, problem)) }
}

fn change_time(of: &str, time: Option<Timestamp>) -> Result<SourceTime, Failure> {
    let field = format_args!("{of}.change_time").to_string();
    source_time(&field, time.ok_or_else(|| Failure::field(&field, Problem::Required))?)
}

pub(super) fn source_time(field: impl Display, time: Timestamp) -> Result<SourceTime, Failure> {
    let micros = time.seconds.checked_mul(1_000_000);
    let micros = micros.and_then(|micros| micros.checked_add(i64::from(time.nanos) / 1_000));
    let is_normal = (0..1_000_000_000).contains(&time.nanos);
    let read = micros.filter(|_| is_normal).and_then(SourceTime::new);
    read.ok_or_else(|| Failure::field(field, Problem::Expected(expected::TIME)))
}
