import { defineConfig } from '@playwright/test';

// Which of the films of every kind a run plays is drawn with this; its workers have it from here.
process.env.MATINEE_EVERY_SEED ??= String(Date.now() % 1_000_000);

// `quick` plays the short films, `long` the ten-minute ones. Both run by default.
export default defineConfig({
  testDir: 'tests',
  globalSetup: './lib/setup.ts',
  outputDir: 'test-results',
  reporter: [['list'], ['./lib/summary.ts']],
  // One browser and one server at a time: they encode, and the machines have two cores.
  workers: 1,
  // A machine that is busy with something else gets a second chance; what needed it is told as flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  use: {
    // A trace takes pictures of the page all the time, which slows a film down on two cores: `--trace on` when wanted.
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
      ],
    },
  },
  projects: [
    { name: 'quick', testIgnore: /long\.spec\.ts/ },
    { name: 'long', testMatch: /long\.spec\.ts/, timeout: 240_000 },
  ],
});
