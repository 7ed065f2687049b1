// Links that do not lead to a whole film: each is answered by words of its own.

import { openReady, view } from '../lib/api.ts';
import { film } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const FILM = film('short-ffmpeg');

const BAD: [string, (films: string) => string, RegExp][] = [
  ['a dead link', (films) => `${films}/missing.mkv`, /can't be reached/i],
  ['a server that is not there', () => 'http://127.0.0.1:9/film.mkv', /can't be reached/i],
  ['a web page', (films) => `${films}/page.html`, /isn't a video/i],
  ['a web page under the name of a film', (films) => `${films}/html`, /isn't a video/i],
  ['a file of this machine', () => 'file:///etc/passwd', /can't be used/i],
  ['words', () => 'the third man', /can't be used/i],
];

for (const [what, link, words] of BAD) {
  test(`${what} gets its own message`, async ({ matinee, films, context }) => {
    const viewer = await Viewer.arrive(context, matinee, FILM);
    await viewer.paste(link(films.url));
    const alert = viewer.page.getByRole('alert').filter({ hasText: words });
    await expect(alert).toBeVisible();
    await expect.poll(() => matinee.children(), { timeout: 10_000 }).toEqual([]);
  });
}

test('a truncated film says so, and plays as far as it goes', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await viewer.paste(`${films.url}/truncated.mkv`);
  await viewer.play();
  await expect(viewer.page.getByRole('status').filter({ hasText: /cut short/i })).toBeVisible();
  await viewer.expectRightFrames();
  await viewer.expectRightTones(0, 2);
});

test('what a link hides before the @ is never shown', async ({ matinee, films }) => {
  const secret = 'sesame-0815';
  const { session } = await openReady(matinee, `${films.url.replace('//', `//reader:${secret}@`)}/fps25.mkv`);
  expect(JSON.stringify(await view(matinee, session))).not.toContain(secret);
  expect(matinee.log()).not.toContain(secret);
});

for (const manner of ['norange', 'nolength']) {
  test(`a server of the manner ${manner}: the film plays from its start, and the page says what can be wound to`, async ({ matinee, films, context }) => {
    const viewer = await Viewer.arrive(context, matinee, FILM);
    await viewer.paste(`${films.url}/${manner}/${FILM.file}`);
    await viewer.play();
    await viewer.expectRightFrames();
    await viewer.expectRightTones(0, 2);
    await expect(viewer.page.getByRole('status').filter({ hasText: /only in what has been read/i })).toBeVisible();
    await viewer.expectMaking(/^re-encoded: the film's server cannot seek/i);
    // All of it has been read after a while, so then it can be wound anywhere.
    await viewer.seek(40);
    await viewer.expectRightFrames();
  });
}

test('a server that drops its connections is asked again', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await viewer.paste(`${films.url}/drop/${FILM.file}?after=3000000`);
  await viewer.play();
  await viewer.seek(30);
  await viewer.expectRightFrames();
  await viewer.expectRightTones(0, 2);
});

test('a page whose program does not come says so, until it comes', async ({ matinee, page }) => {
  const words = page.getByRole('alert').filter({ hasText: /not loaded completely/i });
  await page.route('**/pkg/matinee.wasm', (route) => route.abort());
  await page.goto(matinee.url);
  await expect(words).toBeVisible();
  await page.unroute('**/pkg/matinee.wasm');
  await words.getByRole('link').click();
  await expect(page.locator('html')).toHaveAttribute('data-ready');
  await expect(words).toBeHidden();

  // One that is only slow.
  let arrive: () => void;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  await page.route('**/pkg/matinee.wasm', async (route) => {
    await arrived;
    await route.continue();
  });
  await page.goto(matinee.url);
  await expect(words).toBeVisible({ timeout: 25_000 });
  arrive!();
  await expect(words).toBeHidden();
  await expect(page.getByRole('textbox', { name: /link/i })).toBeFocused();
});

test('a page that something has changed before it was at work says that it does not work', async ({ matinee, page }) => {
  await page.addInitScript(() => {
    document.addEventListener('DOMContentLoaded', () => document.querySelector('main')!.replaceChildren());
  });
  await page.goto(matinee.url);
  await expect(page.getByRole('alert').filter({ hasText: /not loaded completely/i })).toBeVisible();
});
