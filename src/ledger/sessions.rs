//! What the ledger asks of a database. The store's is the one that is served; whoever has another may see what the
//! ledger makes of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    Content, Erasure, Event, Link, LinkNumber, Membership, Millis, Snapshot, SpaceName,
};
use crate::store::{self, Changes, Connection, Error, Loaded, Role, SpaceWrite, Store, Wanted};

/// A database. Copies are of the same one.
pub trait Sessions: Clone + Send + Sync + 'static {
    /// A connection to it.
    type Session: Session;

    /// Whether this is SQLite, which has one writer at a time.
    fn is_sqlite(&self) -> bool;

    /// A connection of one's own. It opens itself when it is needed.
    fn connection(&self) -> Self::Session;
}

/// A connection of a writer's. Nobody drops a future of its methods without dropping it too, and after an error
/// whatever transaction there was is undone.
pub trait Session: Send + Sync + 'static {
    /// Whether this is SQLite, which has one writer at a time.
    fn is_sqlite(&self) -> bool;

    /// Whether one statement can ask for all of this.
    fn fits_one_look(&self, wanted: &Wanted) -> bool;

    /// Begins a transaction.
    fn begin(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Commits it.
    fn commit(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Undoes it.
    fn rollback(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Takes leave of the server.
    fn close(&mut self) -> impl Future<Output = ()> + Send;

    /// Asks whether the database takes changes; with `thorough` it has to make one.
    fn probe(&mut self, thorough: bool) -> impl Future<Output = Result<(), Error>> + Send;

    /// Locks these spaces until the transaction ends.
    fn lock(
        &mut self,
        spaces: &BTreeSet<SpaceName>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Locks those of the spaces that nobody else has locked, without waiting, and names them. One that is not
    /// there is locked by nobody.
    fn lock_free(
        &mut self,
        spaces: &BTreeSet<SpaceName>,
    ) -> impl Future<Output = Result<BTreeSet<SpaceName>, Error>> + Send;

    /// Looks. What does not fit one statement is of one moment only behind a lock.
    fn load(&mut self, wanted: &Wanted) -> impl Future<Output = Result<Loaded, Error>> + Send;

    /// Adds to these spaces, which are locked, those whose time is over.
    fn load_overdue(
        &mut self,
        loaded: &mut Loaded,
        spaces: &BTreeSet<SpaceName>,
        now: Millis,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Adds to these spaces, which are locked, so many of those who are first on their waiting lists.
    fn load_first(
        &mut self,
        loaded: &mut Loaded,
        wanted: &BTreeMap<SpaceName, i64>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// What a space shows.
    fn load_content(
        &mut self,
        name: &SpaceName,
    ) -> impl Future<Output = Result<Option<Content>, Error>> + Send;

    /// The invite link of this number.
    fn load_link(
        &mut self,
        name: &SpaceName,
        id: LinkNumber,
    ) -> impl Future<Output = Result<Option<Link>, Error>> + Send;

    /// How many invite links of a space are alive, as far as that matters.
    fn count_alive(
        &mut self,
        name: &SpaceName,
        now: Millis,
    ) -> impl Future<Output = Result<i64, Error>> + Send;

    /// The manager of a space who has been there longest.
    fn oldest_manager(
        &mut self,
        name: &SpaceName,
    ) -> impl Future<Output = Result<Option<Membership>, Error>> + Send;

    /// Writes the changes down for good and names the spaces that were settled. With `is_locked` this commits the
    /// transaction that has locked the spaces.
    fn write(
        &mut self,
        changes: &Changes,
        is_locked: bool,
    ) -> impl Future<Output = Result<BTreeSet<SpaceName>, Error>> + Send;

    /// Writes the change of a space itself down with its events, in the transaction.
    fn write_space(
        &mut self,
        write: &SpaceWrite<'_>,
        events: &[Event],
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Takes a user's id out of a space's history, and writes down what became of the space, unless it is gone, in
    /// the transaction. False if that was done before, and nothing is written.
    fn write_erasure(
        &mut self,
        name: &SpaceName,
        erasure: &Erasure,
        after: Option<(&Snapshot, &[Event])>,
    ) -> impl Future<Output = Result<bool, Error>> + Send;
}

impl Sessions for Store {
    type Session = Connection;

    fn is_sqlite(&self) -> bool {
        Self::is_sqlite(self)
    }

    fn connection(&self) -> Connection {
        Self::connection(self, Role::Writer)
    }
}

impl Session for Connection {
    fn is_sqlite(&self) -> bool {
        Self::is_sqlite(self)
    }

    fn fits_one_look(&self, wanted: &Wanted) -> bool {
        wanted.fits_one_look(self)
    }

    async fn begin(&mut self) -> Result<(), Error> {
        Self::begin(self).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        Self::commit(self).await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        Self::rollback(self).await
    }

    async fn close(&mut self) {
        Self::close(self).await;
    }

    async fn probe(&mut self, thorough: bool) -> Result<(), Error> {
        store::probe(self, thorough).await
    }

    async fn lock(&mut self, spaces: &BTreeSet<SpaceName>) -> Result<(), Error> {
        store::lock(self, spaces).await
    }

    async fn lock_free(
        &mut self,
        spaces: &BTreeSet<SpaceName>,
    ) -> Result<BTreeSet<SpaceName>, Error> {
        store::lock_free(self, spaces).await
    }

    async fn load(&mut self, wanted: &Wanted) -> Result<Loaded, Error> {
        wanted.load(self).await
    }

    async fn load_overdue(
        &mut self,
        loaded: &mut Loaded,
        spaces: &BTreeSet<SpaceName>,
        now: Millis,
    ) -> Result<(), Error> {
        store::load_overdue(self, loaded, spaces, now).await
    }

    async fn load_first(
        &mut self,
        loaded: &mut Loaded,
        wanted: &BTreeMap<SpaceName, i64>,
    ) -> Result<(), Error> {
        store::load_first(self, loaded, wanted).await
    }

    async fn load_content(&mut self, name: &SpaceName) -> Result<Option<Content>, Error> {
        store::load_content(self, name).await
    }

    async fn load_link(&mut self, name: &SpaceName, id: LinkNumber) -> Result<Option<Link>, Error> {
        store::load_link(self, name, id).await
    }

    async fn count_alive(&mut self, name: &SpaceName, now: Millis) -> Result<i64, Error> {
        store::count_alive(self, name, now).await
    }

    async fn oldest_manager(&mut self, name: &SpaceName) -> Result<Option<Membership>, Error> {
        store::oldest_manager(self, name).await
    }

    async fn write(
        &mut self,
        changes: &Changes,
        is_locked: bool,
    ) -> Result<BTreeSet<SpaceName>, Error> {
        store::write(self, changes, is_locked).await
    }

    async fn write_space(&mut self, write: &SpaceWrite<'_>, events: &[Event]) -> Result<(), Error> {
        write.write(self, events).await
    }

    async fn write_erasure(
        &mut self,
        name: &SpaceName,
        erasure: &Erasure,
        after: Option<(&Snapshot, &[Event])>,
    ) -> Result<bool, Error> {
        store::write_erasure(self, name, erasure, after).await
    }
}
