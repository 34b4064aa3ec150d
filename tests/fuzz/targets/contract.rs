//! A method, a caller and the bytes of a message, through all of a server: see `contract::check`.

#![no_main]

use fuzz::contract::{METHODS, check};
use fuzz::world;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: fuzz::seeds::plant("contract"), |input: &[u8]| {
    let [method, caller, message @ ..] = input else { return };
    let method = &METHODS[usize::from(*method) % METHODS.len()];
    world::with(|world| check(world, method, *caller, message));
});
