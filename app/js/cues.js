// Subtitles as text that the browser itself shows with a <video>: where the page cannot draw over it, as in a window or on
// a screen that the video has for itself.

// A track cannot be taken off a <video>, so each has one for all that is shown.
const tracks = new WeakMap();
// By its name those know it that look after the master's own tracks.
const NAME = "Shown by the page";

// Shows text with `video`, until `destroy`.
export function create(video) {
  return new Cues(video);
}

class Cues {
  #track;
  #delay = 0;
  // By number, so that one that is told twice is shown once.
  #cues = new Map();
  #end = new AbortController();

  constructor(video) {
    this.#track = tracks.get(video) ?? video.addTextTrack("subtitles", NAME);
    tracks.set(video, this.#track);
    this.#track.mode = "showing";
  }

  // Asks the server for the text of a stretch of the film that ends at `until`, in seconds; resolves with how far the answer
  // reaches. Rejects when the server refuses.
  async fetch(url, until) {
    const answer = await fetch(url, { signal: this.#end.signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const told = await answer.json();
    if (this.#end.signal.aborted) return until;
    for (const { id, start_ms, end_ms, settings, text } of told) {
      if (this.#cues.has(id)) continue;
      const cue = new VTTCue(0, 0, text);
      place(cue, settings);
      this.#cues.set(id, { cue, start: start_ms / 1000, end: end_ms / 1000 });
      this.#time(this.#cues.get(id));
      this.#track.addCue(cue);
    }
    return Number(answer.headers.get("matinee-until") ?? until);
  }

  // Shows everything so many seconds later than the film has it, or earlier when negative.
  setDelay(seconds) {
    this.#delay = seconds;
    for (const timed of this.#cues.values()) this.#time(timed);
  }

  // Takes the text away. Doing it twice is harmless.
  destroy() {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    for (const { cue } of this.#cues.values()) this.#track.removeCue(cue);
    this.#track.mode = "disabled";
  }

  #time({ cue, start, end }) {
    cue.startTime = Math.max(0, start + this.#delay);
    cue.endTime = Math.max(0, end + this.#delay);
  }
}

// WebVTT's settings, as far as the server writes them.
function place(cue, settings) {
  const [, line, percent] = /line:(\d+)(%?)/.exec(settings) ?? [];
  if (line !== undefined) {
    cue.snapToLines = !percent;
    cue.line = Number(line);
  }
  const [, position] = /position:(\d+)%/.exec(settings) ?? [];
  if (position !== undefined) cue.position = Number(position);
  const [, align] = /align:(\w+)/.exec(settings) ?? [];
  if (align !== undefined) cue.align = align;
}

// Calls back with whether `video` is shown without the page, each time that may have changed, until what it answers is
// called.
export function watchAlone(video, told) {
  const end = new AbortController();
  const { signal } = end;
  const page = video.ownerDocument;
  const alone = () =>
    page.pictureInPictureElement === video ||
    page.fullscreenElement === video ||
    video.webkitDisplayingFullscreen === true ||
    video.webkitPresentationMode === "picture-in-picture";
  const tell = () => told(alone());
  for (const event of [
    "enterpictureinpicture",
    "leavepictureinpicture",
    "webkitbeginfullscreen",
    "webkitendfullscreen",
    "webkitpresentationmodechanged",
  ]) {
    // It is not in its new place yet.
    video.addEventListener(event, () => setTimeout(() => signal.aborted || tell()), { signal });
  }
  page.addEventListener("fullscreenchange", tell, { signal });
  return () => end.abort();
}
