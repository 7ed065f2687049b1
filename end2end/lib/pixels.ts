// Counts pixels of a colour in a part of the picture that a page shows: its <video> and the subtitles drawn over it.

import type { Page } from '@playwright/test';

export interface Share {
  /** Share of the pixels in the box that have the colour, 0 to 1. */
  inside: number;
  /** Share of the pixels in a margin around the box (a tenth of the picture wide) that have it. */
  around: number;
}

/**
 * Looks for pure `colour` in `box` (fractions of the picture). A channel counts as full above 150 and as empty
 * below 110, which leaves room for the encoder and for a translucent picture subtitle; the films' own background
 * is too grey for either.
 */
export async function share(page: Page, box: readonly number[], colour: readonly number[]): Promise<Share> {
  return page.evaluate(
    ([where, colour]) => {
      const video = document.querySelector('video')!;
      const width = 640, height = Math.round((640 * video.videoHeight) / video.videoWidth);
      const canvas = document.createElement('canvas');
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext('2d', { willReadFrequently: true })!;
      context.drawImage(video, 0, 0, width, height);
      // A canvas over it lies where the element shows the picture, or where it shows a part of it.
      const box = video.getBoundingClientRect();
      const scale = Math.min(box.width / video.videoWidth, box.height / video.videoHeight);
      const picture = {
        left: box.left + (box.width - video.videoWidth * scale) / 2,
        top: box.top + (box.height - video.videoHeight * scale) / 2,
        per: width / (video.videoWidth * scale),
      };
      for (const over of document.querySelectorAll<HTMLCanvasElement>('.stage canvas')) {
        const at = over.getBoundingClientRect();
        const { left, top, per } = picture;
        if (over.width > 0) context.drawImage(over, (at.left - left) * per, (at.top - top) * per, at.width * per, at.height * per);
      }
      const pixels = context.getImageData(0, 0, width, height).data;
      const has = (x: number, y: number) => {
        const at = (y * width + x) * 4;
        return colour.every((full, channel) => (full > 127 ? pixels[at + channel]! > 150 : pixels[at + channel]! < 110));
      };
      const [left, top, wide, high] = [where[0]! * width, where[1]! * height, where[2]! * width, where[3]! * height];
      // Two pixels at the edge belong to neither side: scaling and chroma subsampling blur them.
      const EDGE = 2, MARGIN = width / 10;
      const count = { inside: [0, 0], around: [0, 0] };
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const out = Math.max(left - x, x - (left + wide - 1), top - y, y - (top + high - 1));
          const side = out <= -EDGE ? count.inside : out >= EDGE && out < MARGIN ? count.around : undefined;
          if (!side) continue;
          side[1]! += 1;
          if (has(x, y)) side[0]! += 1;
        }
      }
      const ratio = ([some, all]: number[]) => (all ? some! / all : 0);
      return { inside: ratio(count.inside), around: ratio(count.around) };
    },
    [[...box], [...colour]] as const,
  );
}
