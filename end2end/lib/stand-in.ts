// Programs that stand in for the real ones: machines with a graphics card, or too slow ones. The scripts say what they do.

import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const SCRIPTS = join(import.meta.dirname, '../../scripts/stand-ins');

/** A program in a folder of its own. */
export class StandIn {
  private readonly folder = mkdtempSync(join(tmpdir(), 'matinee-stand-in-'));
  readonly path: string;

  private constructor(name: string, script: string, settings: Record<string, string>) {
    this.path = join(this.folder, name);
    copyFileSync(join(SCRIPTS, script), this.path);
    const lines = Object.entries({ real: real(name), ...settings }).map(([key, value]) => `${key}='${value}'\n`);
    writeFileSync(join(this.folder, 'settings'), lines.join(''));
  }

  /** An ffmpeg with NVIDIA's encoder, until it is broken. */
  static card(): StandIn {
    return new StandIn('ffmpeg', 'ffmpeg-with-card', { encoder: 'h264_nvenc', card: '', gop: '' });
  }

  /** An mpv that encodes at two thirds of real time with each of the presets that are chosen by need. */
  static slow(): StandIn {
    return new StandIn('mpv', 'slow-mpv', { slow: 'ultrafast superfast veryfast', pacer: join(SCRIPTS, 'pacer.py') });
  }

  /** Its encoder fails from now on. */
  break(): void {
    writeFileSync(join(this.folder, 'broken'), '0');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function real(name: string): string {
  const found = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)).find(existsSync);
  if (!found) throw new Error(`${name} is missing`);
  return found;
}
