// The sidecar of a generated film (scripts/media): what a player should find in it. All times are film time.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const MEDIA = process.env.MATINEE_TEST_MEDIA ?? join(import.meta.dirname, '..', '..', 'target', 'media');

export interface Pattern {
  columns: number;
  strip_height: number;
  left: number[];
  right: number[];
  number_bits: number;
  crc_bits: number;
  crc_polynomial: number;
  crc_start: number;
}

export interface SubtitleEvent {
  start_s: number;
  end_s: number;
  /** x, y, width, height as fractions of the picture. */
  box: [number, number, number, number];
  colour: [number, number, number];
  /** The colour fills the whole box; otherwise the box only says where to look for it. */
  fills: boolean;
}

export interface Film {
  name: string;
  file: string;
  title: string;
  size: number;
  width: number;
  height: number;
  /** Absent when the rate is variable. */
  rate: [number, number] | null;
  variable: { ticks_per_s: number; cycle: { frames: number; ticks: number }[] } | null;
  frames: number;
  length_s: number;
  zero_s: number;
  frame0_s: number;
  pattern: Pattern;
  beeps: { every_s: number; length_s: number; modulo: number; step_hz: number; base_hz: number[] };
  audio: { track: string; language: string; title: string; default: boolean; beep0_s: number; base_hz: number }[];
  subtitles: { track: string; codec: string; language: string; title: string; default: boolean; events: SubtitleEvent[] }[];
}

export function film(name: string): Film {
  return JSON.parse(readFileSync(join(MEDIA, `${name}.json`), 'utf8')) as Film;
}

/** When frame `number` is shown. */
export function frameTime(film: Film, number: number): number {
  if (film.rate) return film.frame0_s + (number * film.rate[1]) / film.rate[0];
  const { ticks_per_s, cycle } = film.variable!;
  const frames = cycle.reduce((sum, part) => sum + part.frames, 0);
  let ticks = Math.floor(number / frames) * cycle.reduce((sum, part) => sum + part.frames * part.ticks, 0);
  let rest = number % frames;
  for (const part of cycle) {
    ticks += Math.min(rest, part.frames) * part.ticks;
    rest -= Math.min(rest, part.frames);
  }
  return film.frame0_s + ticks / ticks_per_s;
}

/** The longest time for which one frame is shown. */
export function frameLength(film: Film): number {
  if (film.rate) return film.rate[1] / film.rate[0];
  return Math.max(...film.variable!.cycle.map((part) => part.ticks)) / film.variable!.ticks_per_s;
}

/** The second that a tone near film time `at` stands for, or null when its pitch is none of this audio track's. */
export function beepSecond(film: Film, track: number, at: number, hz: number): number | null {
  const { modulo, step_hz } = film.beeps;
  const code = Math.round((hz - film.audio[track]!.base_hz) / step_hz);
  if (code < 0 || code >= modulo || Math.abs(hz - film.audio[track]!.base_hz - code * step_hz) > step_hz / 4) return null;
  return code + modulo * Math.round((at - code) / modulo);
}

/** When the tone of `second` begins. */
export function beepTime(film: Film, track: number, second: number): number {
  return film.audio[track]!.beep0_s + second;
}
