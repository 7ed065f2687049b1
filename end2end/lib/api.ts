// Calls of the HTTP contract, as a client other than the page makes them.

import { expect } from '@playwright/test';
import type { Matinee } from './server.ts';

export interface Answer<T> {
  status: number;
  body: T;
}

export interface Failure {
  kind: string;
  message: string;
}

export interface Summary {
  session: string;
  title: string;
  viewers: number;
  opened_at: number;
  state: 'preparing' | 'ready' | 'failed';
}

export interface View {
  state: Summary['state'];
  stage?: string;
  error?: Failure;
  title: string;
  media?: { duration_s: number; reach: string; warnings: string[] };
  viewers: { id: string; anonymous: boolean }[];
  playhead: { rules: { steering: 'everybody' | 'host_only' } };
}

export async function post<T>(server: Pick<Matinee, 'url'>, path: string, body: unknown): Promise<Answer<T>> {
  const answer = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as T };
}

export async function sessions(server: Matinee): Promise<Summary[]> {
  const { status, body } = await post<Summary[]>(server, '/api/sessions', {});
  expect(status).toBe(200);
  return body;
}

export async function view(server: Matinee, session: string): Promise<View> {
  const { status, body } = await post<View>(server, '/api/session', { session });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

export interface Opened {
  session: string;
  host_key: string;
}

export async function open(server: Matinee, source: string): Promise<Opened> {
  const { status, body } = await post<Opened>(server, '/api/open', { source });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

/** Opens a session and waits until its film is known. */
export async function openReady(server: Matinee, source: string): Promise<Opened> {
  const opened = await open(server, source);
  await expect.poll(async () => (await view(server, opened.session)).state).not.toBe('preparing');
  const { state, error } = await view(server, opened.session);
  expect(state, JSON.stringify(error)).toBe('ready');
  return opened;
}
