//! What the integration tests share.

pub(crate) mod media;
pub(crate) mod upstream;
