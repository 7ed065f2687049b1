// Several people watch the same moment.

import type { Browser, Page } from '@playwright/test';
import { open, view } from '../lib/api.ts';
import { film, frameLength } from '../lib/film.ts';
import { forgetReadings, frameNow } from '../lib/frame.ts';
import type { Matinee } from '../lib/server.ts';
import { type Line, slowLine } from '../lib/slow-line.ts';
import { expect, test, Viewer } from '../lib/test.ts';
import { moved, noteTurns, quantile, spread, turn } from '../lib/together.ts';

const FILM = film('company');
/** Three browsers decode at once: beside other work on two cores one is late now and then, whoever is right. */
if (process.env.CI) test.describe.configure({ retries: 4 });
/** Milliseconds each way, so that there and back take 100 to 300. */
const LATE = () => 50 + 100 * Math.random();

/** People in browsers of their own who watch one session, each at an address of the server. */
async function company(browser: Browser, servers: Pick<Matinee, 'url'>[], session: string): Promise<Viewer[]> {
  const viewers: Viewer[] = [];
  for (const server of servers) {
    const viewer = await Viewer.arrive(await browser.newContext(), server, FILM);
    await viewer.follow(session);
    viewers.push(viewer);
  }
  for (const { page } of viewers) await noteTurns(page);
  return viewers;
}

async function leave(viewers: Viewer[]): Promise<void> {
  for (const { page } of viewers) await page.context().close();
}

const plays = (page: Page) => page.evaluate(() => !document.querySelector('video')!.paused);
const allPlay = (viewers: Viewer[]) => async () => (await Promise.all(viewers.map(({ page }) => plays(page)))).every(Boolean);

test.describe('three people, one of them on a bad line', () => {
  test.setTimeout(150_000);
  let line: Line;
  test.beforeEach(async ({ matinee }) => {
    line = await slowLine(matinee.url, LATE);
  });
  test.afterEach(() => line.close());

  test('see the same, pause on the same picture and go elsewhere together', async ({ matinee, films, browser }) => {
    const { session } = await open(matinee, `${films.url}/${FILM.file}`);
    const viewers = await company(browser, [matinee, matinee, line], session);
    const pages = viewers.map(({ page }) => page);
    const [first] = viewers as [Viewer, ...Viewer[]];

    // From the start, once all are there.
    await first.page.evaluate(() => (document.querySelector('video')!.currentTime = 0));
    await expect.poll(allPlay(viewers)).toBe(true);
    await expect.poll(() => first.position(), { timeout: 30_000 }).toBeGreaterThan(10);
    line.drop();
    for (const page of pages) await forgetReadings(page);
    await expect.poll(() => first.position(), { timeout: 30_000 }).toBeGreaterThan(18);
    const apart = await spread(pages, 7, frameLength(FILM) * 1000);
    expect(apart.length, 'moments at which all three could be read').toBeGreaterThan(30);
    expect(quantile(apart, 0.5), `median of ${apart}`).toBeLessThan(40);
    expect(quantile(apart, 0.95), `95th percentile of ${apart}`).toBeLessThan(120);

    // A pause.
    const paused = await first.page.evaluate(() => {
      document.querySelector('video')!.pause();
      return Date.now();
    });
    for (const page of pages) {
      await expect.poll(() => turn(page, 'pause', paused - 5)).toBeDefined();
      expect((await turn(page, 'pause', paused - 5))! - paused, 'milliseconds until it stood').toBeLessThan(500);
    }
    await expect(async () => {
      const frames = await Promise.all(pages.map(frameNow));
      for (const frame of frames) expect(Math.abs(frame! - frames[0]!), `frames ${frames}`).toBeLessThanOrEqual(1);
    }).toPass({ timeout: 5_000 });
    expect(await Promise.all(pages.map(plays))).toEqual([false, false, false]);

    // On, and elsewhere.
    await first.page.evaluate(() => document.querySelector('video')!.play());
    await expect.poll(allPlay(viewers)).toBe(true);
    for (const page of pages) await forgetReadings(page);
    const sought = await first.page.evaluate(() => {
      document.querySelector('video')!.currentTime = 4;
      return Date.now();
    });
    for (const page of pages) {
      await expect.poll(() => moved(page, sought, 4, 12), { message: 'the picture moves there' }).toBeDefined();
      expect((await moved(page, sought, 4, 12))! - sought, 'milliseconds until it moved').toBeLessThan(2_000);
    }
    await leave(viewers);
  });
});

test('one who watches on their own moves nobody, and comes back with one click', async ({ matinee, films, browser }) => {
  const { session } = await open(matinee, `${films.url}/${FILM.file}`);
  const viewers = await company(browser, [matinee, matinee], session);
  const [stays, leaves] = viewers as [Viewer, Viewer];
  await leaves.page.getByRole('button', { name: /on my own/i }).click();
  await leaves.page.evaluate(() => document.querySelector('video')!.pause());
  await leaves.seek(25);
  await expect.poll(() => stays.position()).toBeGreaterThan(1);
  expect(await plays(leaves.page)).toBe(false);
  expect(await plays(stays.page)).toBe(true);
  expect(await stays.position()).toBeLessThan(20);

  await leaves.page.getByRole('button', { name: /back to the others/i }).click();
  await expect.poll(() => plays(leaves.page)).toBe(true);
  await expect.poll(async () => Math.abs((await leaves.position()) - (await stays.position()))).toBeLessThan(1);
  await leave(viewers);
});

test('who comes when the film is over sees its last picture', async ({ matinee, films, browser }) => {
  const first = await Viewer.arrive(await browser.newContext(), matinee, FILM);
  await first.paste(`${films.url}/${FILM.file}`);
  await first.play();
  await first.seek(FILM.length_s - 1.5);
  await expect.poll(() => first.page.evaluate(() => document.querySelector('video')!.ended)).toBe(true);
  const [late] = (await company(browser, [matinee], first.session)) as [Viewer];
  await expect.poll(() => late.position()).toBeGreaterThan(FILM.length_s - 0.6);
  expect(await plays(late.page)).toBe(false);

  // Begun anew by the one, it begins anew for both.
  await late.page.evaluate(() => document.querySelector('video')!.play());
  for (const { page } of [first, late]) await expect.poll(() => moved(page, 0, 0.2, 20)).toBeDefined();
  await leave([late, first]);
});

test('the host keeps the wheel, and the others are told', async ({ matinee, films, browser }) => {
  const host = await Viewer.arrive(await browser.newContext(), matinee, FILM);
  await host.paste(`${films.url}/${FILM.file}`);
  await host.play();
  await host.page.getByRole('checkbox', { name: /only i/i }).check();
  const [guest] = (await company(browser, [matinee], host.session)) as [Viewer];
  await expect.poll(() => plays(guest.page)).toBe(true);

  // A page that is just joining the others takes no pause for a person's, and plays on.
  await expect(async () => {
    await guest.page.evaluate(() => {
      const video = document.querySelector('video')!;
      if (!video.paused) video.pause();
    });
    await expect(guest.page.getByRole('alert').filter({ hasText: /only the host steers/i })).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 20_000 });
  await expect.poll(() => plays(guest.page), { message: 'it goes on with the host' }).toBe(true);
  expect(await plays(host.page)).toBe(true);

  await host.page.getByRole('checkbox', { name: /only i/i }).uncheck();
  await expect(host.page.getByRole('checkbox', { name: /only i/i })).not.toBeChecked();
  // The box is empty before the server has heard of it.
  await expect.poll(async () => (await view(matinee, host.session)).playhead.rules.steering).toBe('everybody');
  await guest.page.evaluate(() => document.querySelector('video')!.pause());
  await expect.poll(() => plays(host.page)).toBe(false);
  await expect(host.page.getByRole('status').filter({ hasText: /paused by/i })).toBeVisible();
  await leave([guest, host]);
});

test('a server that is killed and started again is found again by all, where they are', async ({ matinee, films, browser }) => {
  const { session } = await open(matinee, `${films.url}/${FILM.file}`);
  const viewers = await company(browser, [matinee, matinee, matinee], session);
  const pages = viewers.map(({ page }) => page);
  await Promise.all(pages.map((page) => page.evaluate(() => (window.turns.length = 0))));
  await expect.poll(() => viewers[0]!.position(), { timeout: 30_000 }).toBeGreaterThan(6);
  await matinee.killAndRestart();
  for (const viewer of viewers) {
    await expect.poll(() => viewer.position(), { timeout: 40_000 }).toBeGreaterThan(20);
  }
  const places = await Promise.all(viewers.map((viewer) => viewer.position()));
  expect(Math.max(...places) - Math.min(...places), `at ${places}`).toBeLessThan(0.5);

  // They steer through the new server.
  await pages[1]!.evaluate(() => document.querySelector('video')!.pause());
  for (const page of pages) await expect.poll(() => plays(page)).toBe(false);
  expect(await pages[0]!.evaluate(() => performance.getEntriesByType('navigation').length)).toBe(1);
  await leave(viewers);
});
