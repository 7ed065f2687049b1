// What encodes: graphics cards and a slow machine, for which programs stand in.

import { post } from '../lib/api.ts';
import { film } from '../lib/film.ts';
import { expect, test, Viewer } from '../lib/test.ts';
import { Matinee } from '../lib/server.ts';
import { StandIn } from '../lib/stand-in.ts';

interface System {
  encoder: { used: string; trials: { encoder: string; problem?: string }[] };
}

// Its GOPs are open, so its picture is encoded.
const FILM = film('open-gop');
// So long that no head has made all of it when something happens.
const LONG = film('long-ffmpeg');

test('the house says what encodes, and why no graphics card does', async ({ matinee, page }) => {
  await page.goto(matinee.url);
  const house = page.getByRole('region', { name: 'The house' });
  await expect(house.getByText(/Pictures are encoded by (the processor \(libx264\)|this machine's graphics card)/)).toBeVisible();
  const { encoder } = (await post<System>(matinee, '/api/system', {})).body;
  // A machine that has a card runs these tests too.
  const failed = encoder.trials.filter(({ problem }) => problem);
  if (encoder.used === 'libx264') expect(failed).toHaveLength(3);
  if (failed.length > 0) await house.getByText('Encoders that were tried and are not used').click();
  for (const { encoder: name, problem } of failed) {
    await expect(house.getByRole('listitem').filter({ hasText: name })).toContainText(problem!);
  }
});

test('a graphics card that works encodes, and when it fails the processor goes on', async ({ films, context }) => {
  test.setTimeout(150_000);
  const standIn = StandIn.card();
  const server = await Matinee.start(['--ffmpeg', standIn.path, '--encoder', 'h264_nvenc']);
  try {
    const viewer = await Viewer.arrive(context, server, LONG);
    await viewer.page.goto(server.url);
    await expect(viewer.page.getByText('graphics card (h264_nvenc)')).toBeVisible();
    const asked: string[] = [];
    viewer.page.on('request', (request) => asked.push(request.url()));
    await viewer.paste(`${films.url}/${LONG.file}`);
    await viewer.play();
    await viewer.chooseQuality('720p');
    await viewer.play();
    await viewer.expectRightFrames();
    expect(asked.some((url) => url.includes('-gpu/'))).toBe(true);

    standIn.break();
    asked.length = 0;
    await viewer.seek(300);
    await viewer.play();
    await viewer.expectRightFrames();
    expect(asked.some((url) => /-encode-[^/]*(?<!-gpu)\/\d+\.m4s/.test(url)), asked.join('\n')).toBe(true);
  } finally {
    await server.stop();
    standIn.remove();
  }
});

test('a machine that cannot keep up says so and offers less work', async ({ films, context }) => {
  test.setTimeout(150_000);
  const standIn = StandIn.slow();
  const server = await Matinee.start(['--mpv', standIn.path, '--encoder', 'libx264']);
  try {
    const viewer = await Viewer.arrive(context, server, FILM);
    await viewer.paste(`${films.url}/${FILM.file}`);
    await viewer.play();
    const told = viewer.page.getByText(/This server encodes the picture at \d\d % of the speed at which it is watched/);
    await expect(told).toBeVisible({ timeout: 45_000 });
    await viewer.page.getByRole('button', { name: 'Watch at 480p' }).click();
    const lines = () => viewer.page.evaluate(() => document.querySelector('video')!.videoHeight);
    await expect.poll(lines, { timeout: 45_000, message: 'a smaller picture' }).toBe(480);
    await expect(told).toBeHidden();
  } finally {
    await server.stop();
    standIn.remove();
  }
});
