// Watching a short film as a person does: paste, play, other tracks, keys, a phone.

import { film } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';

for (const name of ['short-ffmpeg', 'short-mkvmerge']) {
  test(`${name}: a pasted link plays, and its tracks can be chosen`, async ({ matinee, films, context }) => {
    test.setTimeout(150_000);
    const viewer = await Viewer.arrive(context, matinee, film(name));
    await viewer.paste(`${films.url}/${name}.mkv`);
    await viewer.play();
    await viewer.expectRightFrames();
    await viewer.expectRightTones(0);
    // The browser decodes the film as it is, and draws its text over it.
    await viewer.expectMaking(/not re-encoded/i);
    // The short event, the long one that began before this moment, and neither.
    await viewer.chooseSubtitles(/styled/i);
    await viewer.expectSubtitles(0, 13.5);
    await viewer.expectSubtitles(0, 26.2);
    await viewer.expectSubtitles(0, 30.5);
    await viewer.chooseSubtitles(/text/i);
    await viewer.expectSubtitles(1, 25.5);
    await viewer.expectMaking(/not re-encoded/i);

    // Into the picture and back.
    await viewer.chooseSubtitles(/styled/i);
    await viewer.burn(true);
    await viewer.expectMaking(/^re-encoded/i);
    await viewer.expectSubtitles(0, 13.5);
    await viewer.expectSubtitles(0, 26.2);
    await viewer.burn(false);
    await viewer.expectMaking(/not re-encoded/i);
    await viewer.expectSubtitles(0, 26.2);
    await viewer.chooseSubtitles(/pictures/i);
    await viewer.expectSubtitles(2, 17.5);
    await viewer.chooseSubtitles(/none/i);
    await viewer.expectSubtitles(null, 26.2);
    await viewer.expectMaking(/not re-encoded/i);

    await viewer.chooseAudio(/high tones/i);
    await viewer.seek(34);
    await viewer.play();
    await viewer.expectRightFrames();
    await viewer.expectRightTones(1);
  });
}

test('a film can be opened, paused and wound by keyboard alone', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, film('fps25'));
  const { page } = viewer;
  await page.goto(matinee.url);
  const link = page.getByRole('textbox', { name: /link/i });
  await expect(page.getByRole('button', { name: /watch/i })).toBeEnabled();
  await expect(link).toBeFocused();
  await page.keyboard.type(`${films.url}/fps25.mkv`);
  await page.keyboard.press('Enter');
  await viewer.play();

  const paused = () => page.evaluate(() => document.querySelector('video')!.paused);
  await page.keyboard.press('k');
  await expect.poll(paused).toBe(true);
  const before = await viewer.position();
  await page.keyboard.press('l');
  await expect.poll(() => viewer.position()).toBeCloseTo(before + 10, 1);
  await page.keyboard.press('k');
  await expect.poll(paused).toBe(false);
  await page.keyboard.press('m');
  await expect.poll(() => page.evaluate(() => document.querySelector('video')!.muted)).toBe(true);

  // Every control can be reached, and says what it is.
  const reached: string[] = [];
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    const id = await page.evaluate(() => document.activeElement?.id ?? '');
    if (id) reached.push(id);
  }
  for (const id of ['audio', 'subtitles', 'quality']) expect(reached).toContain(id);
});

test('a film whose end the player does not tell ends all the same', async ({ matinee, films, context }) => {
  const viewer = await Viewer.arrive(context, matinee, film('av1'));
  // The first player never does.
  await viewer.page.addInitScript(() => {
    const tell = MediaSource.prototype.endOfStream;
    let first: MediaSource | undefined;
    MediaSource.prototype.endOfStream = function (...reason) {
      first ??= this;
      if (this !== first) tell.apply(this, reason);
    };
  });
  await viewer.paste(`${films.url}/av1.mkv`);
  await viewer.play();
  await viewer.seek(9);
  await viewer.play();
  const ended = () => viewer.page.evaluate(() => document.querySelector('video')!.ended);
  await expect.poll(ended, { timeout: 60_000, message: 'the film ends' }).toBe(true);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test('home and player fit the screen', async ({ matinee, films, context }) => {
    const viewer = await Viewer.arrive(context, matinee, film('fps25'));
    const { page } = viewer;
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    await viewer.paste(`${films.url}/fps25.mkv`);
    await viewer.play();
    expect(await overflow()).toBeLessThanOrEqual(0);
    const box = (await page.locator('video').boundingBox())!;
    expect(box.width).toBeGreaterThan(300);
    expect(box.x + box.width).toBeLessThanOrEqual(360.5);
    for (const name of [/audio/i, /subtitles/i, /quality/i]) {
      const menu = page.getByRole('combobox', { name });
      await menu.scrollIntoViewIfNeeded();
      await expect(menu).toBeVisible();
      expect((await menu.boundingBox())!.height).toBeGreaterThanOrEqual(32);
    }
    await page.goto(matinee.url);
    await expect(page.getByRole('link', { name: /join/i })).toBeVisible();
    expect(await overflow()).toBeLessThanOrEqual(0);
  });
});
