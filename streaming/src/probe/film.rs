//! From a source to its media, or to the reason why there is none.

use std::{future::Future, path::Path};

use bytes::Bytes;
use protocol::{Error, ErrorKind, Media, Reach};
use serde_json::Value;

use super::{
    Probed, Subject, clock,
    container::Container,
    ffprobe::{self, Failure},
    fields,
    first_frames::first_frames,
    flv, look,
    matroska::{self, Head},
    mp4,
    spans::Told,
    tail::{self, Ends},
    tracks::{self, Streams},
};
use crate::{process::Spawner, tools::Tools};

/// Read by ourselves: the beginning of a Matroska file up to its tracks, and enough to tell a web page from a film.
const HEAD: usize = 64 * 1024;
/// A content's kind is a guess of ffprobe's at this score of 100 or less.
const GUESS: i64 = 25;
/// Seconds before the estimated end of a cut MP4 at which its last frames are looked for.
const BEFORE_CUT_S: f64 = 15.0;

/// Everything that is asked while probing.
struct Probe<'a, R> {
    spawner: &'a Spawner,
    ffprobe: &'a Path,
    subject: &'a Subject<'a>,
    read: &'a R,
    start: Bytes,
    matroska: Option<Head>,
}

/// What is said of sound that is left out.
fn unheard(streams: &Streams<'_>, sound: &Value) -> String {
    let what = if streams.has_sound() { "some of the sound" } else { "the sound" };
    format!("{what} is in {}, and is left out", tracks::why_unknown(sound))
}

/// Of a film of which all that would be seen, or all that would be heard, is unknown.
fn unknown(what: &str, stream: &Value) -> Error {
    let damaged = if tracks::undecodable(stream).is_some() { "" } else { ", or it is damaged or encrypted" };
    let message = format!("the {what} is in {}{damaged}; share another copy", tracks::why_unknown(stream));
    Error::new(ErrorKind::Unplayable, message)
}

/// A file that ends too early.
struct Cut {
    /// Of the whole, 0 to 1.
    missing: f64,
}

pub(super) async fn probe<R, F>(
    spawner: &Spawner,
    tools: &Tools,
    subject: &Subject<'_>,
    read: &R,
) -> Result<Probed, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let ffprobe = tools.require("ffprobe")?;
    let start = read(0, HEAD).await?;
    let probe = Probe { spawner, ffprobe, subject, read, matroska: matroska::head(&start), start };
    match ffprobe::describe(spawner, ffprobe, subject.url).await {
        Ok(mut told) => {
            tracks::forget(&mut told, &tools.undecodable);
            probe.film(&told).await
        }
        Err(Failure::Invalid) => Err(probe.why_invalid().await),
        Err(Failure::Unlisted(demuxer)) => Err(probe.unlisted(&demuxer)),
        Err(Failure::TimedOut) => Err(probe.why_late()),
        Err(Failure::Other(error)) => Err(error),
    }
}

impl<R, F> Probe<'_, R>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    async fn film(&self, probed: &Value) -> Result<Probed, Error> {
        let format = probed.get("format").unwrap_or(&Value::Null);
        let streams = Streams::of(probed);
        let container = Container::of(format, self.matroska.as_ref()).filter(|container| match container {
            Container::Gif => is_moving(probed),
            bare => !bare.is_bare() || !is_guess(format),
        });
        let container = container.ok_or_else(|| self.not_a_video())?;
        self.require_picture_or_sound(format, &streams)?;
        require_open(probed)?;

        let told = Told::new(container, self.matroska.as_ref(), format, &streams.video, &streams.audio);
        let cut = self.cut(container).await;
        let found = self.found(container, &told, cut.as_ref(), &streams).await?;
        if cut.is_some() && found.is_none() && self.was_searched_through(container) {
            return Err(self.cut_at_its_beginning());
        }
        let spans = told
            .spans(found.as_ref())
            .ok_or_else(|| if cut.is_some() { self.cut_at_its_beginning() } else { self.no_duration() })?;
        let title = fields::shown_tag(format, "title").unwrap_or_else(|| self.subject.fallback_title.to_owned());
        let media = Media {
            title,
            size: self.subject.size,
            duration_s: spans.duration_s,
            container: container.name().to_owned(),
            video: streams.video_tracks(),
            audio: streams.audio_tracks(),
            subtitles: streams.subtitle_tracks(),
            chapters: tracks::chapters(probed, told.zero_s, spans.duration_s),
            attachments: streams.attachments(),
            reach: self.subject.reach,
            warnings: cut
                .iter()
                .map(|cut| cut.sentence(found.as_ref().map(|_| spans.duration_s)))
                .chain(streams.unknown_sound().map(|sound| unheard(&streams, sound)))
                .collect(),
            files: Vec::new(),
        };
        Ok(Probed {
            media,
            zero_s: told.zero_s,
            source_start_s: told.source_start_s,
            video: spans.video,
            audio: spans.audio,
            audio_frames: streams.audio.iter().map(|stream| first_frames(probed, stream)).collect(),
        })
    }

    fn require_picture_or_sound(&self, format: &Value, streams: &Streams<'_>) -> Result<(), Error> {
        let mut film = streams.video.iter().filter(|stream| !tracks::is_cover(stream)).peekable();
        if film.peek().is_none() && !streams.has_sound() {
            if is_guess(format) {
                return Err(self.not_a_video());
            }
            if let Some(sound) = streams.unknown_sound() {
                return Err(unknown("sound", sound));
            }
            let rest = match streams.subtitles.len() {
                0 => String::new(),
                n => format!(", only subtitles ({n})"),
            };
            return Err(Error::new(
                ErrorKind::Unplayable,
                format!("there is neither picture nor sound in the file{rest}; share the film's own file"),
            ));
        }
        let known = |stream: &&Value| {
            let positive = |name| fields::integer(stream, name).is_some_and(|n| n > 0);
            fields::text(stream, "codec_name").is_some() && positive("width") && positive("height")
        };
        match film.peek().copied() {
            Some(first) if !film.any(known) => Err(unknown("picture", first)),
            _ => Ok(()),
        }
    }

    /// Whether and by how much the file is cut short. What can't be found out is not told.
    async fn cut(&self, container: Container) -> Option<Cut> {
        let size = self.subject.size?;
        let whole = if container.is_matroska() {
            self.matroska.as_ref()?.whole?
        } else if container.is_mp4() && self.subject.reach == Reach::Anywhere {
            mp4::layout(size, self.read).await.ok()?.whole
        } else {
            return None;
        };
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        (whole > size).then(|| Cut { missing: 1.0 - size as f64 / whole as f64 })
    }

    /// When the last frames are, where the container's word is not enough.
    async fn found(
        &self,
        container: Container,
        told: &Told,
        cut: Option<&Cut>,
        streams: &Streams<'_>,
    ) -> Result<Option<Ends>, Error> {
        let untold = container == Container::Flv && !flv::tells_duration(&self.start);
        let doubtful = self.subject.doubted || told.doubtful(self.subject.size) || untold;
        if self.subject.reach != Reach::Anywhere || (cut.is_none() && !doubtful) {
            return Ok(None);
        }
        let rates: Vec<_> = streams.video_tracks().iter().map(|track| track.frame_rate).collect();
        if let (Container::Flv, Some(size)) = (container, self.subject.size) {
            return flv::ends(size, &rates, self.read).await;
        }
        if !container.is_matroska() {
            return Ok(self.last_frames(told, cut, streams).await);
        }
        let (Some(size), Some(head)) = (self.subject.size, self.matroska.as_ref()) else { return Ok(None) };
        tail::ends(size, head, &rates, self.read).await
    }

    /// The last frames of a cut MP4: its index, which is whole, leads to the places shortly before the cut.
    async fn last_frames(&self, told: &Told, cut: Option<&Cut>, streams: &Streams<'_>) -> Option<Ends> {
        let estimate = told.spans(None)?.duration_s * (1.0 - cut?.missing);
        let from = told.zero_s + (estimate - BEFORE_CUT_S).max(0.0);
        let last = ffprobe::last_frames(self.spawner, self.ffprobe, self.subject.url, from).await.ok()?;
        let end = |stream: &&Value| fields::integer(stream, "index").and_then(|index| last.get(&index).copied());
        let video: Vec<_> = streams.video.iter().map(|s| end(s).filter(|_| !tracks::is_cover(s))).collect();
        let audio: Vec<_> = streams.audio.iter().map(end).collect();
        let all = video.iter().chain(&audio).flatten().copied().reduce(f64::max)?;
        Some(Ends { all, video, audio })
    }

    /// Whether the search for the last cluster has gone through the whole file.
    fn was_searched_through(&self, container: Container) -> bool {
        let reach = self.subject.reach == Reach::Anywhere && self.matroska.is_some();
        container.is_matroska() && reach && self.subject.size.is_some_and(|size| size <= tail::SEARCHED)
    }

    fn cut_at_its_beginning(&self) -> Error {
        let what = match look::describe(&self.start) {
            Some(look::SOUND) => look::SOUND,
            _ if self.matroska.is_some() => "a Matroska film",
            _ => "an MP4",
        };
        Error::new(
            ErrorKind::Unplayable,
            format!(
                "the file begins like {what} but is damaged or cut short at its very beginning; \
                 download it again and share the whole file"
            ),
        )
    }

    /// Why ffprobe can't make sense of the content.
    async fn why_invalid(&self) -> Error {
        let unplayable = |message: &str| Error::new(ErrorKind::Unplayable, message);
        let look = look::describe(&self.start);
        if self.matroska.is_some() || look == Some(look::SOUND) {
            return self.cut_at_its_beginning();
        }
        if !mp4::is_mp4(&self.start) || look.is_some() {
            return self.not_a_video();
        }
        let layout = match (self.subject.size, self.subject.reach) {
            (Some(size), Reach::Anywhere) => mp4::layout(size, self.read).await.ok(),
            _ => None,
        };
        match (self.subject.size, layout) {
            (Some(size), Some(layout)) if !layout.indexed && layout.whole > size => unplayable(
                "the file is cut short: its index, without which an MP4 cannot be played, is missing; \
                 download it again and share the whole file",
            ),
            (_, Some(layout)) if !layout.indexed && layout.data => unplayable(
                "the file has no index, without which an MP4 cannot be played: its recording or download was not \
                 finished; download it again or repair it",
            ),
            _ => self.cut_at_its_beginning(),
        }
    }

    fn why_late(&self) -> Error {
        let message = if self.subject.reach == Reach::AsRead && mp4::is_mp4(&self.start) {
            "the file's index did not come within 20 s: it is at the end of the file, and its server sends the file \
             from the beginning only; share it from a server with range requests, or mux it anew with the index first \
             (ffmpeg -movflags +faststart)"
        } else {
            "examining the file took more than 20 s, so its source is too slow or stopped answering; try again in a while"
        };
        Error::new(ErrorKind::SourceTimeout, message)
    }

    /// A file that ffmpeg would read and that is not supported.
    fn unlisted(&self, demuxer: &str) -> Error {
        let (what, advice) = match (look::unsupported(demuxer), look::describe(&self.start)) {
            (Some((what, advice)), _) => (what.to_owned(), advice),
            (None, Some(_)) => return self.not_a_video(),
            (None, None) => (format!("a file of the kind that ffmpeg calls {demuxer}"), look::MUX_ANEW),
        };
        Error::new(ErrorKind::Unplayable, format!("this is {what}, which is not supported; {advice}"))
    }

    fn not_a_video(&self) -> Error {
        let look = look::describe(&self.start);
        let what = look.unwrap_or("data of a kind that ffmpeg does not know");
        Error::new(ErrorKind::NotAVideo, format!("this is {what}, not a video; {}", look::advice(look)))
    }

    fn no_duration(&self) -> Error {
        let message = match self.subject.reach {
            Reach::AsRead => {
                "the file does not tell how long it is, and its server sends it from the beginning only; \
                 share it from a server with range requests, or mux it anew with mkvmerge"
            }
            Reach::Anywhere => "the file does not tell how long it is; mux it anew with mkvmerge or ffmpeg",
        };
        Error::new(ErrorKind::Unplayable, message)
    }
}

/// Whether what ffprobe takes it for is a guess.
fn is_guess(format: &Value) -> bool {
    fields::integer(format, "probe_score").is_none_or(|score| score <= GUESS)
}

/// Whether there is more than one picture.
fn is_moving(probed: &Value) -> bool {
    probed.get("packets").and_then(Value::as_array).is_some_and(|packets| packets.len() > 1)
}

/// Whether its frames can be read: ffmpeg passes encrypted ones on as if they were not.
fn require_open(probed: &Value) -> Result<(), Error> {
    let listed = |of: &'static str| probed.get(of).and_then(Value::as_array).into_iter().flatten();
    let sides = listed("packets").filter_map(|packet| packet.get("side_data_list")?.as_array()).flatten();
    let mut kinds = sides.filter_map(|side| fields::text(side, "side_data_type"));
    // Of MP4's common encryption, and of WebM's.
    let is_locked = kinds.any(|kind| kind.starts_with("Encryption"))
        || listed("streams").any(|stream| fields::tag(stream, "enc_key_id").is_some());
    if is_locked {
        return Err(Error::new(
            ErrorKind::Unplayable,
            "the film is encrypted: only players with its service's key can read it; share a copy without encryption",
        ));
    }
    Ok(())
}

impl Cut {
    /// What the viewers are told; `until` is the time up to which it plays, if that is known.
    fn sentence(&self, until: Option<f64>) -> String {
        let percent = (self.missing * 100.0).round().min(99.0);
        let part = if percent < 1.0 { "less than 1 %".to_owned() } else { format!("{percent} %") };
        let until = until.map_or_else(String::new, |until| format!("; it plays up to about {}", clock::show(until)));
        format!("the file is cut short: {part} of it is missing{until}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn encrypted_films_are_refused() {
        let packet =
            |kind: &str| json!({"packets": [{"stream_index": 0}, {"side_data_list": [{"side_data_type": kind}]}]});
        assert!(require_open(&packet("MPEGTS Stream ID")).is_ok());
        assert!(require_open(&packet("Encryption info")).unwrap_err().message.contains("encrypted"));
        assert!(require_open(&json!({"streams": [{"tags": {"enc_key_id": "AAEC"}}]})).is_err());
        assert!(require_open(&json!({"streams": [{"tags": {"title": "x"}}], "packets": 1})).is_ok());
    }

    #[test]
    fn a_cut_is_told_in_words() {
        let sentence = "the file is cut short: 40 % of it is missing; it plays up to about 3:20";
        assert_eq!(Cut { missing: 0.4 }.sentence(Some(200.5)), sentence);
        assert_eq!(Cut { missing: 0.001 }.sentence(None), "the file is cut short: less than 1 % of it is missing");
    }
}
