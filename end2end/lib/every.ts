// The small films of every kind (scripts/media/every): what is in the list, and which of them a run plays.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Film, MEDIA } from './film.ts';
import { random } from './random.ts';

/** What has to be seen and heard; `inputs.py` tells what each means. */
export interface Plays {
  first: number;
  frames: number;
  step: number;
  part: boolean;
  within: [number, number] | null;
  readable: boolean;
  picture: boolean;
  shape: [number, number];
  length_s: number;
  length_off_s: number;
  beeps: number[] | null;
  why: string | null;
}

export interface Input {
  name: string;
  file: string;
  what: string;
  /** Why it is not as it should be yet; in browsers alone. */
  todo: string | null;
  todo_browser: string | null;
  plays: Plays | null;
  refused: { kind: string; words: string } | null;
}

interface List extends Pick<Film, 'pattern'> {
  inputs: Input[];
  beeps: { step_hz: number; base_hz: number[] };
}

/** How many a run plays that names none. */
const SOME = 10;

function list(): List {
  return JSON.parse(readFileSync(join(MEDIA, 'every.json'), 'utf8')) as List;
}

/** The pitch of a second's tone, in hertz. */
export function pitch(second: number): number {
  const { step_hz, base_hz } = list().beeps;
  return base_hz[0]! + step_hz * second;
}

/** Enough of a film to read its pictures. */
export function readable(input: Input): Film {
  return { name: input.name, file: input.file, pattern: list().pattern } as Film;
}

/** `MATINEE_EVERY` is `all`, or names with commas between them; else some, by the seed. */
export function wanted(seed: number): Input[] {
  const { inputs } = list();
  const names = process.env.MATINEE_EVERY ?? '';
  if (names === 'all') return inputs;
  if (names !== '') return names.split(',').map((name) => inputs.find((input) => input.name === name) ?? unknown(name));
  const numbers = random(seed);
  const left = [...inputs];
  return Array.from({ length: SOME }, () => left.splice(Math.floor(numbers.next().value! * left.length), 1)[0]!);
}

function unknown(name: string): never {
  throw new Error(`MATINEE_EVERY names ${name}, which is not in the list`);
}
