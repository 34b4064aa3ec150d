//! Whose a SQLite file is: one program's at a time, by a lock on a file beside it. The lock is the system's
//! and ends with the program, however that ends; the file stays.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::target::Target;

/// A database that is ours. Only SQLite needs this: servers share a PostgreSQL.
#[derive(Debug)]
pub struct Claim {
    /// Whoever closes it gives the database back.
    _lock: Option<File>,
}

/// Claims the database at this address for as long as the claim is kept. Waits for nobody.
pub fn claim(url: &str) -> Result<Claim, Error> {
    let Some(path) = Target::parse(url)?.file().map(beside) else {
        return Ok(Claim { _lock: None });
    };
    let mut options = OpenOptions::new();
    // The database's own file must not be used: to close it would end SQLite's locks on it.
    let opened = options.create(true).truncate(false).write(true).open(&path);
    let lock = opened.map_err(|source| Error::Unlockable { path: path.clone(), source })?;
    match lock.try_lock() {
        Ok(()) => Ok(Claim { _lock: Some(lock) }),
        Err(TryLockError::WouldBlock) => Err(Error::Claimed(path)),
        Err(TryLockError::Error(source)) => Err(Error::Unlockable { path, source }),
    }
}

/// Whether another program has claimed the database at this address. Makes no file.
pub fn is_claimed(url: &str) -> bool {
    let path = Target::parse(url).ok().and_then(|target| target.file().map(beside));
    let lock = path.and_then(|path| File::open(path).ok());
    lock.is_some_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The same for every way to the file.
fn beside(database: &Path) -> PathBuf {
    let real = database.canonicalize().unwrap_or_else(|_| database.to_owned());
    let mut path = real.into_os_string();
    path.push("-lock");
    path.into()
}
