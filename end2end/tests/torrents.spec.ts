// Torrents, as a person gives and watches them. Who has them is on this machine too.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { startRangeServer } from '../range-server.mjs';
import { post } from '../lib/api.ts';
import { type Film, film, MEDIA } from '../lib/film.ts';
import { share } from '../lib/pixels.ts';
import { freePort } from '../lib/server.ts';
import { expect, test as base, Viewer } from '../lib/test.ts';
import { Seeder, Silence, Torrent, Tracker } from '../lib/torrent.ts';

const FILM = film('fps25');
/** Of 8 Mbit/s, four times as much in all. */
const LARGE = film('short-ffmpeg');
/** Ten minutes of that: its keyframes are ten seconds apart, and what a seek needs should be a small part of it. */
const LONG = film('long-ffmpeg');

/** Nobody is looked for beyond this machine. */
const ALONE = ['--torrent-dht', 'off', '--torrent-trackers', 'off', '--torrent-local-discovery', 'off'];

/** Bytes a second: 8 Mbit/s, which is twice what FILM has. */
const SLOW = 1_000_000;
/** Without a limit that matters. */
const FAST = 200_000_000;

/** Shown from 4 to 20 s, in a colour that the film has not. */
const SRT = ['1', '00:00:04,000 --> 00:00:20,000', '<font color="#00ffff"><b>MMMMMMMMMMMMMMMM</b></font>', ''].join('\r\n');
const SRT_COLOUR = [0, 255, 255];
const LOWER_THIRD = [0.2, 0.67, 0.6, 0.33];

interface Fixtures {
  /** An empty folder. */
  folder: string;
  /** Starts a seeder, which ends with the test. */
  seed: (torrent: Torrent, rate: number, port?: number) => Promise<Seeder>;
}

const test = base.extend<Fixtures>({
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'matinee-torrent-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
  seed: async ({}, use) => {
    const seeders: Seeder[] = [];
    await use(async (torrent, rate, port) => {
      const seeder = await Seeder.start(torrent, rate, port);
      seeders.push(seeder);
      return seeder;
    });
    for (const seeder of seeders) await seeder.end();
  },
});

test.use({ flags: ALONE });

/** A folder with these files in it: texts, and films under other names. */
function folderOf(where: string, name: string, files: Record<string, string | Film>): string {
  const folder = join(where, name);
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string') writeFileSync(file, content);
    else copyFileSync(join(MEDIA, content.file), file);
  }
  return folder;
}

function filmTorrent(film: Film, folder: string): Torrent {
  const file = join(folder, film.file);
  copyFileSync(join(MEDIA, film.file), file);
  return Torrent.of(file);
}

interface Along {
  state: string;
  peers: number;
  size: number;
  have: number;
  parts_s: [number, number][];
}

async function along(viewer: Viewer): Promise<Along> {
  const { status, body } = await post<Along>({ url: new URL(viewer.page.url()).origin }, '/api/torrent', { session: viewer.session });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

const dialogOf = (page: Page) => page.getByRole('dialog');
const panelOf = (page: Page) => page.getByRole('region', { name: 'Torrent' });
const stripOf = (page: Page) => page.getByRole('img', { name: /^\d+ % of the film is here$/ });
/** What lies over the picture while it stands still. */
const overOf = (page: Page) => page.locator('.stage .over');

/** What a figure of the torrent says. */
function figure(page: Page, name: string): Locator {
  return panelOf(page).locator('div').filter({ has: page.getByRole('term').filter({ hasText: new RegExp(`^${name}$`) }) }).getByRole('definition');
}

declare global {
  interface Window {
    /** What the curtain has said: words, and figures. */
    curtainSaid: [string, string][];
  }
}

/** Keeps whatever the curtain before the first picture says. */
async function listenToCurtain(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.curtainSaid = [];
    const look = () => {
      const curtain = document.querySelector('.curtain');
      if (!curtain) return;
      const text = (selector: string) => curtain.querySelector(selector)?.textContent?.trim() ?? '';
      const [words, figures] = [text('.curtain-words'), text('.wait-figures')];
      const last = window.curtainSaid.at(-1);
      if (last?.[0] !== words || last[1] !== figures) window.curtainSaid.push([words, figures]);
    };
    new MutationObserver(look).observe(document, { childList: true, characterData: true, subtree: true });
  });
}

/** How far the widest of the page and these elements could be scrolled sideways, in pixels. */
async function sideways(page: Page, ...selectors: string[]): Promise<number> {
  return page.evaluate((selectors) => {
    const elements = [document.documentElement, ...selectors.flatMap((selector) => [...document.querySelectorAll(selector)])];
    return Math.max(...elements.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth));
  }, selectors);
}

async function press(page: Page, key: string, until: () => Promise<boolean>, most = 12): Promise<void> {
  for (let presses = 0; presses < most && !(await until()); presses += 1) await page.keyboard.press(key);
  expect(await until(), `${key} leads there`).toBe(true);
}

test('a film and its subtitles are chosen from a magnet link by keyboard, and play while they come in slowly', async ({ matinee, context, folder, seed }) => {
  const collection = folderOf(folder, 'The collection', {
    'A.short.mkv': film('hevc'),
    'Extras/large.mp4': film('mp4-first'),
    'The film.mkv': FILM,
    'Subs/The film.en.srt': SRT,
    'read me.txt': 'Nothing to watch.',
  });
  const seeder = await seed(Torrent.of(collection), SLOW);
  const viewer = await Viewer.arrive(context, matinee, FILM);
  const { page } = viewer;
  await listenToCurtain(page);
  await viewer.paste(seeder.magnet);

  const dialog = dialogOf(page);
  await expect(dialog).toBeVisible();
  await expect(dialog.getByRole('heading')).toHaveText('The collection');
  const films = dialog.getByRole('radio');
  await expect(films).toHaveCount(3);
  await expect(dialog.getByRole('listitem')).toHaveText([/A\.short\.mkv\s*722 KiB/, /Extras\/large\.mp4\s*59\.6 MiB/, /The film\.mkv\s*15\.5 MiB/]);
  const largest = dialog.getByRole('radio', { name: /large\.mp4/ });
  await expect(largest).toBeChecked();
  await expect(largest).toBeFocused();
  const wanted = dialog.getByRole('radio', { name: /The film\.mkv/ });
  await press(page, 'ArrowDown', () => wanted.isChecked());
  const subtitles = dialog.getByRole('combobox', { name: /subtitles/i });
  await page.keyboard.press('Tab');
  await expect(subtitles).toBeFocused();
  await expect(subtitles).toHaveValue('none');
  await page.keyboard.press('ArrowDown');
  await expect(subtitles.locator('option:checked')).toHaveText('Subs/The film.en.srt');
  await page.keyboard.press('Tab');
  await expect(dialog.getByRole('button', { name: 'Watch' })).toBeFocused();
  const asked = Date.now();
  await page.keyboard.press('Enter');
  await viewer.play();
  expect(Date.now() - asked, 'milliseconds until it plays').toBeLessThan(20_000);
  // Before all of it is here, when the seeder is let go.
  await expect(figure(page, 'Peers')).toHaveText('1 of 1 known peer');
  await viewer.expectRightFrames();

  // It was never only waited.
  const said = await page.evaluate(() => window.curtainSaid);
  expect(said.filter(([words]) => words === '')).toEqual([]);
  expect(said.filter(([words, figures]) => /peers?\b|pieces?\b/.test(`${words} ${figures}`)), JSON.stringify(said)).not.toEqual([]);

  await expect(figure(page, 'Downloaded')).toHaveText(/^\d+ % of 15\.5 MiB$/);
  await expect(figure(page, 'Down')).toHaveText(/^(\d+ kB|1\.\d MB)\/s$/);
  await expect(figure(page, 'Up')).toHaveText(/^0 kB\/s, 0 B so far$/);
  await expect(panelOf(page).getByRole('status')).toHaveText(/downloads while you watch|all of the film is here/i);
  await expect(stripOf(page)).toBeVisible();

  const menu = page.getByRole('combobox', { name: /subtitles/i });
  await expect(menu.locator('option').filter({ hasText: 'The film.en.srt' })).toHaveText('English · The film.en.srt · SRT');
  await viewer.chooseSubtitles(/The film\.en\.srt/);
  await viewer.pause();
  await viewer.seek(5);
  await expect.poll(async () => (await share(page, LOWER_THIRD, SRT_COLOUR)).inside, { message: 'the subtitles are drawn' }).toBeGreaterThan(0.02);
  // All of it arrives in the end, and that is told.
  await expect(panelOf(page).getByRole('status')).toHaveText(/all of the film is here/i, { timeout: 30_000 });
  await expect(stripOf(page)).toHaveAccessibleName('100 % of the film is here');
});

test('winding ahead fetches what is shown there, and little else', async ({ matinee, context, folder, seed }) => {
  // So fast that all that lies before would take longer than a person waits, and more than may come passes in some seconds.
  const seeder = await seed(filmTorrent(LONG, folder), 6 * SLOW);
  const viewer = await Viewer.arrive(context, matinee, LONG);
  await viewer.paste(seeder.magnet);
  await viewer.play();
  const to = 0.7 * LONG.length_s;
  const before = await along(viewer);
  expect(before.size).toBe(LONG.size);
  expect(before.have / before.size, 'share of the film that is there').toBeLessThan(0.3);
  await viewer.seek(to);
  const after = await along(viewer);
  expect((after.have - before.have) / after.size, 'share of the film that came meanwhile').toBeLessThan(0.15);
  expect(after.have / after.size, 'share of the film that is there').toBeLessThan(0.5);
  await viewer.expectRightFrames();
});

test('a seeder that vanishes is waited for in words, and the film goes on by itself', async ({ matinee, context, folder, seed }) => {
  const seeder = await seed(filmTorrent(LARGE, folder), 1.5 * SLOW);
  const viewer = await Viewer.arrive(context, matinee, LARGE);
  const { page } = viewer;
  await viewer.paste(seeder.magnet);
  await viewer.play();
  await seeder.vanish();
  await expect(panelOf(page).getByRole('status')).toHaveText(/no peers are connected.*when somebody who has the film answers/i);
  await expect(figure(page, 'Peers')).toHaveText('0 of 1 known peer');
  // What is there plays until it is used up.
  await expect(overOf(page).getByText(/no peers are connected/i)).toBeVisible({ timeout: 45_000 });
  await expect(overOf(page).getByRole('status')).toHaveText(/fetching this part/i);
  await expect(page.getByRole('alert').filter({ hasText: /\S/ })).toHaveCount(0);
  const stood = await viewer.position();

  await seeder.run();
  await expect.poll(() => viewer.position(), { timeout: 45_000, message: 'it goes on' }).toBeGreaterThan(stood + 1);
  await viewer.expectRightFrames();
  await expect(overOf(page).getByText(/no peers/i)).toHaveCount(0);
  await expect(figure(page, 'Peers')).toHaveText('1 of 1 known peer');
});

test.describe('with little patience', () => {
  test.use({ flags: [...ALONE, '--magnet-timeout', '8s'] });

  test('a magnet link that nobody seeds ends in words, and the form stays of use', async ({ matinee, films, context, folder }) => {
    const torrent = filmTorrent(FILM, folder);
    const silence = await Silence.start();
    try {
      const viewer = await Viewer.arrive(context, matinee, FILM);
      const { page } = viewer;
      const field = page.getByRole('textbox', { name: /link/i });
      // Somebody is there who says nothing.
      await viewer.paste(torrent.magnet(silence.port));
      await expect(page.getByRole('status').filter({ hasText: /asking peers what is in it/i })).toBeVisible();
      await expect(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
      const alert = page.getByRole('alert').filter({ hasText: /nobody answered in time/i });
      await expect(alert).toContainText(/within 8 s/i);
      await expect(alert).toContainText(/more seeders/i);
      await expect(field).toBeFocused();
      await expect(page.getByRole('button', { name: 'Cancel' })).toBeHidden();

      // Nobody is there.
      await field.fill(torrent.magnet(await freePort()));
      await field.press('Enter');
      await expect(page.getByRole('alert').filter({ hasText: /the torrent can't be reached|nobody answered in time/i })).toContainText(/who has this torrent/i);
      await expect(field).toBeFocused();

      await field.fill(`${films.url}/${FILM.file}`);
      await field.press('Enter');
      await viewer.play();
    } finally {
      await silence.end();
    }
  });
});

test.describe('with trackers', () => {
  test.use({ flags: ['--torrent-trackers', 'on'] });

  test('a .torrent file is taken from this computer, and its tracker leads to who has it', async ({ matinee, context, folder, seed }) => {
    const file = join(folder, FILM.file);
    copyFileSync(join(MEDIA, FILM.file), file);
    const port = await freePort();
    const tracker = await Tracker.start([port]);
    try {
      const torrent = Torrent.of(file, { announce: tracker.announce });
      await seed(torrent, FAST, port);
      const viewer = await Viewer.arrive(context, matinee, FILM);
      await viewer.page.goto(matinee.url);
      await choose(viewer.page, 'fps25.torrent', torrent.file);
      // There is nothing to choose of it.
      await viewer.play();
      await viewer.expectRightFrames();
    } finally {
      await tracker.end();
    }
  });
});

/** Chooses a file of this computer in the form. */
async function choose(page: Page, name: string, buffer: Buffer): Promise<void> {
  const control = page.getByLabel(/\.torrent file/i);
  await expect(control).toBeEnabled();
  await control.setInputFiles({ name, mimeType: 'application/x-bittorrent', buffer });
}

test('a .torrent file is taken by link, and what is no torrent is refused in words', async ({ matinee, context, folder }) => {
  const torrent = Torrent.of(folderOf(folder, 'Two films', { 'one.mkv': 'one', 'two.mkv': 'the other' }));
  const files = mkdtempSync(join(folder, 'served-'));
  writeFileSync(join(files, 'two films.torrent'), torrent.file);
  writeFileSync(join(files, 'page.torrent'), '<html>Not found</html>');
  const server = await startRangeServer({ folder: files });
  try {
    const viewer = await Viewer.arrive(context, matinee, FILM);
    const { page } = viewer;
    const alert = page.getByRole('alert').filter({ hasText: /torrent/i });
    await viewer.paste(`${server.url}/two%20films.torrent`);
    await expect(dialogOf(page).getByRole('listitem')).toHaveText([/one\.mkv\s*3 B/, /two\.mkv\s*9 B/]);
    await page.keyboard.press('Escape');
    await expect(dialogOf(page)).toBeHidden();
    await expect(page.getByRole('textbox', { name: /link/i })).toBeFocused();

    await viewer.paste(`${server.url}/page.torrent`);
    await expect(alert).toBeVisible();
    await choose(page, 'page.torrent', Buffer.from('<html>Not found</html>'));
    await expect(alert).toContainText(/can't be used/i);
    await choose(page, 'film.mkv', Buffer.from('matroska'));
    await expect(alert).toContainText(/film\.mkv is not a \.torrent file/i);
    await choose(page, 'cut.torrent', torrent.file.subarray(0, -10));
    await expect(alert).toContainText(/can't be used/i);
    await choose(page, 'texts.torrent', Torrent.of(folderOf(folder, 'Texts', { 'a.txt': 'a', 'b.nfo': 'b' })).file);
    await expect(alert).toContainText(/no video/i);
    // And one that is a torrent, after all that.
    await choose(page, 'two films.torrent', torrent.file);
    await expect(dialogOf(page).getByRole('heading')).toHaveText('Two films');
  } finally {
    await server.close();
  }
});

test('a torrent with one film and no subtitles opens without a question', async ({ matinee, context, folder, seed }) => {
  const seeder = await seed(Torrent.of(folderOf(folder, 'One film', { 'film.mkv': FILM, 'film.nfo': 'A film.' })), FAST);
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await viewer.page.addInitScript(() => {
    HTMLDialogElement.prototype.showModal = () => {
      throw new Error('a dialog is opened');
    };
  });
  await viewer.paste(seeder.magnet);
  await viewer.play();
  await viewer.expectRightFrames();
  await expect(stripOf(viewer.page)).toBeVisible();

  // What is on the disk is told on the home page, in a page of its own so that the film is still watched.
  const home = await context.newPage();
  await home.goto(matinee.url);
  const figure = home.locator('.house div').filter({ has: home.getByRole('term').filter({ hasText: 'Torrent data' }) }).first();
  await expect(figure.getByRole('definition')).toHaveText(/^15\.[5-9] MiB of 20 GiB$/);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 740 }, hasTouch: true, isMobile: true });

  test('one of 500 films is found', async ({ matinee, context, folder }) => {
    const names = Array.from({ length: 500 }, (_, n) => {
      const [season, episode] = [Math.floor(n / 50) + 1, (n % 50) + 1];
      return `Season ${season}/A.series.with.a.long.name.that.has.no.space.in.it.S${season}E${episode}.mkv`;
    });
    const torrent = Torrent.of(folderOf(folder, 'A series with a long name that goes on and on', Object.fromEntries(names.map((name) => [name, name]))));
    const viewer = await Viewer.arrive(context, matinee, FILM);
    const { page } = viewer;
    await page.goto(matinee.url);
    expect(await sideways(page)).toBeLessThanOrEqual(0);
    await choose(page, 'series.torrent', torrent.file);
    const dialog = dialogOf(page);
    await expect(dialog.getByText('Choose one of 500 films')).toBeVisible();
    await expect(dialog.getByRole('radio', { checked: true })).toBeInViewport();
    const items = dialog.getByRole('listitem');
    await expect(items).toHaveCount(500);
    expect(await sideways(page, 'dialog', 'dialog .files', 'dialog form')).toBeLessThanOrEqual(0);

    // The list scrolls, and what is below it stays in reach.
    const last = items.last();
    await expect(last).toContainText('S10E50');
    await expect(last).not.toBeInViewport();
    await last.scrollIntoViewIfNeeded();
    await expect(last).toBeInViewport();
    const box = (await dialog.boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(390.5);
    expect(box.y + box.height).toBeLessThanOrEqual(740.5);
    await dialog.getByRole('button', { name: 'Watch' }).scrollIntoViewIfNeeded();
    await expect(dialog.getByRole('button', { name: 'Watch' })).toBeInViewport({ ratio: 1 });

    const filter = dialog.getByRole('searchbox');
    await filter.fill('s7e13');
    await expect(items).toHaveText([/S7E13\.mkv/]);
    await filter.press('Enter');
    await expect(items.getByRole('radio')).toBeChecked();
    await expect(dialog.getByText(/^Chosen: .*S7E13\.mkv · \d+ B$/)).toBeVisible();
    await filter.fill('nothing that is called so');
    await expect(items).toHaveCount(0);
    await expect(dialog.getByRole('status')).toHaveText('No film here is called like that.');
    await filter.fill('season 10 e5');
    await expect(items).toHaveCount(2);
    expect(await sideways(page, 'dialog', 'dialog .files', 'dialog form')).toBeLessThanOrEqual(0);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toBeHidden();
    await expect(page).toHaveURL(`${matinee.url}/`);
  });
});

test.describe('switched off', () => {
  test.use({ flags: ['--torrents', 'off'] });

  test('torrents are refused in words, and the home page says so', async ({ matinee, context, folder }) => {
    const viewer = await Viewer.arrive(context, matinee, FILM);
    const { page } = viewer;
    const torrent = Torrent.of(folderOf(folder, 'One film', { 'one.mkv': 'one' }));
    await viewer.paste(torrent.magnet());
    const alert = page.getByRole('alert').filter({ hasText: /plays no magnet links and torrents.*--torrents off/i });
    await expect(alert).toBeVisible();
    await expect(page.getByText('Torrents are switched off on this server.')).toBeVisible();
    await expect(page.getByText('Torrent data')).toHaveCount(0);
    await page.reload();
    await choose(page, 'one.torrent', torrent.file);
    await expect(alert).toBeVisible();
  });
});
