//! Other people's contracts.
