//! From settings to a running server, and back to nothing.

use std::{error::Error, net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use streaming::{
    Config, Matinee, encoder::Wanted, gateway::GatewayConfig, session::Limits, store::StoreConfig, tools::ToolPaths,
    torrent::TorrentConfig,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    connection::{Listening, Peer},
    guard::KnownHosts,
    listen::listen,
    login::Login,
    router::{AppState, router},
    settings::{Settings, Switch},
    site,
};

const DEFAULT_ADDR: ([u8; 4], u16) = ([127, 0, 0, 1], 8000);

/// How long answers that are under way may take after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(2);

/// Runs the server until it is told to stop; true if everything ended in order.
///
/// # Errors
///
/// Why it could not start, with what to do.
pub async fn run(mut settings: Settings) -> Result<bool, Box<dyn Error>> {
    let leptos = site::options(settings.site_dir.as_deref())?;
    let addr = settings.addr.unwrap_or_else(|| DEFAULT_ADDR.into());
    let known = KnownHosts::new(settings.host.as_deref().unwrap_or_default());
    // The port first: when it is taken nothing else needs to have been started.
    let listener = listen(addr).await?;
    let addr = listener.local_addr()?;
    // Before anything is there that an end would have to put in order.
    let stop = stop_signal()?;
    let login = match settings.password.take() {
        Some(password) => Some(Login::new(password, data_dir(&settings)).await?),
        None => None,
    };
    let matinee = Matinee::start(config(settings)).await?;
    matinee.refuse_port(addr);
    announce(&matinee, addr, login.is_some());

    let app = router(AppState { matinee: matinee.clone(), leptos }, known, login);
    let stopping = matinee.tasks().token().clone();
    let served = axum::serve(Listening(listener), app.into_make_service_with_connect_info::<Peer>())
        .with_graceful_shutdown(stopping.clone().cancelled_owned());
    let mut serving = matinee.tasks().spawn_tidy("http", async move { served.await });
    tokio::select! {
        reason = stop => tracing::info!(reason, "stopping"),
        ended = &mut serving => {
            tracing::error!(?ended, "the HTTP server ended by itself");
            matinee.shutdown().await;
            return Ok(false);
        }
    }
    // Everything that is under way is told to end; connections that would not are cut with the program's end.
    stopping.cancel();
    if tokio::time::timeout(DRAIN, &mut serving).await.is_err() {
        serving.abort();
    }
    let in_order = matinee.shutdown().await;
    if in_order {
        tracing::info!("stopped");
    } else {
        tracing::error!(children = matinee.children(), tasks = matinee.tasks().alive(), "something would not end");
    }
    Ok(in_order)
}

fn config(settings: Settings) -> Config {
    let sessions = Limits::default();
    let viewer_timeout = settings.viewer_timeout.unwrap_or(sessions.viewer_timeout);
    let data_dir = data_dir(&settings);
    let torrents = torrents(&settings, data_dir.clone());
    let mut gateway = GatewayConfig::new(data_dir.clone());
    gateway.spill_bytes = settings.spill_budget.unwrap_or(gateway.spill_bytes);
    gateway.cache_bytes = settings.cache.unwrap_or(gateway.cache_bytes);
    Config {
        store: StoreConfig { dir: settings.store_dir, budget: settings.store_budget },
        gateway,
        data_dir: Some(data_dir),
        torrents,
        media_dir: settings.media_dir,
        sessions: Limits {
            max_streams: settings.max_streams.unwrap_or(sessions.max_streams),
            viewer_timeout,
            hidden_timeout: settings.hidden_timeout.unwrap_or(sessions.hidden_timeout).max(viewer_timeout),
            anonymous_timeout: viewer_timeout,
            unjoined_timeout: settings.unjoined_timeout.unwrap_or(sessions.unjoined_timeout),
            sleep_after: settings.sleep_after.unwrap_or(sessions.sleep_after),
            ..sessions
        },
        max_encodes: settings.max_encodes,
        encoder: Wanted::from(settings.encoder.unwrap_or_default()).into(),
        effort: settings.preset.unwrap_or_default().into(),
        tools: ToolPaths { ffmpeg: settings.ffmpeg, ffprobe: settings.ffprobe, mpv: settings.mpv },
        head_idle: settings.head_idle.unwrap_or(streaming::scheduler::Limits::default().head_idle),
    }
}

/// None where they are switched off.
fn torrents(settings: &Settings, dir: PathBuf) -> Option<TorrentConfig> {
    let limit = |bytes: Option<u64>| bytes.and_then(|n| NonZeroU32::new(u32::try_from(n).unwrap_or(u32::MAX)));
    let config = TorrentConfig::new(dir);
    Switch::or(settings.torrents, cfg!(feature = "torrents")).then(|| TorrentConfig {
        quota: settings.torrent_quota.unwrap_or(config.quota),
        download_limit: limit(settings.torrent_download),
        upload_limit: limit(settings.torrent_upload),
        dht: Switch::or(settings.torrent_dht, config.dht),
        trackers: Switch::or(settings.torrent_trackers, config.trackers),
        local_discovery: Switch::or(settings.torrent_local_discovery, config.local_discovery),
        listen: settings.torrent_listen,
        keep: Switch::or(settings.keep_torrents, config.keep),
        seed: Switch::or(settings.seed, config.seed),
        magnet_timeout: settings.magnet_timeout.unwrap_or(config.magnet_timeout),
        ..config
    })
}

/// The one that was chosen, or the user's cache folder as the XDG base directory specification has it.
fn data_dir(settings: &Settings) -> PathBuf {
    if let Some(dir) = &settings.data_dir {
        return dir.clone();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("matinee")
}

/// Says where the page is, how to let others in, and what is missing.
fn announce(matinee: &Matinee, addr: SocketAddr, has_password: bool) {
    let system = matinee.system();
    for tool in &system.tools {
        match (&tool.version, &tool.problem) {
            (_, Some(problem)) => tracing::warn!(tool = tool.name, "{problem}"),
            (version, None) => tracing::info!(tool = tool.name, version = version.as_deref().unwrap_or("unknown")),
        }
    }
    if let Some(advice) = matinee.store_advice() {
        tracing::warn!("{advice}");
    }
    tracing::info!("Matinee is at http://{addr}");
    if addr.ip().is_loopback() {
        tracing::info!(
            "only this machine can reach it; to share it on your network start it with --addr 0.0.0.0:{}",
            addr.port()
        );
    } else {
        tracing::info!("others on your network can reach it under this machine's address, port {}", addr.port());
        if !has_password {
            tracing::info!("whoever reaches it can use it; --password keeps out who does not know one");
        }
    }
}

/// Resolves with the name of the signal that tells the server to stop.
fn stop_signal() -> std::io::Result<impl Future<Output = &'static str>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => "SIGTERM",
            _ = int.recv() => "SIGINT",
        }
    })
}
