// The player in a small window of its own that stays above others: with what is drawn over the picture and its menus,
// which picture-in-picture of a <video> alone would leave behind.

// Whether this browser has such windows.
export function canFloat() {
  return "documentPictureInPicture" in window;
}

// Told when the window is no longer wanted, while it is being asked for.
let asking;

// Moves `player` into a window of its own, or back. `moved` is called with whether it is there, also when the viewer closes
// the window.
export async function toggleFloat(player, moved) {
  if (documentPictureInPicture.window) {
    documentPictureInPicture.window.close();
    return;
  }
  if (asking) return;
  const video = player.querySelector("video");
  const { clientWidth: width, clientHeight: height } = video;
  const end = (asking = new AbortController());
  let floating;
  try {
    floating = await documentPictureInPicture.requestWindow({ width, height });
  } finally {
    asking = undefined;
  }
  if (end.signal.aborted || !player.isConnected) {
    floating.close();
    return;
  }
  const { document: there } = floating;
  const here = document.documentElement;
  for (const name of ["lang", "class"]) there.documentElement.setAttribute(name, here.getAttribute(name) ?? "");
  for (const style of document.querySelectorAll('link[rel="stylesheet"], style')) there.head.append(style.cloneNode(true));
  there.title = document.title;
  there.body.className = "floating";

  const place = document.createElement("p");
  place.className = "elsewhere";
  place.textContent = "The film plays in a window of its own.";
  place.style.minHeight = `${height}px`;
  const move = (put) => {
    const playing = !video.paused;
    put();
    // What is moved stops.
    if (playing) video.play().catch(() => {});
    // What is drawn over it fits itself to the picture at this event.
    video.dispatchEvent(new Event("resize"));
  };
  move(() => {
    player.replaceWith(place);
    there.body.append(player);
  });
  const refit = () => video.dispatchEvent(new Event("resize"));
  floating.addEventListener("resize", refit);
  // Its styles may come later than the player.
  for (const style of there.querySelectorAll("link")) style.addEventListener("load", refit);
  forward(floating);
  floating.addEventListener("pagehide", () => {
    move(() => place.replaceWith(player));
    moved(false);
  });
  moved(true);
}

// Takes the player back, if it is in a window of its own.
export function endFloat() {
  asking?.abort();
  if (canFloat()) documentPictureInPicture.window?.close();
}

// What the page does at keys and movements it does for that window too.
function forward(floating) {
  for (const kind of ["pointermove", "pointerdown", "keydown"]) {
    floating.addEventListener(kind, (event) => {
      // Whatever the key is for, somebody is there.
      window.dispatchEvent(new Event("matinee-used"));
      const tag = event.target.tagName?.toLowerCase();
      if (kind === "keydown" && (["input", "select", "textarea"].includes(tag) || ownKey(tag, event.key))) return;
      const told = new window[event.constructor.name](kind, { ...init(event), bubbles: true, cancelable: true });
      if (!document.body.dispatchEvent(told)) event.preventDefault();
    });
  }
}

const init = ({ key, code, ctrlKey, altKey, metaKey, shiftKey }) => ({ key, code, ctrlKey, altKey, metaKey, shiftKey });

// What buttons and the <video> do at these keys themselves.
function ownKey(tag, key) {
  if (tag === "video") return [" ", "ArrowLeft", "ArrowRight"].includes(key);
  return [" ", "Enter"].includes(key) && ["button", "a", "summary"].includes(tag);
}
