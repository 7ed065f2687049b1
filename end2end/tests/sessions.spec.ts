// Several people: joining, leaving, and a full house.

import { open, post, sessions, type Failure } from '../lib/api.ts';
import { film } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const FILM = film('short-ffmpeg');

test.describe('with a short memory', () => {
  test.use({ flags: ['--sleep-after', '2s'] });

  test('a second page joins from the list; when both have left, session, children and files are gone', async ({ matinee, films, context }) => {
    const first = await Viewer.arrive(context, matinee, FILM);
    await first.paste(`${films.url}/${FILM.file}`);
    await first.play();
    const second = await Viewer.arrive(context, matinee, FILM);
    await second.join(FILM.title);
    await second.play();
    await second.expectRightFrames();
    // Who joins may be a little late, and catches up by the rate: a tone is higher then.
    await expect.poll(() => second.page.evaluate(() => document.querySelector('video')!.playbackRate)).toBe(1);
    await second.expectRightTones(0, 2);
    expect(second.session).toBe(first.session);
    await expect.poll(async () => (await sessions(matinee))[0]?.viewers).toBe(2);
    await expect(first.page.getByRole('region', { name: /watching/i }).getByRole('listitem')).toHaveCount(2);
    expect(matinee.storedBytes()).toBeGreaterThan(0);

    // Leaving by closing the page, and by going elsewhere.
    await second.page.close();
    await expect.poll(async () => (await sessions(matinee))[0]?.viewers).toBe(1);
    await first.page.goto(matinee.url);
    await expect.poll(() => sessions(matinee), { timeout: 15_000 }).toEqual([]);
    await expect.poll(() => matinee.children().map(({ command }) => command), { timeout: 15_000 }).toEqual([]);
    await expect.poll(() => matinee.storedFiles().filter(({ path }) => path.endsWith('.m4s')), { timeout: 15_000 }).toEqual([]);
  });
});

test('the host closes the screening for everybody', async ({ matinee, films, context }) => {
  const host = await Viewer.arrive(context, matinee, film('fps25'));
  await host.paste(`${films.url}/fps25.mkv`);
  await host.play();
  const guestContext = await context.browser()!.newContext();
  const guest = await Viewer.arrive(guestContext, matinee, film('fps25'));
  await guest.join(film('fps25').title);
  await guest.play();
  await expect(guest.page.getByRole('button', { name: /close the screening/i })).toHaveCount(0);

  await host.page.getByRole('button', { name: /close the screening/i }).click();
  await host.page.getByRole('button', { name: /close for everybody/i }).click();
  await expect(host.page.getByRole('textbox', { name: /link/i })).toBeVisible();
  await expect(guest.page.getByRole('alert').filter({ hasText: /over/i })).toBeVisible({ timeout: 30_000 });
  expect(await sessions(matinee)).toEqual([]);
  await expect.poll(() => matinee.children(), { timeout: 5_000 }).toEqual([]);
  await guestContext.close();
});

test('a fifth session is refused in words', async ({ matinee, films, context }) => {
  for (let n = 1; n <= 4; n += 1) await open(matinee, `${films.url}/fps25.mkv?copy=${n}`);
  const refused = await post<Failure>(matinee, '/api/open', { source: `${films.url}/fps25.mkv?copy=5` });
  expect(refused.status).toBe(503);
  expect(refused.body.kind).toBe('at_capacity');

  const fifth = await Viewer.arrive(context, matinee, film('fps25'));
  await fifth.paste(`${films.url}/fps25.mkv?copy=5`);
  const alert = fifth.page.getByRole('alert').filter({ hasText: /full/i });
  await expect(alert).toBeVisible();
  await expect(alert).toContainText(/minute/);
  expect(await sessions(matinee)).toHaveLength(4);

  // Joining one of the four is still possible.
  await fifth.page.getByRole('link', { name: /join/i }).first().click();
  await fifth.play();
});
