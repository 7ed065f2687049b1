// Films of every kind that people have, to their end: some at random, or as many as MATINEE_EVERY names.

import { join } from 'node:path';
import { startRangeServer } from '../range-server.mjs';
import { beeps, listenAtOnce } from '../lib/beep.ts';
import { type Input, pitch, type Plays, readable, wanted } from '../lib/every.ts';
import { MEDIA } from '../lib/film.ts';
import { readings } from '../lib/frame.ts';
import { expect, test, Viewer } from '../lib/test.ts';

/** What cannot be played has said so by then, in milliseconds. */
const REFUSED_WITHIN_MS = 25_000;

// The configuration has set it, so that every worker draws the same.
const SEED = Number(process.env.MATINEE_EVERY_SEED);
console.log(`every: MATINEE_EVERY_SEED=${SEED}`);

for (const input of wanted(SEED)) {
  // Whether the integration tests know that it is wrong, or this browser alone does.
  const known = input.todo ?? input.todo_browser;
  test(`${input.name}: ${input.what}`, async ({ matinee, context }) => {
    test.fixme(known !== null, known ?? '');
    const films = await startRangeServer({ folder: join(MEDIA, 'every') });
    try {
      const viewer = await Viewer.arrive(context, matinee, readable(input));
      // So short a film may be over before anybody has told the page to listen.
      await listenAtOnce(viewer.page);
      await viewer.paste(`${films.url}/${input.file.split('/').at(-1)}`);
      if (input.plays) await plays(viewer, input.plays);
      else await isRefused(viewer, input);
    } finally {
      await films.close();
    }
  });
}

async function isRefused(viewer: Viewer, { refused }: Input): Promise<void> {
  const alert = viewer.page.getByRole('alert').filter({ hasText: refused!.words });
  await expect(alert).toBeVisible({ timeout: REFUSED_WITHIN_MS });
}

async function plays(viewer: Viewer, plays: Plays): Promise<void> {
  await viewer.play();
  const state = () =>
    viewer.page.evaluate(() => {
      const { ended, duration, videoWidth, videoHeight, currentTime, readyState, paused, buffered } = document.querySelector('video')!;
      const stretches = Array.from({ length: buffered.length }, (_, n) => [buffered.start(n), buffered.end(n)]);
      return { ended, duration, videoWidth, videoHeight, currentTime, readyState, paused, stretches };
    });
  const ends = expect.poll(async () => (await state()).ended, { timeout: 60_000 }).toBe(true);
  // Where it stands says more than that it does.
  await ends.catch(async () => expect(await state(), 'the film ends').toEqual('ended'));
  const { duration, videoWidth, videoHeight } = await state();
  // A frame of sound or picture more or less than the container says.
  expect(Math.abs(duration - plays.length_s), `it lasts ${duration} s`).toBeLessThan(plays.length_off_s + 0.1);
  if (plays.why) await viewer.expectMaking(new RegExp(plays.why.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i'));
  if (plays.picture) {
    const [across, down] = plays.shape;
    // Sides are even, so that a small picture may be two pixels off.
    expect(Math.abs(videoWidth - (videoHeight * across) / down), `${videoWidth} x ${videoHeight}`).toBeLessThan(
      Math.max(2.1, videoWidth * 0.02),
    );
    // Of a shorter film little may have been shown when it is over.
    if (plays.readable && plays.length_s > 1) await seen(viewer, plays);
  } else {
    expect(videoWidth, 'there is no picture').toBe(0);
  }
  // The tone at the start may be over before the film is listened to; where it was heard, it was heard.
  const due = plays.beeps ?? [];
  const heard = (await beeps(viewer.page)).filter(({ hz }) => due.some((second) => Math.abs(hz - pitch(second)) < 15));
  if (due.some((second) => second > 0)) {
    expect(heard.length, `tones ${JSON.stringify(await beeps(viewer.page))}`).toBeGreaterThan(0);
  }
}

/** The numbers that were seen rise, belong to the film, and end with its last one or the one before. */
async function seen(viewer: Viewer, { first, frames, step, part, within }: Plays): Promise<void> {
  const all = (await readings(viewer.page)).map(({ frame }) => frame);
  // Between bars the reader finds none.
  const numbers = within ? all.filter((number) => number !== null) : all;
  const said = JSON.stringify(numbers);
  expect(numbers.filter((number) => number === null), said).toEqual([]);
  const rising = numbers.every((number, at) => at === 0 || number! >= numbers[at - 1]!);
  expect(rising && numbers.every((number) => (number! - first) % step === 0), said).toBe(true);
  // A film may end before its last frame has been shown for as long as it should, and the browser passes over that then.
  expect(numbers.at(-1), said).toBeGreaterThanOrEqual(first + (frames - (part || frames < 10 ? 1 : 2)) * step);
  if (!part) expect(numbers.at(-1), said).toBeLessThanOrEqual(first + (frames - 1) * step);
}
