// The company that viewers are to each other: what they say, and what the host can do.

import type { Browser, Page } from '@playwright/test';
import { open, sessions } from '../lib/api.ts';
import { film } from '../lib/film.ts';
import type { Matinee } from '../lib/server.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const FILM = film('fps25');

/** Somebody with a name of their own. */
async function arrive(browser: Browser, matinee: Matinee, name: string): Promise<Viewer> {
  const context = await browser.newContext();
  await context.addInitScript((name) => localStorage.setItem('matinee.name', name), name);
  return Viewer.arrive(context, matinee, FILM);
}

/** Ada opens the film, the others come to it. */
async function company(browser: Browser, matinee: Matinee, link: string, ...names: string[]): Promise<Viewer[]> {
  const host = await arrive(browser, matinee, 'Ada');
  await host.paste(link);
  await host.play();
  const viewers = [host];
  for (const name of names) {
    const viewer = await arrive(browser, matinee, name);
    await viewer.follow(host.session);
    viewers.push(viewer);
  }
  for (const { page } of viewers) await expect(lines(page)).toHaveCount(viewers.length);
  return viewers;
}

async function leave(viewers: Viewer[]): Promise<void> {
  for (const { page } of viewers) await page.context().close();
}

const lines = (page: Page) => page.getByRole('region', { name: /watching/i }).getByRole('listitem');
const line = (page: Page, name: string) => lines(page).filter({ hasText: name });
const log = (page: Page) => page.getByRole('log', { name: /said/i });
const over = (page: Page) => page.locator('.stage .said');
const hostsPart = (page: Page) => page.getByRole('button', { name: /close the screening/i });

async function say(page: Page, text: string): Promise<void> {
  const field = page.getByRole('textbox', { name: /message/i });
  await field.fill(text);
  await field.press('Enter');
  await expect(field).toHaveValue('');
}

test('messages and reactions reach the others, over the picture too where they want it', async ({ matinee, films, browser }) => {
  const [ada, bob] = (await company(browser, matinee, `${films.url}/${FILM.file}`, 'Bob')) as [Viewer, Viewer];
  await say(ada.page, 'Look at <b>this</b>!');
  await expect(log(bob.page).getByRole('listitem')).toHaveText([/Ada\s*Look at <b>this<\/b>!\s*\d+:\d\d/]);
  await expect(over(bob.page)).toContainText('Look at <b>this</b>!');
  await expect(over(bob.page)).not.toContainText('Look at', { timeout: 15_000 });

  await bob.page.getByRole('button', { name: 'Applause' }).click();
  await expect(over(ada.page)).toContainText('👏');
  await expect(over(ada.page)).not.toContainText('👏', { timeout: 15_000 });
  await expect(log(ada.page).getByRole('img', { name: 'Applause' })).toBeVisible();

  await bob.page.getByRole('checkbox', { name: /over the picture/i }).uncheck();
  await say(ada.page, 'Nobody sees this on the film');
  await expect(log(bob.page)).toContainText('Nobody sees this');
  await expect(over(ada.page)).toContainText('Nobody sees this');
  await expect(over(bob.page)).toHaveText('');

  // Keys of the player are letters here, and a page that is loaded again finds what was said.
  await bob.page.getByRole('textbox', { name: /message/i }).pressSequentially('fmk ');
  expect(await bob.page.evaluate(() => document.querySelector('video')!.muted || document.fullscreenElement !== null)).toBe(false);
  await bob.page.reload();
  await expect(log(bob.page)).toContainText('Nobody sees this');
  await expect(bob.page.getByRole('checkbox', { name: /over the picture/i })).not.toBeChecked();

  // Too much at once is refused in words. In one task, since on a busy machine nine clicks are not at once.
  await ada.page.getByRole('button', { name: 'Fire' }).evaluate((button: HTMLElement) => {
    for (let n = 0; n < 9; n += 1) button.click();
  });
  await expect(ada.page.getByRole('alert').filter({ hasText: /two seconds/i })).toBeVisible();
  await leave([ada, bob]);
});

test('the host names the screening and takes it off the list', async ({ matinee, films, browser }) => {
  const [ada, bob] = (await company(browser, matinee, `${films.url}/${FILM.file}`, 'Bob')) as [Viewer, Viewer];
  await ada.page.getByRole('textbox', { name: /name of the screening/i }).fill('Friday night');
  await ada.page.getByRole('button', { name: 'Rename' }).click();
  await expect(bob.page.getByRole('heading', { level: 1 })).toHaveText('Friday night');
  await expect(ada.page.getByRole('heading', { level: 1 })).toHaveText('Friday night');
  await expect.poll(async () => (await sessions(matinee))[0]?.title).toBe('Friday night');

  const listed = ada.page.getByRole('checkbox', { name: /listed/i });
  await expect(listed).toBeChecked();
  await listed.uncheck();
  await expect.poll(() => sessions(matinee)).toEqual([]);
  await listed.check();
  await expect.poll(() => sessions(matinee)).toHaveLength(1);
  await leave([ada, bob]);
});

test('a private screening is not on the home page, and its link leads to it', async ({ matinee, films, browser }) => {
  const ada = await arrive(browser, matinee, 'Ada');
  await ada.page.goto(matinee.url);
  await ada.page.getByRole('checkbox', { name: /private/i }).check();
  await ada.page.getByRole('textbox', { name: /link/i }).fill(`${films.url}/${FILM.file}`);
  await ada.page.getByRole('button', { name: /watch/i }).click();
  await ada.play();
  await expect(ada.page.getByRole('checkbox', { name: /listed/i })).not.toBeChecked();
  expect(await sessions(matinee)).toEqual([]);
  const bob = await arrive(browser, matinee, 'Bob');
  await bob.page.goto(matinee.url);
  await expect(bob.page.getByRole('region', { name: /now showing/i })).toContainText(/empty/i);
  await bob.follow(ada.session);
  await expect(lines(bob.page)).toHaveCount(2);
  await leave([ada, bob]);
});

test('the host hands the session over, and has no part in it any more', async ({ matinee, films, browser }) => {
  const [ada, bob] = (await company(browser, matinee, `${films.url}/${FILM.file}`, 'Bob')) as [Viewer, Viewer];
  await expect(hostsPart(ada.page)).toBeVisible();
  await expect(line(ada.page, 'Ada')).toContainText(/host/);
  await expect(line(bob.page, 'Bob')).toContainText(/\(you\)/);
  await expect(hostsPart(bob.page)).toHaveCount(0);
  await expect(bob.page.getByText('…', { exact: true })).toHaveCount(0);

  // By keyboard, and asked for once more.
  await line(ada.page, 'Bob').getByLabel(/what to do with bob/i).press('Enter');
  await line(ada.page, 'Bob').getByRole('button', { name: /make host/i }).press('Enter');
  await line(ada.page, 'Bob').getByRole('button', { name: /yes, make bob the host/i }).press('Enter');
  await expect(hostsPart(bob.page)).toBeVisible();
  await expect(hostsPart(ada.page)).toHaveCount(0);
  await expect(ada.page.getByRole('status').filter({ hasText: 'Bob is the host now.' })).toBeVisible();
  await expect(bob.page.getByRole('status').filter({ hasText: 'You are the host now.' })).toBeVisible();
  await expect(line(ada.page, 'Bob')).toContainText(/host/);

  // It stays so when the page is loaded again, and the new host can end it all.
  await bob.page.reload();
  await hostsPart(bob.page).press('Enter');
  const keep = bob.page.getByRole('button', { name: /keep it open/i });
  await expect(keep, 'the question has the focus').toBeFocused();
  await keep.press('Enter');
  await expect(hostsPart(bob.page)).toBeFocused();
  await hostsPart(bob.page).click();
  await bob.page.getByRole('button', { name: /close for everybody/i }).click();
  await expect(ada.page.getByRole('alert').filter({ hasText: /over/i })).toBeVisible({ timeout: 30_000 });
  await leave([ada, bob]);
});

test('who is removed is told so and does not come back', async ({ matinee, films, browser }) => {
  const [ada, bob] = (await company(browser, matinee, `${films.url}/${FILM.file}`, 'Bob')) as [Viewer, Viewer];
  await line(ada.page, 'Bob').getByLabel(/what to do with bob/i).click();
  await line(ada.page, 'Bob').getByRole('button', { name: 'Remove' }).click();
  await line(ada.page, 'Bob').getByRole('button', { name: /yes, remove bob/i }).click();
  await expect(ada.page.getByRole('heading', { name: /^watching/i }), 'what had the focus is gone').toBeFocused();
  const told = bob.page.getByRole('alert').filter({ hasText: /you have been removed/i });
  await expect(told).toBeVisible();
  await expect(bob.page.getByRole('button', { name: /try again/i })).toHaveCount(0);
  await expect(lines(ada.page)).toHaveCount(1);
  expect(await bob.page.evaluate(() => document.querySelector('video')!.paused)).toBe(true);
  await bob.page.reload();
  await expect(told).toBeVisible();
  await expect(lines(ada.page)).toHaveCount(1);
  await leave([ada, bob]);
});

test('who has no name is asked for one when others are there, once', async ({ matinee, films, browser }) => {
  const { session } = await open(matinee, `${films.url}/${FILM.file}`);
  const ada = await arrive(browser, matinee, 'Ada');
  await ada.follow(session);
  const guest = await arrive(browser, matinee, '');
  await guest.follow(session);
  const asked = guest.page.getByRole('textbox', { name: /what shall the others call you/i });
  await expect(asked).toBeVisible();
  await guest.page.getByRole('button', { name: /not now/i }).click();
  await expect(asked).toHaveCount(0);
  await guest.page.reload();
  await expect(lines(guest.page)).toHaveCount(2);
  const named = guest.page.getByRole('textbox', { name: /your name/i });
  await named.fill('Bob');
  await named.press('Enter');
  await expect(line(ada.page, 'Bob')).toBeVisible();
  await leave([ada, guest]);
});
