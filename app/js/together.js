// What it takes to stay with the others: a timer that background tabs do not slow, and the session's event channel.

// In a worker, whose timers run on where those of a hidden tab come once a second or a minute.
const CLOCK = "let due; onmessage = ({ data }) => { clearTimeout(due); due = setTimeout(() => postMessage(0), data); };";

// A timer that calls `heard`, each time once after it was set. Where there are no workers it is an ordinary one.
export function createTimer(heard) {
  let worker;
  let due;
  try {
    const url = URL.createObjectURL(new Blob([CLOCK], { type: "text/javascript" }));
    worker = new Worker(url);
    URL.revokeObjectURL(url);
    worker.onmessage = () => heard();
    worker.onerror = () => {
      worker = undefined;
      due = setTimeout(heard, 0);
    };
  } catch {
    worker = undefined;
  }
  return {
    set(ms) {
      if (worker) return worker.postMessage(ms);
      clearTimeout(due);
      due = setTimeout(heard, ms);
    },
    end() {
      worker?.terminate();
      clearTimeout(due);
    },
  };
}

// A channel on which nothing came for so long, not even a comment, is dead: the device slept, or its network changed.
const SILENCE_MS = 40_000;

// Listens to server-sent events by `fetch`, since `EventSource` sends no headers. `heard` gets each event's data and id;
// `ended` is called once, with the status where the server refused, else 0.
export function listen(url, headers, heard, ended) {
  const end = new AbortController();
  let watchdog;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => end.abort(), SILENCE_MS);
  };
  const read = async () => {
    alive();
    const answer = await fetch(url, { headers: JSON.parse(headers), signal: end.signal, cache: "no-store" });
    if (!answer.ok) return answer.status;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 0;
      alive();
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        let data = "";
        let id = "";
        for (const line of event.split("\n")) {
          if (line.startsWith("data:")) data += line.slice(5).trimStart();
          if (line.startsWith("id:")) id = line.slice(3).trim();
        }
        if (data && !end.signal.aborted) heard(data, id);
      }
    }
  };
  let closed = false;
  read()
    .catch(() => 0)
    .then((status) => {
      clearTimeout(watchdog);
      if (!closed) ended(status);
    });
  return {
    close() {
      closed = true;
      end.abort();
    },
  };
}
