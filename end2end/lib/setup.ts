// Makes the films that are not there yet, before any test runs.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { MEDIA } from './film.ts';

export default function setup(): void {
  const generator = join(import.meta.dirname, '..', '..', 'scripts', 'media');
  execFileSync('python3', [generator, MEDIA, '--all'], { stdio: 'inherit' });
}
