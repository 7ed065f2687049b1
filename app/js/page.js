// What the page asks of the browser and web-sys has no binding for.

let names;

// The name of a language in the viewer's own, or undefined when the browser knows none.
export function languageName(tag) {
  try {
    names ??= new Intl.DisplayNames(navigator.languages, { type: "language", fallback: "none" });
    return names.of(tag.replaceAll("_", "-"));
  } catch {
    return undefined;
  }
}

// Sends a file in a viewer's name. What is answered, as text: what was asked for or an error.
export async function postFile(url, header, viewer, file) {
  const headers = { [header]: viewer, "content-type": "application/octet-stream" };
  const answer = await fetch(url, { method: "POST", headers, body: file });
  return answer.text();
}

// What a GET answers, as text. Rejects when the server refuses.
export async function fetchText(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.text();
}
