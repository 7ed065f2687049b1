// Where several pages are in one film, by the pictures that they show at the same moments of the one clock of this machine.

import type { Page } from '@playwright/test';
import type { Reading } from './frame.ts';

/** Milliseconds between two looks. */
const APART = 100;
/** A page that has shown nothing new for so long, in milliseconds, looked too late to be judged by it. */
const STALE = 130;

/** How far the pages are apart, in milliseconds, at moments of the last `seconds`: by the numbers of their frames. */
export async function spread(pages: Page[], seconds: number, frameMs: number): Promise<number[]> {
  const seen = await Promise.all(pages.map((page) => page.evaluate(() => window.frameReadings)));
  const end = Math.min(...seen.map((readings) => readings.at(-1)?.at ?? 0));
  const apart: number[] = [];
  for (let moment = end - seconds * 1000; moment <= end; moment += APART) {
    const shown = seen.map((readings) => shownAt(readings, moment));
    const frames = shown.filter((reading) => reading !== undefined && reading.frame !== null).map((reading) => reading!.frame!);
    if (frames.length === pages.length) apart.push((Math.max(...frames) - Math.min(...frames)) * frameMs);
  }
  return apart.sort((a, b) => a - b);
}

function shownAt(readings: Reading[], moment: number): Reading | undefined {
  const last = readings.findLast(({ at }) => at <= moment);
  return last && moment - last.at <= STALE && !last.paused && !last.seeking ? last : undefined;
}

/** The value below which so much of the sorted list lies. */
export function quantile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.POSITIVE_INFINITY;
}

/** Notes when the page's player is paused and when it plays, in milliseconds since the Unix epoch. */
export async function noteTurns(page: Page): Promise<void> {
  await page.evaluate(() => {
    const video = document.querySelector('video')!;
    window.turns = [];
    for (const kind of ['pause', 'playing', 'seeking'] as const) {
      video.addEventListener(kind, () => window.turns.push({ kind, at: Date.now() }));
    }
  });
}

/** When the first turn of that kind was after a moment; none yet. */
export async function turn(page: Page, kind: 'pause' | 'playing' | 'seeking', after: number): Promise<number | undefined> {
  return page.evaluate(([kind, after]) => window.turns.find((turn) => turn.kind === kind && turn.at >= after)?.at, [kind, after] as const);
}

/** When the page showed the first moving picture of a part of the film after a moment, in milliseconds. */
export async function moved(page: Page, after: number, from: number, to: number): Promise<number | undefined> {
  return page.evaluate(
    ([after, from, to]) =>
      window.frameReadings.find(({ at, mediaTime, paused, seeking }) => at >= after && !paused && !seeking && mediaTime > from && mediaTime < to)?.at,
    [after, from, to] as const,
  );
}

declare global {
  interface Window {
    turns: { kind: 'pause' | 'playing' | 'seeking'; at: number }[];
  }
}
