//! fmp4.
