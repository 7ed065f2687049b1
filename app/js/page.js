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

// What a GET answers, as text. Rejects when the server refuses.
export async function fetchText(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.text();
}
