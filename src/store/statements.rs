//! Every statement that is asked often, with parameters to try it, for whoever wants to see its plan.

use sea_orm::{DbBackend, Value};

/// A statement with a name and parameters.
pub type Example = (&'static str, String, Vec<Value>);

/// All of them, as a database of this kind is asked.
pub fn statements(_backend: DbBackend) -> Vec<Example> {
    Vec::new()
}
