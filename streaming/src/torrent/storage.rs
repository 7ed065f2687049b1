//! What librqbit is given as a torrent's storage.

use std::{any::TypeId, path::Path, sync::Arc};

use librqbit::{
    ManagedTorrentShared, TorrentMetadata,
    storage::{
        BoxStorageFactory, StorageFactory, StorageFactoryExt as _, TorrentStorage, filesystem::FilesystemStorageFactory,
    },
};
use librqbit_core::lengths::ValidPieceIndex;

use super::files::Files;

/// Writes to and reads from [`Files`].
#[derive(Clone, Debug)]
pub(super) struct Storage(pub(super) Arc<Files>);

impl StorageFactory for Storage {
    type Storage = Self;

    fn create(&self, _: &ManagedTorrentShared, _: &TorrentMetadata) -> anyhow::Result<Self> {
        Ok(self.clone())
    }

    /// librqbit keeps bitfields, by which a torrent goes on at once, only where it takes the storage for its own of
    /// files.
    fn is_type_id(&self, type_id: TypeId) -> bool {
        type_id == TypeId::of::<FilesystemStorageFactory>() || type_id == TypeId::of::<Self>()
    }

    fn clone_box(&self) -> BoxStorageFactory {
        self.clone().boxed()
    }
}

impl TorrentStorage for Storage {
    fn init(&mut self, _: &ManagedTorrentShared, _: &TorrentMetadata) -> anyhow::Result<()> {
        Ok(())
    }

    fn pread_exact(&self, file: usize, offset: u64, buffer: &mut [u8]) -> anyhow::Result<()> {
        Ok(self.0.read(file, offset, buffer)?)
    }

    fn pwrite_all(&self, file: usize, offset: u64, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.0.write(file, offset, bytes)?)
    }

    /// The folder is deleted as a whole.
    fn remove_file(&self, _: usize, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    fn remove_directory_if_empty(&self, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    /// A file that nobody chose has no length yet, and does not need it.
    fn ensure_file_length(&self, file: usize, length: u64) -> anyhow::Result<()> {
        Ok(self.0.set_len(file, length)?)
    }

    fn take(&self) -> anyhow::Result<Box<dyn TorrentStorage>> {
        Ok(Box::new(self.clone()))
    }

    fn on_piece_completed(&self, piece: ValidPieceIndex) -> anyhow::Result<()> {
        self.0.set_has(u64::from(piece.get()), true);
        Ok(())
    }
}
