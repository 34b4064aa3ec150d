//! Finding the token in a request's `Authorization` header.

use super::error::Rejected;

/// The longest token that is looked at, in bytes.
const MAX_LEN: usize = 8 * 1024;

/// The bearer token among the values of `Authorization`. Several values are refused: two programs
/// on a request's way might each believe another one.
pub(super) fn bearer_token<'a, V>(
    values: impl IntoIterator<Item = &'a V>,
) -> Result<&'a str, Rejected>
where
    V: AsRef<[u8]> + ?Sized + 'a,
{
    let mut values = values.into_iter();
    let value = values.next().ok_or(Rejected::missing("there is no Authorization header"))?;
    if values.next().is_some() {
        return Err(Rejected::invalid("there are several Authorization headers"));
    }
    let value = std::str::from_utf8(value.as_ref()).ok().filter(|value| value.is_ascii());
    let value = value.ok_or(Rejected::invalid("the Authorization header is not ASCII"))?.trim();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Rejected::missing("the Authorization header has another scheme"));
    }
    match token.trim_start_matches(' ') {
        "" => Err(Rejected::invalid("it is empty")),
        token if token.len() > MAX_LEN => Err(Rejected::invalid("it is too long")),
        token => Ok(token),
    }
}
