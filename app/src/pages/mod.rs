//! One file a page.

pub(crate) mod home;
pub(crate) mod not_found;
pub(crate) mod watch;
