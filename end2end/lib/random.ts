// Random choices that are the same in every run.

/** The same numbers in every run, so that a failure can be had again: a linear congruential generator. */
export function* random(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}
