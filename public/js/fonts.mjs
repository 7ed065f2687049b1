// Which fonts a subtitle track lacks, and where to get them: the server's own, that mpv would draw with.

// The name under which libass takes the fonts for glyphs that no other has.
export const FALLBACK = "Matinee fallback";

// Fonts that are taken at most, and questions about them; a script may name any number.
const MOST = 64;
const MOST_ASKED = 512;
// Rows of a table that are read at most. Fonts for Chinese have some ten thousand; a damaged one claims any number.
const MOST_ROWS = 70_000;
const MOST_TABLES = 32;
const LATIN = "A";

// The fonts of one track. `fetched` gets a URL and gives its bytes, or nothing.
export class Fonts {
  #fetched;
  // Lower-case family names to whether their fonts have a character.
  #families = new Map();
  // The same for the fonts under the name of the fallback, by weight and slant.
  #fallbacks = new Map();
  #asked = new Set();
  #taken = 0;

  constructor(fetched) {
    this.#fetched = fetched;
  }

  // Takes note of a font that the film brings along.
  attached(bytes) {
    const font = read(bytes);
    for (const name of font?.names ?? []) note(this.#families, name.toLowerCase(), font.has);
  }

  // The fonts for glyphs of Latin script that no other font has.
  async base() {
    return this.#system(FALLBACK, "sans-serif", false, false, LATIN);
  }

  // What a style needs besides what is here.
  async style({ FontName: family, Bold: bold, Italic: italic }) {
    const name = family.replace(/^@/, "");
    if (name.trim() === "" || this.#families.has(name.toLowerCase())) return undefined;
    return this.#system(name, name, bold !== 0, italic !== 0);
  }

  // What the events' texts need besides that; `style` gives an event's style. Each font is taken for all characters that
  // it has, so that there are few.
  async events(events, style) {
    const found = [];
    for (const event of events) {
      const { FontName, Bold, Italic } = style(event);
      const named = [...event.text.matchAll(/\\fn([^\\}]*)/g)].map(([, name]) => name.trim()).filter(Boolean);
      for (const name of named) found.push(await this.style({ FontName: name, Bold, Italic }));
      const families = [FontName, ...named].map((name) => name.replace(/^@/, ""));
      const how = [Bold !== 0, Italic !== 0];
      for (const character of new Set(event.text.replace(/\{[^}]*\}|\\[Nnh]|\s/g, ""))) {
        if (this.#lacks(families, how, character.codePointAt(0))) {
          found.push(await this.#system(FALLBACK, families[0] || "sans-serif", ...how, character));
        }
      }
    }
    return found.filter(Boolean);
  }

  // Whether a character is missing from one of these families, and from all fallbacks.
  #lacks(families, how, character) {
    const has = (fonts) => fonts?.some((has) => has(character));
    return !families.every((family) => has(this.#families.get(family.toLowerCase()))) && !has(this.#fallbacks.get(how.join()));
  }

  // A font of the server's, which it gives the family name `name`.
  async #system(name, family, bold, italic, character) {
    const query = new URLSearchParams({ family, name, bold, italic });
    if (character) query.set("character", character);
    const url = `/fonts/system?${query}`;
    if (this.#asked.has(url) || this.#asked.size >= MOST_ASKED || this.#taken >= MOST) return undefined;
    this.#asked.add(url);
    const bytes = await this.#fetched(url);
    if (bytes) this.#taken += 1;
    const font = bytes && read(bytes);
    if (font && name === FALLBACK) note(this.#fallbacks, [bold, italic].join(), font.has);
    else if (font) note(this.#families, name.toLowerCase(), font.has);
    return bytes;
  }
}

// The fonts that a script's header carries, which libass takes from there itself: lines of characters that stand for six
// bits each.
export function fontsOf(header) {
  const section = header.split(/^\[Fonts\]\s*$/im)[1]?.split(/^\[[^\]\n]+\]\s*$/m)[0] ?? "";
  return section.split(/^fontname:.*$/m).slice(1).map((font) => decoded(font.replace(/\s/g, "")));
}

function decoded(text) {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  for (let at = 0, n = 0; n < bytes.length; at += 4, n += 3) {
    const bits = [0, 1, 2, 3].reduce((sum, more) => sum * 64 + ((text.charCodeAt(at + more) || 33) - 33), 0);
    bytes.set([bits >> 16, (bits >> 8) & 255, bits & 255].slice(0, bytes.length - n), n);
  }
  return bytes;
}

// The family names of a TrueType or OpenType font, or of all in a collection, and which characters they have.
function read(bytes) {
  const [COLLECTION, NAME, CMAP] = [0x74746366, 0x6e616d65, 0x636d6170];
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const several = view.getUint32(0) === COLLECTION;
    const faces = several ? rows(12, Math.min(view.getUint32(8), MOST_TABLES), 4).map((at) => view.getUint32(at)) : [0];
    const found = { names: [], has: () => false };
    // Faces of a collection mostly share theirs.
    const seen = new Set();
    for (const face of faces) {
      const table = (tag) => rows(face + 12, view.getUint16(face + 4), 16).find((at) => view.getUint32(at) === tag);
      const [name, cmap] = [table(NAME), table(CMAP)].map((at) => at && view.getUint32(at + 8));
      if (name) found.names.push(...names(view, name));
      if (cmap && !seen.has(cmap)) found.has = either(found.has, characters(view, cmap));
      seen.add(cmap);
    }
    return found;
  } catch {
    // A font that is compressed for the web, or damaged.
    return undefined;
  }
}

// Family names and full names, by which libass finds a font.
function names(view, table) {
  const [KINDS, WINDOWS] = [[1, 4, 16], 3];
  const records = rows(table + 6, view.getUint16(table + 2), 12);
  return records
    .filter((at) => view.getUint16(at) === WINDOWS && KINDS.includes(view.getUint16(at + 6)))
    .map((at) => {
      const start = view.byteOffset + table + view.getUint16(table + 4) + view.getUint16(at + 10);
      return new TextDecoder("utf-16be").decode(new Uint8Array(view.buffer, start, view.getUint16(at + 8)));
    });
}

// Whether a font has a character, by its table of segments (format 4) or of groups (format 12).
function characters(view, cmap) {
  const [SEGMENTS, GROUPS] = [4, 12];
  const records = rows(cmap + 4, Math.min(view.getUint16(cmap + 2), MOST_TABLES), 8);
  const tables = new Set(records.map((record) => cmap + view.getUint32(record + 4)));
  const ranges = [...tables].flatMap((at) => {
    if (view.getUint16(at) === GROUPS) {
      return rows(at + 16, view.getUint32(at + 12), 12).map((group) => [view.getUint32(group), view.getUint32(group + 4)]);
    }
    if (view.getUint16(at) !== SEGMENTS) return [];
    const twice = view.getUint16(at + 6);
    const ends = rows(at + 14, twice / 2, 2);
    return ends.map((end) => [view.getUint16(end + twice + 2), view.getUint16(end)]).filter(([from]) => from !== 0xffff);
  });
  return (character) => ranges.some(([from, to]) => from <= character && character <= to);
}

// Adds that a font under `key` has these characters.
function note(fonts, key, has) {
  fonts.set(key, [...(fonts.get(key) ?? []), has]);
}

function rows(start, count, size) {
  return Array.from({ length: Math.min(count, MOST_ROWS) }, (_, row) => start + row * size);
}

function either(one, other) {
  return (character) => one(character) || other(character);
}
