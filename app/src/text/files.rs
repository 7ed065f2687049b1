//! The files of a torrent in the order in which they are offered.

use protocol::{TorrentFile, TorrentFileKind};

/// The films of a torrent, as a person would sort their names.
pub(crate) fn films(files: &[TorrentFile]) -> Vec<TorrentFile> {
    let mut films = of_kind(files, TorrentFileKind::Video);
    films.sort_by_cached_key(|file| sort_key(&file.name));
    films
}

/// The film that is chosen before anybody has: the server's, else the largest.
pub(crate) fn first_choice(films: &[TorrentFile]) -> Option<u32> {
    let preselected = films.iter().find(|file| file.preselected);
    preselected.or_else(|| films.iter().max_by_key(|file| file.size)).map(|file| file.file)
}

/// The subtitle files of a torrent: those that are called like `film`, or lie in a folder that is, come first.
pub(crate) fn subtitles_for(film: Option<&TorrentFile>, files: &[TorrentFile]) -> Vec<TorrentFile> {
    let stem = film.map(|film| stem(&film.name).to_lowercase()).filter(|stem| !stem.is_empty());
    let is_for_film = |name: &str| {
        let stem = stem.as_deref()?;
        Some(name.split('/').any(|part| part.to_lowercase().starts_with(stem)))
    };
    let mut subtitles = of_kind(files, TorrentFileKind::Subtitles);
    subtitles.sort_by_cached_key(|file| (!is_for_film(&file.name).unwrap_or(false), sort_key(&file.name)));
    subtitles
}

/// Whether a file's name has all words of `filter`.
pub(crate) fn passes(name: &str, filter: &str) -> bool {
    let name = name.to_lowercase();
    filter.to_lowercase().split_whitespace().all(|word| name.contains(word))
}

fn of_kind(files: &[TorrentFile], kind: TorrentFileKind) -> Vec<TorrentFile> {
    files.iter().filter(|file| file.kind == kind).cloned().collect()
}

/// The name without its folders and its ending.
fn stem(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

/// Sorts `2` before `10`, and capitals with small letters.
fn sort_key(name: &str) -> String {
    const WIDTH: usize = 12;
    let mut key = String::with_capacity(name.len() + WIDTH);
    let mut digits = String::new();
    for letter in name.to_lowercase().chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            key.extend(std::iter::repeat_n('0', WIDTH.saturating_sub(digits.len())));
            key.push_str(&digits);
            digits.clear();
        }
        key.push(letter);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(file: u32, name: &str, size: u64) -> TorrentFile {
        let kind = if name.ends_with(".mkv") { TorrentFileKind::Video } else { TorrentFileKind::Subtitles };
        TorrentFile { file, name: name.into(), size, kind, preselected: false }
    }

    fn names(files: &[TorrentFile]) -> Vec<&str> {
        files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn films_are_sorted_by_their_numbers() {
        let files = [file(0, "s/E10.mkv", 1), file(1, "s/e9.mkv", 1), file(2, "s/E10.srt", 1), file(3, "s/E1.mkv", 1)];
        assert_eq!(names(&films(&files)), ["s/E1.mkv", "s/e9.mkv", "s/E10.mkv"]);
    }

    #[test]
    fn the_servers_choice_comes_before_the_largest() {
        let mut films = vec![file(4, "a.mkv", 10), file(5, "b.mkv", 30), file(6, "c.mkv", 20)];
        assert_eq!(first_choice(&films), Some(5));
        films[2].preselected = true;
        assert_eq!(first_choice(&films), Some(6));
        assert_eq!(first_choice(&[]), None);
    }

    #[test]
    fn subtitles_of_the_film_come_first() {
        let film = file(0, "Show/Show E2.mkv", 1);
        let files = [
            file(1, "Show/Show E1.en.srt", 1),
            file(2, "Show/show e2.fr.srt", 1),
            film.clone(),
            file(3, "Show/Subs/Show E2/1_English.srt", 1),
            file(4, "Show/A.srt", 1),
        ];
        let sorted = subtitles_for(Some(&film), &files);
        let expected = ["Show/show e2.fr.srt", "Show/Subs/Show E2/1_English.srt", "Show/A.srt", "Show/Show E1.en.srt"];
        assert_eq!(names(&sorted), expected);
        assert_eq!(subtitles_for(None, &files).len(), 4);
    }

    #[test]
    fn a_filter_wants_all_its_words() {
        assert!(passes("Show/S01E02.mkv", "e02 show"));
        assert!(passes("Über.mkv", "ÜBER"));
        assert!(passes("any", "  "));
        assert!(!passes("Show/S01E02.mkv", "show e03"));
    }

    #[test]
    fn stems_have_no_folder_and_no_ending() {
        assert_eq!(stem("a.b/c.d.mkv"), "c.d");
        assert_eq!(stem("a/film"), "film");
        assert_eq!(stem(".mkv"), ".mkv");
    }
}
