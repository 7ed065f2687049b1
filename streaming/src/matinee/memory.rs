//! Sessions on the disk: they outlive the server.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use protocol::SessionId;
use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, TableDefinition, backends::FileBackend,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::Notify, task::spawn_blocking};

use super::{Inner, torrents, unix_ms};
use crate::{session::Saved, source::Source};

/// Sessions by their id, as JSON.
const SESSIONS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("sessions");

/// Servers with one data folder; each has a file of its own.
const MOST_SERVERS: u32 = 16;
/// Between two writes of what can wait. What a viewer's position has changed by in that time is lost by a KILL; pages know
/// their own.
const APART: Duration = Duration::from_secs(2);
/// Between any two writes: whoever opens sessions or renames one in a loop keeps no disk busy.
const FLOOR: Duration = Duration::from_millis(100);

/// Rings when something of a session has changed that outlives the server.
#[derive(Debug, Default)]
pub(super) struct Remember {
    soon: Notify,
    now: Notify,
}

impl Remember {
    /// What comes again by itself, such as where a viewer is.
    pub(super) fn soon(&self) {
        self.soon.notify_one();
    }

    /// What nobody tells a second time: that there is a session or no more, who its host is and what the host wants.
    pub(super) fn now(&self) {
        self.now.notify_one();
    }

    /// Either, by whether it is told only once.
    pub(super) fn by(&self, told_once: bool) {
        if told_once { self.now() } else { self.soon() }
    }

    /// Something is to be written, and the last time is not just over.
    async fn rung(&self) {
        tokio::time::sleep(FLOOR).await;
        let soon = async {
            tokio::time::sleep(APART).await;
            self.soon.notified().await;
        };
        tokio::select! {
            () = self.now.notified() => {}
            () = soon => {}
        }
    }
}

/// One session as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    saved: Saved<Source>,
    /// When it was awake last, in milliseconds since the Unix epoch.
    awake_at: u64,
}

/// The file. Links in it may have credentials, so it is for this user alone.
#[derive(Debug)]
pub(super) struct Memory {
    database: Database,
    written: HashMap<SessionId, Record>,
}

impl Memory {
    /// Opens the first file that no other server has open. One that cannot be read is put aside. Blocks on the file system.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        for n in 1..=MOST_SERVERS {
            let name = if n == 1 { "sessions.redb".to_owned() } else { format!("sessions-{n}.redb") };
            let path = dir.join(name);
            match database(&path) {
                Ok(database) => return Ok(Self { database, written: HashMap::new() }),
                Err(DatabaseError::DatabaseAlreadyOpen) => {}
                Err(error) => {
                    tracing::warn!(%error, "the file of sessions cannot be read; it is put aside");
                    std::fs::rename(&path, path.with_extension("unreadable"))?;
                    let database = database(&path).map_err(io::Error::other)?;
                    return Ok(Self { database, written: HashMap::new() });
                }
            }
        }
        Err(io::Error::other(format!("{MOST_SERVERS} servers use this data folder; give this one another")))
    }

    /// What was written by the server before. Blocks on the file system.
    fn read(&mut self) -> Result<HashMap<SessionId, Record>, redb::Error> {
        let reading = self.database.begin_read()?;
        let table = match reading.open_table(SESSIONS) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(HashMap::new()),
            table => table?,
        };
        let mut records = HashMap::new();
        for entry in table.iter()? {
            let (id, json) = entry?;
            // What another version wrote is left out.
            if let Ok(record) = serde_json::from_slice(json.value()) {
                records.insert(SessionId(uuid::Uuid::from_u128(id.value())), record);
            }
        }
        Ok(records)
    }

    /// Writes what has changed. Blocks on the file system.
    fn write(&mut self, now: HashMap<SessionId, Record>) -> Result<(), redb::Error> {
        let gone: Vec<_> = self.written.keys().filter(|id| !now.contains_key(id)).copied().collect();
        let changed: Vec<_> = now.iter().filter(|(id, record)| self.written.get(id) != Some(record)).collect();
        if gone.is_empty() && changed.is_empty() {
            return Ok(());
        }
        let writing = self.database.begin_write()?;
        {
            let mut table = writing.open_table(SESSIONS)?;
            for id in gone {
                table.remove(id.0.as_u128())?;
            }
            for (id, record) in changed {
                let json = serde_json::to_vec(record).map_err(|why| redb::Error::Io(io::Error::other(why)))?;
                table.insert(id.0.as_u128(), json.as_slice())?;
            }
        }
        writing.commit()?;
        self.written = now;
        Ok(())
    }
}

fn database(path: &Path) -> Result<Database, DatabaseError> {
    let file = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let backend = FileBackend::new(file.map_err(|why| DatabaseError::Storage(why.into()))?)?;
    Database::builder().create_with_backend(backend)
}

/// Takes back the sessions that are written down; they sleep until somebody comes.
pub(super) async fn restore(inner: &Arc<Inner>, dir: PathBuf) -> io::Result<Memory> {
    let opened = spawn_blocking(move || {
        let mut memory = Memory::open(&dir)?;
        let records = memory.read().map_err(io::Error::other)?;
        io::Result::Ok((memory, records))
    });
    let (mut memory, records) = opened.await.map_err(io::Error::other)??;
    let (now, now_ms) = (Instant::now(), unix_ms());
    let mut restored = 0;
    for (session, record) in &records {
        let ago = Duration::from_millis(now_ms.saturating_sub(record.awake_at));
        let recipe = &record.saved.recipe;
        if !recipe.is_allowed(inner.media_dir.as_deref())
            || !inner.registry().restore(now, *session, record.saved.clone(), ago)
        {
            continue;
        }
        restored += 1;
        if let Some(hash) = recipe.hash() {
            torrents::know(inner, *session, hash);
        }
    }
    if restored > 0 {
        tracing::info!(restored, "sessions of the server before sleep until somebody comes");
    }
    memory.written = records;
    Ok(memory)
}

/// Writes sessions down as they change, until the server ends.
pub(super) async fn run(inner: std::sync::Weak<Inner>, mut memory: Memory, token: tokio_util::sync::CancellationToken) {
    loop {
        let Some(now) = inner.upgrade() else { return };
        let records = records(&now, &memory);
        let writing = spawn_blocking(move || {
            let written = memory.write(records);
            (memory, written)
        });
        let Ok((returned, written)) = writing.await else { return };
        memory = returned;
        if let Err(error) = written {
            tracing::warn!(%error, "sessions could not be written down; a restart will not know of what has changed");
        }
        if token.is_cancelled() {
            return;
        }
        tokio::select! {
            () = now.remember.rung() => {}
            () = token.cancelled() => {}
        }
    }
}

fn records(inner: &Inner, memory: &Memory) -> HashMap<SessionId, Record> {
    let registry = inner.registry();
    let now_ms = unix_ms();
    let all = registry.saved(Instant::now()).into_iter().map(|(session, saved)| {
        let before = memory.written.get(&session);
        let awake_at = match (registry.epoch(session), before) {
            // A minute is exact enough, and does not make every look a write.
            (Some(_), Some(before)) if now_ms.saturating_sub(before.awake_at) < 60_000 => before.awake_at,
            (Some(_), _) | (None, None) => now_ms,
            (None, Some(before)) => before.awake_at,
        };
        (session, Record { saved, awake_at })
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Limits, Registry, ServerClock, secrets};

    fn record() -> (SessionId, Record) {
        let mut registry = Registry::new(Limits::default(), ServerClock::read());
        let (id, key) = (secrets::new_session_id(), secrets::new_host_key());
        let source = Source::parse("https://me:hush@films.example/a.mkv", None).unwrap();
        registry.open(Instant::now(), id, secrets::HostKeyHash::of(&key), source, "a", 1).unwrap();
        (id, Record { saved: registry.saved(Instant::now()).remove(0).1, awake_at: 7 })
    }

    #[test]
    fn what_is_written_is_read_again() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let mut memory = Memory::open(dir.path()).unwrap();
        assert_eq!(memory.read().unwrap(), HashMap::new());
        let all: HashMap<_, _> = [record(), record()].into();
        memory.write(all.clone()).unwrap();
        assert_eq!(memory.read().unwrap(), all);
        let mode = dir.path().join("sessions.redb").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(memory);
        let mut memory = Memory::open(dir.path()).unwrap();
        memory.written = memory.read().unwrap();
        assert_eq!(memory.written, all);
        let one: HashMap<_, _> = all.into_iter().take(1).collect();
        memory.write(one.clone()).unwrap();
        assert_eq!(memory.read().unwrap(), one);
    }

    #[test]
    fn a_second_server_has_a_file_of_its_own_and_a_broken_one_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("sessions.redb"), "this is no database").unwrap();
        let mut first = Memory::open(dir.path()).unwrap();
        assert_eq!(first.read().unwrap(), HashMap::new());
        assert!(dir.path().join("sessions.unreadable").exists());
        let _second = Memory::open(dir.path()).unwrap();
        assert!(dir.path().join("sessions-2.redb").exists());
    }
}
