//! How hls.js is set up for a server that makes segments when they are asked for.

use serde_json::{Value, json};

/// hls.js' configuration as JSON, starting at `start_s` of the film. `text_tracks`: it gives the browser the master's
/// subtitles to show.
pub(super) fn config(start_s: f64, text_tracks: bool) -> Value {
    // The server answers a segment request within 30 s or with 503; a first byte may well take that long.
    let patient = |first_byte_ms: u32, tries: u32| {
        let retry = json!({
            "maxNumRetry": tries,
            "retryDelayMs": 1000,
            "maxRetryDelayMs": 8000,
            "backoff": "exponential",
        });
        json!({ "default": {
            "maxTimeToFirstByteMs": first_byte_ms,
            "maxLoadTimeMs": 120_000,
            "timeoutRetry": retry,
            "errorRetry": retry,
        }})
    };
    json!({
        // Fragmented MP4 is passed on as it is: a worker would only have to be started before the first picture.
        "enableWorker": false,
        "startPosition": start_s,
        // What the page draws itself must not be in the browser's own menu too.
        "renderTextTracksNatively": text_tracks,
        // Each of the two would ask for segments that nobody watches, and every segment costs an encoder's time.
        "lowLatencyMode": false,
        "testBandwidth": false,
        // Seconds. What is buffered further ahead is thrown away at the next seek.
        "maxBufferLength": 30,
        "maxMaxBufferLength": 30,
        "backBufferLength": 30,
        // Seconds by which a segment may end early. hls.js' own 0.25 make a seek to a segment's end load the next one
        // first; ours end where the playlist says, within a frame of sound.
        "maxFragLookUpTolerance": 0.03,
        // A refused master is told to the viewer at once: whether to try again depends on the reason.
        "manifestLoadPolicy": patient(60_000, 0),
        "playlistLoadPolicy": patient(60_000, 6),
        "fragLoadPolicy": patient(60_000, 6),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_patient_with_segments_and_starts_where_told() {
        let config = config(61.5, false);
        assert_eq!(config["startPosition"], 61.5);
        assert_eq!(config["fragLoadPolicy"]["default"]["maxTimeToFirstByteMs"], 60_000);
        assert_eq!(config["fragLoadPolicy"]["default"]["errorRetry"]["maxNumRetry"], 6);
        assert_eq!(config["testBandwidth"], false);
        assert_eq!(config["renderTextTracksNatively"], false);
    }
}
