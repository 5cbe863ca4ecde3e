//! The SQLite database. Nothing outside this folder speaks SQL, and nothing in it decides anything.
//!
//! One connection writes, guarded by an async mutex; a few `query_only` connections read. SQLite has one writer
//! anyway, and waiting in an async queue is fair and can be measured, while its busy handler sleeps blindly. The busy
//! timeout stays for other processes (`courant inbound`, backups). Each closure runs in `spawn_blocking`; dropping
//! the future of [`Db::write`] does not undo it, so nothing may be assumed after a cancelled write.

pub mod backup;
pub mod bounces;
pub mod corrections;
pub mod digests;
pub mod entries;
pub mod feeds;
pub mod inbound;
pub mod integrity;
pub mod lists;
mod lock;
mod migrate;
pub mod notices;
pub mod outbox;
pub mod retention;
pub mod settings;
pub mod stories;
pub mod story_history;
pub mod subscribers;
pub mod summary;
pub mod texts;
pub mod websub;
pub mod window;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Mutex, Semaphore};

pub use integrity::Depth;
use integrity::Known;
pub use lock::{DatabaseLock, is_held, lock};
pub use rusqlite;

/// `application_id` of our files: "COUR".
const APPLICATION_ID: i64 = 0x434f_5552;
/// Below this, SQLite can corrupt a WAL database when its log is reset.
const SQLITE_MIN: i32 = 3_051_003;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const N_READERS: usize = 3;

/// Why a statement failed, as far as a caller can act on it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process held the write lock too long.
    #[error("the database is locked by another process")]
    Busy,
    /// No space left.
    #[error("the disk of the database is full")]
    Full,
    /// The file is damaged.
    #[error("the database is damaged; restore a backup: {0}")]
    Corrupt(String),
    /// The file is not ours, or of a newer version.
    #[error("{0}")]
    Unusable(String),
    /// The configuration's token key is not the one in use here.
    #[error(
        "the token key here is not the one that signed this installation's links: the unsubscribe and settings links \
         mailed so far would fail. Give the daemon, `courant inbound` and every command the same `[mail].token_key`, or \
         take this one from now on with `courant token-key --adopt`"
    )]
    OtherKey,
    /// Another daemon works on it.
    #[error("another Courant works on `{0}`; stop it first, or use a database of your own")]
    InUse(String),
    /// Anything else.
    #[error("database: {0}")]
    Other(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as E;
        match error.sqlite_error_code() {
            Some(E::DatabaseBusy | E::DatabaseLocked) => Self::Busy,
            Some(E::DiskFull) => Self::Full,
            Some(E::DatabaseCorrupt | E::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

/// What a store function returns.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The open database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    path: Arc<PathBuf>,
    writer: Arc<Mutex<Connection>>,
    readers: Arc<std::sync::Mutex<Vec<Connection>>>,
    reader_permits: Arc<Semaphore>,
    known: Known,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the file, making it and its folder where missing, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is not ours, is newer than this program, or a migration fails.
    pub fn open(path: &Path) -> Result<Self> {
        if rusqlite::version_number() < SQLITE_MIN {
            return Err(StoreError::Unusable(format!(
                "SQLite {} can damage WAL databases; build with the bundled one",
                rusqlite::version()
            )));
        }
        make_parent(path)?;
        let mut writer = connect(path, false)?;
        migrate::migrate(&mut writer, path)?;
        let known = Known::read(&writer)?;
        let readers = (0..N_READERS)
            .map(|_| connect(path, true))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            path: Arc::new(path.to_owned()),
            writer: Arc::new(Mutex::new(writer)),
            readers: Arc::new(std::sync::Mutex::new(readers)),
            reader_permits: Arc::new(Semaphore::new(N_READERS)),
            known,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs a closure in one `BEGIN IMMEDIATE` transaction: committed when it returns `Ok`, else rolled back. The
    /// closure is plain code, so no network call can happen inside a transaction.
    ///
    /// # Errors
    /// What the closure or the commit returns.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let asked = Instant::now();
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        let written = blocking(move || {
            metrics::histogram!("courant_db_write_wait_seconds").record(asked.elapsed().as_secs_f64());
            let started = Instant::now();
            let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&tx)?;
            tx.commit()?;
            metrics::histogram!("courant_db_write_seconds").record(started.elapsed().as_secs_f64());
            Ok(value)
        });
        self.heard(written.await)
    }

    /// Runs a closure on a connection that cannot write.
    ///
    /// # Errors
    /// What the closure returns.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.reader_permits)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Other("the database is closed".into()))?;
        let readers = Arc::clone(&self.readers);
        let path = Arc::clone(&self.path);
        let read = blocking(move || {
            let taken = readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
            let connection = match taken {
                Some(connection) => connection,
                None => connect(&path, true)?,
            };
            let value = work(&connection);
            readers
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(connection);
            drop(permit);
            value
        });
        self.heard(read.await)
    }

    /// A statement that stumbles over damage is the first to know of it.
    fn heard<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(StoreError::Corrupt(why)) = &result {
            self.known.suspect(why);
        }
        result
    }

    /// What is known against the file; empty when nothing is.
    #[must_use]
    pub fn damage(&self) -> String {
        self.known.damage()
    }

    /// Whether something is known against the file that no full look of this process has confirmed.
    #[must_use]
    pub fn wants_a_look(&self) -> bool {
        self.known.wants_a_look()
    }

    /// Looks whether the file is whole, for as long as `go_on` says so; whoever looks may pause in it. Returns what is
    /// wrong, empty when nothing is, and `None` when the look was ended. What was found is known from then on, and a full
    /// look that finds nothing clears what was known.
    ///
    /// # Errors
    /// When the file cannot be looked at.
    pub async fn look(&self, depth: Depth, go_on: impl FnMut() -> bool + Send + 'static) -> Result<Option<String>> {
        let path = Arc::clone(&self.path);
        let found = blocking(move || integrity::look(&path, depth, go_on)).await?;
        match (&found, depth) {
            (Some(found), Depth::Full) => self.known.settle(found.clone()),
            (Some(found), Depth::Quick) => self.known.suspect(found),
            (None, _) => {}
        }
        Ok(found)
    }

    /// Writes the log back into the file and empties it; done at shutdown and daily.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn checkpoint(&self) -> Result<()> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        blocking(move || {
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(())
        })
        .await
    }
}

async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(join) if join.is_panic() => std::panic::resume_unwind(join.into_panic()),
        Err(_) => Err(StoreError::Other("the runtime is shutting down".into())),
    }
}

fn make_parent(path: &Path) -> Result<()> {
    let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty() && !p.exists()) else {
        return Ok(());
    };
    let unusable =
        |e: std::io::Error| StoreError::Unusable(format!("Unable to make the folder `{}`: {e}", parent.display()));
    std::fs::create_dir_all(parent).map_err(unusable)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o700)).map_err(unusable)?;
    }
    Ok(())
}

fn connect(path: &Path, read_only: bool) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| {
        StoreError::Unusable(format!(
            "Unable to open the database `{}`: {e}; check the path and its owner",
            path.display()
        ))
    })?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA secure_delete = ON;
         PRAGMA cell_size_check = ON;
         PRAGMA mmap_size = 0;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA temp_store = MEMORY;",
    )?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unusable(format!(
            "`{}` cannot use write-ahead logging (it says `{mode}`); put the database on a local disk",
            path.display()
        )));
    }
    if read_only {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(connection)
}
