//! The one task that stops, resumes and deletes torrents: after their readers, and for the quota.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use librqbit::{Api, ManagedTorrentState};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::{engine::Shared, entry::Entry, folder::age};
use crate::source::InfoHash;

/// How often it looks while something is open: librqbit tells nothing of peers and speeds by itself.
const LOOK: Duration = Duration::from_secs(1);
/// How often it looks otherwise, for data that nobody needs any more.
const REST: Duration = Duration::from_secs(600);
/// A reader that has not read for so long gives up its place in the line.
const IDLE: Duration = Duration::from_secs(4);
/// How often bitfields are written. What has come since is looked for again after a KILL.
const WRITE: Duration = Duration::from_secs(5);
/// How long data of an earlier server are kept for a session that may come back.
const RETENTION: Duration = Duration::from_secs(24 * 3600);
/// Peers that are gone are tried again after so long when somebody waits, and then after twice as long each time, up to
/// [`LONGEST`]; librqbit itself would wait for minutes.
const RETRY: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

/// The keeper's own notes.
struct Keeper {
    shared: Arc<Shared>,
    /// Data that nobody has opened since the server started, and their bytes.
    left: HashMap<InfoHash, u64>,
    notes: HashMap<InfoHash, Note>,
}

/// On one torrent.
struct Note {
    /// What librqbit was told to download as a whole; none: nothing yet.
    chosen: Option<HashSet<usize>>,
    repaired_at: Option<Instant>,
    repair_after: Duration,
    written: Vec<u8>,
    written_at: Instant,
    touched_at: Instant,
    alone_since: Option<Instant>,
    patience: Duration,
}

impl Note {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            chosen: None,
            repaired_at: None,
            repair_after: RETRY,
            written: Vec::new(),
            written_at: now,
            touched_at: now,
            alone_since: None,
            patience: RETRY,
        }
    }
}

/// Runs until the token is cancelled, then puts the torrents in order for the next server.
pub(super) async fn run(shared: Arc<Shared>, token: CancellationToken) {
    let mut keeper = Keeper { shared, left: HashMap::new(), notes: HashMap::new() };
    keeper.count().await;
    loop {
        let busy = keeper.look().await;
        let shared = Arc::clone(&keeper.shared);
        tokio::select! {
            () = shared.bell.notified() => {}
            () = shared.ledger.pressed.notified() => {}
            () = tokio::time::sleep(if busy { LOOK } else { REST }) => {}
            () = token.cancelled() => break,
        }
    }
    keeper.end().await;
}

impl Keeper {
    /// What is there from before takes part in the quota.
    async fn count(&mut self) {
        let folder = Arc::clone(&self.shared.folder);
        let counted = spawn_blocking(move || {
            let all = folder.with_data();
            all.into_iter().map(|(hash, _)| (hash, bytes_below(&folder.data(hash)))).collect::<HashMap<_, _>>()
        });
        self.left = counted.await.unwrap_or_default();
        self.shared.ledger.find(self.left.values().sum());
    }

    /// Looks at everything once; whether it should be soon again.
    async fn look(&mut self) -> bool {
        let shared = Arc::clone(&self.shared);
        let mut entries = shared.entries.lock().await;
        for hash in entries.keys() {
            // It has entered its bytes itself.
            if let Some(bytes) = self.left.remove(hash) {
                shared.ledger.give_back(bytes);
            }
        }
        let keeps = shared.config.keep || shared.config.seed;
        let forgotten: Vec<_> = entries.values().filter(|entry| !keeps && self.is_forgotten(entry)).cloned().collect();
        for entry in forgotten {
            entries.remove(&entry.meta.hash);
            self.delete(&entry, "the last session on it is over").await;
        }
        self.expire().await;
        self.make_room(&mut entries).await;
        let narrow = self.is_narrow(&entries);
        let mut busy = false;
        for entry in entries.values() {
            self.keep(entry, narrow).await;
            // One that is being looked over goes on by itself afterwards.
            busy |= !entry.leased().is_empty() || matches!(state(entry), State::Live | State::Checking);
        }
        busy
    }

    /// One torrent.
    async fn keep(&mut self, entry: &Arc<Entry>, narrow: bool) {
        let shared = Arc::clone(&self.shared);
        let note = self.notes.entry(entry.meta.hash).or_insert_with(Note::new);
        let leased = entry.leased();
        let full = entry.full.load(Ordering::Relaxed);
        let runs = (!leased.is_empty() || shared.config.seed) && !full;
        let handle = entry.handle().0;
        match (state(entry), runs) {
            (State::Live, false) => {
                tracing::info!(hash = %entry.meta.hash, full, "torrent stopped");
                attempt("stopped", shared.session.pause(&handle).await);
            }
            (State::Paused, true) => attempt("resumed", shared.session.unpause(&handle).await),
            (State::Broken, true) if note.repaired_at.is_none_or(|at| at.elapsed() > note.repair_after) => {
                // The disk may be full for longer.
                note.repaired_at = Some(Instant::now());
                note.repair_after = (note.repair_after * 2).min(LONGEST);
                note.chosen = None;
                self.renew(entry).await;
            }
            _ => {}
        }
        let note = self.notes.entry(entry.meta.hash).or_insert_with(Note::new);
        // Whoever seeds what nobody watches wants no more of it.
        let chosen: HashSet<usize> =
            if narrow { HashSet::new() } else { leased.iter().map(|file| *file as usize).collect() };
        if runs && matches!(state(entry), State::Live | State::Paused) && note.chosen.as_ref() != Some(&chosen) {
            let told = shared.session.update_only_files(&handle, &chosen).await;
            note.chosen = told.is_ok().then_some(chosen);
            attempt("told what to download", told);
            if matches!(state(entry), State::Paused) {
                attempt("resumed", shared.session.unpause(&handle).await);
            }
        }
        self.load(entry);
        rest(entry);
        self.call_again(entry).await;
        self.write(entry, false).await;
    }

    /// Learns what is there from before, once librqbit has looked it over.
    fn load(&self, entry: &Entry) {
        if entry.loaded.load(Ordering::Relaxed) || !matches!(state(entry), State::Live | State::Paused) {
            return;
        }
        if let Ok((have, _)) =
            Api::new(Arc::clone(&self.shared.session), None).api_dump_haves(entry.handle().0.id().into())
        {
            have.iter_ones().for_each(|piece| entry.files.set_has(piece as u64, true));
            entry.loaded.store(true, Ordering::Relaxed);
        }
    }

    /// Peers that went away are called again while somebody waits.
    async fn call_again(&mut self, entry: &Arc<Entry>) {
        let Some(note) = self.notes.get_mut(&entry.meta.hash) else { return };
        if !matches!(state(entry), State::Live) || !entry.is_awaited() || entry.peers() > 0 {
            note.alone_since = None;
            if entry.peers() > 0 {
                note.patience = RETRY;
            }
            return;
        }
        let since = *note.alone_since.get_or_insert_with(Instant::now);
        if since.elapsed() < note.patience {
            return;
        }
        note.alone_since = None;
        note.patience = (note.patience * 2).min(LONGEST);
        tracing::debug!(hash = %entry.meta.hash, "peers are called again");
        let handle = entry.handle().0;
        attempt("stopped", self.shared.session.pause(&handle).await);
        attempt("resumed", self.shared.session.unpause(&handle).await);
    }

    /// Whether no session is on it, and nobody has it open.
    fn is_forgotten(&self, entry: &Entry) -> bool {
        let holds = self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
        entry.leased().is_empty() && !holds.contains_key(&entry.meta.hash)
    }

    /// Gives a torrent to librqbit anew, with what is there: it goes on by the bitfield.
    async fn renew(&mut self, entry: &Arc<Entry>) {
        let shared = Arc::clone(&self.shared);
        let chosen = entry.leased().into_iter().map(|file| file as usize).collect();
        attempt("taken back", shared.session.delete(entry.handle().0.id().into(), false).await);
        let (folder, files, hash) = (Arc::clone(&shared.folder), Arc::clone(&entry.files), entry.meta.hash);
        let written = spawn_blocking(move || folder.keep_bitfield(hash, &files.bitfield())).await;
        attempt("noted", written.map_err(io::Error::other).and_then(|written| written).map_err(Into::into));
        match shared.engage(&entry.meta, &entry.files, &entry.peers, chosen).await {
            Ok(handle) => entry.renew(handle),
            Err(why) => tracing::warn!(why = format!("{why:#}"), %hash, "a torrent cannot be opened again"),
        }
    }

    /// Deletes the files of a watched torrent that nobody watches now; whether there were any.
    async fn shed(&mut self, entry: &Arc<Entry>) -> bool {
        let leased = entry.leased();
        let unwatched: Vec<_> = entry
            .files
            .numbers()
            .into_iter()
            .filter(|number| !leased.iter().any(|file| *file as usize == *number))
            .collect();
        // Those beside the watched one hold parts of its pieces.
        let worth = |number: &usize| entry.files.bytes_of(*number) > 2 * entry.meta.piece;
        let unwatched: Vec<_> = unwatched.into_iter().filter(worth).collect();
        if unwatched.is_empty() {
            return false;
        }
        tracing::info!(hash = %entry.meta.hash, files = unwatched.len(), "files of a torrent deleted: the quota is used up");
        if let Some(note) = self.notes.get_mut(&entry.meta.hash) {
            note.chosen = None;
        }
        attempt("stopped", self.shared.session.pause(&entry.handle().0).await);
        let (files, meta) = (Arc::clone(&entry.files), Arc::clone(&entry.meta));
        let deleted = spawn_blocking(move || {
            for number in unwatched {
                if let Some(about) = meta.files.get(number) {
                    let pieces = about.offset / meta.piece..(about.offset + about.len).div_ceil(meta.piece);
                    pieces.for_each(|piece| files.set_has(piece, false));
                }
                files.delete_file(number)?;
            }
            io::Result::Ok(())
        });
        attempt("deleted", deleted.await.map_err(io::Error::other).and_then(|done| done).map_err(Into::into));
        self.renew(entry).await;
        true
    }

    /// Writes down what is there.
    async fn write(&mut self, entry: &Arc<Entry>, now: bool) {
        let Some(note) = self.notes.get_mut(&entry.meta.hash) else { return };
        let leased = !entry.leased().is_empty();
        if leased && note.touched_at.elapsed() > LONGEST {
            note.touched_at = Instant::now();
            let (folder, hash) = (Arc::clone(&self.shared.folder), entry.meta.hash);
            let _ = spawn_blocking(move || folder.touch(hash)).await;
        }
        if !entry.loaded.load(Ordering::Relaxed) || !now && note.written_at.elapsed() < WRITE {
            return;
        }
        note.written_at = Instant::now();
        let files = Arc::clone(&entry.files);
        let Ok(bitfield) = spawn_blocking(move || files.bitfield()).await else { return };
        if bitfield == note.written {
            return;
        }
        note.written.clone_from(&bitfield);
        let (folder, hash) = (Arc::clone(&self.shared.folder), entry.meta.hash);
        let written = spawn_blocking(move || folder.keep_bitfield(hash, &bitfield)).await;
        attempt("noted", written.map_err(io::Error::other).and_then(|written| written).map_err(Into::into));
    }

    /// Deletes what earlier servers left and nobody came back for.
    async fn expire(&mut self) {
        let gone = std::mem::take(&mut *self.shared.gone.lock().unwrap_or_else(PoisonError::into_inner));
        if self.shared.config.keep || self.shared.config.seed || self.left.is_empty() {
            return;
        }
        let holds =
            |hash: &InfoHash| self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner).contains_key(hash);
        let gone: Vec<_> = gone.into_iter().filter(|hash| !holds(hash)).collect();
        for hash in gone {
            self.delete_left(hash, "the last session on it is over").await;
        }
        let folder = Arc::clone(&self.shared.folder);
        let old = spawn_blocking(move || folder.with_data()).await.unwrap_or_default();
        for (hash, _) in old.into_iter().filter(|(_, watched)| age(*watched) > RETENTION) {
            self.delete_left(hash, "nobody watched it for a day").await;
        }
    }

    /// Deletes what was watched longest ago, until the quota is kept; where all is being watched, downloading stops.
    async fn make_room(&mut self, entries: &mut HashMap<InfoHash, Arc<Entry>>) {
        let ledger = Arc::clone(&self.shared.ledger);
        while ledger.used() > ledger.comfortable() {
            let folder = Arc::clone(&self.shared.folder);
            let by_age = spawn_blocking(move || folder.with_data()).await.unwrap_or_default();
            if let Some((hash, _)) = by_age.iter().find(|(hash, _)| self.left.contains_key(hash)) {
                self.delete_left(*hash, "the quota is used up").await;
                continue;
            }
            let unwatched = entries.values().filter(|entry| entry.leased().is_empty() && entry.files.bytes() > 0);
            let Some(entry) = unwatched.min_by_key(|entry| entry.watched()).cloned() else { break };
            entries.remove(&entry.meta.hash);
            self.delete(&entry, "the quota is used up").await;
        }
        let watched: Vec<_> = entries.values().filter(|entry| !entry.leased().is_empty()).cloned().collect();
        for entry in watched {
            if ledger.used() <= ledger.comfortable() || !self.shed(&entry).await {
                continue;
            }
        }
        let full = ledger.used() > ledger.comfortable();
        for entry in entries.values() {
            entry.set_full(full);
        }
    }

    /// Whether there is not enough room for all of the films that are watched, so that only what is watched next is
    /// downloaded of each.
    fn is_narrow(&self, entries: &HashMap<InfoHash, Arc<Entry>>) -> bool {
        let ledger = &self.shared.ledger;
        let watched: Vec<_> = entries.values().filter(|entry| !entry.leased().is_empty()).collect();
        let to_come = watched.iter().flat_map(|entry| entry.leased().into_iter().map(move |file| (entry, file)));
        let to_come = to_come.map(|(entry, file)| {
            let size = entry.meta.files.get(file as usize).map_or(0, |file| file.len);
            size.saturating_sub(entry.files.bytes_of(file as usize))
        });
        let taken =
            watched.iter().flat_map(|entry| entry.leased().into_iter().map(|file| entry.files.bytes_of(file as usize)));
        let taken: u64 = taken.sum();
        taken + to_come.sum::<u64>() > ledger.comfortable()
    }

    async fn delete(&mut self, entry: &Arc<Entry>, why: &str) {
        tracing::info!(hash = %entry.meta.hash, reason = why, "torrent data deleted");
        self.notes.remove(&entry.meta.hash);
        attempt("deleted", self.shared.session.delete(entry.handle().0.id().into(), true).await);
        let (files, folder, hash) = (Arc::clone(&entry.files), Arc::clone(&self.shared.folder), entry.meta.hash);
        let deleted = spawn_blocking(move || {
            files.delete()?;
            folder.delete(hash)
        });
        attempt("deleted", deleted.await.map_err(io::Error::other).and_then(|done| done).map_err(Into::into));
    }

    async fn delete_left(&mut self, hash: InfoHash, why: &str) {
        let Some(bytes) = self.left.remove(&hash) else { return };
        tracing::info!(%hash, reason = why, "torrent data deleted");
        let folder = Arc::clone(&self.shared.folder);
        match spawn_blocking(move || folder.delete(hash)).await.map_err(io::Error::other).and_then(|done| done) {
            Ok(()) => self.shared.ledger.give_back(bytes),
            // They are there still, and count.
            Err(why) => tracing::warn!(%why, %hash, "torrent data cannot be deleted"),
        }
    }

    /// The next server goes on with what is there.
    async fn end(&mut self) {
        let entries: Vec<_> = self.shared.entries.lock().await.values().cloned().collect();
        for entry in &entries {
            // Also what is being looked over: a runtime that ends waits for that.
            if matches!(state(entry), State::Live | State::Checking) {
                attempt("stopped", self.shared.session.pause(&entry.handle().0).await);
            }
            self.write(entry, true).await;
        }
        self.shared.session.cancellation_token().cancel();
    }
}

enum State {
    Live,
    Paused,
    Checking,
    Broken,
}

fn state(entry: &Entry) -> State {
    entry.handle().0.with_state(|state| match state {
        ManagedTorrentState::Live(_) => State::Live,
        ManagedTorrentState::Paused(_) => State::Paused,
        ManagedTorrentState::Initializing(_) => State::Checking,
        ManagedTorrentState::Error(_) | ManagedTorrentState::None => State::Broken,
    })
}

/// Readers that stay away give up their places, but for the one that read last: what comes after it is needed next.
fn rest(entry: &Entry) {
    let slots = entry.slots();
    let newest = slots.iter().map(|slot| slot.used()).max();
    for slot in slots.iter().filter(|slot| Some(slot.used()) != newest && slot.used().elapsed() > IDLE) {
        slot.rest();
    }
}

/// What fails is tried again at the next look.
fn attempt<T>(what: &str, done: anyhow::Result<T>) {
    if let Err(why) = done {
        tracing::debug!(why = format!("{why:#}"), "a torrent could not be {what}");
    }
}

/// The bytes that a folder's files really take.
fn bytes_below(folder: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|about| about.blocks() * 512).sum()
}
