// PGS subtitles, which are pictures, drawn over a <video>. libpgs reads and decodes them; it wants a whole file, so each
// stretch of the film is a file of its own here. It is loaded when such a track is first chosen, and weighs 9 kB.

// How much is kept that has been shown, in seconds, and how much in all, in bytes.
const BEHIND_S = 300;
const MOST_BYTES = 64 << 20;
// The film's index has times of a millisecond each, its frames need not.
const EARLY_S = 0.001;
// No frame is on the screen for longer than this, so that it is at most so far behind the film's position.
const FRAME_S = 0.5;
const CLOCK = 90_000;

let Pgs;

// Loads the library; whether this browser can run it.
export async function load() {
  if (typeof ResizeObserver !== "function") return false;
  if (!Pgs) {
    const library = await import("/vendor/libpgs.mjs");
    library.PaletteDefinitionSegment.prototype.read = readPalette;
    Pgs = library.Pgs;
  }
  return true;
}

// Draws over `video`, which is in the document. Only after `load`.
export function create(video) {
  return new Overlay(video);
}

class Overlay {
  #video;
  #canvas = document.createElement("canvas");
  // One after the other without gaps, in seconds of the film, with their files: {from, until, bytes, pgs, times}.
  #stretches = [];
  // The time of the frame that is shown, when that is known.
  #time;
  #delay = 0;
  // The display set that is drawn, if any.
  #drawn;
  #end = new AbortController();
  #request;

  constructor(video) {
    this.#video = video;
    this.#canvas.style.cssText = "position: absolute; pointer-events: none";
    this.#canvas.setAttribute("aria-hidden", "true");
    video.after(this.#canvas);
    this.#watch();
    this.#follow();
  }

  // Asks the server for a stretch of the film, in seconds; resolves with how far the answer reaches. Rejects when the
  // server refuses, when something else is asked for, and when this is taken away.
  async fetch(url, from, until) {
    this.#request?.abort();
    this.#request = new AbortController();
    const answer = await fetch(url, { signal: this.#request.signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const reached = Number(answer.headers.get("matinee-until") ?? until);
    await this.add(await answer.arrayBuffer(), from, reached);
    return reached;
  }

  // Takes a SUP file, an ArrayBuffer, of all that is drawn in a stretch. One that does not go on where the last ended
  // takes the place of all others.
  async add(sup, from, until) {
    const pgs = new Pgs();
    await pgs.loadFromBuffer(sup);
    if (this.#end.signal.aborted) return;
    settle(pgs.displaySets);
    // libpgs reads them with a sign.
    const times = pgs.updateTimestamps.map((time) => (time >>> 0) / CLOCK);
    if (this.#stretches.at(-1)?.until !== from) this.#stretches = [];
    this.#stretches.push({ from, until, bytes: sup.byteLength, pgs, times });
    this.#forget();
    this.#show();
  }

  // From where on all is known that has not been forgotten; undefined when nothing is.
  begins() {
    return this.#stretches[0]?.from;
  }

  // Shows everything so many seconds later than its file says, or earlier when negative.
  setDelay(seconds) {
    this.#delay = seconds;
    this.#show();
  }

  // Takes the canvas away. Doing it twice is harmless, and so are later calls of others.
  destroy() {
    this.#end.abort();
    this.#request?.abort();
    this.#canvas.remove();
    this.#stretches = [];
  }

  // What is far behind, and what is too much.
  #forget() {
    const now = this.#video.currentTime - this.#delay;
    const tooMuch = () => this.#stretches.reduce((sum, { bytes }) => sum + bytes, 0) > MOST_BYTES;
    while (this.#stretches.length > 1 && (this.#stretches[0].until < now - BEHIND_S || tooMuch())) this.#stretches.shift();
  }

  // Draws what belongs to the frame that is shown.
  #show() {
    if (this.#end.signal.aborted) return;
    if (this.#time === undefined && this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const at = (this.#time ?? this.#video.currentTime) - this.#delay + EARLY_S;
    // The first was asked for from the position on, and what stands there belongs to the frame too.
    const stretch = this.#stretches.find(({ from, until }, n) => (n === 0 ? from - FRAME_S : from) <= at && at < until);
    const index = stretch ? stretch.times.findLastIndex((time) => time <= at) : -1;
    const set = index < 0 ? undefined : stretch.pgs.displaySets[index];
    if (set === this.#drawn) return;
    this.#drawn = set;
    try {
      this.#draw(set && stretch.pgs.getSubtitleAtIndex(index));
    } catch (error) {
      console.warn("could not draw subtitles:", error);
    }
  }

  #draw(picture) {
    const context = this.#canvas.getContext("2d");
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!picture) return;
    if (this.#canvas.width !== picture.width || this.#canvas.height !== picture.height) {
      [this.#canvas.width, this.#canvas.height] = [picture.width, picture.height];
      this.#place();
    }
    for (const { compositionObject: object, pixelData } of picture.compositionData) {
      const [left, top] = [object.horizontalPosition, object.verticalPosition];
      if (object.hasCropping) {
        const [x, y] = [object.croppingHorizontalPosition, object.croppingVerticalPosition];
        context.putImageData(pixelData, left - x, top - y, x, y, object.croppingWidth, object.croppingHeight);
      } else {
        context.putImageData(pixelData, left, top);
      }
    }
  }

  // Over the picture as mpv would draw it: as high as that and in its middle. Films whose black bars were cut off are
  // less high than what their subtitles were made for.
  #place() {
    const { videoWidth, videoHeight, clientWidth, clientHeight, offsetLeft, offsetTop } = this.#video;
    if (videoWidth === 0 || videoHeight === 0) return;
    const height = videoHeight * Math.min(clientWidth / videoWidth, clientHeight / videoHeight);
    const width = (height * this.#canvas.width) / this.#canvas.height;
    const [left, top] = [offsetLeft + (clientWidth - width) / 2, offsetTop + (clientHeight - height) / 2];
    for (const [side, pixels] of Object.entries({ left, top, width, height })) this.#canvas.style[side] = `${pixels}px`;
  }

  #watch() {
    const { signal } = this.#end;
    const observer = new ResizeObserver(() => this.#place());
    observer.observe(this.#video);
    signal.addEventListener("abort", () => observer.disconnect());
    // Its picture may be another without its own size being another.
    this.#video.addEventListener("resize", () => this.#place(), { signal });
    // A frame that comes while the picture is hidden, as when the film is loaded anew, is not told.
    const arrived = () => {
      if (Math.abs(this.#time - this.#video.currentTime) > FRAME_S) this.#time = undefined;
      this.#show();
    };
    for (const event of ["loadeddata", "seeked"]) this.#video.addEventListener(event, arrived, { signal });
    this.#video.addEventListener("emptied", () => (this.#time = undefined), { signal });
  }

  // Goes along with the frames, or with the screen's where a browser does not tell.
  #follow() {
    const { signal } = this.#end;
    const video = this.#video;
    if ("requestVideoFrameCallback" in video) {
      const next = (_, frame) => {
        if (signal.aborted) return;
        this.#time = frame.mediaTime;
        this.#show();
        video.requestVideoFrameCallback(next);
      };
      video.requestVideoFrameCallback(next);
    } else {
      const next = () => {
        if (signal.aborted) return;
        this.#show();
        requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    }
  }
}

// Gives each display set all that it builds on, so that it can be drawn by itself: libpgs would take the first palette
// of an epoch where a later one has changed it, as fades do, and the first object of a number.
function settle(sets) {
  const EPOCH_START = 0x80;
  let palettes = new Map();
  let objects = new Map();
  for (const set of sets) {
    const composition = set.presentationComposition;
    if (composition.compositionState !== 0) [palettes, objects] = [new Map(), new Map()];
    for (const { id, colours } of set.paletteDefinitions) palettes.set(id, new Map([...(palettes.get(id) ?? []), ...colours]));
    for (const part of set.objectDefinitions) {
      if (part.isFirstInSequence) objects.set(part.id, [part]);
      else objects.get(part.id)?.push(part);
    }
    const drawn = composition.compositionObjects;
    const colours = palettes.get(composition.paletteId);
    set.paletteDefinitions = colours ? [{ id: composition.paletteId, rgba: pixels(colours, composition.height) }] : [];
    set.objectDefinitions = [...new Set(drawn.map(({ id }) => id))].flatMap((id) => objects.get(id) ?? []);
    // Nothing is drawn by them, but libpgs wants each to be there.
    set.windowDefinitions = [{ windows: drawn.map(({ windowId }) => ({ id: windowId })) }];
    composition.compositionState = EPOCH_START;
  }
}

// In place of libpgs' own, which takes all colours for those of JPEG.
function readPalette(reader, length) {
  this.id = reader.readUInt8();
  this.versionNumber = reader.readUInt8();
  this.colours = new Map();
  for (let left = length - 2; left > 0; left -= 5) {
    const entry = reader.readUInt8();
    this.colours.set(entry, [...reader.readBytes(4)]);
  }
}

// A palette of Y, Cr, Cb and alpha as a canvas has its pixels. The range is that of video; which matrix is told by the
// height, as ffmpeg and mpv do it.
function pixels(colours, height) {
  const BT_601 = { redOfCr: 1.596, greenOfCr: 0.813, greenOfCb: 0.3918, blueOfCb: 2.0172 };
  const BT_709 = { redOfCr: 1.7927, greenOfCr: 0.5329, greenOfCb: 0.2132, blueOfCb: 2.1124 };
  const matrix = height > 576 ? BT_709 : BT_601;
  const rgba = new Uint32Array(256);
  const bytes = new Uint8ClampedArray(rgba.buffer);
  for (const [entry, [y, cr, cb, alpha]] of colours) {
    const [light, red, blue] = [(255 / 219) * (y - 16), cr - 128, cb - 128];
    bytes.set(
      [
        light + matrix.redOfCr * red,
        light - matrix.greenOfCr * red - matrix.greenOfCb * blue,
        light + matrix.blueOfCb * blue,
        alpha,
      ],
      4 * entry,
    );
  }
  return rgba;
}
