//! Long lists: asked for in pages, printed page by page.

use super::super::Failed;

/// Which page is asked for.
pub struct Wanted {
    pub size: i32,
    /// Where it begins: what the page before said, or empty for the first one.
    pub token: String,
}

/// What a page leaves to do.
pub struct Printed {
    pub rows: usize,
    /// Where the next page begins; empty if there is none.
    pub next: String,
}

/// Prints pages of at most `size` rows until there were `limit` rows, or there are no more.
pub async fn print(
    limit: Option<u64>,
    size: i32,
    mut page: impl AsyncFnMut(Wanted) -> Result<Printed, Failed>,
) -> Result<(), Failed> {
    let mut left = limit.unwrap_or(u64::MAX);
    let mut token = String::new();
    while left > 0 {
        let size = i32::try_from(left).map_or(size, |left| left.min(size));
        let printed = page(Wanted { size, token }).await?;
        if printed.next.is_empty() {
            break;
        }
        left = left.saturating_sub(printed.rows as u64);
        token = printed.next;
    }
    Ok(())
}
