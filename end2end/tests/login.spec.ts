// A server with a password.

import { film } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const FILM = film('fps25');
const PASSWORD = 'open sesame';

test.use({ flags: ['--password', PASSWORD] });

test('asks for its password once, tells a wrong one, and leads to where one wanted to go', async ({ matinee, films, browser }) => {
  const context = await browser.newContext({ colorScheme: 'dark', viewport: { width: 390, height: 844 } });
  const viewer = await Viewer.arrive(context, matinee, FILM);
  const { page } = viewer;
  const wanted = `${matinee.url}/watch/00000000-0000-4000-8000-000000000000`;
  await page.goto(wanted);
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await expect(page.getByLabel('Password')).toBeFocused();
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits a phone').toBe(true);
  const [background, words] = await page.evaluate(() => {
    const { backgroundColor, color } = getComputedStyle(document.body);
    const light = (colour: string) => colour.match(/[\d.]+/g)!.slice(0, 3).map(Number).reduce((sum, part) => sum + part, 0);
    return [light(backgroundColor), light(color)] as const;
  });
  expect(background, 'dark where the browser wants it dark').toBeLessThan(words);

  await page.getByLabel('Password').fill('open barley');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert')).toContainText(/password/i);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(wanted);
  await expect(page.getByRole('alert').filter({ hasText: /over/i })).toBeVisible();

  // Pages, calls and segments alike from now on.
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.expectRightFrames();

  // Who has logged out is asked again, by a page that was open as well.
  const other = await context.newPage();
  await other.goto(`${matinee.url}/login`);
  await other.getByRole('button', { name: 'Log out' }).click();
  await expect(other.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible({ timeout: 20_000 });
  await context.close();
});
