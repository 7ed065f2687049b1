// JASSUB, which is libass in a worker: draws ASS subtitles over a <video>. It is loaded when a styled track is first
// chosen, for it weighs 1.1 MB on its way (as gzip; 2.4 MB without).

const WORKER = "/vendor/jassub-worker.mjs";
const WASM = "/vendor/jassub.wasm";
// With SIMD; JASSUB finds out which of the two this browser can run.
const MODERN_WASM = "/vendor/jassub-modern.wasm";
const FALLBACK_FONT = { url: "/vendor/jassub-fallback.woff2", family: "Liberation Sans" };

// JASSUB itself waits for its worker for ever. Ready after 0.3 s on two cores; the rest is for a slow line.
const START_LIMIT_MS = 60_000;
// No screen shows more, and libass has one thread here.
const HIGHEST_CANVAS = 2160;
// libass' numbers for text at the bottom: left, middle, right.
const BOTTOM = [1, 2, 3];

let Jassub, Fonts, FALLBACK, fontsOf;

// Loads the library; whether this browser can run it. One that cannot downloads nothing.
export async function load() {
  if (!able()) return false;
  ({ Fonts, FALLBACK, fontsOf } = await import("/js/fonts.mjs"));
  Jassub ??= (await import("/vendor/jassub.mjs")).default;
  return true;
}

function able() {
  try {
    return (
      typeof Worker === "function" &&
      typeof WebAssembly === "object" &&
      typeof ResizeObserver === "function" &&
      "transferControlToOffscreen" in HTMLCanvasElement.prototype &&
      // The time of the very frame that is shown. JASSUB's own stand-in for it is under the GPL and left out.
      "requestVideoFrameCallback" in HTMLVideoElement.prototype &&
      new OffscreenCanvas(1, 1).getContext("2d") !== null
    );
  } catch {
    return false;
  }
}

// Draws over `video`, which is in the document. `header` is the script without its events; `fonts` are URLs or bytes
// of the fonts that the file brings along. What they lack is asked of the server. Only after `load`.
export function create(video, header, fonts) {
  return new Overlay(video, header, fonts);
}

class Overlay {
  #jassub;
  // Resolves with libass' styles, as the script has them, when there is a renderer.
  #started;
  #running = false;
  // Ends the listeners and requests.
  #end = new AbortController();
  #seen = new Set();
  #fonts = new Set();
  #kit = new Fonts((url) => this.#bytes(url));
  // Resolve when the fonts are known that the script's styles lack, and the one for all else.
  #styled;
  #base;
  // What is drawn in where no other font has the glyph.
  #family = FALLBACK_FONT.family;
  // Pixels of the script's picture from top to bottom.
  #height;

  constructor(video, header, fonts) {
    this.#height = playResY(header);
    this.#jassub = drawer(video, header);
    this.#started = this.#start();
    // Whoever asks `ready` is told; nobody else needs to be.
    this.#started.catch(() => this.destroy());
    for (const font of fontsOf(header)) this.#kit.attached(font);
    this.#fallback();
    const lacking = Promise.all([this.#started, this.addFonts(fonts)]).then(([styles]) =>
      Promise.all(styles.map((style) => this.#kit.style(style))),
    );
    this.#styled = lacking.catch(() => []);
    this.#supply(this.#styled);
    this.#watch(video);
  }

  // Resolves when it can draw. Rejects with an Error when it never will; then nothing is left over the video.
  async ready() {
    await this.#started;
  }

  // Asks the server for the events of a stretch of the film that ends at `until`, in seconds; resolves with how far the
  // answer reaches. Rejects when the server refuses.
  async fetch(url, until) {
    const answer = await fetch(url, { signal: this.#end.signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    this.add(await answer.text());
    return Number(answer.headers.get("matinee-until") ?? until);
  }

  // Takes events as JSON, in any order and at any time; one whose read_order was seen before is ignored:
  // [{read_order, layer, start_ms, duration_ms, style, name, margin_l, margin_r, margin_v, effect, text}].
  add(events) {
    const fresh = JSON.parse(events).filter(({ read_order }) => !this.#seen.has(read_order) && this.#seen.add(read_order));
    if (fresh.length === 0) return;
    const lacking = Promise.all([this.#started, this.#styled, this.#base]).then(([styles]) =>
      this.#kit.events(fresh, ({ style }) => styles[styleIndex(styles, style)]),
    );
    this.#supply(lacking.catch(() => []));
    this.#later("could not add subtitles", (renderer, styles) =>
      Promise.all(
        fresh.map((event) =>
          renderer.createEvent({
            Start: event.start_ms,
            Duration: event.duration_ms,
            Style: styleIndex(styles, event.style),
            Layer: event.layer,
            ReadOrder: event.read_order,
            MarginL: event.margin_l,
            MarginR: event.margin_r,
            MarginV: event.margin_v,
            Name: event.name,
            Effect: event.effect,
            Text: event.text,
          }),
        ),
      ),
    );
  }

  // Takes more fonts, URLs or bytes. What they are needed for is drawn in another font until they are here.
  async addFonts(fonts) {
    const fresh = [...fonts].filter((font) => !this.#fonts.has(font) && this.#fonts.add(font));
    const files = (await Promise.all(fresh.map((font) => this.#bytes(font)))).filter(Boolean);
    for (const file of files) this.#kit.attached(file);
    // All at once: libass forgets what it has laid out at each addition.
    this.#supply(Promise.resolve(files));
  }

  // Shows everything so many seconds later than its events say, or earlier when negative.
  setDelay(seconds) {
    this.#jassub.timeOffset = -seconds;
    if (this.#running) this.#jassub.redraw();
  }

  // Draws text `scale` times as large, and what stands at the bottom higher by `raise`, a part of the picture's height.
  // What the script puts in a place or size of its own stays as it is.
  setLook(scale, raise) {
    this.#later("could not change the subtitles' look", async (renderer, styles) => {
      await Promise.all(
        styles.map((style, index) => {
          const lift = BOTTOM.includes(style.Alignment) ? Math.round(raise * this.#height) : 0;
          const look = { ...style, FontSize: style.FontSize * scale, MarginV: style.MarginV + lift };
          return renderer.setStyle(look, index);
        }),
      );
      // libass keeps what it has laid out until something makes it begin anew.
      await renderer.setDefaultFont(this.#family);
    });
  }

  // Takes the canvas away at once and ends the worker. Doing it twice is harmless, and so are later calls of others.
  destroy() {
    this.#end.abort();
    this.#jassub.destroy().catch(() => {});
    // It would wait for a worker that has not started, or never will.
    if (!this.#running) this.#jassub._worker.terminate();
    this.#running = false;
  }

  async #start() {
    const { _worker: worker, ready } = this.#jassub;
    let timer, fail;
    const failed = new Promise((_, reject) => {
      fail = (why) => reject(new Error(`the subtitle renderer did not start: ${why}`));
      worker.addEventListener("error", (event) => fail(event.message || "its worker could not be loaded"));
      timer = setTimeout(() => fail(`nothing was heard of it for ${START_LIMIT_MS / 1000} s`), START_LIMIT_MS);
      this.#end.signal.addEventListener("abort", () => fail("it was taken away"));
    });
    try {
      // What it rejects with is about its messages; the reason is in the console.
      ready.catch(() => fail("its wasm could not be loaded, or the script's header not read"));
      await Promise.race([ready.catch(() => failed), failed]);
      // libass' own default comes first, then the script's in their order; one that it cannot read has no place.
      const styles = await Promise.race([this.#jassub.renderer.getStyles(), failed]);
      this.#running = true;
      return styles;
    } finally {
      clearTimeout(timer);
    }
  }

  // Does something with the renderer as soon as there is one, and shows the result.
  async #later(what, task) {
    try {
      const styles = await this.#started;
      await task(this.#jassub.renderer, styles);
      if (this.#running) await this.#jassub.redraw();
    } catch (error) {
      // Without a renderer `ready` has said so; after the end nobody cares.
      if (this.#running) console.warn(`${what}:`, error);
    }
  }

  // The font for what the others lack: the server's, else the one that comes with JASSUB.
  async #fallback() {
    const own = (this.#base = this.#kit.base());
    const bytes = (await own) ?? (await this.#bytes(FALLBACK_FONT.url));
    this.#later("could not add the fallback font", async (renderer) => {
      this.#family = (await own) ? FALLBACK : FALLBACK_FONT.family;
      // libass takes it by its name, so a file alone would not do.
      await renderer.setDefaultFont(this.#family);
      if (bytes) await renderer.addFonts([bytes]);
    });
  }

  // Adds what `lacking`, a promise of fonts, comes to.
  #supply(lacking) {
    this.#later("could not add fonts", async (renderer) => {
      const files = (await lacking).filter(Boolean);
      if (files.length > 0) await renderer.addFonts(files);
    });
  }

  // A font's bytes; undefined when they cannot be had.
  async #bytes(font) {
    if (typeof font !== "string") return font;
    try {
      const answer = await fetch(font, { signal: this.#end.signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return new Uint8Array(await answer.arrayBuffer());
    } catch (error) {
      if (!this.#end.signal.aborted) console.warn(`could not fetch the font ${font}:`, error);
      return undefined;
    }
  }

  // JASSUB follows the size of the element; these change the picture or its pixels without changing that.
  #watch(video) {
    const { signal } = this.#end;
    const refit = () => this.#running && this.#jassub.resize(true);
    video.addEventListener("resize", refit, { signal });
    const density = () => {
      const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
      query.addEventListener("change", () => { refit(); density(); }, { signal, once: true });
    };
    density();
  }
}

// A JASSUB that can be told to draw again, and that outlives a failure.
function drawer(video, header) {
  class Drawer extends Jassub {
    #shown;

    // Called for each frame that the browser shows. A paused film shows none, so it is kept.
    async manualRender(frame, repaint) {
      this.#shown = frame;
      try {
        await super.manualRender(frame, repaint);
      } catch (error) {
        console.warn("could not draw subtitles:", error);
        // It would wait for ever for the drawing that failed.
        this.busy = false;
      }
    }

    async redraw() {
      if (!this.#shown && video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
      await this.manualRender(
        this.#shown ?? {
          mediaTime: video.currentTime,
          expectedDisplayTime: performance.now(),
          width: video.videoWidth,
          height: video.videoHeight,
        },
        true,
      );
    }

    // Without a picture there is no place to compute, and JASSUB would compute with NaN.
    async resize(...how) {
      if (video.videoWidth > 0 && !this._destroyed) await super.resize(...how);
    }
  }
  return new Drawer({
    video,
    subContent: header,
    workerUrl: WORKER,
    wasmUrl: WASM,
    modernWasmUrl: MODERN_WASM,
    // Neither this computer's fonts, for which people would be asked, nor those of a stranger's server.
    queryFonts: false,
    defaultFont: FALLBACK_FONT.family,
    maxRenderHeight: HIGHEST_CANVAS,
  });
}

// The height in which the script's header counts, as libass reads it.
function playResY(header) {
  const number = (name) => Number(header.match(new RegExp(`^${name}:\\s*(\\d+)`, "m"))?.[1]) || 0;
  const [width, height] = [number("PlayResX"), number("PlayResY")];
  if (height) return height;
  return width ? Math.round(width === 1280 ? 1024 : (width * 3) / 4) : 288;
}

// libass' rule for an event's style: the last one of that name, without asterisks, else the default.
function styleIndex(styles, name) {
  const wanted = name.replace(/^\*+/, "");
  const index = styles.findLastIndex(({ Name }) => Name === wanted);
  return index > 0 ? index : Math.max(0, styles.findLastIndex(({ Name }) => Name.toLowerCase() === "default"));
}
