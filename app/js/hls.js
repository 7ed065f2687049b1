// hls.js, loaded when something is played for the first time: the other pages do without its weight.

let Hls;

// Loads the library; whether this browser can play through it.
export async function load() {
  Hls ??= (await import("/vendor/hls.min.mjs")).default;
  return Hls.isSupported();
}

// What the server said about a failed request, as text: playlists arrive as text, segments as bytes.
function body(request) {
  try {
    const answer = request?.response;
    if (answer instanceof ArrayBuffer) return new TextDecoder().decode(answer.slice(0, 4096));
    return typeof answer === "string" ? answer.slice(0, 4096) : "";
  } catch {
    return "";
  }
}

// A player for one master playlist. `onEvent` gets the name of an event and, for a fault, its account as JSON.
export function create(config, header, token, onEvent) {
  const hls = new Hls({
    ...JSON.parse(config),
    xhrSetup: (request) => request.setRequestHeader(header, token),
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => onEvent("parsed", ""));
  hls.on(Hls.Events.FRAG_BUFFERED, () => onEvent("buffered", ""));
  hls.on(Hls.Events.ERROR, (_, data) =>
    onEvent(
      "fault",
      JSON.stringify({
        type: data.type,
        details: data.details,
        reason: data.error?.message ?? "",
        fatal: data.fatal,
        status: data.response?.code || null,
        body: body(data.networkDetails),
      }),
    ),
  );
  return hls;
}
