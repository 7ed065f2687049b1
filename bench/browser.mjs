// Plays a film in a fresh Chromium and writes down when its pictures came.
//
//   node browser.mjs '{"page": URL, "link": TEXT?, "button": NAME, "seek": PART?, "rest_s": S, "frame_s": S, "out": FILE}'
//
// On the page it pastes the link, if there is one, and presses the button. With `seek` it jumps to that part of the
// film, `rest_s` after the first frame. All times are seconds of the wall clock. Ends by itself within LIMIT_MS.
// CHROMIUM is the browser's program.

import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const { chromium } = createRequire(join(import.meta.dirname, '..', 'end2end', 'package.json'))('playwright-core');

const LIMIT_MS = 180_000;
/** The replaced pipeline needs this long on a slow machine. */
const FRAME_MS = 120_000;
const PAGE_MS = 20_000;

// As in end2end/playwright.config.ts.
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
];

/** Runs in the page before anything of its own, and notes what happens on `window.seen`. */
function watch() {
  const now = () => (performance.timeOrigin + performance.now()) / 1000;
  const seen = { click: 0, uncovered: 0, marks: {}, frames: [] };
  // A page that is loaded anew after the click must not forget when it was.
  seen.click = Number(sessionStorage.getItem('bench-click') ?? 0);
  Object.assign(window, { seen, wallClock: now });
  performance.setResourceTimingBufferSize(2000);
  document.addEventListener('click', () => {
    seen.click ||= now();
    sessionStorage.setItem('bench-click', String(seen.click));
  }, true);
  for (const name of ['loadedmetadata', 'loadeddata', 'canplay', 'playing', 'waiting']) {
    document.addEventListener(name, () => { seen.marks[name] ??= now(); }, true);
  }

  // A frame that lies below a curtain is not seen yet.
  function lookForCurtain(video, until) {
    const { left, top, width, height } = video.getBoundingClientRect();
    if (document.elementFromPoint(left + width / 2, top + height / 2) === video) seen.uncovered = now();
    else if (now() < until) requestAnimationFrame(() => lookForCurtain(video, until));
  }

  const known = new WeakSet();
  function follow(video) {
    if (known.has(video)) return;
    known.add(video);
    const next = (_, { mediaTime }) => {
      seen.frames.push({ at: now(), mediaTime });
      if (seen.frames.length === 1 && !seen.uncovered) lookForCurtain(video, now() + 5);
      if (seen.frames.length > 2000) seen.frames.splice(1, 1000);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }
  const look = () => document.querySelectorAll('video').forEach(follow);
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  look();
}

/** What the page loaded from `from` to `to`. */
function loaded([from, to]) {
  const wall = (milliseconds) => (performance.timeOrigin + milliseconds) / 1000;
  return performance.getEntriesByType('resource')
    .map((entry) => ({
      path: new URL(entry.name).pathname,
      asked: wall(entry.startTime),
      answered: wall(entry.responseStart),
      there: wall(entry.responseEnd),
    }))
    // A load that the player gave up has no answer.
    .filter(({ asked, answered }) => asked >= from && asked <= to && answered >= asked);
}

async function measure(browser, wanted) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PAGE_MS);
  await page.addInitScript(watch);
  await page.goto(wanted.page);
  // Until then the page's own program may still be loading, and its start is not what is measured.
  await page.waitForLoadState('networkidle');
  if (wanted.link) await page.getByRole('textbox', { name: /link/i }).fill(wanted.link);
  await page.getByRole('button', { name: wanted.button, exact: true }).click();

  await page.waitForFunction(() => window.seen.frames.length > 0 && window.seen.uncovered > 0, null, { timeout: FRAME_MS, polling: 50 });
  const { click, uncovered, marks, frames } = await page.evaluate(() => window.seen);
  const first = frames[0].at;
  const result = { click, first, uncovered, marks, loads: await page.evaluate(loaded, [click, first]) };
  if (wanted.seek === undefined) return result;

  await new Promise((done) => setTimeout(done, wanted.rest_s * 1000));
  const { target, asked } = await page.evaluate((part) => {
    const video = document.querySelector('video');
    const target = part * video.duration;
    for (let n = 0; n < video.buffered.length; n += 1) {
      if (video.buffered.end(n) > target) throw new Error(`${target} s is buffered already`);
    }
    window.seen.frames = [];
    const asked = window.wallClock();
    video.currentTime = target;
    return { target, asked };
  }, wanted.seek);
  const found = await page.waitForFunction(
    ([target, frame]) => window.seen.frames.find(({ mediaTime }) => mediaTime >= target - frame - 0.002),
    [target, wanted.frame_s],
    { timeout: FRAME_MS, polling: 50 },
  );
  const { at, mediaTime } = await found.jsonValue();
  return { ...result, seek: { target, asked, at, mediaTime, loads: await page.evaluate(loaded, [asked, at]) } };
}

const wanted = JSON.parse(process.argv[2]);
setTimeout(() => {
  console.error(`not done within ${LIMIT_MS} ms`);
  // Chromium ends when the pipe to it closes.
  process.exit(1);
}, LIMIT_MS).unref();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS, timeout: PAGE_MS });
try {
  writeFileSync(wanted.out, JSON.stringify(await measure(browser, wanted)));
} finally {
  await browser.close();
}
