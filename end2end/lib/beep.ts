// Finds the tones in the sound of a page's <video> and says at which currentTime each began.

import type { Page } from '@playwright/test';

export interface Beep {
  /** The video's currentTime at the tone's first sample. */
  at: number;
  hz: number;
}

declare global {
  interface Window {
    beeps: Beep[];
    listening: boolean;
    startListening(): Promise<void>;
  }
}

/**
 * Prepares the page; call `listen` once the video is there. An analyser's history is read a few times a second,
 * which needs no worklet module, so no exception from the page's content security policy.
 */
export async function prepareListening(page: Page): Promise<void> {
  await page.addInitScript(install);
}

/** Listens from the moment on at which a video is there. Call it before the page is gone to, after `prepareListening`. */
export async function listenAtOnce(page: Page): Promise<void> {
  await page.addInitScript(() => {
    let heard: HTMLVideoElement | null = null;
    const look = () => {
      const video = document.querySelector('video');
      if (!video || video === heard) return;
      heard = video;
      void window.startListening();
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
  });
}

function install(): void {
  const THRESHOLD = 0.15;
  const QUIET_S = 0.1;
  const TONE_S = 0.05;
  const EVERY_MS = 100;
  window.beeps = [];
  window.listening = false;

  function pitch(samples: Float32Array): number {
    const crossings: number[] = [];
    for (let i = 1; i < samples.length; i += 1) {
      const before = samples[i - 1]!, after = samples[i]!;
      if (before < 0 && after >= 0) crossings.push(i - after / (after - before));
    }
    if (crossings.length < 3) return 0;
    return (crossings.length - 1) / (crossings.at(-1)! - crossings[0]!);
  }

  window.startListening = async () => {
    // Before the first wait: a video can be listened to once only.
    window.listening = true;
    const video = document.querySelector('video')!;
    const context = new AudioContext({ sampleRate: 48000 });
    await context.resume();
    const source = context.createMediaElementSource(video);
    const analyser = context.createAnalyser();
    analyser.fftSize = 32768;
    source.connect(analyser);
    // The analyser runs only while it leads somewhere; nobody needs to hear it.
    const mute = context.createGain();
    mute.gain.value = 0;
    analyser.connect(mute).connect(context.destination);
    const samples = new Float32Array(analyser.fftSize);
    const rate = context.sampleRate;
    // Onsets by the context's own clock, so that windows that overlap find the same one once.
    let newest = -1;
    // Since when the video has run along with the context's clock: what was heard before a stall has no known place.
    let offset = Infinity, steadySince = Infinity;
    let rateBefore = 1;
    setInterval(() => {
      const end = context.currentTime, position = video.currentTime;
      // The page catches up by the rate, and a tone has another pitch then: until a whole interval was at rate 1.
      const bent = video.playbackRate !== 1 || rateBefore !== 1;
      rateBefore = video.playbackRate;
      if (video.paused || video.seeking || bent || Math.abs(end - position - offset) > 0.02) {
        offset = end - position;
        steadySince = end;
        return;
      }
      analyser.getFloatTimeDomainData(samples);
      let quiet = 0;
      for (let i = 0; i < samples.length; i += 1) {
        if (Math.abs(samples[i]!) < THRESHOLD) {
          quiet += 1;
          continue;
        }
        const tone = samples.subarray(i + Math.round(0.005 * rate), i + Math.round((TONE_S - 0.005) * rate));
        const whole = i + TONE_S * rate < samples.length;
        const ago = (samples.length - i) / rate;
        if (quiet >= QUIET_S * rate && whole && end - ago > newest + 0.2 && end - ago > steadySince) {
          newest = end - ago;
          window.beeps.push({ at: position - ago, hz: pitch(tone) * rate });
        }
        quiet = 0;
      }
    }, EVERY_MS);
  };
}

/** Starts to listen. From then on the video's sound goes through the analyser. */
export async function listen(page: Page): Promise<void> {
  await page.evaluate(() => window.startListening());
}

export async function beeps(page: Page): Promise<Beep[]> {
  return page.evaluate(() => window.beeps);
}

export async function forgetBeeps(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.beeps = [];
  });
}
