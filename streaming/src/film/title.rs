//! What to call a film whose container has no title.

use url::Url;

use crate::{
    gateway::Feed,
    source::{Source, printable},
};

/// What the source's server calls the file, or else its link.
///
/// The path of a link to a server between torrents and HTTP tells nothing of the film: it is `stream` for all of them. The
/// magnet link in its query has a name.
pub(super) fn fallback(feed: &Feed, source: &Source) -> String {
    let in_link = || match source {
        Source::Url(url) => of_magnet(url),
        _ => None,
    };
    feed.name().or_else(in_link).unwrap_or_else(|| source.title())
}

/// The name in a magnet link that is a part of another's query.
fn of_magnet(url: &Url) -> Option<String> {
    let (_, magnet) = url.query_pairs().find(|(_, value)| value.starts_with("magnet:?"))?;
    let magnet = Url::parse(&magnet).ok()?;
    // Where it was put into the query as it is, its parts have become the query's.
    let name = magnet.query_pairs().chain(url.query_pairs()).find(|(key, _)| key == "dn")?.1;
    let name = printable(&name);
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        of_magnet(&Url::parse(text).unwrap())
    }

    #[test]
    fn a_link_with_a_magnet_in_it_is_shown_as_any_other() {
        let source =
            Source::parse("http://h:3030/stream?url=magnet%3A%3Fxt%3Durn%3Abtih%3A00&index=1&play", None).unwrap();
        assert_eq!(source.title(), "stream");
        for text in [source.to_string(), format!("{source:?}")] {
            assert!(text.contains("http://h:3030/stream?…") && !text.contains("btih"), "{text}");
        }
    }

    #[test]
    fn the_name_in_a_magnet_is_the_film_s() {
        let name = Some("A Film (2026).mkv".to_owned());
        let quoted = "magnet%3A%3Fxt%3Durn%3Abtih%3A00%26dn%3DA%2BFilm%2B%25282026%2529.mkv%26tr%3Dudp%253A%252F%252Ft";
        assert_eq!(of(&format!("http://h:3030/stream?url={quoted}&index=1&play")), name);
        assert_eq!(of("http://h/stream?url=magnet:?xt=urn:btih:00&dn=A%20Film%20(2026).mkv&tr=udp://t&index=1"), name);
        for nameless in [
            "http://h/stream?url=magnet%3A%3Fxt%3Durn%3Abtih%3A00&index=1&play",
            "http://h/stream?url=magnet%3A%3Fxt%3Durn%3Abtih%3A00%26dn%3D%250A&play",
            "http://h/stream?dn=Other&token=quiet",
            "http://h/stream",
        ] {
            assert_eq!(of(nameless), None, "{nameless}");
        }
    }
}
