// Subtitles as text, which the browser shows itself where JASSUB cannot run, and nowhere else.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { film } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';

/** The addresses of WebVTT playlists and segments that a page asks for. */
function texts(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.includes('-vtt/')) asked.push(pathname.slice(pathname.indexOf('/s') + 1));
  });
  return asked;
}

/** What the browser shows of its text tracks at this moment. */
async function cues(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelector('video')!.textTracks]
      .filter(({ mode }) => mode === 'showing')
      .flatMap(({ activeCues }) => [...(activeCues ?? [])].map((cue) => (cue as VTTCue).text)),
  );
}

async function tracks(page: Page): Promise<string[]> {
  return page.evaluate(() => [...document.querySelector('video')!.textTracks].map(({ label, mode }) => `${label}: ${mode}`));
}

test('no text is asked for where the page draws subtitles itself', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, film('short-ffmpeg'));
  const asked = texts(viewer.page);
  await viewer.paste(`${films.url}/short-ffmpeg.mkv`);
  await viewer.play();
  for (const title of [/styled/i, /text/i]) {
    await viewer.chooseSubtitles(title);
    await expect(viewer.page.locator('canvas.JASSUB')).toBeVisible();
    await viewer.seek(35);
    await viewer.play();
    await expect.poll(() => viewer.position()).toBeGreaterThan(36);
  }
  expect(await tracks(viewer.page)).toEqual([]);
  expect(asked).toEqual([]);
});

test('the browser shows text where JASSUB cannot run', async ({ matinee, films, context }) => {
  test.setTimeout(120_000);
  await context.addInitScript(() => {
    delete (HTMLCanvasElement.prototype as Partial<HTMLCanvasElement>).transferControlToOffscreen;
  });
  const viewer = await Viewer.arrive(context, matinee, film('short-ffmpeg'));
  const { page } = viewer;
  const asked = texts(page);
  await viewer.paste(`${films.url}/short-ffmpeg.mkv`);
  await viewer.play();
  const [styled, text] = viewer.film.subtitles;

  await viewer.chooseSubtitles(/text/i);
  // Until then it was the track that mpv would have chosen.
  asked.length = 0;
  await viewer.expectMaking(/not re-encoded/i);
  await viewer.pause();
  // In the middle of an event, between two of them, and in one of the next segment.
  for (const event of [text!.events[0]!, text!.events.at(-1)!]) {
    await viewer.seek((event.start_s + event.end_s) / 2);
    await expect.poll(() => cues(page), { timeout: 20_000 }).toEqual(['████████']);
    await viewer.seek(event.start_s - 0.2);
    await expect.poll(() => cues(page)).toEqual([]);
    await viewer.seek(event.start_s + 0.1);
    await expect.poll(() => cues(page)).toEqual(['████████']);
    await viewer.seek(event.end_s + 0.1);
    await expect.poll(() => cues(page)).toEqual([]);
  }
  expect(await tracks(page)).toEqual(['Styled: disabled', 'Text: showing']);
  expect(asked.filter((path) => !path.startsWith('s1-vtt/'))).toEqual([]);

  // Two at once, one of which began long before.
  await viewer.chooseSubtitles(/styled/i);
  await viewer.seek(24.5);
  const at = styled!.events.filter(({ start_s, end_s }) => start_s <= 24.5 && 24.5 < end_s);
  expect(at).toHaveLength(2);
  await expect.poll(() => cues(page), { timeout: 20_000 }).toHaveLength(2);

  await viewer.chooseSubtitles(/none/i);
  await expect.poll(() => tracks(page)).toEqual(['Styled: disabled', 'Text: disabled']);
  await viewer.expectMaking(/not re-encoded/i);

  await viewer.chooseSubtitles(/text/i);
  await expect.poll(() => tracks(page)).toEqual(['Styled: disabled', 'Text: showing']);
  await page.getByRole('checkbox', { name: /draw them into the picture/i }).check();
  await viewer.expectMaking(/^re-encoded/i);
  await viewer.expectSubtitles(1, 25.5);
  expect(await cues(page)).toEqual([]);
});

test('of the tracks that a browser finds by itself the chosen one is shown', async ({ page }) => {
  const script = readFileSync(join(import.meta.dirname, '..', '..', 'app', 'js', 'hls.js'), 'utf8');
  await page.route('http://player.test/**', (route) =>
    route.request().url().endsWith('.js')
      ? route.fulfill({ contentType: 'text/javascript', body: script })
      : route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>x</title><video></video>' }),
  );
  await page.goto('http://player.test/');
  const show = (place: number) =>
    page.evaluate(async (place) => {
      const { showNativeSubtitles } = await import('/hls.js' as string);
      showNativeSubtitles(document.querySelector('video'), place);
    }, place);
  const find = (kind: TextTrackKind, label: string) =>
    page.evaluate(([kind, label]) => document.querySelector('video')!.addTextTrack(kind as TextTrackKind, label), [kind, label] as const);
  await find('metadata', 'not one');
  await find('subtitles', 'first');
  await show(1);
  expect(await tracks(page)).toEqual(['not one: hidden', 'first: disabled']);
  await find('captions', 'second');
  await expect.poll(() => tracks(page)).toEqual(['not one: hidden', 'first: disabled', 'second: showing']);
  await show(0);
  await find('subtitles', 'third');
  await expect.poll(() => tracks(page)).toEqual(['not one: hidden', 'first: showing', 'second: disabled', 'third: disabled']);
  await show(-1);
  expect(await tracks(page)).toEqual(['not one: hidden', 'first: disabled', 'second: disabled', 'third: disabled']);
});
