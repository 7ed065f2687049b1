use std::net::TcpListener;

use serde_json::json;

use crate::program::{Place, Program, run};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_names_every_flag_with_its_environment_name() {
    let help = text(&run(&["--help"]).stdout);
    for name in
        ["addr", "store-dir", "store-budget", "data-dir", "media-dir", "max-streams", "viewer-timeout", "log-format"]
    {
        let environment = format!("MATINEE_{}", name.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("--{name}")) && help.contains(&environment), "{name} in {help}");
    }
}

#[test]
fn a_taken_port_is_told_with_the_flag_that_helps() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let site = place.store.with_file_name("site");
    let output = run(&["--addr", &addr, "--site-dir", site.to_str().unwrap()]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("is taken") && said.contains("--addr"), "{said}");
}

#[test]
fn a_store_that_is_too_small_is_refused_in_words() {
    let place = Place::new();
    let site = place.store.with_file_name("site");
    let store = place.store.to_str().unwrap();
    let args =
        ["--addr", "127.0.0.1:0", "--store-budget", "1MiB", "--store-dir", store, "--site-dir", site.to_str().unwrap()];
    let output = run(&args);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("--store-budget"), "{}", text(&output.stderr));
}

#[test]
fn a_site_that_is_not_there_is_told() {
    let output = run(&["--addr", "127.0.0.1:0", "--site-dir", "/nonexistent"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("make build"), "{}", text(&output.stderr));
}

#[test]
fn a_config_file_with_a_misspelt_key_is_refused() {
    let place = Place::new();
    let file = place.store.with_file_name("matinee.toml");
    std::fs::write(&file, "max_stream = 3").unwrap();
    let output = run(&["--config", file.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("max_stream"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn without_the_tools_it_comes_up_and_says_what_to_install() {
    let place = Place::new();
    let program = Program::start(&place, &[], Some("/nonexistent")).await;
    let (status, system) = program.call("system", &json!({})).await;
    assert_eq!(status, 200);
    for tool in system["tools"].as_array().unwrap() {
        assert!(tool["problem"].as_str().unwrap().contains("install"), "{tool}");
    }
    let (_, opened) = program.call("open", &json!({"source": "http://127.0.0.1:9/film.mkv"})).await;
    let session = &opened["session"];
    let failed = loop {
        let (_, view) = program.call("session", &json!({"session": session})).await;
        if view["state"] == "failed" {
            break view;
        }
        assert_eq!(view["state"], "preparing");
    };
    assert_eq!(failed["error"]["kind"], "tool_missing");
}

#[tokio::test]
async fn a_file_and_flags_configure_it_together() {
    let place = Place::new();
    let file = place.store.with_file_name("matinee.toml");
    std::fs::write(
        &file,
        "max_streams = 3\nmax_encodes = 5\nencoder = \"libx264\"\npreset = \"faster\"\nstore_budget = \"100MiB\"",
    )
    .unwrap();
    let program = Program::start(&place, &["--config", file.to_str().unwrap(), "--max-streams", "2"], None).await;
    let (_, system) = program.call("system", &json!({})).await;
    assert_eq!(system["sessions"]["allowed"], 2, "the flag beats the file");
    assert_eq!(system["encodes"]["allowed"], 5);
    assert_eq!(system["encoder"], json!({"used": "libx264", "preset": "faster"}));
    assert_eq!(system["store"]["bytes"]["allowed"], 100 << 20);
    assert_eq!(system["store"]["on_tmpfs"], true);
}
