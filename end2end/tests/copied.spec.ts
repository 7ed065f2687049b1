// Films that are copied, and some that cannot be: containers, open groups and starts of all kinds, in the browser.

import { film, frameTime } from '../lib/film.ts';
import { forgetReadings, frameNow, readings } from '../lib/frame.ts';
import { random } from '../lib/random.ts';
import { expect, test, Viewer } from '../lib/test.ts';

const COPIED = ['mp4-last', 'mp4-first', 'vfr', 'start-minus', 'start-10', 'vp9', 'av1'];
const SEEKS = 3;
const ORIGINAL = /^\s*original picture, not re-encoded\./i;

for (const [index, name] of COPIED.entries()) {
  const FILM = film(name);

  test(`${name} plays copied, from its start, at ${SEEKS} random places and to its end`, async ({ matinee, films, context }) => {
    const viewer = await Viewer.arrive(context, matinee, FILM);
    await viewer.paste(`${films.url}/${FILM.file}`);
    await viewer.play();
    await viewer.expectMaking(ORIGINAL);
    await viewer.expectRightFrames();
    await viewer.expectRightTones(0, 1);

    const numbers = random(index + 1);
    for (let count = 1; count <= SEEKS; count += 1) {
      // What is seen and heard after a seek must not reach the end.
      const place = numbers.next().value! * (FILM.length_s - 8);
      await test.step(`at ${place.toFixed(3)} s`, async () => {
        await viewer.seek(place);
        await viewer.expectRightFrames(10);
        await viewer.expectRightTones(0, 1);
      });
    }

    await viewer.seek(FILM.length_s - 2);
    const ended = () => viewer.page.evaluate(() => document.querySelector('video')!.ended);
    await expect.poll(ended, { message: 'the film ends' }).toBe(true);
    // It may come to the screen only after the end has been told.
    await expect.poll(() => frameNow(viewer.page), { message: 'the frame that stays' }).toBe(FILM.frames - 1);
    await viewer.expectRightFrames(10);
    expect(await viewer.position(), 'the end').toBeGreaterThan(frameTime(FILM, FILM.frames - 1));
    await viewer.expectMaking(ORIGINAL);
  });
}

test('keyframes ten seconds apart are re-encoded, and the page says so', async ({ matinee, films, context }) => {
  const FILM = film('gop10');
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.expectMaking(/^re-encoded: its keyframes are 10 s apart/i);
  await viewer.expectRightFrames();
  await viewer.expectRightTones(0, 1);
});

test('open GOPs are re-encoded, and one can seek in them', async ({ matinee, films, context }) => {
  const FILM = film('open-gop');
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.expectMaking(/^re-encoded: its GOPs are open/i);
  await viewer.seek(FILM.length_s / 2);
  await viewer.expectRightFrames(10);
});

test('open GOPs that nobody tells of are re-encoded when they are found', async ({ matinee, films, context }) => {
  const FILM = film('open-gop-untold');
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.seek(FILM.length_s / 2);
  await viewer.expectMaking(/^re-encoded: its GOPs are open/i);
  await viewer.expectRightFrames(10);
  await viewer.seek(1);
  await viewer.expectRightFrames(10);
  // Here, where the end is far.
  await viewer.expectRightTones(0, 1);
});

test('a picture that the browser fails to decode is re-encoded where it was', async ({ matinee, films, context }) => {
  const FILM = film('short-ffmpeg');
  const viewer = await Viewer.arrive(context, matinee, FILM);
  // The slices are overwritten from the second segment on, and the boxes and NAL units they lie in are left whole: it
  // is the decoder that fails, when it gets there, and not the player's reading of a segment far ahead.
  await viewer.page.route(/\/v0-copy\/([1-9]|\d{2,})\.m4s/, async (route) => {
    const answer = await route.fetch();
    const body = await answer.body();
    overwriteSlices(body);
    await route.fulfill({ response: answer, body });
  });
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.expectMaking(ORIGINAL);
  await viewer.expectMaking(/^re-encoded: the player could not decode the original/i);
  await forgetReadings(viewer.page);
  await viewer.expectRightFrames(10);
  expect(await viewer.page.evaluate(() => document.querySelector('video')!.paused)).toBe(false);
  const first = (await readings(viewer.page)).find(({ seeking }) => !seeking)!;
  expect(first.mediaTime, 'it goes on where it failed').toBeGreaterThan(5);
  await viewer.expectRightTones(0, 1);
});

/** Fills the H.264 slices of a segment with zeros, but for their NAL units' lengths and headers. */
function overwriteSlices(segment: Buffer): void {
  for (const box of parts(segment, 0, segment.length, 0)) {
    if (segment.toString('latin1', box.start + 4, box.start + 8) !== 'mdat') continue;
    for (const unit of parts(segment, box.start + 8, box.end, 4)) segment.fill(0, unit.start + 5, unit.end);
  }
}

/** The parts of `from..to` that each begin with their length in four bytes; `beside`: what the length leaves out. */
function* parts(bytes: Buffer, from: number, to: number, beside: number): Generator<{ start: number; end: number }> {
  for (let start = from; start < to; ) {
    const end = start + bytes.readUInt32BE(start) + beside;
    expect(end, 'each part has a length').toBeGreaterThan(start);
    yield { start, end };
    start = end;
  }
}

test('pictures from a DVD can be chosen and are drawn in', async ({ matinee, films, context }) => {
  const FILM = film('vobsub');
  const viewer = await Viewer.arrive(context, matinee, FILM);
  await viewer.paste(`${films.url}/${FILM.file}`);
  await viewer.play();
  await viewer.expectMaking(ORIGINAL);
  const [event] = FILM.subtitles[0]!.events;
  const shown = (event!.start_s + event!.end_s) / 2;
  await viewer.expectSubtitles(null, shown);
  await viewer.chooseSubtitles(/dvd pictures/i);
  await viewer.expectSubtitles(0, shown);
  await viewer.expectSubtitles(0, event!.end_s + 1);
  await viewer.expectMaking(/^re-encoded/i);
});
