//! Logs: readable on a terminal, JSON on demand.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, filter::ParseError, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::settings::{LogFormat, Settings};

/// The log filter is not written as it should be.
#[derive(Debug, thiserror::Error)]
#[error("--log {filter} is not a filter; write one like info or streaming=debug,info")]
pub struct LogError {
    filter: String,
    source: ParseError,
}

/// Starts logging to standard error.
///
/// # Errors
///
/// When the filter cannot be read.
pub fn start(settings: &Settings) -> Result<(), LogError> {
    let filter = settings.log.clone().unwrap_or_else(|| "info".into());
    let filter = EnvFilter::try_new(&filter).map_err(|source| LogError { filter, source })?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match settings.log_format.unwrap_or_default() {
        LogFormat::Text => registry.with(layer.with_target(false).compact()).init(),
        LogFormat::Json => registry.with(layer.json()).init(),
    }
    Ok(())
}
