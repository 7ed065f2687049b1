// Stands in for two packages that jassub imports and Matinee's bundle of it must not have:
// rvfc-polyfill is under the GPL 3.0 (browsers without requestVideoFrameCallback do without JASSUB instead), and
// lfa-ponyfill fetches fonts from a stranger's server, who would learn what is watched.

export const queryRemoteFonts = async () => [];
