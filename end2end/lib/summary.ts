// Says in a few lines at the very end what failed and why, where a log is cut to its last lines.

import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';

const LINES = 4;

export default class Summary implements Reporter {
  private readonly said: string[] = [];

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === 'passed' || result.status === 'skipped') return;
    const title = test.titlePath().filter(Boolean).join(' › ');
    const why = result.errors.map(({ message, location }) => {
      // Without the colours that a terminal would show.
      const plain = (message ?? '').replace(/\x1b\[[0-9;]*m/g, '');
      const lines = plain.split('\n').filter((line) => line.trim());
      const at = location ? ` (${location.file.split('/').at(-1)}:${location.line})` : '';
      return lines.slice(0, LINES).map((line) => line.slice(0, 300)).join('\n    ') + at;
    });
    this.said.push(`${title}, try ${result.retry + 1}, ${(result.duration / 1000).toFixed(0)} s: ${result.status}\n    ${why.join('\n    ')}`);
  }

  onEnd(): void {
    if (this.said.length > 0) console.log(`\nWhat did not pass:\n  ${this.said.join('\n  ')}`);
  }
}
