// Pictures of other sizes: switching between them while the film plays, and what is remembered.

import { film, frameLength } from '../lib/film.ts';
import { forgetReadings } from '../lib/frame.ts';
import { random } from '../lib/random.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const FILM = film('short-ffmpeg');
const SWITCHES = 10;
const SEED = 20260101;

/** Lines of the picture that is shown. */
function lines(viewer: Viewer): Promise<number> {
  return viewer.page.evaluate(() => document.querySelector('video')!.videoHeight);
}

test(`${SWITCHES} random switches of audio and quality leave picture and sound in step`, async ({ matinee, films, context }) => {
  test.setTimeout(300_000);
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();

  const numbers = random(SEED);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(numbers.next().value! * choices.length)]!;
  // What follows goes on from there and must not reach the end.
  const place = () => numbers.next().value! * (FILM.length_s - 30);
  const heights = new Map([['Original', FILM.height], ['720p', 720], ['480p', 480]]);
  const tones = FILM.audio.map(({ title }) => new RegExp(title, 'i'));
  let quality = 'Original', audio = 0;
  const done: string[] = [];

  for (let count = 1; count <= SWITCHES; count += 1) {
    if (pick([true, false])) {
      quality = pick([...heights.keys()].filter((other) => other !== quality));
      done.push(quality);
      const before = await viewer.position(), since = Date.now();
      await viewer.chooseQuality(quality);
      const moved = (await viewer.position()) - before;
      expect(moved, `the place after ${done}`).toBeGreaterThan(-frameLength(FILM) - 0.002);
      expect(moved, `the place after ${done}`).toBeLessThan((Date.now() - since) / 1000 + 0.5);
    } else {
      audio = pick([...tones.keys()].filter((other) => other !== audio));
      done.push(FILM.audio[audio]!.title);
      await viewer.chooseAudio(tones[audio]!);
    }
    if (count % 3 === 1) {
      await test.step(`at once after ${done.join(', ')}`, async () => {
        await forgetReadings(viewer.page);
        await viewer.expectRightFrames();
        await viewer.expectRightTones(audio, 2);
      });
    }
    if (pick([true, false])) await viewer.seek(place());
    if (count % 3 === 0 || count === SWITCHES) {
      await test.step(`after ${done.join(', ')}`, async () => {
        await viewer.seek(place());
        await viewer.play();
        expect(await lines(viewer)).toBe(heights.get(quality));
        await viewer.expectRightFrames();
        await viewer.expectRightTones(audio, 2);
      });
    }
  }
});

test('a quality is kept for the next film, and what is paused stays paused', async ({ matinee, films, context }) => {
  test.setTimeout(150_000);
  const viewer = await Viewer.arrive(context, matinee, FILM);
  const { page } = viewer;
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  expect(await lines(viewer)).toBe(FILM.height);
  await viewer.pause();
  await viewer.seek(21);
  await viewer.chooseQuality('480p');
  expect(await lines(viewer)).toBe(480);
  expect(await page.evaluate(() => document.querySelector('video')!.paused)).toBe(true);
  expect(Math.abs((await viewer.position()) - 21)).toBeLessThan(frameLength(FILM) + 0.002);
  await viewer.expectMaking(/^re-encoded/i);

  const next = await Viewer.arrive(context, matinee, film('fps25'));
  await next.paste(`${films.url}/fps25.mkv`);
  await next.play();
  expect(await lines(next)).toBe(480);
  await expect(next.page.getByRole('combobox', { name: /quality/i })).toHaveValue('480');
  await next.expectRightFrames();
  await next.chooseQuality('Original');
  expect(await lines(next)).toBe(film('fps25').height);
  await next.chooseSubtitles(/none/i);
  await next.expectMaking(/not re-encoded/i);
});
