//! Files whose bytes are changed on their way to who reads them, in their places.

/// Changes packets of one size, each by itself.
pub trait Rewrite: Send + Sync {
    /// Bytes in which it is surely seen where packets begin.
    fn to_find(&self) -> usize;

    /// Changes the whole packets of a file's bytes from `at` on, which may begin inside of one. Gives where the last of
    /// them ends, which is 0 where there is none.
    fn rewrite(&self, at: u64, bytes: &mut [u8]) -> usize;
}
