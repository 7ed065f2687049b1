// Torrents of our own and who has them, all on this machine: no DHT, no multicast, and no tracker but ours.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as listen, type Server as Listener, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { expect } from '@playwright/test';
import { freePort } from './server.ts';

/** What stands in torrents: numbers, strings, lists, and dictionaries. */
type Value = number | string | Uint8Array | Value[] | { [key: string]: Value };

export function bencode(value: Value): Buffer {
  if (typeof value === 'number') return Buffer.from(`i${value}e`);
  if (typeof value === 'string') return bencode(Buffer.from(value));
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  if (Array.isArray(value)) return Buffer.concat([Buffer.from('l'), ...value.map(bencode), Buffer.from('e')]);
  // The keys are sorted as bytes are, and all of ours are ASCII.
  const entries = Object.keys(value).sort().flatMap((key) => [bencode(key), bencode(value[key]!)]);
  return Buffer.concat([Buffer.from('d'), ...entries, Buffer.from('e')]);
}

const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest();

/** The paths of all files below a folder, in order. */
function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** The hashes of the pieces of files that are laid end to end. */
function pieces(paths: readonly string[], length: number): Buffer {
  const hashes: Buffer[] = [];
  const piece = Buffer.alloc(length);
  let filled = 0;
  for (const path of paths) {
    const file = openSync(path, 'r');
    for (;;) {
      const read = readSync(file, piece, filled, length - filled, null);
      filled += read;
      if (filled === length) {
        hashes.push(sha1(piece));
        filled = 0;
      } else if (read === 0) break;
    }
    closeSync(file);
  }
  if (filled > 0) hashes.push(sha1(piece.subarray(0, filled)));
  return Buffer.concat(hashes);
}

/** A torrent, and where the files are of which it was made. */
export class Torrent {
  private constructor(
    /** The `.torrent` file. */
    readonly file: Buffer,
    /** The info hash, in hexadecimal. */
    readonly hash: string,
    /** The folder that the file or folder lies in. */
    readonly folder: string,
  ) {}

  /** Of a file or of a folder with all that is in it. */
  static of(path: string, { piece = 256 << 10, announce }: { piece?: number; announce?: string } = {}): Torrent {
    const single = statSync(path).isFile();
    const paths = single ? [path] : filesBelow(path);
    const contents: { [key: string]: Value } = single
      ? { length: statSync(path).size }
      : { files: paths.map((file) => ({ length: statSync(file).size, path: relative(path, file).split('/') })) };
    const info: Value = { ...contents, name: basename(path), 'piece length': piece, pieces: pieces(paths, piece) };
    return new Torrent(bencode({ ...(announce ? { announce } : {}), info }), sha1(bencode(info)).toString('hex'), dirname(path));
  }

  magnet(...ports: number[]): string {
    return `magnet:?xt=urn:btih:${this.hash}&dn=A%20torrent${ports.map((port) => `&x.pe=127.0.0.1:${port}`).join('')}`;
  }
}

/** Whether somebody listens there. */
async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const accepted = await Promise.race([once(socket, 'connect').then(() => true, () => false), once(socket, 'error').then(() => false)]);
  socket.destroy();
  return accepted;
}

/** Somebody who has all of a torrent: aria2, a program that knows nothing of us. */
export class Seeder {
  private child: ChildProcess | undefined;
  private output = '';
  private readonly dir = mkdtempSync(join(tmpdir(), 'matinee-seeder-'));

  private constructor(
    private readonly torrent: Torrent,
    /** Bytes a second that it sends at most. */
    private readonly rate: number,
    readonly port: number,
  ) {
    writeFileSync(join(this.dir, 'a.torrent'), torrent.file);
  }

  /** On a free port, unless one is given. */
  static async start(torrent: Torrent, rate: number, port?: number): Promise<Seeder> {
    const seeder = new Seeder(torrent, rate, port ?? (await freePort()));
    try {
      await seeder.run();
    } catch (error) {
      await seeder.end();
      throw error;
    }
    return seeder;
  }

  get magnet(): string {
    return this.torrent.magnet(this.port);
  }

  /** Starts, again where it was if it had gone, and waits until peers can connect. */
  async run(): Promise<void> {
    const alone = ['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false', '--enable-peer-exchange=false'];
    // A tracker that the file names is there for Matinee; nobody has to find it.
    const has = ['--seed-ratio=0.0', '--check-integrity=true', '--allow-overwrite=true', '--file-allocation=none', '--bt-exclude-tracker=*'];
    const here = ['--interface=127.0.0.1', `--listen-port=${this.port}`, `--max-overall-upload-limit=${this.rate}`, `--dir=${this.torrent.folder}`];
    const child = spawn('aria2c', ['--no-conf', '--quiet=true', ...alone, ...has, ...here, join(this.dir, 'a.torrent')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const keep = (block: Buffer) => {
      this.output = (this.output + block.toString()).slice(-10_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(`${error}; install aria2\n`)));
    const listens = async () => {
      if (child.exitCode !== null || child.pid === undefined) throw new Error(`aria2c ended at once:\n${this.output}`);
      return accepts(this.port);
    };
    await expect.poll(listens, { timeout: 20_000, message: 'aria2c listens' }).toBe(true);
  }

  /** Is gone from one moment to the next. */
  async vanish(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Is gone for good. */
  async end(): Promise<void> {
    await this.vanish();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A tracker that knows the peers it is told. */
export class Tracker {
  private constructor(private readonly server: Server) {}

  static async start(ports: readonly number[]): Promise<Tracker> {
    const server = createServer((_, answer) => {
      const peers = Buffer.alloc(ports.length * 6);
      ports.forEach((port, n) => {
        peers.set([127, 0, 0, 1], n * 6);
        peers.writeUInt16BE(port, n * 6 + 4);
      });
      answer.end(bencode({ interval: 60, peers }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Tracker(server);
  }

  get announce(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/announce`;
  }

  async end(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Somebody who can be reached and never says anything. */
export class Silence {
  private readonly sockets: Socket[] = [];

  private constructor(private readonly server: Listener) {
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      this.sockets.push(socket);
    });
  }

  static async start(): Promise<Silence> {
    const server = listen().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Silence(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async end(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
