// PGS drawn by the page over the picture: with a film, beside the same pictures burned in, and app/js/pictures.js alone
// with what few films have.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { film, frameLength, type SubtitleEvent } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const ORIGINAL = /not re-encoded/i;
const SUBTITLES = 2;

interface Drawn {
  /** x, y, width, height, in pixels of what is looked at. */
  box: [number, number, number, number];
  size: [number, number];
  /** Red, green, blue and alpha in the middle of the box. */
  colour: [number, number, number, number];
}

/** Where anything is drawn on the canvas over the picture, or where the picture itself is yellow; null for nowhere. */
async function drawn(page: Page, over: 'canvas' | 'video'): Promise<Drawn | null> {
  return page.evaluate((over) => {
    const from = document.querySelector<HTMLCanvasElement | HTMLVideoElement>(`.stage ${over}`);
    if (!from) return null;
    const [width, height] = 'videoWidth' in from ? [from.videoWidth, from.videoHeight] : [from.width, from.height];
    const copy = new OffscreenCanvas(width, height).getContext('2d')!;
    copy.drawImage(from, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    const is = (at: number) => (over === 'canvas' ? data[at + 3]! > 100 : data[at]! > 150 && data[at + 1]! > 150 && data[at + 2]! < 110);
    let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        if (!is((y * width + x) * 4)) continue;
        [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
      }
    }
    if (right < 0) return null;
    const middle = (Math.floor((top + bottom) / 2) * width + Math.floor((left + right) / 2)) * 4;
    return {
      box: [left, top, right - left + 1, bottom - top + 1] as Drawn['box'],
      size: [width, height] as Drawn['size'],
      colour: [...data.slice(middle, middle + 4)] as Drawn['colour'],
    };
  }, over);
}

/** How far two boxes differ, in pixels. */
const apart = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((side, n) => Math.abs(side - b[n]!)));

const middle = ({ start_s, end_s }: SubtitleEvent) => (start_s + end_s) / 2;

/** Waits until this event is drawn where its box is, or until none is. */
async function shows(page: Page, event: SubtitleEvent | null): Promise<void> {
  await expect(async () => {
    const now = await drawn(page, 'canvas');
    if (!event) return expect(now).toBeNull();
    const [width, height] = now!.size;
    const wanted = event.box.map((side, n) => side * (n % 2 ? height : width));
    expect(apart(now!.box, wanted), `${now!.box} instead of ${wanted}`).toBeLessThanOrEqual(2);
    expect(apart(now!.colour.slice(0, 3), event.colour), `${now!.colour}`).toBeLessThanOrEqual(4);
  }).toPass({ timeout: 10_000 });
}

for (const name of ['short-ffmpeg', 'short-mkvmerge', 'picture-index']) {
  test(`pictures of ${name} are drawn over the picture, which stays as it is`, async ({ matinee, films, context }) => {
    const FILM = film(name);
    const { events } = FILM.subtitles[SUBTITLES]!;
    const viewer = await Viewer.arrive(context, matinee, FILM);
    const { page } = viewer;
    await viewer.paste(`${films.url}/${FILM.file}`);
    await viewer.play();
    await viewer.chooseSubtitles(/pictures/i);
    await viewer.pause();
    await viewer.expectMaking(ORIGINAL);
    // Into the middle of one that nobody has seen begin, between two, and back.
    for (const [at, event] of [[middle(events[4]!), events[4]!], [events[4]!.end_s + 2, null], [middle(events[1]!), events[1]!]] as const) {
      await viewer.seek(at);
      await shows(page, event);
    }
    await viewer.expectMaking(ORIGINAL);

    const canvas = await drawn(page, 'canvas');
    await page.getByRole('checkbox', { name: /into the picture/i }).check();
    await viewer.expectMaking(/^re-encoded/i);
    await expect.poll(() => drawn(page, 'canvas'), { message: 'what is drawn over it' }).toBeNull();
    await viewer.seek(middle(events[1]!));
    await expect.poll(async () => (await drawn(page, 'video')) !== null, { message: 'it is drawn into it' }).toBe(true);
    const video = (await drawn(page, 'video'))!;
    expect(video.size).toEqual(canvas!.size);
    expect(apart(video.box, canvas!.box), `${video.box} burned, ${canvas!.box} over it`).toBeLessThanOrEqual(3);
    // The film is loaded anew and stays paused: no frame follows.
    await page.getByRole('checkbox', { name: /into the picture/i }).uncheck();
    await viewer.expectMaking(ORIGINAL);
    await shows(page, events[1]!);
    await viewer.chooseSubtitles(/none/i);
    await expect(page.locator('.stage canvas')).toHaveCount(0);
  });
}

test('pictures come and go with the frames while the film plays', async ({ matinee, films, context }) => {
  const FILM = film('short-ffmpeg');
  const event = FILM.subtitles[SUBTITLES]!.events[1]!;
  const viewer = await Viewer.arrive(context, matinee, FILM);
  const { page } = viewer;
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.chooseSubtitles(/pictures/i);
  // Looked at from before it comes, however long the page takes to be told to; and after what draws has looked.
  await viewer.pause();
  await viewer.seek(event.start_s - 1);
  await expect(page.locator('.stage canvas')).toBeAttached();
  await page.evaluate(([x, y, width, height]) => {
    const video = document.querySelector('video')!;
    const seen: [number, boolean][] = ((window as unknown as { seen: unknown }).seen = []);
    const look = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.stage canvas')!;
      const at = [(x! + width! / 2) * canvas.width, (y! + height! / 2) * canvas.height] as const;
      seen.push([mediaTime, canvas.getContext('2d')!.getImageData(...at, 1, 1).data[3]! > 100]);
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  }, event.box);
  await viewer.play();
  await expect.poll(() => viewer.position(), { timeout: 20_000 }).toBeGreaterThan(event.end_s + 0.5);
  const seen = await page.evaluate(() => (window as unknown as { seen: [number, boolean][] }).seen);
  const frame = frameLength(FILM);
  for (const [at, is] of seen) {
    if (Math.min(Math.abs(at - event.start_s), Math.abs(at - event.end_s)) < frame / 4) continue;
    expect(is, `at ${at}`).toBe(event.start_s <= at && at < event.end_s);
  }
  expect(seen.filter(([, is]) => is).length).toBeGreaterThan(20);
  expect(seen.at(-1)![1]).toBe(false);
});

// --- The shim alone ------------------------------------------------------------------------------

const ORIGIN = 'http://pictures.test';
/** A film whose black bars were cut off: 1920 by 800 where its subtitles have 1920 by 1080. */
const [WIDE, HIGH, PLANE] = [960, 400, [1920, 1080]] as const;
const PAGE = `<!doctype html><link rel="stylesheet" href="/main.css"><title>PGS</title>
<style>body { margin: 0 } .stage { inline-size: 800px; block-size: 450px; aspect-ratio: auto }</style>
<div class="stage"><video muted></video></div>
<script type="module">
const video = document.querySelector("video");
video.src = URL.createObjectURL(await (await fetch("/film.mp4")).blob());
window.pictures = await import("/pictures.js");
</script>`;

/** What the page offers to these tests. */
interface Overlay {
  add(sup: ArrayBuffer, from: number, until: number): Promise<void>;
  begins(): number | undefined;
  setDelay(seconds: number): void;
  destroy(): void;
}
declare global {
  interface Window {
    pictures: { load(): Promise<boolean>; create(video: Element): Overlay };
    drawer: Overlay;
  }
}

type Ycrcba = readonly [number, number, number, number];
const RED: Ycrcba = [63, 240, 102, 255];
const GREEN: Ycrcba = [173, 26, 42, 255];

const u16 = (value: number) => [value >> 8, value & 255];

interface Set_ {
  at: number;
  /** Nothing that came before is used. */
  anew?: boolean;
  palette?: Ycrcba;
  /** Width and height of object 0, of one colour. */
  object?: readonly [number, number];
  /** Where object 0 is drawn, and which part of it. */
  shown?: { at: readonly [number, number]; crop?: readonly [number, number, number, number] };
}

function sup(...sets: Set_[]): number[] {
  return sets.flatMap(({ at, anew, palette, object, shown }) => {
    const time = Math.round(at * 90_000);
    const segment = (kind: number, body: number[]) => [0x50, 0x47, ...u16(time >>> 16), ...u16(time & 0xffff), 0, 0, 0, 0, kind, ...u16(body.length), ...body];
    const where = shown ? [0, 0, 0, shown.crop ? 0x80 : 0, ...shown.at.flatMap(u16), ...(shown.crop ?? []).flatMap(u16)] : [];
    const line = (width: number) => [0, 0xc0 | (width >> 8), width & 255, 1, 0, 0];
    const pixels = object ? Array.from({ length: object[1] }, () => line(object[0])).flat() : [];
    return [
      ...segment(0x16, [...PLANE.flatMap(u16), 0x10, 0, 0, anew ? 0x80 : 0, 0, 0, shown ? 1 : 0, ...where]),
      ...(palette ? segment(0x14, [0, 0, 1, ...palette]) : []),
      ...(object ? segment(0x15, [0, 0, 0, 0xc0, 0, ...u16(pixels.length + 4), ...object.flatMap(u16), ...pixels]) : []),
      ...segment(0x80, []),
    ];
  });
}

test.describe('the shim', () => {
  // On a wider page the stage takes all the width.
  test.use({ viewport: { width: 900, height: 700 } });
  let folder: string;

  test.beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'matinee-pgs-'));
    const source = ['-f', 'lavfi', '-i', `color=gray:size=${WIDE}x${HIGH}:rate=25:duration=10`, '-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
    execFileSync('ffmpeg', ['-v', 'error', ...source, join(folder, 'film.mp4')]);
  });

  test.afterAll(() => rmSync(folder, { recursive: true }));

  async function open(page: Page): Promise<void> {
    const files: Record<string, [string, string]> = {
      '/film.mp4': [join(folder, 'film.mp4'), 'video/mp4'],
      '/main.css': [join(ROOT, 'target', 'site', 'pkg', 'matinee.css'), 'text/css'],
      '/pictures.js': [join(ROOT, 'app', 'js', 'pictures.js'), 'text/javascript'],
      '/vendor/libpgs.mjs': [join(ROOT, 'public', 'vendor', 'libpgs.mjs'), 'text/javascript'],
    };
    await page.route(`${ORIGIN}/**`, (route) => {
      const path = new URL(route.request().url()).pathname;
      if (path === '/') return route.fulfill({ contentType: 'text/html', body: PAGE });
      const [file, contentType] = files[path] ?? [];
      return file ? route.fulfill({ contentType: contentType!, body: readFileSync(file) }) : route.fulfill({ status: 404 });
    });
    await page.goto(ORIGIN);
    await page.waitForFunction(() => window.pictures && document.querySelector('video')!.readyState >= 3);
    await page.evaluate(async () => {
      if (!(await window.pictures.load())) throw new Error('this browser cannot');
      window.drawer = window.pictures.create(document.querySelector('video')!);
    });
  }

  async function add(page: Page, from: number, until: number, ...sets: Set_[]): Promise<void> {
    const stretch = [sup(...sets), from, until] as const;
    await page.evaluate(([bytes, from, until]) => window.drawer.add(new Uint8Array(bytes).buffer, from, until), stretch);
  }

  async function seek(page: Page, to: number): Promise<void> {
    await page.evaluate(async (to) => {
      const video = document.querySelector('video')!;
      const seeked = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
      video.currentTime = to;
      await seeked;
    }, to);
  }

  const box = async (page: Page) => (await drawn(page, 'canvas'))?.box ?? null;
  const colour = async (page: Page) => (await drawn(page, 'canvas'))?.colour ?? null;

  test('what a set builds on is there, in its latest form', async ({ page }) => {
    await open(page);
    const at = [100, 200] as const;
    await add(
      page, 0, 10,
      { at: 1, anew: true, palette: RED, object: [300, 50], shown: { at } },
      { at: 2, palette: GREEN, shown: { at } },
      { at: 3 },
      { at: 4, object: [80, 40], shown: { at } },
      { at: 5, shown: { at, crop: [10, 20, 30, 15] } },
      { at: 6, anew: true, shown: { at } },
    );
    for (const [time, where, like] of [
      [0.5, null, null],
      [1.5, [100, 200, 300, 50], [255, 0, 0, 255]],
      [2.5, [100, 200, 300, 50], [0, 255, 0, 255]],
      [3.5, null, null],
      [4.5, [100, 200, 80, 40], [0, 255, 0, 255]],
      [5.5, [100, 200, 30, 15], [0, 255, 0, 255]],
      [6.5, null, null],
      [2.5, [100, 200, 300, 50], [0, 255, 0, 255]],
    ] as const) {
      await seek(page, time);
      await expect.poll(() => box(page), { message: `at ${time}` }).toEqual(where);
      if (like) expect(apart((await colour(page))!, like), `${await colour(page)} at ${time}`).toBeLessThanOrEqual(3);
    }
    await page.evaluate(() => window.drawer.setDelay(-1));
    await seek(page, 0.5);
    await expect.poll(() => box(page), 'earlier').toEqual([100, 200, 300, 50]);
    await page.evaluate(() => window.drawer.setDelay(1));
    await seek(page, 1.5);
    await expect.poll(() => box(page), 'later').toBeNull();
  });

  test('stretches follow each other, and one from elsewhere takes their place', async ({ page }) => {
    await open(page);
    const one = { at: 1, anew: true, palette: RED, object: [300, 50], shown: { at: [0, 0] } } as const;
    await seek(page, 3.5);
    await add(page, 0, 3, one);
    await expect.poll(() => box(page), 'nothing is known of this').toBeNull();
    await add(page, 3, 4, one);
    await expect.poll(() => box(page)).toEqual([0, 0, 300, 50]);
    expect(await page.evaluate(() => window.drawer.begins())).toBe(0);
    // What is known from the position on is drawn on the frame that is shown, which began before it.
    await add(page, 3.51, 9, one);
    await seek(page, 3.51);
    await expect.poll(() => box(page), 'the frame that began at 3.48').toEqual([0, 0, 300, 50]);
    await add(page, 7, 9, { ...one, at: 7 });
    expect(await page.evaluate(() => window.drawer.begins())).toBe(7);
    await expect.poll(() => box(page)).toBeNull();
    await page.evaluate(() => {
      window.drawer.destroy();
      window.drawer.destroy();
      window.drawer.setDelay(1);
    });
    await add(page, 9, 10, one);
    expect(await page.evaluate(() => document.querySelector('.stage')!.children.length)).toBe(1);
  });

  test('what is drawn keeps its place over the picture', async ({ page }) => {
    await open(page);
    // The upper left quarter of what is as high as the picture.
    await add(page, 0, 10, { at: 0, anew: true, palette: RED, object: [960, 540], shown: { at: [0, 0] } });
    await seek(page, 1);
    await expect.poll(() => box(page)).toEqual([0, 0, 960, 540]);
    const over = async (left: number, top: number, width: number, height: number) => {
      const wide = (height * PLANE[0]) / PLANE[1];
      const wanted = [left + (width - wide) / 2, top, wide, height];
      const off = () =>
        page.evaluate((wanted) => {
          const { x, y, width, height } = document.querySelector('.stage canvas')!.getBoundingClientRect();
          return Math.max(...[x, y, width, height].map((side, n) => Math.abs(side - wanted[n]!)));
        }, wanted);
      await expect.poll(off, { message: 'CSS pixels from where it should be' }).toBeLessThanOrEqual(1);
    };
    const resize = (width: number, height: number) =>
      page.evaluate(([width, height]) => {
        document.querySelector<HTMLElement>('.stage')!.style.cssText = `inline-size: ${width}px; block-size: ${height}px; max-block-size: none`;
      }, [width, height] as const);
    await over(0, (450 - 800 / 2.4) / 2, 800, 800 / 2.4);
    await resize(600, 600);
    await over(0, 175, 600, 250);
    await resize(880, 300);
    await over(80, 0, 720, 300);
    await page.evaluate(() => (document.body.style.padding = '40px 0 0 10px'));
    await over(90, 40, 720, 300);
    await page.evaluate(() => document.querySelector('.stage')!.requestFullscreen());
    const screen = await page.evaluate(() => [innerWidth, innerHeight] as const);
    const high = Math.min(screen[1], screen[0] / 2.4);
    await over((screen[0] - high * 2.4) / 2, (screen[1] - high) / 2, high * 2.4, high);
    expect(await page.evaluate(() => getComputedStyle(document.querySelector('.stage canvas')!).pointerEvents)).toBe('none');
  });
});
