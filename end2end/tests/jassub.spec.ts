// JASSUB over a video, without Matinee: app/js/subtitles.js and what scripts/vendor.sh made, on a page that has the
// stage as Matinee's has it. What is drawn is judged by the pixels of a screenshot.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { film, MEDIA } from '../lib/film.ts';
import { wantedRange } from '../range-server.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const FILM = film('short-ffmpeg');
const LENGTH_S = 20;

/** What the page offers to these tests. */
interface Overlay {
  ready(): Promise<void>;
  add(events: string): void;
  addFonts(fonts: string[]): void;
  setDelay(seconds: number): void;
  setLook(scale: number, raise: number): void;
  destroy(): void;
}
declare global {
  interface Window {
    subtitles: { load(): Promise<boolean>; create(video: Element, header: string, fonts: string[]): Overlay };
    overlay: Overlay;
  }
}

const PAGE = `<!doctype html><link rel="stylesheet" href="/main.css"><title>JASSUB</title>
<style>body { margin: 0 } .stage { inline-size: 800px; block-size: 450px; aspect-ratio: auto }</style>
<div class="stage"><video src="/film.mp4" preload="auto" muted></video></div>
<script type="module">window.subtitles = await import("/subtitles.js")</script>`;

let folder: string;
let server: Server;
let url: string;

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'matinee-jassub-'));
  const source = join(MEDIA, FILM.file);
  execFileSync('ffmpeg', ['-v', 'error', '-i', source, '-map', '0:v', '-c', 'copy', '-map_chapters', '-1', '-t', `${LENGTH_S}`, join(folder, 'film.mp4')]);
  const font = (name: string) => execFileSync('fc-match', ['-f', '%{file}', name], { encoding: 'utf8' });
  const files: Record<string, string> = {
    '/film.mp4': join(folder, 'film.mp4'),
    '/main.css': join(ROOT, 'target', 'site', 'pkg', 'matinee.css'),
    '/subtitles.js': join(ROOT, 'app', 'js', 'subtitles.js'),
    '/js/fonts.mjs': join(ROOT, 'public', 'js', 'fonts.mjs'),
    '/mono.ttf': font('DejaVu Sans Mono'),
  };
  const types: Record<string, string> = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm', css: 'text/css', mp4: 'video/mp4' };
  server = createServer(({ url: path = '/', headers }, response) => {
    const vendored = path.match(/^\/vendor\/([a-z.0-9-]+)$/)?.[1];
    const file = vendored ? join(ROOT, 'public', 'vendor', vendored) : files[path];
    const type = { 'content-type': types[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream' };
    try {
      if (path === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      if (!file) return response.writeHead(404).end('nothing here');
      const bytes = readFileSync(file);
      const range = wantedRange(headers.range, bytes.length);
      if (!range) return response.writeHead(200, { ...type, 'accept-ranges': 'bytes' }).end(bytes);
      const [first, last] = range;
      return response
        .writeHead(206, { ...type, 'content-range': `bytes ${first}-${last}/${bytes.length}` })
        .end(bytes.subarray(first, last + 1));
    } catch {
      return response.writeHead(404).end('nothing here');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

test.afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

// --- The script ----------------------------------------------------------------------------------

type Colour = readonly [number, number, number];
const MAGENTA: Colour = [255, 0, 255];
const CYAN: Colour = [0, 255, 255];
const YELLOW: Colour = [255, 255, 0];

/** A style's line, without border and shadow: nothing but its colour is drawn. */
function style(name: string, [red, green, blue]: Colour, font = 'Nowhere To Be Found'): string {
  const hex = (part: number) => part.toString(16).padStart(2, '0');
  const colour = `&H00${hex(blue)}${hex(green)}${hex(red)}`;
  return `Style: ${name},${font},90,${colour},${colour},&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,0,5,10,10,10,1`;
}

const HEADER = [
  '[Script Info]',
  'ScriptType: v4.00+',
  'PlayResX: 1280',
  'PlayResY: 720',
  'WrapStyle: 2',
  'ScaledBorderAndShadow: yes',
  'YCbCr Matrix: None',
  '',
  '[V4+ Styles]',
  'Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding',
  style('Default', YELLOW),
  style('Sign', MAGENTA),
  style('Song', CYAN),
  style('Mono', MAGENTA, 'DejaVu Sans Mono'),
  '',
  '[Events]',
  'Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text',
  '',
].join('\n');

let order = 0;

/** An event from `start` to `end`, in seconds. */
function event(style: string, start: number, end: number, text: string, read_order = (order += 1)): object {
  return {
    read_order, layer: 0, start_ms: start * 1000, duration_ms: (end - start) * 1000, style, name: '',
    margin_l: 0, margin_r: 0, margin_v: 0, effect: '', text,
  };
}

/** A drawn rectangle, which no font has a say in, in the script's 1280 by 720 points. */
const box = (left: number, top: number, width: number, height: number) =>
  `{\\an7\\pos(${left},${top})\\p1}m 0 0 l ${width} 0 ${width} ${height} 0 ${height}`;

// --- The page ------------------------------------------------------------------------------------

async function open(page: Page, at = 0): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => window.subtitles && document.querySelector('video')!.readyState >= 3);
  if (at > 0) await seek(page, at);
}

async function draw(page: Page, fonts: string[] = []): Promise<void> {
  await page.evaluate(
    async ([header, fonts]) => {
      if (!(await window.subtitles.load())) throw new Error('this browser cannot');
      window.overlay = window.subtitles.create(document.querySelector('video')!, header, fonts);
      await window.overlay.ready();
    },
    [HEADER, fonts] as const,
  );
}

/** Hands over events one by one. */
async function add(page: Page, ...events: object[]): Promise<void> {
  for (const event of events) await page.evaluate((event) => window.overlay.add(event), JSON.stringify([event]));
}

async function seek(page: Page, to: number): Promise<void> {
  await page.evaluate(async (to) => {
    const video = document.querySelector('video')!;
    const seeked = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
    video.currentTime = to;
    await seeked;
  }, to);
}

interface Found {
  count: number;
  /** Where the colour is, in CSS pixels of the page. */
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Where on the visible page a colour is. */
async function look(page: Page, colour: Colour): Promise<Found> {
  const png = await page.screenshot({ scale: 'device' });
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const pixels = execFileSync('ffmpeg', ['-v', 'error', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { input: png, maxBuffer: 64 << 20 });
  const ratio = await page.evaluate(() => devicePixelRatio);
  let [count, left, top, right, bottom] = [0, Infinity, Infinity, -1, -1];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      if (!colour.every((part, channel) => Math.abs(part - pixels[at + channel]!) < 40)) continue;
      count += 1;
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  }
  if (count === 0) return { count, left: 0, top: 0, width: 0, height: 0 };
  return { count, left: left / ratio, top: top / ratio, width: (right - left + 1) / ratio, height: (bottom - top + 1) / ratio };
}

const seen = async (page: Page, colour: Colour) => (await look(page, colour)).count > 50;

/** Waits until exactly these colours are drawn. */
async function shows(page: Page, ...colours: Colour[]): Promise<void> {
  const drawn = async () => {
    const all = [];
    for (const colour of [MAGENTA, CYAN, YELLOW]) if (await seen(page, colour)) all.push(colour);
    return all;
  };
  await expect.poll(drawn, { message: 'the colours that are drawn' }).toEqual([MAGENTA, CYAN, YELLOW].filter((colour) => colours.includes(colour)));
}

// --- Tests ---------------------------------------------------------------------------------------

test('an event is drawn at its time in the colour of its style, and neither before nor after', async ({ page }) => {
  await open(page);
  await draw(page);
  await shows(page);
  await add(page, event('Song', 4, 6, 'before'), event('Sign', 6, 8, 'now'), event('*Default', 8, 10, 'after'), event('Unheard Of', 12, 14, 'default'));
  // Each frame's own time decides, so a few tens of milliseconds to either side are enough.
  for (const [at, ...colours] of [[5.9, CYAN], [6.1, MAGENTA], [7.9, MAGENTA], [8.1, YELLOW], [9.9, YELLOW], [10.1], [13, YELLOW], [7, MAGENTA]] as const) {
    await seek(page, at);
    await shows(page, ...colours);
  }
});

test('events that come while the film plays are drawn', async ({ page }) => {
  await open(page, 3);
  await draw(page);
  await page.evaluate(() => document.querySelector('video')!.play());
  await add(page, event('Sign', 0, 60, 'from the beginning'));
  await expect.poll(() => seen(page, MAGENTA)).toBe(true);
  const now = await page.evaluate(() => document.querySelector('video')!.currentTime);
  await add(page, event('Song', now + 1.5, now + 60, '{\\an8}later'));
  await expect.poll(() => seen(page, CYAN), { intervals: [50] }).toBe(true);
  const then = await page.evaluate(() => [document.querySelector('video')!.currentTime, document.querySelector('video')!.paused] as const);
  expect(then[0]).toBeGreaterThan(now + 1.4);
  expect(then[1]).toBe(false);
});

test('an event that began before the place sought is drawn after the seek, however late it comes', async ({ page }) => {
  await open(page);
  await draw(page);
  await add(page, event('Sign', 11, 15, 'long'));
  await shows(page);
  await seek(page, 13);
  await shows(page, MAGENTA);
  // The film is paused and shows no new frame.
  await add(page, event('Song', 10, 14, '{\\an8}later'));
  await shows(page, MAGENTA, CYAN);
});

test('an event that comes again is drawn once', async ({ page }) => {
  await open(page, 5);
  await draw(page);
  await add(page, event('Sign', 4, 6, 'one line', 1000));
  await shows(page, MAGENTA);
  const once = await look(page, MAGENTA);
  await add(page, event('Sign', 4, 6, 'one line', 1000), event('Song', 4, 6, '{\\an8}another', 1001));
  await shows(page, MAGENTA, CYAN);
  expect(await look(page, MAGENTA)).toEqual(once);
});

test('fonts of the file are used, at once or when they come, and JASSUB\'s own where there is no other', async ({ page }) => {
  const width = async () => (await look(page, MAGENTA)).width;
  const begin = async (fonts: string[] = []) => {
    await page.evaluate(() => window.overlay?.destroy());
    await draw(page, fonts);
    await add(page, event('Mono', 4, 6, 'iiiiiiiiiiiiiiii'));
    await shows(page, MAGENTA);
  };
  await open(page, 5);

  await begin();
  const liberation = await width();
  await begin(['/mono.ttf']);
  await expect.poll(width, { message: 'with the font' }).toBeGreaterThan(liberation * 2);
  const mono = await width();

  await begin();
  await expect.poll(width, { message: 'before the font comes' }).toBe(liberation);
  await page.evaluate(() => window.overlay.addFonts(['/nothing.ttf', '/mono.ttf']));
  await expect.poll(width, { message: 'after the font has come' }).toBe(mono);
});

test('a delay moves all events', async ({ page }) => {
  await open(page, 7);
  await draw(page);
  await add(page, event('Sign', 4, 6, 'sign'), event('Song', 8, 10, 'song'));
  await shows(page);
  await page.evaluate(() => window.overlay.setDelay(2));
  await shows(page, MAGENTA);
  await page.evaluate(() => window.overlay.setDelay(-2));
  await shows(page, CYAN);
  await page.evaluate(() => window.overlay.setDelay(0));
  await shows(page);
});

test('text is drawn larger and higher while it is shown, and as the script has it again', async ({ page }) => {
  await open(page, 5);
  await draw(page);
  await add(page, event('Sign', 4, 6, '{\\an2}text'), event('Song', 4, 6, '{\\an2\\pos(640,300)\\fs90}sign'));
  await shows(page, MAGENTA, CYAN);
  const [text, sign] = [await look(page, MAGENTA), await look(page, CYAN)];
  await page.evaluate(() => window.overlay.setLook(1.5, 0));
  await expect.poll(async () => (await look(page, MAGENTA)).width / text.width).toBeCloseTo(1.5, 1);
  await page.evaluate(() => window.overlay.setLook(1, 0));
  await expect.poll(() => look(page, MAGENTA)).toEqual(text);
  expect(await look(page, CYAN), 'what has a size and place of its own').toEqual(sign);
});

for (const density of [1, 1.5, 2]) {
  test.describe(`${density} pixels a CSS pixel`, () => {
    test.use({ deviceScaleFactor: density, viewport: { width: 900, height: 700 } });

    test('what is drawn keeps its place over the picture', async ({ page }) => {
      // The middle half of the picture, in both directions.
      const inThePicture = async (left: number, top: number, width: number, height: number) => {
        const off = async () => {
          const found = await look(page, MAGENTA);
          const wanted = { left: left + width / 4, top: top + height / 4, width: width / 2, height: height / 2 };
          return Math.max(...(['left', 'top', 'width', 'height'] as const).map((side) => Math.abs(found[side] - wanted[side])));
        };
        await expect.poll(off, { message: 'CSS pixels from where it should be' }).toBeLessThanOrEqual(1.5);
      };
      const resize = (width: number, height: number) =>
        page.evaluate(([width, height]) => {
          document.querySelector<HTMLElement>('.stage')!.style.cssText = `inline-size: ${width}px; block-size: ${height}px; max-block-size: none`;
        }, [width, height] as const);
      await open(page, 5);
      await draw(page);
      await add(page, event('Sign', 4, 6, box(320, 180, 640, 360)));
      await inThePicture(0, 0, 800, 450);
      await resize(600, 600);
      await inThePicture(0, 131.25, 600, 337.5);
      await resize(880, 300);
      await inThePicture(173.33, 0, 533.33, 300);
      // The same room, but the page around it moves.
      await page.evaluate(() => (document.body.style.padding = '40px 0 0 10px'));
      await inThePicture(183.33, 40, 533.33, 300);

      await page.evaluate(() => document.querySelector('.stage')!.requestFullscreen());
      const screen = await page.evaluate(() => [innerWidth, innerHeight] as const);
      const [wide, high] = [Math.min(screen[0], (screen[1] * 16) / 9), Math.min(screen[1], (screen[0] * 9) / 16)];
      await inThePicture((screen[0] - wide) / 2, (screen[1] - high) / 2, wide, high);
      await page.evaluate(() => document.exitFullscreen());
      await inThePicture(183.33, 40, 533.33, 300);
      // As sharp as the screen.
      const pixels = () => page.evaluate(() => document.querySelector('canvas')!.width);
      await expect.poll(pixels, { message: 'width of the canvas in pixels' }).toBe(Math.round(533.33 * density));
    });
  });
}

test('the end leaves nothing', async ({ page }) => {
  await open(page, 5);
  await draw(page);
  await add(page, event('Sign', 4, 6, 'sign'));
  await shows(page, MAGENTA);
  expect(page.workers()).toHaveLength(1);
  await page.evaluate(() => {
    window.overlay.destroy();
    window.overlay.destroy();
    window.overlay.setDelay(1);
    window.overlay.addFonts(['/mono.ttf']);
  });
  await add(page, event('Song', 4, 6, 'song'));
  await shows(page);
  await expect.poll(() => page.workers().length).toBe(0);
  expect(await page.evaluate(() => document.querySelector('.stage')!.children.length)).toBe(1);

  // And before it has begun.
  const answer = await page.evaluate(async (header) => {
    const overlay = window.subtitles.create(document.querySelector('video')!, header, []);
    overlay.destroy();
    return overlay.ready().catch(String);
  }, HEADER);
  expect(answer).toContain('it was taken away');
  await expect.poll(() => page.workers().length).toBe(0);
  expect(await page.evaluate(() => document.querySelector('.stage')!.children.length)).toBe(1);
});

for (const [what, file] of [['a worker', 'jassub-worker.mjs'], ['a wasm', 'jassub-modern.wasm']] as const) {
  test(`${what} that cannot be had is told, and leaves nothing`, async ({ page }) => {
    await page.context().route(`**/vendor/${file}`, (route) => route.fulfill({ status: 404 }));
    await open(page);
    await expect(draw(page)).rejects.toThrow(/did not start/);
    expect(await page.evaluate(() => document.querySelector('.stage')!.children.length)).toBe(1);
  });
}

test('a browser that cannot says so and loads nothing', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.addInitScript(() => Reflect.deleteProperty(HTMLVideoElement.prototype, 'requestVideoFrameCallback'));
  await open(page);
  expect(await page.evaluate(() => window.subtitles.load())).toBe(false);
  expect(asked.filter((path) => path.startsWith('/vendor/'))).toEqual([]);
});
