// hls.js, loaded when something is played for the first time: the other pages do without its weight.

let Hls;

// Loads the library; whether this browser can play through it.
export async function load() {
  Hls ??= (await import("/vendor/hls.min.mjs")).default;
  return Hls.isSupported();
}

// What the server said about a failed request, as text: playlists arrive as text, segments as bytes.
function body(request) {
  try {
    const answer = request?.response;
    if (answer instanceof ArrayBuffer) return new TextDecoder().decode(answer.slice(0, 4096));
    return typeof answer === "string" ? answer.slice(0, 4096) : "";
  } catch {
    return "";
  }
}

// A player for one master playlist. `onEvent` gets the name of an event and, for a fault, its account as JSON.
export function create(config, header, token, onEvent) {
  const hls = new Hls({
    ...JSON.parse(config),
    xhrSetup: (request) => request.setRequestHeader(header, token),
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => onEvent("parsed", ""));
  hls.on(Hls.Events.FRAG_BUFFERED, () => onEvent("buffered", ""));
  tellEnd(hls);
  // Once it has taken in the tracks it chooses none by itself, so that is waited for.
  hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => queueMicrotask(() => showSubtitles(hls, shown.get(hls) ?? -1)));
  hls.on(Hls.Events.ERROR, (_, data) =>
    onEvent(
      "fault",
      JSON.stringify({
        type: data.type,
        details: data.details,
        reason: data.error?.message ?? "",
        fatal: data.fatal,
        status: data.response?.code || null,
        body: body(data.networkDetails),
      }),
    ),
  );
  return hls;
}

// Tells the browser that a film has come to its end. hls.js (1.7.4) does so itself, but only once it has seen the sound play:
// until then a player that begins near the end is not given its last pictures, and stands.
function tellEnd(hls) {
  const last = new Set();
  hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => {
    if (!frag.endList) return;
    last.add(frag.type);
    if (last.has("main") && (last.has("audio") || hls.audioTracks.length === 0)) hls.trigger(Hls.Events.BUFFER_EOS, {});
  });
  hls.on(Hls.Events.AUDIO_TRACK_SWITCHING, () => last.delete("audio"));
  hls.on(Hls.Events.BUFFER_FLUSHING, (_, { type }) => {
    if (type !== "audio") last.delete("main");
    if (type !== "video") last.delete("audio");
  });
}

// The place of the subtitles that are shown, by player; and what ends the search for tracks, by <video>.
const shown = new WeakMap();
const searches = new WeakMap();

// Shows the subtitles of that place in the master's list, none when it is negative, also if the list is yet to come.
export function showSubtitles(hls, place) {
  shown.set(hls, place);
  if (place < hls.subtitleTracks.length && hls.subtitleTrack !== place) hls.subtitleTrack = place;
}

// The track of `cues.js`.
const PAGES_OWN = "Shown by the page";

// The same where the browser plays the master itself, which finds its tracks in its own time.
export function showNativeSubtitles(video, place) {
  searches.get(video)?.abort();
  const search = new AbortController();
  searches.set(video, search);
  const apply = () =>
    [...video.textTracks]
      .filter(({ kind, label }) => kind !== "chapters" && kind !== "metadata" && label !== PAGES_OWN)
      .forEach((track, n) => {
        const mode = n === place ? "showing" : "disabled";
        if (track.mode !== mode) track.mode = mode;
      });
  video.textTracks.addEventListener("addtrack", apply, { signal: search.signal });
  apply();
}
