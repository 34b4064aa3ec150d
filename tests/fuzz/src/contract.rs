//! The contract's methods, and what must hold of every answer.

use std::sync::LazyLock;

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor,
};
use roster::transport::authenticate::ON_BEHALF_OF;
use roster_proto::{DESCRIPTORS, reason};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::documented;
use crate::world::{Answer, World};

/// Every method, in order of path.
pub static METHODS: LazyLock<Vec<MethodDescriptor>> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let mut methods: Vec<_> = pool
        .services()
        .filter(|service| service.package_name() == "roster.v1")
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect();
    methods.sort_unstable_by_key(path);
    methods
});

/// The path of a method.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// Calls a method, and panics if the answer breaks a promise.
pub fn check(world: &mut World, method: &MethodDescriptor, caller: u8, bytes: &[u8]) {
    let answer = world.contract(&path(method), caller, bytes);
    let status = Status::from_header_map(&answer.head.headers).expect("every answer has a status");
    let message = DynamicMessage::decode(method.input(), bytes).ok();
    match (status.code(), &message) {
        (Code::Ok, None) => panic!("{} took what is no message", method.name()),
        (Code::Ok, Some(message)) => accepted(method, message, &answer),
        _ => refused(method, message.is_some(), &status),
    }
}

/// What was taken is as the contract says that it must be, and so is the answer.
fn accepted(method: &MethodDescriptor, message: &DynamicMessage, answer: &Answer) {
    if let Some(wrong) = documented::wrong(message) {
        panic!("{} took {message}, though {wrong}", method.name());
    }
    let bytes = answer.body.get(5..).expect("an answer is a frame");
    let answer = DynamicMessage::decode(method.output(), bytes).expect("an answer is a message");
    assert_eq!(answer.unknown_fields().count(), 0, "{answer}");
    if let Some(wrong) = documented::wrong_answer(&answer) {
        panic!("{} answered {answer}, though {wrong}", method.name());
    }
}

/// A refusal is never our own fault, says why in our words, and blames fields that there are.
fn refused(method: &MethodDescriptor, is_message: bool, status: &Status) {
    let ours =
        [Code::Internal, Code::Unknown, Code::DataLoss, Code::Unimplemented, Code::Cancelled];
    assert!(!ours.contains(&status.code()), "{}: {status:?}", method.name());
    assert!(reason(status).is_some(), "{}: {status:?}", method.name());
    let violations =
        status.get_details_bad_request().map_or(Vec::new(), |bad| bad.field_violations);
    for violation in &violations {
        let is_known = match violation.field.as_str() {
            "message" if !is_message => true,
            // A header, without which a service acts for nobody.
            ON_BEHALF_OF => true,
            field => has_field(method.input(), field),
        };
        assert!(is_known, "{}: there is no field {:?}", method.name(), violation.field);
    }
    if !is_message && status.code() == Code::InvalidArgument {
        assert_eq!(violations.len(), 1, "{}: {status:?}", method.name());
    }
}

/// Whether there is a field at a path such as `people[3].tags[0].id`.
fn has_field(message: MessageDescriptor, path: &str) -> bool {
    let (first, rest) =
        path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, is_indexed) = match first.strip_suffix(']').and_then(|it| it.split_once('[')) {
        Some((name, index)) => (name, index.parse::<usize>().is_ok()),
        None => (first, false),
    };
    let Some(field) = message.get_field_by_name(name) else { return false };
    if is_indexed && field.cardinality() != Cardinality::Repeated {
        return false;
    }
    match (rest, field.kind()) {
        (None, _) => true,
        (Some(rest), Kind::Message(inner)) => has_field(inner, rest),
        (Some(_), _) => false,
    }
}
