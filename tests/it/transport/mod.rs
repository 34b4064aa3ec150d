//! The surfaces.

mod grpc;
mod grpc_adding;
mod grpc_checks;
mod grpc_input;
mod grpc_lists;
mod grpc_spaces;
mod health;
mod middleware;
pub mod rest_client;
mod rest_server;
mod selfcommunity;
mod selfcommunity_input;
mod selfcommunity_lists;
mod whisk;
