// The ten-minute films: seeking far, the end, other players.

import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReady, sessions } from '../lib/api.ts';
import { film, frameLength } from '../lib/film.ts';
import { frameNow } from '../lib/frame.ts';
import { bytes, master, rendition } from '../lib/hls.ts';
import { expect, test, Viewer } from '../lib/test.ts';

/** Runs a program to its end; its exit code is part of the answer. */
function run(program: string, args: string[], options: { timeout: number; env?: NodeJS.ProcessEnv }): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { maxBuffer: 16 << 20, ...options }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

for (const name of ['long-ffmpeg', 'long-mkvmerge']) {
  const FILM = film(name);

  test.describe(name, () => {
    test.use({ flags: ['--sleep-after', '2s'] });

    test('pasted, sought far and near, played to its end, joined, left', async ({ matinee, films, context }) => {
      const viewer = await Viewer.arrive(context, matinee, FILM);
      await viewer.paste(`${films.url}/${FILM.file}`);
      await viewer.play();
      await viewer.expectRightFrames();
      await viewer.expectRightTones(0);
      expect(Math.abs((await viewer.duration()) - FILM.length_s)).toBeLessThan(0.1);

      // Copied at first, with its subtitles over it: in the 25 s event that begins at 483 s.
      await viewer.chooseSubtitles(/styled/i);
      await viewer.expectSubtitles(0, 0.8 * FILM.length_s + 23.5);
      const look = async (share: number) => {
        await viewer.seek(share * FILM.length_s);
        await viewer.play();
        await viewer.expectRightFrames();
        await viewer.expectRightTones(0, 2);
      };
      for (const share of [0.8, 0.1]) await look(share);

      // Drawn into the picture; no encoder has been near that event.
      await viewer.burn(true);
      await viewer.expectSubtitles(0, 0.8 * FILM.length_s + 23.5);
      for (const share of [0.8, 0.1]) await look(share);

      const other = await Viewer.arrive(context, matinee, FILM);
      await other.join(FILM.title);
      await other.play();
      await other.expectRightFrames();
      await expect.poll(async () => (await sessions(matinee))[0]?.viewers).toBe(2);
      await other.page.close();

      await viewer.seek((await viewer.duration()) - 1.5);
      await viewer.play();
      await expect.poll(() => viewer.page.evaluate(() => document.querySelector('video')!.ended), { timeout: 30_000 }).toBe(true);
      expect(Math.abs((await viewer.position()) - (await viewer.duration()))).toBeLessThan(frameLength(FILM) + 0.05);
      await expect.poll(() => frameNow(viewer.page), { message: 'the last frame stays' }).toBe(FILM.frames - 1);

      await viewer.page.close();
      await expect.poll(() => sessions(matinee), { timeout: 15_000 }).toEqual([]);
      await expect.poll(() => matinee.children(), { timeout: 15_000 }).toEqual([]);
      await expect.poll(() => matinee.storedFiles().filter(({ path }) => path.endsWith('.m4s')), { timeout: 15_000 }).toEqual([]);
    });
  });
}

const FILM = film('long-ffmpeg');

test('ffmpeg plays the master for 90 s: exit 0, no word about what it plays, every frame', async ({ matinee, films }) => {
  const { session } = await openReady(matinee, `${films.url}/${FILM.file}`);
  const url = `${matinee.url}/hls/${session}/master.m3u8`;
  const args = ['-v', 'warning', '-nostdin', '-nostats', '-progress', 'pipe:1', '-t', '90', '-i', url, '-f', 'null', '-'];
  const { code, stdout, stderr } = await run('ffmpeg', args, { timeout: 180_000 });
  // ffmpeg 5.1 takes no WebVTT from a master, and says so of each track.
  expect(stderr.split('\n').filter((line) => line && !/Can't support the subtitle\(uri: s\d+-vtt/.test(line))).toEqual([]);
  expect(code).toBe(0);
  const [num, den] = FILM.rate!;
  expect(Number(stdout.match(/.*frame=(\d+)/s)![1])).toBe(Math.ceil((90 * num) / den));
});

test('VLC plays the master without a word about timestamps', async ({ matinee, films }) => {
  const { session } = await openReady(matinee, `${films.url}/${FILM.file}`);
  const url = `${matinee.url}/hls/${session}/master.m3u8`;
  const home = mkdtempSync(join(tmpdir(), 'matinee-vlc-'));
  chmodSync(home, 0o777);
  try {
    // What VLC plays is there before it begins, so that it has nobody to wait for.
    const { video, audio } = await master(url);
    for (const playlist of [video, audio[0]!]) {
      const { segments } = await rendition(playlist);
      for (const segment of segments.filter(({ start_s }) => start_s < 40)) await bytes(segment.url);
    }
    const vlc = ['vlc', '-I', 'dummy', '-v', '--no-color', '--aout', 'dummy', '--vout', 'dummy', '--no-video-title-show',
      '--run-time', '20', '--play-and-exit', url, 'vlc://quit'];
    // VLC refuses to be run by root.
    const asNobody = process.getuid?.() === 0 ? ['runuser', '-u', 'nobody', '--', 'env', `HOME=${home}`] : ['env', `HOME=${home}`];
    const [program, ...args] = [...asNobody, ...vlc];
    const { code, stderr } = await run(program!, args, { timeout: 120_000 });
    expect(code, stderr).toBe(0);
    // Without a desktop it misses some of its interfaces. Everything else that it says is about the film.
    const said = stderr.split('\n').filter((line) => !/ interface| libvlc/.test(line));
    const complaints = said.filter((line) => /timestamp|discontinuity|\bpts|\bdts|clock|too late/i.test(line));
    // The first fragment's sequence number is news to VLC, which is harmless; and a busy machine draws some pictures a
    // moment late, where wrong times would make them late by seconds.
    const harmless = (line: string) => line.includes('Fragment sequence discontinuity') || Number(line.match(/picture is too late .*missing (\d+) ms/)?.[1] ?? Infinity) < 500;
    expect(complaints.filter((line) => !harmless(line))).toEqual([]);
    expect(said.filter((line) => / error|cannot|failed/i.test(line))).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
