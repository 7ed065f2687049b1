// What every test gets: the range server with the films, a Matinee of its own, and how a person uses the page.

import { type BrowserContext, type Page, test as base, expect } from '@playwright/test';
import { startRangeServer } from '../range-server.mjs';
import { beepSecond, beepTime, type Film, frameLength, frameTime, MEDIA } from './film.ts';
import { beeps, forgetBeeps, listen, prepareListening } from './beep.ts';
import { AHEAD_S, forgetReadings, latestReading, type Reading, readings, SCREEN_REFRESH_S, watchFrames } from './frame.ts';
import { share } from './pixels.ts';
import { Matinee } from './server.ts';

export { expect };

type RangeServer = Awaited<ReturnType<typeof startRangeServer>>;

interface TestFixtures {
  /** Flags for the server, beyond those that say where it listens and stores. */
  flags: string[];
  matinee: Matinee;
}

interface WorkerFixtures {
  films: RangeServer;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  flags: [[], { option: true }],
  films: [
    async ({}, use) => {
      const server = await startRangeServer({ folder: MEDIA });
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],
  matinee: async ({ flags }, use, info) => {
    const server = await Matinee.start(flags);
    try {
      await use(server);
    } finally {
      await info.attach('matinee.log', { body: server.log(), contentType: 'text/plain' });
      await server.stop();
    }
  },
});

/** A person at one browser page. */
export class Viewer {
  private constructor(
    readonly page: Page,
    readonly film: Film,
    private readonly server: Pick<Matinee, 'url'>,
  ) {}

  static async arrive(context: BrowserContext, server: Pick<Matinee, 'url'>, film: Film): Promise<Viewer> {
    const page = await context.newPage();
    await watchFrames(page, film.pattern);
    await prepareListening(page);
    return new Viewer(page, film, server);
  }

  /** Goes to the home page and pastes a link. */
  async paste(link: string): Promise<void> {
    await this.page.goto(this.server.url);
    const form = this.page.getByRole('textbox', { name: /link/i });
    await form.fill(link);
    await this.page.getByRole('button', { name: /watch|play|open/i }).click();
  }

  /** Opens the address that somebody shared. */
  async follow(session: string): Promise<void> {
    await this.page.goto(`${this.server.url}/watch/${session}`);
    await this.shown();
  }

  /** Joins the session of that title from the home page's list. */
  async join(title: string): Promise<void> {
    await this.page.goto(this.server.url);
    const list = this.page.getByRole('region', { name: /now showing|sessions/i });
    const entry = list.getByRole('listitem').filter({ hasText: title });
    await entry.getByRole('link', { name: /join/i }).click();
  }

  get session(): string {
    return this.page.url().match(/\/watch\/([0-9a-f-]{36})/)![1]!;
  }

  /** Waits for the player and sees to it that it plays, or has played to its end. */
  async play(): Promise<void> {
    await expect(this.page).toHaveURL(/\/watch\/[0-9a-f-]{36}/);
    await this.shown();
    await this.page.evaluate(async () => {
      const video = document.querySelector('video')!;
      // What is over by now would begin anew.
      if (video.ended) return;
      // The page may pause it at once, to go on together with the others a moment later, which breaks off this call.
      await video.play().catch((error) => {
        if (error.name !== 'AbortError') throw error;
      });
    });
    await expect.poll(() => this.position()).toBeGreaterThan(0.3);
    if (!(await this.page.evaluate(() => window.listening))) await listen(this.page);
  }

  /** Waits until there is a picture. */
  private async shown(): Promise<void> {
    await expect(this.page.locator('video')).toBeVisible({ timeout: 45_000 });
    const loaded = () =>
      this.page.evaluate(() => {
        const { readyState, seeking } = document.querySelector('video')!;
        return readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !seeking;
      });
    await expect.poll(loaded, { timeout: 45_000, message: 'there is a picture' }).toBe(true);
  }

  async pause(): Promise<void> {
    await this.page.evaluate(() => document.querySelector('video')!.pause());
  }

  async position(): Promise<number> {
    return this.page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
  }

  async duration(): Promise<number> {
    return this.page.evaluate(() => document.querySelector('video')!.duration);
  }

  async seek(to: number): Promise<void> {
    await forgetReadings(this.page);
    await forgetBeeps(this.page);
    await this.page.evaluate((to) => {
      document.querySelector('video')!.currentTime = to;
    }, to);
    await this.settled(to);
  }

  /** Waits until the picture for `to` is shown, or while playing one soon after it. */
  private async settled(to: number): Promise<void> {
    const frame = frameLength(this.film);
    const reached = async () => {
      const [reading, { seeking, still }] = await Promise.all([
        latestReading(this.page),
        this.page.evaluate(() => {
          const { seeking, paused, ended } = document.querySelector('video')!;
          // A film that has played to its end meanwhile is paused too, but far from where it began.
          return { seeking, still: paused && !ended };
        }),
      ]);
      const past = (reading?.mediaTime ?? -Infinity) - to;
      return !seeking && past > -frame - 0.002 && past < (still ? frame + 0.002 : 10);
    };
    await expect.poll(reached, { timeout: 45_000, message: `the picture at ${to} s is shown` }).toBe(true);
  }

  /** Every picture seen since the last seek has the number that belongs to its time, and its turn is at that time. */
  async expectRightFrames(atLeast = 20): Promise<void> {
    const frame = frameLength(this.film);
    const shown = async () => (await readings(this.page)).filter(({ seeking }) => !seeking);
    // A page that looks late says less, so that only those looks count that came within a frame's time.
    const punctual = (seen: Reading[]) => seen.filter(({ late }) => late < frame + SCREEN_REFRESH_S);
    const enough = async () => {
      const seen = await shown();
      return seen.length >= atLeast && punctual(seen).length >= 5;
    };
    await expect.poll(enough, { timeout: 45_000, message: `${atLeast} frames are seen, some of them in time` }).toBe(true);
    const seen = await shown();
    // What is seen is the frame of that time, or one whose turn came until the page looked.
    const wrong = seen.filter((reading) => !rightFrame(this.film, reading));
    const far = wrong.filter(({ frame: number, mediaTime, currentTime, late }) => {
      if (number === null) return true;
      const time = frameTime(this.film, number);
      return time < mediaTime || time > currentTime + late + AHEAD_S;
    });
    expect(far, `${far.length} of ${seen.length} frames are wrong`).toEqual([]);
    const inTime = seen.filter(({ late }) => late < frame / 4);
    const early = inTime.filter((reading) => wrong.includes(reading));
    expect(early.length, `frames ahead among ${inTime.length}, looked at in time`).toBeLessThanOrEqual(Math.ceil(inTime.length / 5));
    const offsets = punctual(seen).map(({ currentTime, mediaTime }) => currentTime - mediaTime).sort((a, b) => a - b);
    const middle = Math.abs(offsets[Math.floor(offsets.length / 2)]!);
    expect(middle, `currentTime minus the frame's time: ${offsets}`).toBeLessThan(frame + SCREEN_REFRESH_S);
  }

  /** The next tones belong to the seconds at which they are heard. */
  async expectRightTones(track: number, atLeast = 3): Promise<void> {
    await forgetBeeps(this.page);
    await expect.poll(async () => (await beeps(this.page)).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(atLeast);
    for (const { at, hz } of await beeps(this.page)) {
      const second = beepSecond(this.film, track, at, hz);
      expect(second, `a tone of ${hz.toFixed(0)} Hz at ${at.toFixed(3)} s`).not.toBeNull();
      expect(Math.abs(at - beepTime(this.film, track, second!)), `tone ${second} at ${at}`).toBeLessThan(frameLength(this.film));
    }
  }

  /** Of the film's subtitle tracks exactly `track` (or none) is drawn at `at`. Leaves the player paused there. */
  async expectSubtitles(track: number | null, at: number): Promise<void> {
    await this.pause();
    await this.seek(at);
    // Drawing the frame into a canvas may lag behind the seek by a frame, so a wrong picture gets a second look; and
    // what draws the subtitles may have to start first.
    await expect(async () => {
      for (const [index, { events, title }] of this.film.subtitles.entries()) {
        // Each colour is one kind of event: those of the track that is on are drawn when it is their time, no others.
        const colours = new Map(events.map((event) => [event.colour.join(), event]));
        for (const [colour, like] of colours) {
          const now = events.find((e) => e.colour.join() === colour && e.start_s <= at && at < e.end_s);
          const seen = await share(this.page, like.box, like.colour);
          const what = `${title} ${colour} at ${at}: ${JSON.stringify(seen)}`;
          expect(seen.around, what).toBeLessThan(0.02);
          if (index === track && now) expect(seen.inside, what).toBeGreaterThan(like.fills ? 0.95 : 0.05);
          else expect(seen.inside, what).toBeLessThan(0.01);
        }
      }
    }).toPass({ timeout: 20_000 });
  }

  async chooseSubtitles(title: RegExp): Promise<void> {
    await this.choose(/subtitles/i, title);
  }

  /** Has the subtitles drawn into the picture, or over it. */
  async burn(into: boolean): Promise<void> {
    await this.page.getByRole('checkbox', { name: /into the picture/i }).setChecked(into);
    await this.shown();
  }

  async chooseAudio(title: RegExp): Promise<void> {
    await this.choose(/audio/i, title);
  }

  /** By the beginning of its name: `Original`, `720p`. */
  async chooseQuality(label: string): Promise<void> {
    await this.choose(/quality/i, new RegExp(`^\\s*${label}`, 'i'));
  }

  /** The page says this about how picture and sound are made. */
  async expectMaking(words: RegExp): Promise<void> {
    await expect(this.page.getByRole('status').filter({ hasText: words })).toBeVisible();
  }

  private async choose(menu: RegExp, title: RegExp): Promise<void> {
    const select = this.page.getByRole('combobox', { name: menu });
    // Until the server has planned what plays first there is nothing to choose.
    await expect(select).toBeEnabled({ timeout: 45_000 });
    const value = await select.locator('option').filter({ hasText: title }).getAttribute('value');
    await select.selectOption(value!);
    // Another subtitle track or quality is another picture, which is loaded anew behind a curtain.
    await this.shown();
  }
}

/** Whether a frame's number belongs to its time: exactly where film and rendition share a grid, else within one frame. */
export function rightFrame(film: Film, { frame, mediaTime }: Pick<Reading, 'frame' | 'mediaTime'>): boolean {
  if (frame === null) return false;
  // The last frame stays for as long as the sound goes on.
  if (frame === film.frames - 1 && mediaTime > frameTime(film, frame)) return true;
  const sameGrid = film.rate !== null && Math.abs(film.frame0_s) < 0.001;
  return Math.abs(mediaTime - frameTime(film, frame)) <= (sameGrid ? 0.002 : frameLength(film));
}
