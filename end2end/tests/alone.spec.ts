// Subtitles where the video is without the page: in picture-in-picture, and in a small window of the page's own.

import type { Page } from '@playwright/test';
import { film } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const FILM = film('short-ffmpeg');
const [STYLED, TEXT] = FILM.subtitles;
const LONG = STYLED!.events.find(({ start_s, end_s }) => end_s - start_s > 20)!;

/** What the browser shows of its text tracks at this moment. */
async function cues(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelector('video')!.textTracks]
      .filter(({ mode }) => mode === 'showing')
      .flatMap(({ activeCues }) => [...(activeCues ?? [])].map((cue) => (cue as VTTCue).text)),
  );
}

test('in picture-in-picture their text is given to the browser', async ({ matinee, films, context }) => {
  test.setTimeout(90_000);
  await context.addInitScript(() => Reflect.deleteProperty(window, 'documentPictureInPicture'));
  const viewer = await Viewer.arrive(context, matinee, FILM);
  const { page } = viewer;
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.chooseSubtitles(/styled/i);
  await viewer.pause();
  await expect(page.getByRole('button', { name: /small window/i })).toHaveCount(0);
  await viewer.seek(LONG.end_s - 1);
  await expect(page.locator('canvas.JASSUB')).toBeVisible();
  expect(await cues(page)).toEqual([]);

  await page.evaluate(() => document.querySelector('video')!.requestPictureInPicture());
  await expect.poll(() => cues(page)).toEqual([expect.any(String)]);
  const [long] = await cues(page);
  await expect(page.locator('canvas.JASSUB')).toHaveCount(0);
  // Half a second later, and another track.
  for (let n = 0; n < 5; n += 1) await page.getByRole('button', { name: /later/i }).click();
  await viewer.seek(LONG.end_s + 0.3);
  await expect.poll(() => cues(page)).toEqual([long]);
  for (let n = 0; n < 5; n += 1) await page.getByRole('button', { name: /earlier/i }).click();
  await expect.poll(() => cues(page)).toEqual([]);
  await viewer.chooseSubtitles(/text/i);
  await viewer.seek(TEXT!.events[0]!.start_s + 0.2);
  await expect.poll(() => cues(page)).toEqual(['████████']);
  await viewer.chooseSubtitles(/pictures/i);
  await expect.poll(() => cues(page)).toEqual([]);
  await expect(page.getByRole('status').filter({ hasText: /since they are pictures/ })).toBeVisible();
  await viewer.chooseSubtitles(/styled/i);
  await viewer.expectMaking(/not re-encoded/i);

  await page.evaluate(() => document.exitPictureInPicture());
  await expect(page.locator('canvas.JASSUB')).toBeVisible();
  await expect.poll(() => cues(page)).toEqual([]);
});

test('where JASSUB cannot run the browser shows added subtitles too', async ({ matinee, films, context }) => {
  await context.addInitScript(() => {
    delete (HTMLCanvasElement.prototype as Partial<HTMLCanvasElement>).transferControlToOffscreen;
  });
  const viewer = await Viewer.arrive(context, matinee, FILM);
  const { page } = viewer;
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await page.getByText('Add subtitles…').click();
  const buffer = Buffer.from('1\r\n00:00:10,000 --> 00:00:12,000\r\n{\\an8}<i>mine</i>\r\n');
  await page.getByLabel(/a file/i).setInputFiles({ name: 'mine.srt', mimeType: 'application/x-subrip', buffer });
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByRole('combobox', { name: /subtitles/i })).toHaveValue('x0');
  await viewer.pause();
  await viewer.seek(11);
  await expect.poll(() => cues(page)).toEqual(['<i>mine</i>']);
  await viewer.seek(12.5);
  await expect.poll(() => cues(page)).toEqual([]);
  await viewer.expectMaking(/not re-encoded/i);
  await expect(page.getByRole('group', { name: /delay/i })).toBeVisible();
  await expect(page.locator('#size')).toHaveCount(0);
});

/** In the page's small window: how wide the picture is and the canvas over it, whether it is drawn on, whether the film plays. */
async function floating(page: Page): Promise<{ picture: number; canvas: number; drawn: boolean; playing: boolean } | null> {
  return page.evaluate(() => {
    type Window = { documentPictureInPicture: { window: globalThis.Window | null } };
    const there = (window as unknown as Window).documentPictureInPicture.window?.document;
    const video = there?.querySelector('video');
    const canvas = there?.querySelector<HTMLCanvasElement>('canvas.JASSUB');
    if (!video || !canvas) return null;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const drawn = data.some((value, at) => at % 4 === 3 && value > 100);
    const { clientWidth, clientHeight, videoWidth, videoHeight } = video;
    const picture = Math.round(Math.min(clientWidth, (clientHeight * videoWidth) / videoHeight));
    return { picture, canvas: Math.round(canvas.getBoundingClientRect().width), drawn, playing: !video.paused };
  });
}

test('a small window takes subtitles and menus along, and gives them back', async ({ matinee, films, context }) => {
  test.setTimeout(90_000);
  const viewer = await Viewer.arrive(context, matinee, FILM);
  const { page } = viewer;
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.chooseSubtitles(/styled/i);
  await viewer.seek(LONG.start_s + 2);
  await viewer.play();
  await page.getByRole('button', { name: /small window/i }).click();
  await expect(page.getByText('The film plays in a window of its own.')).toBeVisible();
  await expect.poll(() => floating(page)).toMatchObject({ drawn: true, playing: true });
  // The canvas follows the window's size a moment later.
  const off = async () => {
    const there = await floating(page);
    return there ? Math.abs(there.picture - there.canvas) : Infinity;
  };
  await expect.poll(off, { message: 'CSS pixels between the widths of picture and canvas' }).toBeLessThanOrEqual(2);

  // The keys of the page are those of the window too, and its menus work.
  const inside = (act: string) =>
    page.evaluate((act) => {
      type Window = { documentPictureInPicture: { window: globalThis.Window } };
      const there = (window as unknown as Window).documentPictureInPicture.window;
      if (act !== 'none') return there.document.body.dispatchEvent(new KeyboardEvent('keydown', { key: act, bubbles: true, cancelable: true }));
      const menu = there.document.querySelector<HTMLSelectElement>('#subtitles')!;
      menu.value = menu.options[0]!.value;
      return menu.dispatchEvent(new Event('change', { bubbles: true }));
    }, act);
  await inside('k');
  await expect.poll(() => floating(page)).toMatchObject({ playing: false, drawn: true });
  await inside('none');
  await expect.poll(() => floating(page)).toBeNull();
  await inside('p');
  await expect(page.getByText('The film plays in a window of its own.')).toHaveCount(0);
  await expect(page.locator('.player video')).toBeVisible();
  await viewer.chooseSubtitles(/styled/i);
  await viewer.seek(LONG.start_s + 3);
  await expect(page.locator('canvas.JASSUB')).toBeVisible();
});
