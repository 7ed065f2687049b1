// A bad line to a server: everything is late by a random time each way, in order, and now and then a connection breaks.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Line {
  url: string;
  /** Breaks all connections that there are now. */
  drop(): void;
  close(): Promise<void>;
}

/** `delay` says how late the next piece is, in milliseconds. */
export async function slowLine(target: string, delay: () => number): Promise<Line> {
  const { port } = new URL(target);
  const open = new Set<Socket>();
  const carry = (from: Socket, to: Socket) => {
    // A piece never overtakes the one before it, though timers may.
    const waiting: { due: number; act: () => void }[] = [];
    let due = 0;
    const pump = () => {
      while (waiting[0] && waiting[0].due <= performance.now()) waiting.shift()!.act();
      if (waiting[0]) setTimeout(pump, waiting[0].due - performance.now() + 1);
    };
    const later = (act: () => void) => {
      due = Math.max(due, performance.now() + delay());
      waiting.push({ due, act });
      if (waiting.length === 1) pump();
    };
    from.on('data', (piece) => {
      later(() => to.writable && to.write(piece));
    });
    from.on('end', () => later(() => to.end()));
    // Broken here, it breaks there; what ended in good order is let through.
    from.on('error', () => to.destroy());
    from.on('close', () => !from.readableEnded && to.destroy());
  };
  const server = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1');
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    }
    carry(near, far);
    carry(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    drop() {
      for (const socket of open) socket.destroy();
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
