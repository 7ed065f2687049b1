// Reads the frame number out of the picture that a page's <video> shows.

import type { Page } from '@playwright/test';
import type { Pattern } from './film.ts';

export interface Reading {
  /** The frame's number, or null when the strip could not be read. */
  frame: number | null;
  /** The presentation time of that very frame. */
  mediaTime: number;
  /** The video's currentTime when the frame was handed to the compositor. */
  currentTime: number;
  /** How long after that the page looked at the picture, in seconds: a busy page looks late, and sees a later frame. */
  late: number;
  /** When it came to the screen, in milliseconds since the Unix epoch. */
  at: number;
  paused: boolean;
  seeking: boolean;
}

/** A frame is presented at the screen's next refresh. */
export const SCREEN_REFRESH_S = 1 / 60;
/** How far ahead of what a page could see a frame may be: a busy machine chooses it for the refresh after that. */
export const AHEAD_S = 2 * SCREEN_REFRESH_S;

declare global {
  interface Window {
    /** The latest readings, oldest first, of whatever video the page shows. */
    frameReadings: Reading[];
    decodeStrip(picture: CanvasImageSource, width: number, height: number): number | null;
  }
}

/** Reads every frame that any video of the page presents, from the page's first moment on. */
export async function watchFrames(page: Page, pattern: Pattern): Promise<void> {
  await page.addInitScript(install, pattern);
}

function install(pattern: Pattern): void {
  const KEPT = 2000;
  // Four pixels a block, of which the middle two are judged.
  const canvas = document.createElement('canvas');
  canvas.width = pattern.columns * 4;
  canvas.height = 2;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  window.frameReadings = [];

  function crc(number: number): number {
    let value = pattern.crc_start;
    for (const byte of [number >> 8, number & 0xff]) {
      value ^= byte;
      for (let bit = 0; bit < 8; bit += 1) value = (value & 0x80 ? (value << 1) ^ pattern.crc_polynomial : value << 1) & 0xff;
    }
    return value;
  }

  window.decodeStrip = (picture, width, height) => {
    const strip = height * pattern.strip_height;
    context.drawImage(picture, 0, strip / 4, width, strip / 2, 0, 0, canvas.width, canvas.height);
    const pixels = context.getImageData(0, 0, canvas.width, 1).data;
    const bits: number[] = [];
    for (let block = 0; block < pattern.columns; block += 1) {
      const green = (pixels[(block * 4 + 1) * 4 + 1]! + pixels[(block * 4 + 2) * 4 + 1]!) / 2;
      if (green > 85 && green < 170) return null;
      bits.push(green >= 170 ? 1 : 0);
    }
    const fixed = [...pattern.left, ...pattern.right];
    const ends = [...bits.slice(0, pattern.left.length), ...bits.slice(-pattern.right.length)];
    if (fixed.some((bit, index) => bit !== ends[index])) return null;
    const word = bits.slice(pattern.left.length, -pattern.right.length).reduce((sum, bit) => sum * 2 + bit, 0);
    const number = Math.floor(word / 2 ** pattern.crc_bits);
    return crc(number) === word % 2 ** pattern.crc_bits ? number : null;
  };

  const watched = new WeakSet<HTMLVideoElement>();
  function watch(video: HTMLVideoElement): void {
    if (watched.has(video)) return;
    watched.add(video);
    const next: VideoFrameRequestCallback = (_, metadata) => {
      const still = video.paused || video.seeking;
      // As it is shown: a frame that is stored lying, or with oblong pixels, has other sides.
      const frame = window.decodeStrip(video, video.videoWidth, video.videoHeight);
      const late = still ? 0 : Math.max(0, performance.now() - metadata.presentationTime) / 1000;
      window.frameReadings.push({
        frame,
        mediaTime: metadata.mediaTime,
        currentTime: video.currentTime - late,
        late,
        at: performance.timeOrigin + metadata.presentationTime,
        paused: video.paused,
        seeking: video.seeking,
      });
      if (window.frameReadings.length > KEPT) window.frameReadings.shift();
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }
  const look = () => document.querySelectorAll('video').forEach(watch);
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  look();
}

/** All readings since the last call of `forgetReadings`, at most 2000. */
export async function readings(page: Page): Promise<Reading[]> {
  return page.evaluate(() => window.frameReadings);
}

export async function forgetReadings(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.frameReadings = [];
  });
}

export async function latestReading(page: Page): Promise<Reading | undefined> {
  return page.evaluate(() => window.frameReadings.at(-1));
}

/** The number of the frame that is shown at this moment. */
export async function frameNow(page: Page): Promise<number | null> {
  return page.evaluate(() => {
    const video = document.querySelector('video')!;
    return window.decodeStrip(video, video.videoWidth, video.videoHeight);
  });
}
