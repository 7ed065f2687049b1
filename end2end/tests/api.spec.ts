// The HTTP contract as curl sees it: what is refused, with which status and in which words.

import { request } from 'node:http';
import { open, openReady, post, sessions, view, type Failure } from '../lib/api.ts';
import { film } from '../lib/film.ts';
import { master, rendition } from '../lib/hls.ts';
import type { Matinee } from '../lib/server.ts';
import { expect, test } from '../lib/test.ts';

const FILM = film('fps25');
const NOBODY = '00000000-0000-4000-8000-000000000000';

/** A request with exactly these headers; `fetch` would set Host and Origin itself. */
function raw(server: Matinee, path: string, headers: Record<string, string>, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(server.url + path, { method: 'POST', headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => resolve({ status: answer.statusCode!, text }));
    });
    call.on('error', reject).end(body);
  });
}

function expectFailure(answer: { status: number; text: string }, status: number, kind: string): void {
  expect(answer.status, answer.text).toBe(status);
  const failure = JSON.parse(answer.text) as Failure;
  expect(Object.keys(failure).sort()).toEqual(['kind', 'message']);
  expect(failure.kind).toBe(kind);
  expect(failure.message).not.toBe('');
}

test('one layer guards all calls', async ({ matinee }) => {
  const json = { 'content-type': 'application/json' };
  const self = matinee.url;
  for (const call of ['open', 'sessions', 'session', 'heartbeat', 'leave', 'close', 'inspect', 'system']) {
    const path = `/api/${call}`;
    expectFailure(await raw(matinee, path, { 'content-type': 'text/plain' }, '{}'), 400, 'invalid_request');
    expectFailure(await raw(matinee, path, { 'content-type': 'application/x-www-form-urlencoded' }, 'source=x'), 400, 'invalid_request');
    expectFailure(await raw(matinee, path, { ...json, origin: 'https://example.org' }, '{}'), 403, 'forbidden');
    expectFailure(await raw(matinee, path, { ...json, origin: 'null' }, '{}'), 403, 'forbidden');
    expectFailure(await raw(matinee, path, { ...json, host: 'example.org' }, '{}'), 403, 'forbidden');
    expectFailure(await raw(matinee, path, { ...json, origin: self }, '{"unfinished'), 400, 'invalid_request');
  }
  for (const body of ['', '[]', '{"source": 7}', '{}']) {
    expectFailure(await raw(matinee, '/api/open', json, body), 400, 'invalid_request');
  }
  const good = await raw(matinee, '/api/sessions', { ...json, origin: self }, '{}');
  expect(good).toEqual({ status: 200, text: '[]' });
});

test('links that are no links are refused at once', async ({ matinee }) => {
  for (const source of ['', 'film.mkv', 'ftp://127.0.0.1/x', 'file:///etc/passwd', 'data:video/mp4,x', 'http://', 'edl://x', '-o/tmp/x']) {
    const { status, body } = await post<Failure>(matinee, '/api/open', { source });
    expect(status, source).toBe(400);
    expect(body.kind).toBe('invalid_source');
  }
  expect(await sessions(matinee)).toEqual([]);
});

test('a link back to the server itself is never followed', async ({ matinee }) => {
  const { status, body } = await post<Failure>(matinee, '/api/inspect', { source: `${matinee.url}/healthz` });
  expect(status).toBe(403);
  expect(body.kind).toBe('forbidden');
});

test('a session that is not there is unknown to every call', async ({ matinee }) => {
  const viewer = 'a'.repeat(22);
  const calls: [string, unknown][] = [
    ['/api/session', { session: NOBODY }],
    ['/api/heartbeat', { beat: { session: NOBODY, viewer, position_s: 0, paused: true } }],
    ['/api/close', { session: NOBODY, host_key: '0'.repeat(64) }],
  ];
  for (const [path, body] of calls) {
    const answer = await post<Failure>(matinee, path, body);
    expect([answer.status, answer.body.kind], path).toEqual([404, 'unknown_session']);
  }
  expect((await fetch(`${matinee.url}/hls/${NOBODY}/master.m3u8`)).status).toBe(404);
});

test('inspecting tells what is in the film and makes no session', async ({ matinee, films }) => {
  interface Media {
    title: string;
    size: number;
    duration_s: number;
    container: string;
    video: { codec: string; width: number; height: number }[];
    audio: { codec: string; language: string; title: string; default: boolean }[];
    subtitles: { codec: string; language: string; title: string; default: boolean }[];
    chapters: { title: string; start_s: number }[];
    attachments: { name: string }[];
  }
  const chaptered = film('short-mkvmerge');
  const { status, body } = await post<Media>(matinee, '/api/inspect', { source: `${films.url}/${chaptered.file}` });
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body.title).toBe(chaptered.title);
  expect(body.size).toBe(chaptered.size);
  expect(body.container).toMatch(/matroska/i);
  expect(Math.abs(body.duration_s - chaptered.length_s)).toBeLessThan(0.1);
  expect(body.video).toMatchObject([{ codec: 'h264', width: 1920, height: 1080 }]);
  expect(body.audio).toMatchObject([{ codec: 'aac', title: 'Low tones', default: true }, { codec: 'ac3', title: 'High tones', default: false }]);
  expect(body.subtitles.map(({ codec, title, default: chosen }) => [codec, title, chosen])).toEqual(
    chaptered.subtitles.map(({ codec, title, default: chosen }) => [codec, title, chosen]),
  );
  expect(body.chapters.map(({ title }) => title)).toEqual(['Opening', 'Mitte – Überraschung', 'Closing']);
  expect(body.attachments).toMatchObject([{ name: 'MatineeBlocks.ttf' }]);
  expect(await sessions(matinee)).toEqual([]);
});

test('only the host closes a session', async ({ matinee, films }) => {
  const { session, host_key } = await open(matinee, `${films.url}/${FILM.file}`);
  expect(host_key).toMatch(/^[0-9a-f]{64}$/);
  const wrong = await post<Failure>(matinee, '/api/close', { session, host_key: '0'.repeat(64) });
  expect([401, 403]).toContain(wrong.status);
  expect(await sessions(matinee)).toHaveLength(1);
  expect((await post(matinee, '/api/close', { session, host_key })).status).toBe(200);
  expect(await sessions(matinee)).toEqual([]);
  expect((await post(matinee, '/api/session', { session })).status).toBe(404);
  expect(matinee.log()).not.toContain(host_key);
});

test('viewers see each other, but not each other\'s tokens', async ({ matinee, films }) => {
  const { session } = await openReady(matinee, `${films.url}/${FILM.file}`);
  const tokens = ['first-viewer-token-000', 'second-viewer-token-00'];
  for (const viewer of tokens) {
    const beat = { session, viewer, position_s: 1.5, paused: false };
    expect((await post(matinee, '/api/heartbeat', { beat })).status).toBe(200);
  }
  const seen = await view(matinee, session);
  expect(seen.viewers).toHaveLength(2);
  for (const token of tokens) {
    expect(JSON.stringify(seen)).not.toContain(token);
    expect(matinee.log()).not.toContain(token);
  }
  expect((await post(matinee, '/api/leave', { session, viewer: tokens[0] })).status).toBe(200);
  expect((await view(matinee, session)).viewers).toHaveLength(1);
});

test('playlists and segments: one stream, right headers, nothing beyond the film', async ({ matinee, films }) => {
  const { session } = await openReady(matinee, `${films.url}/${FILM.file}`);
  const url = `${matinee.url}/hls/${session}/master.m3u8?burn=s0`;
  const answer = await fetch(url);
  expect(answer.headers.get('cache-control')).toContain('no-store');
  expect(answer.headers.get('content-type')).toContain('mpegurl');
  const { video, audio, text } = await master(url);
  expect(text).toMatch(/CODECS="avc1\.64[0-9a-f]{4},mp4a\.40\.2"/i);
  expect(audio).toHaveLength(2);
  const { id, init, segments } = await rendition(video);
  expect(id).toBe('v0-encode-s0');
  const last = segments.at(-1)!;
  expect(last.start_s + last.duration_s).toBeCloseTo(FILM.length_s, 1);
  for (const part of [init, segments[0]!.url]) {
    const got = await fetch(part);
    expect(got.status).toBe(200);
    expect(got.headers.get('cache-control')).toContain('immutable');
    expect((await got.arrayBuffer()).byteLength).toBeGreaterThan(100);
  }
  const base = video.slice(0, video.lastIndexOf('/'));
  const none = [`${base}/${segments.length}.m4s`, `${base}/-1.m4s`, `${base}/00.m4s`, `${base}/..%2f..%2fhealthz`, `${base}/1.ts`,
    base.replace('v0', 'v7') + '/index.m3u8', base.replace('s0', 's9') + '/index.m3u8', `${matinee.url}/hls/${session}/nonsense/index.m3u8`];
  for (const path of none) expect((await fetch(path)).status, path).toBe(404);
  for (const query of ['burn=s9', 'audio=v0', 'quality=9000', 'video=maybe']) {
    expect((await fetch(`${matinee.url}/hls/${session}/master.m3u8?${query}`)).status, query).toBeGreaterThanOrEqual(400);
  }
});
