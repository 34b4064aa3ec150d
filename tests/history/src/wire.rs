//! Any call of the contract, over gRPC or as JSON.

use std::str::FromStr;
use std::time::Duration;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use roster_proto::v1::ErrorReason;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::http::{Http, Reply};
use crate::record::Outcome;

/// One way to a server.
pub enum Wire<'a> {
    /// gRPC.
    Grpc(Channel),
    /// JSON over HTTP/1.1.
    Json(&'a mut Http, &'a DescriptorPool),
}

/// One caller, with the time that they have.
pub struct Caller<'a> {
    /// How they reach the server.
    pub wire: Wire<'a>,
    /// Their token.
    pub token: &'a str,
    /// How long they wait.
    pub deadline: Duration,
}

impl Caller<'_> {
    /// Calls a method such as `MembershipService/GetMembership`. An error is what to record.
    pub async fn call<Q, A>(&mut self, method: &str, message: Q) -> Result<A, Outcome>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let bearer = format!("Bearer {}", self.token);
        match &mut self.wire {
            Wire::Grpc(channel) => {
                let mut request = Request::new(message);
                request.set_timeout(self.deadline);
                if let Ok(value) = bearer.parse() {
                    request.metadata_mut().insert("authorization", value);
                }
                let path = PathAndQuery::from_str(&format!("/roster.v1.{method}"));
                let path = path.map_err(|_| Outcome::NotDone("a bad path".into()))?;
                let mut grpc = Grpc::new(channel.clone());
                if let Err(error) = grpc.ready().await {
                    return Err(Outcome::NotDone(format!("no connection: {error}")));
                }
                let codec: ProstCodec<Q, A> = ProstCodec::default();
                let answered = grpc.unary(request, path, codec).await;
                answered.map(tonic::Response::into_inner).map_err(|status| outcome(&status))
            }
            Wire::Json(http, pool) => {
                let (service, name) = method.split_once('/').unwrap_or((method, ""));
                let method_of = pool
                    .get_service_by_name(&format!("roster.v1.{service}"))
                    .and_then(|service| service.methods().find(|method| method.name() == name));
                let Some(found) = method_of else {
                    return Err(Outcome::NotDone("no such method".into()));
                };
                let broken = |what: String| Outcome::Unknown(what);
                let body = to_json(found.input(), &message).map_err(Outcome::NotDone)?;
                let timeout = self.deadline.as_millis().to_string();
                let headers = [
                    ("authorization", bearer.as_str()),
                    ("content-type", "application/json"),
                    ("connect-timeout-ms", timeout.as_str()),
                ];
                let path = format!("/roster.v1.{method}");
                let asked = http.ask("POST", &path, &headers, &body);
                let patience = self.deadline + Duration::from_secs(2);
                let reply = match tokio::time::timeout(patience, asked).await {
                    Ok(Ok(reply)) => reply,
                    Ok(Err(error)) => return Err(broken(error.to_string())),
                    Err(_) => return Err(broken("no answer".into())),
                };
                if reply.status != 200 {
                    return Err(json_error(&reply));
                }
                from_json(found.output(), &reply.body).map_err(broken)
            }
        }
    }
}

fn to_json(of: MessageDescriptor, message: &impl Message) -> Result<Vec<u8>, String> {
    let bytes = message.encode_to_vec();
    let message =
        DynamicMessage::decode(of, bytes.as_slice()).map_err(|error| error.to_string())?;
    serde_json::to_vec(&message).map_err(|error| error.to_string())
}

fn from_json<A: Message + Default>(of: MessageDescriptor, body: &[u8]) -> Result<A, String> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let message = DynamicMessage::deserialize(of, &mut json).map_err(|error| error.to_string())?;
    message.transcode_to().map_err(|error| error.to_string())
}

fn json_error(reply: &Reply) -> Outcome {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let details = body["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail["debug"]["reason"].as_str());
    match reason {
        Some(reason) => of_reason(reason),
        None => Outcome::Unknown(format!("HTTP {} {}", reply.status, body["code"])),
    }
}

fn outcome(status: &Status) -> Outcome {
    match roster_proto::reason(status) {
        Some(reason) => {
            of_reason(ErrorReason::as_str_name(&reason).trim_start_matches("ERROR_REASON_"))
        }
        None if status.code() == Code::ResourceExhausted => Outcome::NotDone("shed".into()),
        None => Outcome::Unknown(format!("{:?}: {}", status.code(), status.message())),
    }
}

/// What a reason of the contract means for what was asked.
pub fn of_reason(reason: &str) -> Outcome {
    let is_rule = roster::domain::Refusal::from_word(reason).is_some();
    match reason {
        _ if is_rule => Outcome::Refused(reason.into()),
        "STORE_UNAVAILABLE" | "DEADLINE" | "INTERNAL" => Outcome::Unknown(reason.into()),
        _ => Outcome::NotDone(reason.into()),
    }
}
