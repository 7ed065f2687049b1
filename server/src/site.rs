//! Where the page's files are, without any variable of cargo-leptos.

use std::path::{Path, PathBuf};

use leptos::config::{ConfFile, LeptosOptions, get_configuration};

/// The files of the page are nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the page's files are missing; build them with make build, or say where they are with --site-dir")]
pub struct SiteMissing;

/// Leptos' options: cargo-leptos' own while it runs the server, else those of a site found beside the program.
///
/// # Errors
///
/// When there is no site.
pub fn options(site_dir: Option<&Path>) -> Result<LeptosOptions, SiteMissing> {
    // The one of its variables without which it serves nothing; our scripts set another when they compile.
    let under_cargo_leptos = std::env::var_os("LEPTOS_SITE_ROOT").is_some();
    if let (true, None, Ok(ConfFile { leptos_options, .. })) = (under_cargo_leptos, site_dir, get_configuration(None)) {
        return Ok(leptos_options);
    }
    let root = match site_dir {
        Some(dir) => is_site(dir).then(|| dir.to_owned()),
        None => candidates().into_iter().find(|dir| is_site(dir)),
    };
    let root = root.ok_or(SiteMissing)?.to_string_lossy().into_owned();
    Ok(LeptosOptions::builder().output_name("matinee").site_root(root).site_pkg_dir("pkg").build())
}

fn is_site(dir: &Path) -> bool {
    dir.join("pkg/matinee.wasm").is_file() || dir.join("pkg/matinee_bg.wasm").is_file()
}

/// Beside the program (`target/release/matinee` has `target/site`, an installed one `site`), then under this folder.
fn candidates() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Ok(program) = std::env::current_exe() {
        places.extend(program.ancestors().skip(1).take(3).map(|dir| dir.join("site")));
    }
    places.push("target/site".into());
    places
}
