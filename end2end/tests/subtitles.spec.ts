// Subtitles drawn over the picture, as a person uses them: tracks, delay, look, full screen, the next film.

import { film } from '../lib/film.ts';
import { share } from '../lib/pixels.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const FILM = film('short-ffmpeg');
const [STYLED] = FILM.subtitles;
/** Lasts longer than a segment or a stretch that is read at once. */
const LONG = STYLED!.events.find(({ start_s, end_s }) => end_s - start_s > 20)!;
const SHORT = STYLED!.events.find(({ start_s, end_s }) => start_s > 10 && end_s - start_s < 5)!;

async function drawn(viewer: Viewer, event: typeof LONG): Promise<boolean> {
  return (await share(viewer.page, event.box, event.colour)).inside > 0.5;
}

async function begin(viewer: Viewer, url: string): Promise<void> {
  await viewer.paste(url);
  await viewer.play();
  await viewer.chooseSubtitles(/styled/i);
  await viewer.pause();
}

test('an event that began long before the place sought is drawn after the seek', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await begin(viewer, `${films.url}/${FILM.file}`);
  await viewer.seek(LONG.end_s - 1);
  await expect.poll(() => drawn(viewer, LONG)).toBe(true);
  await viewer.seek(LONG.end_s + 0.5);
  await expect.poll(() => drawn(viewer, LONG)).toBe(false);
  await viewer.expectMaking(/not re-encoded/i);
});

test('they are there too where the index has them not', async ({ matinee, films, context }) => {
  for (const bare of [film('picture-index'), film('no-index')]) {
    const [{ events }] = bare.subtitles as [typeof STYLED & object];
    const long = events.find(({ start_s, end_s }) => end_s - start_s > 20)!;
    const viewer = await Viewer.arrive(context, matinee, bare);
    await viewer.paste(`${films.url}/${bare.file}`);
    await viewer.play();
    await viewer.pause();
    await viewer.seek(long.end_s - 1);
    // Only now, so that nothing is known of what comes before.
    await viewer.chooseSubtitles(/styled/i);
    await expect.poll(() => drawn(viewer, long)).toBe(true);
    await viewer.seek(long.end_s + 0.5);
    await expect.poll(() => drawn(viewer, long)).toBe(false);
    await viewer.page.close();
  }
});

test('a delay moves them by half a second, by button and by key', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await begin(viewer, `${films.url}/${FILM.file}`);
  const press = async (name: RegExp) => {
    for (let n = 0; n < 5; n += 1) await viewer.page.getByRole('button', { name }).click();
  };
  const before = async (shown: boolean) => {
    await viewer.seek(SHORT.start_s - 0.25);
    await expect.poll(() => drawn(viewer, SHORT)).toBe(shown);
  };
  const after = async (shown: boolean) => {
    await viewer.seek(SHORT.start_s + 0.25);
    await expect.poll(() => drawn(viewer, SHORT)).toBe(shown);
  };
  await before(false);
  await after(true);
  await press(/later/i);
  await expect(viewer.page.getByRole('group', { name: /delay/i })).toContainText('+0.5 s');
  await expect.poll(() => drawn(viewer, SHORT), { message: 'at once, while paused' }).toBe(false);
  await after(false);
  for (let n = 0; n < 10; n += 1) await viewer.page.locator('body').press('z');
  await expect(viewer.page.getByRole('group', { name: /delay/i })).toContainText('−0.5 s');
  await before(true);
});

test('on the whole screen they and their menus are there, and go when nobody moves', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await begin(viewer, `${films.url}/${FILM.file}`);
  await viewer.seek(LONG.end_s - 1);
  await expect.poll(() => drawn(viewer, LONG)).toBe(true);
  await viewer.page.getByRole('button', { name: 'Full screen' }).click();
  await expect(viewer.page.getByRole('button', { name: /leave full screen/i })).toBeVisible();
  const menu = viewer.page.getByRole('combobox', { name: /subtitles/i });
  await expect(menu).toBeVisible();
  await expect.poll(() => drawn(viewer, LONG)).toBe(true);
  const player = viewer.page.locator('.player');
  await viewer.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await expect(player).toHaveClass(/idle/);
  await expect(viewer.page.locator('.tracks')).toHaveCSS('opacity', '0');
  // They stay for 3 s, which is over at times before a busy machine has looked.
  let across = 300;
  await expect(async () => {
    await viewer.page.mouse.move((across += 5), 300);
    await expect(viewer.page.locator('.tracks')).toHaveCSS('opacity', '1', { timeout: 1_000 });
  }).toPass({ timeout: 20_000 });
  await viewer.page.locator('body').press('c');
  await expect.poll(() => drawn(viewer, LONG)).toBe(false);
  await viewer.page.locator('body').press('c');
  await expect.poll(() => drawn(viewer, LONG)).toBe(true);
  await viewer.page.locator('body').press('f');
  await expect(viewer.page.getByRole('button', { name: 'Full screen' })).toBeVisible();
});

test('what was chosen is there in the next film', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await begin(viewer, `${films.url}/${FILM.file}`);
  await viewer.chooseSubtitles(/french/i);
  await viewer.chooseAudio(/japanese/i);
  await viewer.page.locator('#size').selectOption('150');
  const chosen = (page: typeof viewer.page, id: string) => page.locator(`#${id} option:checked`);

  const next = await Viewer.arrive(context, matinee, film('short-mkvmerge'));
  await next.paste(`${films.url}/short-mkvmerge.mkv`);
  await next.play();
  await expect(chosen(next.page, 'subtitles')).toContainText(/french/i);
  await expect(chosen(next.page, 'audio')).toContainText(/japanese/i);
  await expect(chosen(next.page, 'size')).toContainText('150');
  await next.chooseSubtitles(/none/i);

  const last = await Viewer.arrive(context, matinee, FILM);
  await last.paste(`${films.url}/${FILM.file}?again`);
  await last.play();
  await expect(chosen(last.page, 'subtitles')).toContainText(/none/i);
  await expect(last.page.locator('#size')).toHaveCount(0);
});
