//! The surfaces.

mod grpc;
mod grpc_adding;
mod grpc_all_spaces;
mod grpc_checks;
mod grpc_input;
mod grpc_lists;
mod grpc_spaces;
mod health;
mod hidden_members;
mod middleware;
mod openapi;
mod people;
mod people_input;
mod people_races;
mod protocols;
pub mod rest_client;
mod rest_server;
mod selfcommunity;
mod selfcommunity_events;
mod selfcommunity_found;
mod selfcommunity_input;
mod selfcommunity_lists;
mod selfcommunity_people;
mod selfcommunity_spaces;
mod whisk;
mod whisk_communities;
mod whisk_members;
