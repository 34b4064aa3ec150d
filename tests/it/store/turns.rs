//! Writers of one SQLite file.

use futures_util::future::poll_immediate;
use roster::store::{Role, Store};

/// SQLite itself would let whoever begins anew at once be first for ever.
#[tokio::test]
async fn writers_of_one_file_take_turns_in_the_order_in_which_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("roster.db").display());
    let store = Store::open(&url, 1).await.unwrap();
    let [mut first, mut second] = [(); 2].map(|()| store.connection(Role::Writer));
    first.begin().await.unwrap();
    let mut waiting = Box::pin(second.begin());
    assert!(poll_immediate(&mut waiting).await.is_none());
    first.commit().await.unwrap();
    let mut again = Box::pin(first.begin());
    assert!(poll_immediate(&mut again).await.is_none());
    waiting.await.unwrap();
    assert!(poll_immediate(&mut again).await.is_none());
    second.rollback().await.unwrap();
    again.await.unwrap();
    first.commit().await.unwrap();
    // A connection that goes in the middle keeps nobody waiting.
    first.begin().await.unwrap();
    drop(first);
    second.begin().await.unwrap();
    second.commit().await.unwrap();
}
