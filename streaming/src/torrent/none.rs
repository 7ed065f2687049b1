//! The same names in a program that was built without torrents: nobody has one of these.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use protocol::{Error, Media, SessionId, TorrentsReport};

use super::{Along, TorrentConfig, switched_off};
use crate::{
    gateway::{ByteReader, ByteSource, Gateway},
    source::{InfoHash, Magnet},
    tasks::Tasks,
};

#[derive(Clone, Debug)]
pub enum Torrents {}

#[derive(Clone, Debug)]
pub enum TorrentFile {}

impl Torrents {
    /// # Errors
    ///
    /// Always.
    pub async fn start(_: TorrentConfig, _: Gateway, _: &Tasks) -> std::io::Result<Self> {
        Err(std::io::Error::other(switched_off().message))
    }

    pub async fn inspect(&self, _: &Magnet) -> Result<Media, Error> {
        match *self {}
    }

    pub async fn add_file(&self, _: Bytes) -> Result<InfoHash, Error> {
        match *self {}
    }

    pub async fn open(&self, _: &Magnet, _: Option<u32>) -> Result<Arc<TorrentFile>, Error> {
        match *self {}
    }

    pub fn hold(&self, _: InfoHash, _: SessionId) {
        match *self {}
    }

    pub fn release(&self, _: InfoHash, _: SessionId) {
        match *self {}
    }

    #[must_use]
    pub fn report(&self) -> TorrentsReport {
        match *self {}
    }
}

impl TorrentFile {
    #[must_use]
    pub fn hash(&self) -> InfoHash {
        match *self {}
    }

    #[must_use]
    pub fn name(&self) -> String {
        match *self {}
    }

    pub fn set_duration(&self, _: f64) {
        match *self {}
    }

    #[must_use]
    pub fn along(&self) -> Along {
        match *self {}
    }
}

impl ByteSource for TorrentFile {
    fn len(&self) -> u64 {
        match *self {}
    }

    fn reader(&self, _: bool) -> Box<dyn ByteReader> {
        match *self {}
    }

    fn trouble(&self) -> Option<Error> {
        match *self {}
    }
}

impl ByteReader for TorrentFile {
    fn next(&mut self, _: u64, _: usize) -> BoxFuture<'_, Result<Bytes, Error>> {
        match *self {}
    }
}
