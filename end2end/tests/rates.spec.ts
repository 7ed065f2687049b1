// Other frame rates and other starts: in the browser, and twenty random times in each encoded rendition.

import { openReady } from '../lib/api.ts';
import { type Decoded, decode } from '../lib/decode.ts';
import { beepSecond, beepTime, film, type Film, frameLength } from '../lib/film.ts';
import { bytes, master, rendition } from '../lib/hls.ts';
import { random } from '../lib/random.ts';
import { expect, rightFrame, test, Viewer } from '../lib/test.ts';

const NAMES = ['fps25', 'fps2997', 'fps60', 'vfr', 'start-minus', 'start-026', 'start-10'];
const TIMES = 20;

interface Sample {
  times: number[];
  /** Stretches of film time whose segments have been fetched. */
  stretches: { from: number; to: number }[];
  decoded: Decoded;
}

/** Fetches the segments at twenty random times, in that order, then the last one, and decodes what came. */
async function sample(url: string, seed: number): Promise<Sample> {
  const { init, segments } = await rendition(url);
  const end = segments.at(-1)!.start_s + segments.at(-1)!.duration_s;
  const numbers = random(seed);
  const times = [...Array.from({ length: TIMES }, () => numbers.next().value! * end), end - 0.001];
  const fetched = new Map<number, Uint8Array>();
  for (const at of times) {
    const index = segments.findLastIndex(({ start_s }) => start_s <= at);
    if (!fetched.has(index)) fetched.set(index, await bytes(segments[index]!.url));
  }
  const order = [...fetched.keys()].sort((a, b) => a - b);
  const stretches: Sample['stretches'] = [];
  for (const index of order) {
    const { start_s, duration_s } = segments[index]!;
    if (fetched.has(index - 1)) stretches.at(-1)!.to = start_s + duration_s;
    else stretches.push({ from: start_s, to: start_s + duration_s });
  }
  const decoded = await decode([await bytes(init), ...order.map((index) => fetched.get(index)!)]);
  return { times, stretches, decoded };
}

async function checkVideo(film: Film, url: string): Promise<void> {
  const { times, stretches, decoded: { frames } } = await sample(url, film.frames);
  // How long its last frame is shown a film of variable rate does not say, so it may be the last but one that stays.
  const last = film.frames - (film.variable ? 2 : 1);
  expect(frames.at(-1)![1], 'the last frame').toBeGreaterThanOrEqual(last);
  const wrong = frames.filter(([mediaTime, frame]) => !rightFrame(film, { mediaTime, frame }) && !(film.variable && frame === last));
  expect(wrong, `${wrong.length} of ${frames.length} frames are wrong`).toEqual([]);
  for (const at of times) {
    const shown = frames.findLast(([pts]) => pts <= at + 1e-6);
    expect(shown && at - shown[0], `the frame at ${at} is shown so long before`).toBeLessThan(frameLength(film) + 1e-3);
  }
  for (const { from, to } of stretches) {
    const inside = frames.map(([pts]) => pts).filter((pts) => pts > from - 1e-3 && pts < to - 1e-3);
    expect(inside[0], 'a stretch begins with its first segment').toBeCloseTo(from, 3);
    const steps = inside.slice(1).map((pts, index) => pts - inside[index]!);
    expect(Math.max(...steps) - Math.min(...steps), 'frames come at one pace').toBeLessThan(0.001);
  }
}

async function checkAudio(film: Film, track: number, url: string): Promise<void> {
  const { stretches, decoded } = await sample(url, film.frames + 1);
  const { gaps, beeps } = decoded.audio[0]!;
  expect(gaps, 'gaps only where nothing was fetched').toHaveLength(stretches.length - 1);
  // The first frame of a stretch lacks what came before it, and a tone at its end may lack its own end.
  const whole = (second: number) => stretches.some(({ from, to }) => beepTime(film, track, second) > from + 0.05 && beepTime(film, track, second) + 0.06 < to);
  const expected = Array.from({ length: film.length_s }, (_, second) => second).filter(whole);
  expect(expected.length).toBeGreaterThan(film.length_s / 3);
  // Half a tone at such an edge has no pitch, so it is left out by its time.
  const inside = beeps.filter(([time]) => whole(Math.round(time - beepTime(film, track, 0))));
  const heard = inside.map(([time, hz]) => ({ time, second: beepSecond(film, track, time, hz) }));
  expect(heard.map(({ second }) => second)).toEqual(expected);
  for (const { time, second } of heard) expect(Math.abs(time - beepTime(film, track, second!)), `tone ${second}`).toBeLessThan(0.005);
}

for (const name of NAMES) {
  const FILM = film(name);

  test(`${name} plays with the right frames and tones, copied and with its subtitles`, async ({ matinee, films, context }) => {
    const viewer = await Viewer.arrive(context, matinee, FILM);
    await viewer.paste(`${films.url}/${FILM.file}`);
    await viewer.play();
    await viewer.expectRightFrames();
    await viewer.expectRightTones(0, 2);
    // Over the picture, not at all, and in it.
    await viewer.chooseSubtitles(/styled/i);
    await viewer.expectSubtitles(0, 13.5);
    await viewer.chooseSubtitles(/none/i);
    await viewer.expectSubtitles(null, 13.5);
    await viewer.chooseSubtitles(/styled/i);
    await viewer.burn(true);
    await viewer.expectSubtitles(0, 13.5);
    await viewer.play();
    await viewer.expectRightFrames();
    await viewer.expectRightTones(0, 2);
  });

  test(`${name}: ${TIMES} random times in each encoded rendition`, async ({ matinee, films }) => {
    const { session } = await openReady(matinee, `${films.url}/${FILM.file}`);
    const { video, audio } = await master(`${matinee.url}/hls/${session}/master.m3u8?video=encode&burn=s0`);
    await checkVideo(FILM, video);
    expect(audio).toHaveLength(FILM.audio.length);
    // The master copies what sound it can, but each track has an encoded rendition too.
    for (const track of FILM.audio.keys()) await checkAudio(FILM, track, new URL(`../a${track}-aac/index.m3u8`, video).href);
  });
}
