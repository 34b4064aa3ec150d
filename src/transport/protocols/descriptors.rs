//! The contract as descriptors: which services and methods there are, and what their messages look
//! like.

use std::sync::LazyLock;

use prost_reflect::{
    DescriptorError, DescriptorPool, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};
use roster_proto::DESCRIPTORS;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    pool().unwrap_or_else(|error| {
        tracing::error!(%error, "JSON is not served");
        DescriptorPool::new()
    })
});

/// Our services, health, and the details that errors have. A file that several sets bring is read
/// once.
fn pool() -> Result<DescriptorPool, DescriptorError> {
    let mut pool = DescriptorPool::decode(DESCRIPTORS)?;
    pool.decode_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)?;
    pool.decode_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)?;
    Ok(pool)
}

/// The services of the contract, without those of the libraries.
pub fn services() -> impl Iterator<Item = ServiceDescriptor> {
    POOL.services().filter(|service| service.package_name() == "roster.v1")
}

/// Whether this is the path of a service that can be called with JSON.
pub fn serves(path: &str) -> bool {
    path.split('/').nth(1).is_some_and(|service| POOL.get_service_by_name(service).is_some())
}

/// The method that a path names.
pub fn method(path: &str) -> Option<MethodDescriptor> {
    let (service, name) = path.strip_prefix('/')?.split_once('/')?;
    POOL.get_service_by_name(service)?.methods().find(|method| method.name() == name)
}

/// Whether a path names a method that takes or gives more than one message.
pub fn streams(path: &str) -> bool {
    method(path).is_some_and(|method| method.is_client_streaming() || method.is_server_streaming())
}

/// The paths of methods that take more than one message.
static STREAMS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let methods = services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let streams = methods.filter(MethodDescriptor::is_client_streaming);
    streams.map(|m| format!("/{}/{}", m.parent_service().full_name(), m.name())).collect()
});

/// Whether a path names a method of the contract that takes more than one message.
pub fn takes_stream(path: &str) -> bool {
    STREAMS.iter().any(|stream| stream == path)
}

/// The message of this full name.
pub fn message(name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(name)
}
