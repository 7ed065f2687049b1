// Reads frame numbers and tones out of a downloaded rendition, by scripts/media/decode.py.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Decoded {
  /** [pts in seconds, frame number or null] in the order in which they are shown. */
  frames: [number, number | null][];
  audio: { start_s: number; end_s: number; gaps: [number, number][]; beeps: [number, number][] }[];
}

const PROGRAM = join(import.meta.dirname, '..', '..', 'scripts', 'media', 'decode.py');

/** Decodes an init segment and the segments that follow it. */
export async function decode(parts: Uint8Array[]): Promise<Decoded> {
  const folder = await mkdtemp(join(tmpdir(), 'matinee-decode-'));
  try {
    const file = join(folder, 'part.mp4');
    await writeFile(file, Buffer.concat(parts));
    const { stdout } = await promisify(execFile)('python3', [PROGRAM, file], { maxBuffer: 64 << 20, timeout: 120_000 });
    return JSON.parse(stdout) as Decoded;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
