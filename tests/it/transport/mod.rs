//! The surfaces.

mod grpc;
pub mod rest_client;
mod rest_server;
mod selfcommunity;
mod selfcommunity_input;
mod selfcommunity_lists;
mod whisk;
