//! A server with a password: who gets in, how, and for how long.

use reqwest::{RequestBuilder, Response, header::HeaderMap, redirect::Policy};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::{Place, Program, client_with};

const PASSWORD: &str = "open sésame & more";
/// The same as a form has it.
const ENCODED: &str = "open+s%C3%A9same+%26+more";
const HTML: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

async fn start(place: &Place, password: &str) -> Program {
    Program::start(place, &["--password", password], None).await
}

fn client() -> reqwest::Client {
    client_with(|builder| builder.redirect(Policy::none()))
}

fn get(program: &Program, path: &str) -> RequestBuilder {
    client().get(format!("{}{path}", program.url))
}

fn sessions(program: &Program) -> RequestBuilder {
    client().post(format!("{}/api/sessions", program.url)).json(&json!({}))
}

fn submit(program: &Program, form: String) -> RequestBuilder {
    let request = client().post(format!("{}/login", program.url));
    request.header("origin", &program.url).header("content-type", "application/x-www-form-urlencoded").body(form)
}

async fn log_in(program: &Program, encoded: &str, next: &str) -> Response {
    submit(program, format!("password={encoded}&next={next}")).send().await.unwrap()
}

/// What a browser would send back.
fn cookie(headers: &HeaderMap) -> String {
    let set = headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Lax") && set.contains("; Path=/"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn refused(request: RequestBuilder) -> (u16, HeaderMap, String) {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let error: Value = answer.json().await.unwrap();
    assert!(!error["message"].as_str().unwrap().is_empty());
    (status, headers, error["kind"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn without_a_login_there_is_the_form_and_no_more() {
    let place = Place::new();
    let program = start(&place, PASSWORD).await;
    for (page, form) in [("/", "/login"), ("/watch/abc?x=1&y", "/login?next=%2Fwatch%2Fabc%3Fx%3D1%26y")] {
        let answer = get(&program, page).header("accept", HTML).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, form));
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    let (code, headers, kind) = refused(sessions(&program)).await;
    assert_eq!((code, kind.as_str()), (401, "unauthorized"));
    assert!(!headers.contains_key("www-authenticate"), "a browser would ask in a window of its own");
    for path in
        ["/subtitles/a/s0/cues", "/fonts/system", "/api/events/a", "/pkg/matinee.wasm", "/", "/watch/abc", "/nowhere"]
    {
        let (code, _, kind) = refused(get(&program, path)).await;
        assert_eq!((code, kind.as_str()), (401, "unauthorized"), "{path}");
    }
    for path in ["/torrents", "/subtitles/a?name=b.srt", "/"] {
        assert_eq!(status(client().post(format!("{}{path}", program.url)).body("a")).await, 401, "{path}");
    }
    let (code, headers, kind) = refused(get(&program, "/hls/a/master.m3u8")).await;
    assert_eq!((code, kind.as_str()), (401, "unauthorized"));
    assert!(headers["www-authenticate"].to_str().unwrap().starts_with("Basic "));
    let page = get(&program, "/hls/a/master.m3u8").header("matinee-viewer", "a-token-of-a-viewer");
    assert!(!refused(page).await.1.contains_key("www-authenticate"));

    assert_eq!(status(get(&program, "/healthz")).await, 200);
    std::fs::write(place.store.with_file_name("site").join("pkg/matinee.css"), "a{}").unwrap();
    assert_eq!(get(&program, "/pkg/matinee.css").send().await.unwrap().text().await.unwrap(), "a{}");
    let form = get(&program, "/login?next=%2Fwatch%2Fabc").send().await.unwrap();
    assert_eq!(form.status(), 200);
    let form = form.text().await.unwrap();
    assert!(form.contains("method=\"post\"") && form.contains("value=\"/watch/abc\""), "{form}");
    // The host is looked at before all.
    assert_eq!(status(get(&program, "/login").header("host", "evil.example")).await, 403);
}

#[tokio::test]
async fn a_login_opens_everything_and_outlives_a_restart_but_not_its_password() {
    let place = Place::new();
    let mut program = start(&place, PASSWORD).await;
    let answer = log_in(&program, ENCODED, "%2Fwatch%2Fabc%3Fx%3D1").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &"/watch/abc?x=1".parse().unwrap()));
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(set.contains("Max-Age=2592000") && !set.contains("Secure"), "{set}");
    let cookie = cookie(answer.headers());
    let by_cookie = |request: RequestBuilder| request.header("cookie", format!("other=1; {cookie}"));
    assert_eq!(status(by_cookie(sessions(&program))).await, 200);
    assert_eq!(status(by_cookie(get(&program, "/").header("accept", HTML))).await, 200);
    assert_eq!(status(by_cookie(get(&program, "/hls/a/master.m3u8"))).await, 404, "it comes to the handler");
    let forged = sessions(&program).header("cookie", cookie.replace("matinee-login=1", "matinee-login=2"));
    assert_eq!(refused(forged).await.0, 401);
    assert_eq!(refused(sessions(&program).header("cookie", "matinee-login=")).await.0, 401);
    // Logged in, calls are guarded as ever.
    let from_elsewhere = by_cookie(sessions(&program)).header("origin", "http://evil.example");
    assert_eq!(refused(from_elsewhere).await.0, 403);
    let inside = by_cookie(get(&program, "/login?next=%2Fwatch%2Fabc")).send().await.unwrap().text().await.unwrap();
    assert!(inside.contains("href=\"/watch/abc\"") && inside.contains("action=\"/logout\""), "{inside}");

    assert!(program.signal(Signal::TERM).success());
    let mut program = start(&place, PASSWORD).await;
    assert_eq!(status(by_cookie(sessions(&program))).await, 200, "after a restart");
    assert!(program.signal(Signal::TERM).success());
    let program = start(&place, "another one").await;
    assert_eq!(refused(by_cookie(sessions(&program))).await.0, 401, "after another password");
}

#[tokio::test]
async fn wrong_passwords_are_told_and_held_up_after_five() {
    let place = Place::new();
    let program = start(&place, PASSWORD).await;
    for wrong in ["wrong", "", "open", "open+sesame+%26+more", "OPEN"] {
        let answer = log_in(&program, wrong, "%2Fwatch%2Fabc").await;
        assert_eq!(answer.status(), 401, "{wrong}");
        assert!(!answer.headers().contains_key("set-cookie"));
        let page = answer.text().await.unwrap();
        assert!(page.contains("role=\"alert\"") && page.contains("not the password"), "{page}");
        assert!(page.contains("value=\"/watch/abc\""), "where to go on is kept: {page}");
    }
    let answer = log_in(&program, ENCODED, "%2F").await;
    assert_eq!(answer.status(), 429, "the right one too");
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let page = answer.text().await.unwrap();
    assert!(page.contains("role=\"alert\"") && page.contains(&format!("Try again in {wait} s")), "{page}");
    let (code, headers, kind) = refused(get(&program, "/hls/a/master.m3u8").basic_auth("ada", Some(PASSWORD))).await;
    assert_eq!((code, kind.as_str()), (429, "rate_limited"));
    assert!(headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 2);
    assert!(!program.log().contains("sésame") && program.log().contains("a wrong password"), "{}", program.log());
}

#[tokio::test]
async fn the_form_leads_to_no_other_site_and_is_taken_from_none() {
    let place = Place::new();
    let program = start(&place, PASSWORD).await;
    for next in ["%2F%2Fevil.example", "%2F%5Cevil.example", "https%3A%2F%2Fevil.example", "%2F%09%2Fevil.example", ""]
    {
        let answer = log_in(&program, ENCODED, next).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &"/".parse().unwrap()), "{next}");
        let form = get(&program, &format!("/login?next={next}")).send().await.unwrap().text().await.unwrap();
        assert!(form.contains("name=\"next\" value=\"/\"") && !form.contains("evil"), "{form}");
    }
    let request = || client().post(format!("{}/login", program.url)).body(format!("password={ENCODED}"));
    for origin in ["http://evil.example", "null"] {
        let (code, headers, _) = refused(request().header("origin", origin)).await;
        assert_eq!((code, headers.contains_key("set-cookie")), (403, false), "{origin}");
        assert_eq!(status(client().post(format!("{}/logout", program.url)).header("origin", origin)).await, 403);
    }
    // Behind a proxy that speaks https.
    let answer = request().header("x-forwarded-proto", "https").send().await.unwrap();
    assert!(answer.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    let out = client().post(format!("{}/logout", program.url)).send().await.unwrap();
    assert_eq!((out.status().as_u16(), cookie(out.headers()).as_str()), (303, "matinee-login="));
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn players_say_the_password_as_http_basic() {
    let place = Place::new();
    let program = start(&place, PASSWORD).await;
    let playlist = || get(&program, "/hls/a/master.m3u8");
    // More often than wrong ones may be tried.
    for user in ["", "ada", "bert", "", "", "", ""] {
        assert_eq!(status(playlist().basic_auth(user, Some(PASSWORD))).await, 404, "it comes to the handler");
    }
    let (code, headers, kind) = refused(playlist().basic_auth("ada", Some("wrong"))).await;
    assert_eq!((code, kind.as_str()), (401, "unauthorized"));
    assert!(headers.contains_key("www-authenticate"));
    assert_eq!(status(sessions(&program).basic_auth("", Some(PASSWORD))).await, 200, "curl may, too");
}

#[tokio::test]
async fn a_server_without_a_password_has_no_login() {
    let place = Place::new();
    let program = Program::start(&place, &[], None).await;
    assert_eq!(status(sessions(&program)).await, 200);
    assert_eq!(status(get(&program, "/login").header("accept", HTML)).await, 404);
}
