// @ts-check
// Serves the test films on loopback, well behaved or badly, and counts what is asked for.
//
//   node range-server.mjs FOLDER [PORT]
//
//   /NAME                    with ranges
//   /norange/NAME            the whole file whatever is asked for, with its length
//   /nolength/NAME           the same without a length
//   /slow/NAME?rate=B        with ranges, B bytes a second an answer (default 2,000,000)
//   /stall/NAME?after=B      with ranges; an answer that reaches byte B of the file says nothing more (default half)
//   /drop/NAME?after=B       with ranges; each answer is cut off after B bytes (default 1,000,000)
//   /html                    a web page with status 200
//   /missing                 404
//   /stats                   {"requests", "bytes", "open", "paths"}; POST sets them to zero

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** @typedef {{ requests: number, bytes: number, open: number, paths: Record<string, number> }} Stats */
/** @typedef {'plain' | 'norange' | 'nolength' | 'slow' | 'stall' | 'drop'} Manner */

const MANNERS = ['norange', 'nolength', 'slow', 'stall', 'drop'];
const TYPES = { '.mkv': 'video/x-matroska', '.mp4': 'video/mp4', '.html': 'text/html; charset=utf-8', '.json': 'application/json' };

/** @returns {Stats} */
const zero = () => ({ requests: 0, bytes: 0, open: 0, paths: {} });

/**
 * The part of a file that a Range header asks for: [first, last], undefined for all of it, null when it cannot be had.
 * @param {string | undefined} header
 * @param {number} size
 * @returns {[number, number] | undefined | null}
 */
export function wantedRange(header, size) {
  const match = header?.match(/^bytes=(\d*)-(\d*)$/);
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') return size === 0 ? null : [Math.max(0, size - Number(match[2])), size - 1];
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return first < size && first <= last ? [first, last] : null;
}

/**
 * Passes bytes on at a pace: a block goes when the time that its predecessors need is over.
 * @param {number} rate bytes a second
 */
function paced(rate) {
  let due = Date.now();
  return new Transform({
    transform(block, _, done) {
      const wait = due - Date.now();
      due = Math.max(due, Date.now()) + (block.length / rate) * 1000;
      setTimeout(() => done(null, block), Math.max(0, wait));
    },
  });
}

/**
 * Passes on `count` bytes; what then happens is `end`'s business.
 * @param {number} count
 * @param {(done: (error?: Error) => void) => void} end
 */
function upTo(count, end) {
  let left = count;
  return new Transform({
    transform(block, _, done) {
      const part = block.subarray(0, left);
      left -= part.length;
      if (part.length > 0) this.push(part);
      if (part.length === block.length) done();
      else end((error) => done(error));
    },
  });
}

/**
 * @param {{ folder: string, port?: number }} options
 * @returns {Promise<{ url: string, port: number, stats: () => Stats, reset: () => void, close: () => Promise<void> }>}
 */
export async function startRangeServer({ folder, port = 0 }) {
  let stats = zero();

  const server = createServer((request, response) => {
    stats.requests += 1;
    stats.open += 1;
    const counted = stats;
    response.on('close', () => (counted.open -= 1));
    answer(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(error.code === 'ENOENT' ? 404 : 500).end();
      else response.destroy();
    });
  });

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async function answer(request, response) {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    if (parts[0] === 'stats') {
      if (request.method === 'POST') stats = zero();
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(stats));
      return;
    }
    stats.paths[url.pathname] = (stats.paths[url.pathname] ?? 0) + 1;
    if (parts[0] === 'html') {
      const page = await readFile(join(folder, 'page.html'));
      response.writeHead(200, { 'content-type': TYPES['.html'], 'content-length': page.length }).end(page);
      return;
    }
    const manner = /** @type {Manner} */ (MANNERS.includes(parts[0] ?? '') ? parts.shift() : 'plain');
    const name = parts[0] ?? '';
    if (parts.length !== 1 || name.startsWith('.') || /[\\/]/.test(name)) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('no such film\n');
      return;
    }
    const path = join(folder, name);
    const { size } = await stat(path);
    const ranges = manner !== 'norange' && manner !== 'nolength';
    const range = ranges ? wantedRange(request.headers.range, size) : undefined;
    const extension = /** @type {keyof typeof TYPES} */ (name.slice(name.lastIndexOf('.')));
    /** @type {Record<string, string | number>} */
    const headers = { 'content-type': TYPES[extension] ?? 'application/octet-stream' };
    if (ranges) headers['accept-ranges'] = 'bytes';
    if (range === null) {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${size}` }).end();
      return;
    }
    const [first, last] = range ?? [0, size - 1];
    if (manner !== 'nolength') headers['content-length'] = last - first + 1;
    if (range) headers['content-range'] = `bytes ${first}-${last}/${size}`;
    response.writeHead(range ? 206 : 200, headers);
    if (request.method === 'HEAD' || size === 0) {
      response.end();
      return;
    }
    const after = Number(url.searchParams.get('after') ?? (manner === 'stall' ? size / 2 : 1_000_000));
    const counter = new Transform({
      transform(block, _, done) {
        stats.bytes += block.length;
        done(null, block);
      },
    });
    const between =
      manner === 'slow' ? paced(Number(url.searchParams.get('rate') ?? 2_000_000))
      : manner === 'stall' ? upTo(Math.max(0, Math.floor(after) - first), () => {})
      : manner === 'drop' ? upTo(after, () => response.destroy())
      : undefined;
    const file = createReadStream(path, { start: first, end: last });
    // A reader that leaves early is no failure of ours.
    await (between ? pipeline(file, between, counter, response) : pipeline(file, counter, response)).catch(() => {});
  }

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    stats: () => stats,
    reset: () => (stats = zero()),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, port] = process.argv.slice(2);
  if (!folder) {
    console.error('usage: node range-server.mjs FOLDER [PORT]');
    process.exit(2);
  }
  const server = await startRangeServer({ folder, port: Number(port ?? 0) });
  console.log(server.url);
}
