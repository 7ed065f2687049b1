// Runs Matinee for one test and, when it has ended, looks whether it left anything behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@playwright/test';

const BINARY = process.env.MATINEE_BIN ?? join(import.meta.dirname, '..', '..', 'target', 'release', 'matinee');

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as import('node:net').AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Process {
  pid: number;
  parent: number;
  /** In clock ticks since boot; with the pid it names a process for good. */
  started: number;
  state: string;
  command: string;
}

function process_(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold anything, also parentheses.
    const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(rest[1]), started: Number(rest[19]), state: rest[0]!, command };
  } catch {
    return undefined;
  }
}

function descendants(pid: number): Process[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => process_(Number(name)));
  const found: Process[] = [];
  const parents = [pid];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    for (const child of all) {
      if (child?.parent === parent) {
        found.push(child);
        parents.push(child.pid);
      }
    }
  }
  return found;
}

function alive(one: Process): boolean {
  const now = process_(one.pid);
  return now !== undefined && now.started === one.started && now.state !== 'Z';
}

/** Every file below a folder, with its size in bytes. */
function files(folder: string): { path: string; size: number }[] {
  const found: { path: string; size: number }[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    try {
      found.push({ path, size: statSync(path).size });
    } catch {
      // It went away between the two looks.
    }
  }
  return found;
}

export class Matinee {
  readonly url: string;
  readonly storeDir: string;
  readonly dataDir: string;
  private child: ChildProcess;
  private readonly command: string[];
  private readonly seen = new Map<number, Process>();
  private output = '';
  private ended: { code: number | null; signal: string | null } | undefined;

  private constructor(port: number, flags: readonly string[]) {
    this.url = `http://127.0.0.1:${port}`;
    this.storeDir = mkdtempSync('/dev/shm/matinee-e2e-');
    this.dataDir = mkdtempSync(join(tmpdir(), 'matinee-e2e-'));
    const places = ['--addr', `127.0.0.1:${port}`, '--store-dir', this.storeDir, '--data-dir', this.dataDir];
    this.command = [...places, ...flags];
    this.child = this.spawn();
  }

  private spawn(): ChildProcess {
    // Nothing leaves this machine.
    const off = { MATINEE_TORRENT_DHT: 'off', MATINEE_TORRENT_TRACKERS: 'off', MATINEE_TORRENT_LOCAL_DISCOVERY: 'off' };
    const child = spawn(BINARY, this.command, { env: { ...process.env, ...off }, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (block: Buffer) => {
      this.output = (this.output + block.toString()).slice(-1_000_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(`${error}\n`)));
    child.on('exit', (code, signal) => {
      this.ended = { code, signal };
    });
    return child;
  }

  /** Kills the server without a word and starts it again, as a supervisor would. */
  async killAndRestart(): Promise<void> {
    this.child.kill('SIGKILL');
    await expect.poll(() => this.ended !== undefined, { timeout: 10_000, message: 'matinee is gone' }).toBe(true);
    this.ended = undefined;
    this.child = this.spawn();
  }

  static async start(flags: readonly string[] = []): Promise<Matinee> {
    const server = new Matinee(await freePort(), flags);
    const healthy = async () => {
      if (server.ended || server.child.pid === undefined) throw new Error(`matinee ended at once:\n${server.output}`);
      return fetch(`${server.url}/healthz`).then((answer) => answer.ok, () => false);
    };
    try {
      await expect.poll(healthy, { timeout: 20_000, message: 'matinee answers /healthz' }).toBe(true);
    } catch (error) {
      server.child.kill('SIGKILL');
      server.removeFolders();
      throw error;
    }
    return server;
  }

  get pid(): number {
    return this.child.pid!;
  }

  log(): string {
    return this.output;
  }

  /** The tools that run now. */
  children(): Process[] {
    const now = descendants(this.pid);
    for (const child of now) this.seen.set(child.pid, child);
    return now;
  }

  /** What lies in the store: segments and the like. Lock files are empty and no segments. */
  storedFiles(): { path: string; size: number }[] {
    return files(this.storeDir).filter(({ size }) => size > 0);
  }

  storedBytes(): number {
    return this.storedFiles().reduce((sum, { size }) => sum + size, 0);
  }

  /** Asks the server to end and holds it to its word: exit code 0, no child, no file left, no panic on the way. */
  async stop(): Promise<void> {
    try {
      this.children();
      if (!this.ended) {
        this.child.kill('SIGTERM');
        await expect.poll(() => this.ended !== undefined, { timeout: 20_000, message: 'matinee ends after SIGTERM' }).toBe(true);
      }
      expect(this.ended, this.output.slice(-3000)).toEqual({ code: 0, signal: null });
      expect([...this.seen.values()].filter(alive).map(({ command }) => command), 'children that live on').toEqual([]);
      expect(readdirSync(this.storeDir), 'what is left in the store folder').toEqual([]);
      expect(this.output).not.toContain('panicked');
    } finally {
      this.child.kill('SIGKILL');
      this.removeFolders();
    }
  }

  private removeFolders(): void {
    rmSync(this.storeDir, { recursive: true, force: true });
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
