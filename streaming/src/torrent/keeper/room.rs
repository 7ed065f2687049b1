//! What of torrents is deleted: what nobody needs any more, and for the quota what was watched longest ago.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio::task::spawn_blocking;

use super::{Keeper, attempt};
use crate::{
    source::InfoHash,
    torrent::{entry::Entry, folder::age},
};

/// How long data of an earlier server are kept for a session that may come back.
const RETENTION: Duration = Duration::from_secs(24 * 3600);

impl Keeper {
    /// Deletes what earlier servers left and nobody came back for.
    pub(super) async fn expire(&mut self) {
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
    pub(super) async fn make_room(&mut self, entries: &mut HashMap<InfoHash, Arc<Entry>>) {
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
            if ledger.used() > ledger.comfortable() {
                self.shed(&entry).await;
            }
        }
        let full = ledger.used() > ledger.comfortable();
        for entry in entries.values() {
            entry.set_full(full);
        }
    }

    /// Whether there is not enough room for all of the films that are watched, so that only what is watched next is
    /// downloaded of each.
    pub(super) fn is_narrow(&self, entries: &HashMap<InfoHash, Arc<Entry>>) -> bool {
        let needed = entries.values().flat_map(|entry| {
            let files = entry.leased().into_iter();
            // What is written may be more than the file: it is counted in grains.
            files.map(|file| entry.meta.len_of(file).max(entry.files.bytes_of(file as usize)))
        });
        needed.sum::<u64>() > self.shared.ledger.comfortable()
    }

    pub(super) async fn delete(&mut self, entry: &Arc<Entry>, why: &str) {
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

    pub(super) async fn delete_left(&mut self, hash: InfoHash, why: &str) {
        let Some(bytes) = self.left.remove(&hash) else { return };
        tracing::info!(%hash, reason = why, "torrent data deleted");
        let folder = Arc::clone(&self.shared.folder);
        match spawn_blocking(move || folder.delete(hash)).await.map_err(io::Error::other).and_then(|done| done) {
            Ok(()) => self.shared.ledger.give_back(bytes),
            // They are there still, and count.
            Err(why) => tracing::warn!(%why, %hash, "torrent data cannot be deleted"),
        }
    }

    /// Deletes the files of a watched torrent that nobody watches now; if there are any.
    pub(super) async fn shed(&mut self, entry: &Arc<Entry>) {
        let leased = entry.leased();
        let is_watched = |number: &usize| leased.iter().any(|file| *file as usize == *number);
        // Those beside the watched one hold parts of its pieces.
        let worth = |number: &usize| entry.files.bytes_of(*number) > 2 * entry.meta.piece;
        let numbers = entry.files.numbers().into_iter();
        let unwatched: Vec<_> = numbers.filter(|number| !is_watched(number) && worth(number)).collect();
        if unwatched.is_empty() {
            return;
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
                    meta.pieces(about, 0..about.len).for_each(|piece| files.set_has(piece, false));
                }
                files.delete_file(number)?;
            }
            io::Result::Ok(())
        });
        attempt("deleted", deleted.await.map_err(io::Error::other).and_then(|done| done).map_err(Into::into));
        self.renew(entry).await;
    }
}
