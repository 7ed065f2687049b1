// The readers themselves: on a file that the browser plays without Matinee they find every frame and tone where
// the film's description has it, and they notice a wrong frame, a late tone and a missing subtitle.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { beeps, listen, prepareListening } from '../lib/beep.ts';
import { beepSecond, beepTime, film, frameLength, frameTime, MEDIA } from '../lib/film.ts';
import { AHEAD_S, readings, watchFrames } from '../lib/frame.ts';
import { share } from '../lib/pixels.ts';
import { startRangeServer } from '../range-server.mjs';

const FILM = film('short-ffmpeg');
let folder: string;
let server: Awaited<ReturnType<typeof startRangeServer>>;

function make(name: string, ...options: string[]): void {
  const source = join(MEDIA, FILM.file);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', source, ...options, '-map_chapters', '-1', '-t', '20', join(folder, name)]);
}

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'matinee-readers-'));
  make('good.mp4', '-map', '0:v', '-map', '0:a:0', '-c', 'copy');
  make('late.mp4', '-itsoffset', '0.1', '-i', join(MEDIA, FILM.file), '-map', '0:v', '-map', '1:a:0', '-c', 'copy');
  make('blank.html', '-map', '0:s:1', '-f', 'srt');
  server = await startRangeServer({ folder });
});

test.afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function play(page: import('@playwright/test').Page, name: string): Promise<void> {
  await watchFrames(page, FILM.pattern);
  await prepareListening(page);
  await page.goto(`${server.url}/blank.html`);
  await page.evaluate((source) => {
    const video = document.createElement('video');
    video.src = source;
    document.body.replaceChildren(video);
  }, `/${name}`);
  await listen(page);
  await page.evaluate(() => document.querySelector('video')!.play());
}

/** How late each tone is against the film's description, in seconds. */
async function lateness(page: import('@playwright/test').Page, count: number): Promise<number[]> {
  await expect.poll(async () => (await beeps(page)).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
  return (await beeps(page)).map(({ at, hz }) => {
    const second = beepSecond(FILM, 0, at, hz);
    expect(second, `${hz} Hz at ${at} s`).not.toBeNull();
    return at - beepTime(FILM, 0, second!);
  });
}

test('frames and tones of a plain file are where its description has them', async ({ page }) => {
  await play(page, 'good.mp4');
  const late = await lateness(page, 8);
  for (const by of late) expect(Math.abs(by)).toBeLessThan(frameLength(FILM));
  const seen = await readings(page);
  expect(seen.length).toBeGreaterThan(50);
  for (const { frame } of seen) expect(frame).not.toBeNull();
  // A page that looks late sees a frame whose turn came until then.
  const ahead = seen.filter(({ frame, mediaTime }) => Math.abs(mediaTime - frameTime(FILM, frame!)) >= 0.001);
  for (const { frame, mediaTime, currentTime, late } of ahead) {
    expect(frameTime(FILM, frame!)).toBeGreaterThanOrEqual(mediaTime);
    expect(frameTime(FILM, frame!)).toBeLessThanOrEqual(currentTime + late + AHEAD_S);
  }
  expect(ahead.length, `frames ahead among ${seen.length}`).toBeLessThanOrEqual(seen.length / 5);
});

test('sound that is a tenth of a second late is noticed', async ({ page }) => {
  await play(page, 'late.mp4');
  for (const by of await lateness(page, 4)) expect(by).toBeGreaterThan(frameLength(FILM));
});

test('a picture without a strip reads as nothing, one without subtitles has none of their colours', async ({ page }) => {
  await play(page, 'good.mp4');
  await expect.poll(async () => (await readings(page)).length).toBeGreaterThan(3);
  const covered = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 1920;
    canvas.height = 1080;
    const context = canvas.getContext('2d')!;
    const read: (number | null)[] = [];
    for (const colour of ['black', 'white', 'grey']) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1920, 1080);
      read.push(window.decodeStrip(canvas, 1920, 1080));
    }
    // One block turned over.
    context.drawImage(document.querySelector('video')!, 0, 0);
    context.globalCompositeOperation = 'difference';
    context.fillStyle = 'white';
    context.fillRect(60 * 12, 0, 60, 60);
    read.push(window.decodeStrip(canvas, 1920, 1080));
    return read;
  });
  expect(covered).toEqual([null, null, null, null]);
  for (const track of FILM.subtitles) {
    const { inside, around } = await share(page, track.events[0]!.box, track.events[0]!.colour);
    expect(inside).toBeLessThan(0.01);
    expect(around).toBeLessThan(0.01);
  }
});
