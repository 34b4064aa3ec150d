//! The tour of tests/clients/tour through tonic. What each call came to is kept, for all other
//! clients to be compared with.

use std::fs;

use http::uri::PathAndQuery;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use roster_proto::DESCRIPTORS;
use serde_json::{Map, Value, json};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_types::StatusExt;

use crate::golden::{golden, repository};
use crate::grids::code_word;
use crate::harness::{App, token, token_with};

/// The ids of this tour, by the words that stand for them.
const IDS: [(&str, &str); 5] = [
    ("open", "700000001"),
    ("private", "700000002"),
    ("secret", "700000003"),
    ("none", "700000004"),
    ("community", "00000000000000000000000029b92705"),
];

/// Messages that are known by their descriptors alone.
#[derive(Clone)]
struct Dynamic(MessageDescriptor);

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(
        &mut self,
        message: DynamicMessage,
        buffer: &mut EncodeBuf<'_>,
    ) -> Result<(), Status> {
        message.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), buffer);
        message.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

fn request(pool: &DescriptorPool, step: &Value) -> (Request<DynamicMessage>, Dynamic) {
    let (service, name) = step["call"].as_str().unwrap().split_once('/').unwrap();
    let service = pool.get_service_by_name(&format!("roster.v1.{service}")).unwrap();
    let method = service.methods().find(|method| method.name() == name).unwrap();
    let message = DynamicMessage::deserialize(method.input(), &step["send"]).unwrap();
    let mut request = Request::new(message);
    let bearer = match step["as"].as_str().unwrap() {
        "nobody" => None,
        "admin" => Some(token_with("demo", Some("roster:admin"))),
        user => Some(token(user)),
    };
    let metadata = request.metadata_mut();
    if let Some(token) = bearer {
        metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    if let Some(user) = step["behalf"].as_str() {
        metadata.insert("x-roster-on-behalf-of", user.parse().unwrap());
    }
    (request, Dynamic(method.output()))
}

async fn call(channel: Channel, pool: &DescriptorPool, step: &Value) -> Value {
    let (request, codec) = request(pool, step);
    let path = format!("/roster.v1.{}", step["call"].as_str().unwrap());
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    match client.unary(request, PathAndQuery::try_from(path).unwrap(), codec).await {
        Ok(answer) => json!({ "answer": serde_json::to_value(answer.into_inner()).unwrap() }),
        Err(status) => refused(&status),
    }
}

fn refused(status: &Status) -> Value {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    let violations = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    let fields: Vec<_> = violations.iter().map(|one| [&one.field, &one.description]).collect();
    json!({
        "code": code_word(status.code()),
        "fields": fields,
        "message": status.message(),
        "metadata": info.metadata,
        "reason": format!("{}/{}", info.domain, info.reason),
    })
}

/// Without what differs from one run to the next. Keys are sorted anyway.
fn canonical(value: Value, key: &str) -> Value {
    match value {
        _ if key == "time" || key.ends_with("Time") => "TIME".into(),
        _ if key == "nextPageToken" => "TOKEN".into(),
        Value::Array(items) => items.into_iter().map(|item| canonical(item, "")).collect(),
        Value::Object(fields) => {
            let sorted: std::collections::BTreeMap<_, _> = fields.into_iter().collect();
            let fields =
                sorted.into_iter().map(|(key, value)| (key.clone(), canonical(value, &key)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 => json!(whole as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}

#[tokio::test]
async fn comes_to_the_same_as_ever() {
    let (app, _directory) = App::on_sqlite().await;
    let endpoint = Endpoint::from_shared(format!("http://{}", app.grpc)).unwrap();
    let channel = endpoint.connect().await.unwrap();
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let steps = fs::read_to_string(repository("tests/clients/tour/tour.jsonl")).unwrap();
    let (mut told, mut next) = (String::new(), String::new());
    for line in steps.lines() {
        let words = IDS.into_iter().chain([("next", next.as_str())]);
        let filled = words
            .fold(line.to_owned(), |line, (word, id)| line.replace(&format!("{{{word}}}"), id));
        let step: Value = serde_json::from_str(&filled).unwrap();
        let outcome = call(channel.clone(), &pool, &step).await;
        if let Some(token) = outcome["answer"]["nextPageToken"].as_str() {
            next = token.to_owned();
        }
        let outcome = canonical(outcome, "").to_string();
        let masked =
            IDS.iter().fold(outcome, |line, (word, id)| line.replace(id, &format!("{{{word}}}")));
        told += &format!("{} {masked}\n", step["call"].as_str().unwrap());
    }
    golden("tour.txt", &told);
    app.stop().await;
}
