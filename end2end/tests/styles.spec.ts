// Styled subtitles over the copied picture, beside what mpv draws: how alike they are inside the subtitles' box.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { startRangeServer } from '../range-server.mjs';
import { type Script, scripts } from '../lib/scripts.ts';
import { expect, test } from '../lib/test.ts';

const [WIDTH, HEIGHT, RATE, LENGTH_S] = [1280, 720, 25, 8];
const LEAST = 0.97;

test.use({ viewport: { width: WIDTH, height: HEIGHT } });

let folder: string;
let source: Awaited<ReturnType<typeof startRangeServer>>;
const SCRIPTS = scripts();

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'matinee-styles-'));
  const inputs = SCRIPTS.flatMap(({ text }, n) => {
    const file = join(folder, `${n}.ass`);
    writeFileSync(file, text);
    return ['-i', file];
  });
  const picture = `color=c=0x405060:s=${WIDTH}x${HEIGHT}:r=${RATE}:d=${LENGTH_S},drawgrid=w=64:h=64:c=0x607040`;
  const maps = SCRIPTS.flatMap((_, n) => ['-map', `${n + 2}`]);
  const names = SCRIPTS.flatMap(({ name }, n) => [`-metadata:s:s:${n}`, `title=${name}`]);
  const colours = ['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv'];
  execFileSync('ffmpeg', [
    '-v', 'error', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', `sine=d=${LENGTH_S}`, ...inputs, '-map', '0', '-map', '1', ...maps,
    '-vf', 'scale=out_color_matrix=bt709,format=yuv420p', '-c:v', 'libx264', '-crf', '8', '-g', '50', ...colours,
    '-c:a', 'aac', '-c:s', 'copy', ...names, join(folder, 'styles.mkv'),
  ]);
  source = await startRangeServer({ folder });
});

test.afterAll(async () => {
  await source.close();
  rmSync(folder, { recursive: true });
});

/** What mpv shows at that moment, with a subtitle track by its number or without, as a PNG. */
function byMpv(at: number, track: number | null): Buffer {
  const out = mkdtempSync(join(folder, 'mpv-'));
  execFileSync('mpv', [
    '--no-config', '--no-terminal', '--ao=null', '--vo=image', '--vo-image-format=png', `--vo-image-outdir=${out}`, '--frames=1',
    `--start=${at}`, `--sid=${track === null ? 'no' : track + 1}`, '--hr-seek=yes', join(folder, 'styles.mkv'),
  ], { timeout: 60_000 });
  return execFileSync('cat', [join(out, '00000001.png')], { maxBuffer: 64 << 20 });
}

const grey = (png: Buffer) =>
  execFileSync('ffmpeg', ['-v', 'error', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'], { input: png, maxBuffer: 64 << 20 });

interface Box { left: number; top: number; width: number; height: number }

/** Where two pictures differ. */
function difference(one: Buffer, other: Buffer): Box {
  let [left, top, right, bottom] = [WIDTH, HEIGHT, -1, -1];
  for (let at = 0; at < WIDTH * HEIGHT; at += 1) {
    if (Math.abs(one[at]! - other[at]!) < 16) continue;
    const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The mean structural similarity of two pictures in a box, by windows of eight by eight pixels every four. */
function ssim(one: Buffer, other: Buffer, box: Box): number {
  const [C1, C2, SIZE, STEP] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2, 8, 4];
  let [sum, count] = [0, 0];
  for (let top = box.top; top + SIZE <= box.top + box.height; top += STEP) {
    for (let left = box.left; left + SIZE <= box.left + box.width; left += STEP) {
      let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + SIZE; y += 1) {
        for (let x = left; x < left + SIZE; x += 1) {
          const [p, q] = [one[y * WIDTH + x]!, other[y * WIDTH + x]!];
          a += p; b += q; aa += p * p; bb += q * q; ab += p * q;
        }
      }
      const n = SIZE * SIZE;
      const [ma, mb] = [a / n, b / n];
      const [va, vb, cov] = [aa / n - ma * ma, bb / n - mb * mb, ab / n - ma * mb];
      sum += ((2 * ma * mb + C1) * (2 * cov + C2)) / ((ma * ma + mb * mb + C1) * (va + vb + C2));
      count += 1;
    }
  }
  return sum / count;
}

/** The picture of the page's player, which fills the window. */
async function shown(page: Page): Promise<Buffer> {
  return grey(await page.screenshot());
}

test('ten scripts look as mpv draws them', async ({ matinee, page }) => {
  test.setTimeout(240_000);
  await page.goto(matinee.url);
  await page.getByRole('textbox', { name: /link/i }).fill(`${source.url}/styles.mkv`);
  await page.getByRole('button', { name: /watch/i }).click();
  const subtitles = page.getByRole('combobox', { name: /subtitles/i });
  await expect(subtitles).toBeEnabled({ timeout: 45_000 });
  await expect(page.getByRole('status').filter({ hasText: /not re-encoded/i })).toBeVisible();
  await expect.poll(() => page.evaluate(() => document.querySelector('video')!.currentTime)).toBeGreaterThan(0);
  await page.evaluate(() => {
    const video = document.querySelector('video')!;
    video.pause();
    video.removeAttribute('controls');
  });
  await page.locator('body').press('f');
  await expect.poll(() => page.evaluate(() => document.fullscreenElement?.className)).toContain('player');
  // The menus are used by code, and nothing of them may be in the picture.
  await page.addStyleTag({ content: '.player .tracks, .player .fill { opacity: 0 !important }' });
  const without = grey(byMpv(SCRIPTS[0]!.at, null));

  const found: Record<string, number> = {};
  for (const [track, script] of SCRIPTS.entries()) {
    const wanted = grey(byMpv(script.at, track));
    const box = difference(wanted, without);
    expect(box.width * box.height, `mpv draws ${script.name}`).toBeGreaterThan(5000);
    await subtitles.selectOption(`s${track}`);
    await seek(page, script);
    const alike = async () => (found[script.name] = ssim(await shown(page), wanted, box));
    await expect.poll(alike, { timeout: 20_000, intervals: [200, 400], message: script.name }).toBeGreaterThanOrEqual(LEAST)
      .catch(async (error) => {
        writeFileSync(join(tmpdir(), `styles-${track}-page.png`), await page.screenshot());
        writeFileSync(join(tmpdir(), `styles-${track}-mpv.png`), byMpv(script.at, track));
        console.log(`${script.name}: ${found[script.name]}`);
        throw error;
      });
  }
  console.log(Object.entries(found).map(([name, value]) => `${name} ${value.toFixed(4)}`).join(', '));
});

async function seek(page: Page, { at }: Script): Promise<void> {
  // The middle of a frame, so that both show the same one.
  await page.evaluate((to) => { document.querySelector('video')!.currentTime = to; }, at + 0.5 / RATE);
  await expect.poll(() => page.evaluate(() => document.querySelector('video')!.seeking)).toBe(false);
}
