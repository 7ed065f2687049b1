// A reader of playlists, as small as the tests need it.

import { expect } from '@playwright/test';

export interface Segment {
  url: string;
  start_s: number;
  duration_s: number;
}

export interface Rendition {
  /** The last part of its folder: `v0-encode-s0`, `a0-aac`. */
  id: string;
  url: string;
  init: string;
  segments: Segment[];
}

async function text(url: string): Promise<string> {
  const answer = await fetch(url);
  expect(answer.status, url).toBe(200);
  return answer.text();
}

export async function bytes(url: string): Promise<Uint8Array> {
  const answer = await fetch(url);
  expect(answer.status, url).toBe(200);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The addresses of a master's media playlists: the video first, then the sounds. */
export async function master(url: string): Promise<{ video: string; audio: string[]; text: string }> {
  const lines = (await text(url)).split('\n');
  const streams = lines.flatMap((line, at) => (line.startsWith('#EXT-X-STREAM-INF:') ? [lines[at + 1]!] : []));
  expect(streams).toHaveLength(1);
  const audio = lines.flatMap((line) => {
    const uri = line.startsWith('#EXT-X-MEDIA:') && line.includes('TYPE=AUDIO') ? line.match(/URI="([^"]+)"/) : null;
    return uri ? [new URL(uri[1]!, url).href] : [];
  });
  return { video: new URL(streams[0]!, url).href, audio, text: lines.join('\n') };
}

export async function rendition(url: string): Promise<Rendition> {
  const lines = (await text(url)).split('\n').map((line) => line.trim());
  expect(lines).toContain('#EXT-X-ENDLIST');
  const init = lines.find((line) => line.startsWith('#EXT-X-MAP:'))!.match(/URI="([^"]+)"/)![1]!;
  const segments: Segment[] = [];
  let start_s = 0, duration_s = 0;
  for (const line of lines) {
    if (line.startsWith('#EXTINF:')) duration_s = Number.parseFloat(line.slice('#EXTINF:'.length));
    else if (line !== '' && !line.startsWith('#')) {
      segments.push({ url: new URL(line, url).href, start_s, duration_s });
      start_s += duration_s;
    }
  }
  return { id: new URL(url).pathname.split('/').at(-2)!, url, init: new URL(init, url).href, segments };
}
