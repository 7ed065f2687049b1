// Subtitles that a viewer adds: all viewers are offered them, and each browser draws them over the picture.

import { execFileSync } from 'node:child_process';
import type { Page } from '@playwright/test';
import { film } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const FILM = film('fps25');

/** Shown from 10 to 12 s, in a colour that neither the film nor its own subtitles have. */
const SRT = Buffer.from(
  ['1', '00:00:10,000 --> 00:00:12,000', '<font color="#ff8000"><b>MMMMMMMMMMMM</b></font>', '<font color="#ff8000"><b>MMMMMMMMMMMM</b></font>', ''].join('\r\n'),
);

/** How many pixels of the picture's place on the page are orange. */
async function orange(page: Page): Promise<number> {
  const png = await page.locator('.stage').screenshot();
  const pixels = execFileSync('ffmpeg', ['-v', 'error', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { input: png, maxBuffer: 64 << 20 });
  let count = 0;
  for (let at = 0; at < pixels.length; at += 3) {
    if (pixels[at]! > 230 && Math.abs(pixels[at + 1]! - 128) < 25 && pixels[at + 2]! < 25) count += 1;
  }
  return count;
}

/** Pauses at each of these times, and sees whether the line is drawn. */
async function expectLine(viewer: Viewer, times: readonly (readonly [number, boolean])[]): Promise<void> {
  await viewer.pause();
  for (const [at, drawn] of times) {
    await viewer.seek(at);
    const share = expect.poll(() => orange(viewer.page), { message: `orange at ${at} s` });
    if (drawn) await share.toBeGreaterThan(500);
    else await share.toBe(0);
  }
}

const ALL = [[9.5, false], [11, true], [12.5, false], [10.2, true]] as const;

test('what one viewer adds, another chooses from the menu', async ({ matinee, films, context, browser }) => {
  test.setTimeout(180_000);
  const ada = await Viewer.arrive(context, matinee, FILM);
  await ada.paste(`${films.url}/${FILM.file}`);
  await ada.play();
  const elsewhere = await browser.newContext();
  const bert = await Viewer.arrive(elsewhere, matinee, FILM);
  await bert.page.goto(ada.page.url());
  await bert.play();

  const option = (viewer: Viewer) => viewer.page.getByRole('combobox', { name: /subtitles/i }).locator('option').filter({ hasText: 'mine.en.srt' });
  await expect(option(bert)).toHaveCount(0);

  // By keyboard: open, choose a file, add.
  await ada.page.getByText('Add subtitles…').focus();
  await ada.page.keyboard.press('Enter');
  await ada.page.getByLabel(/a file/i).setInputFiles({ name: 'mine.en.srt', mimeType: 'application/x-subrip', buffer: SRT });
  await ada.page.getByRole('button', { name: 'Add', exact: true }).press('Enter');
  await expect(ada.page.getByRole('status').filter({ hasText: /added/i })).toBeVisible();
  await expect(ada.page.getByRole('combobox', { name: /subtitles/i })).toHaveValue('x0');
  await expect(option(ada)).toHaveText('English · mine.en.srt · SRT');
  await expect(ada.page.getByRole('checkbox', { name: /into the picture/i })).toHaveCount(0);
  // The picture stays the film's own.
  await ada.expectMaking(/not re-encoded/i);
  await expectLine(ada, ALL);

  await expect(option(bert)).toHaveCount(1);
  await expectLine(bert, [[11, false]]);
  await bert.chooseSubtitles(/mine\.en\.srt/);
  await expectLine(bert, ALL);
  await bert.chooseSubtitles(/none/i);
  await expectLine(bert, [[11, false]]);

  // A later viewer finds it too.
  const carl = await Viewer.arrive(elsewhere, matinee, FILM);
  await carl.page.goto(ada.page.url());
  await expect(option(carl)).toHaveCount(1, { timeout: 45_000 });
  await elsewhere.close();
});

test('what is not taken is told in words, of a file and of a link', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, FILM);
  const { page } = viewer;
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await page.getByText('Add subtitles…').click();
  const add = page.getByRole('button', { name: 'Add', exact: true });
  const file = page.getByLabel(/a file/i);
  const alert = page.getByRole('alert').filter({ hasText: /subtitle/i });
  await add.click();
  await expect(page.getByRole('status').filter({ hasText: /choose a file or paste a link/i })).toBeVisible();
  await file.setInputFiles({ name: 'page.srt', mimeType: 'text/html', buffer: Buffer.from('<html>no</html>') });
  await add.click();
  await expect(alert).toContainText(/no subtitles that can be read/i);
  await file.setInputFiles({ name: 'large.srt', mimeType: 'text/plain', buffer: Buffer.alloc((5 << 20) + 1, 'x') });
  await add.click();
  await expect(alert).toContainText(/more than 5 MB/i);
  await file.setInputFiles([]);
  await page.getByLabel(/link to one/i).fill(`${films.url}/${FILM.file}`);
  await add.click();
  await expect(alert).toContainText(/more than 5 MB/i);
  await page.getByLabel(/link to one/i).fill(`${films.url}/${FILM.name}.json`);
  await add.click();
  await expect(alert).toContainText(/no subtitles that can be read/i);
  await expect(page.getByRole('combobox', { name: /subtitles/i })).not.toHaveValue(/^x/);
});
