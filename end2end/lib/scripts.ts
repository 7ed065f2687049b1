// ASS scripts that stress a renderer, each at its hardest at one moment.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Script {
  name: string;
  /** The whole file. */
  text: string;
  /** The moment at which it is looked at, in seconds. */
  at: number;
}

const AT = 4;

interface Line {
  style?: string;
  layer?: number;
  text: string;
}

const FIELDS =
  'Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ' +
  'ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding';

function script(name: string, lines: Line[], fonts: { family?: string; section?: string } = {}): Script {
  const { family = 'DejaVu Sans', section = '' } = fonts;
  const style = (name: string, size: number, more: string) =>
    `Style: ${name},${family},${size},&H0000F0FF,&H00FF4020,&H00102010,&H80000000,${more},1,3,2,2,40,40,40,1`;
  const dialogue = ({ style = 'Default', layer = 0, text }: Line) => `Dialogue: ${layer},0:00:02.00,0:00:06.00,${style},,0,0,0,,${text}`;
  const text = [
    '[Script Info]', 'ScriptType: v4.00+', 'PlayResX: 1280', 'PlayResY: 720', 'WrapStyle: 0', 'ScaledBorderAndShadow: yes',
    'YCbCr Matrix: TV.709', '', '[V4+ Styles]', `Format: ${FIELDS}`,
    style('Default', 56, '0,0,0,0,100,100,0,0'), style('Bold', 64, '-1,0,0,0,110,100,2,0'), '', section, '[Events]',
    'Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text', ...lines.map(dialogue), '',
  ];
  return { name, text: text.join('\n'), at: AT };
}

/** As scripts carry fonts: three bytes in four printable characters, eighty of them a line. */
function encoded(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const part = bytes.subarray(at, at + 3);
    const bits = (part[0]! << 16) | ((part[1] ?? 0) << 8) | (part[2] ?? 0);
    for (let n = 0; n <= part.length; n += 1) text += String.fromCharCode(((bits >> (18 - 6 * n)) & 63) + 33);
  }
  return text.match(/.{1,80}/g)!.join('\n');
}

/** A font under a name that no computer has. */
function renamedFont(): { family: string; section: string } {
  const [was, family] = ['DejaVu Sans Mono', 'Matine Test Mono'];
  const bytes = readFileSync(execFileSync('fc-match', ['-f', '%{file}', `${was}:bold`], { encoding: 'utf8' }));
  const utf16 = (text: string) => Buffer.from(text, 'utf16le').swap16();
  for (const write of [utf16, (text: string) => Buffer.from(text, 'latin1')]) {
    for (let at = bytes.indexOf(write(was)); at >= 0; at = bytes.indexOf(write(was), at)) write(family).copy(bytes, at);
  }
  return { family, section: `[Fonts]\nfontname: matine_0.ttf\n${encoded(bytes)}\n` };
}

export function scripts(): Script[] {
  return [
    script('karaoke', [
      { text: '{\\k60}Ka{\\k60}ra{\\kf180}o{\\ko80}ke {\\K120}sung' },
      { style: 'Bold', text: '{\\an8\\kf250\\1c&H00FF00&}filling{\\kf200} slowly' },
    ]),
    script('drawings', [
      { text: '{\\an7\\pos(200,150)\\p1\\bord4}m 0 0 l 300 0 300 100 b 300 200 100 250 0 100{\\p0}' },
      { text: '{\\an7\\pos(700,200)\\p4\\1c&H2020FF&\\shad6}m 0 0 s 800 0 800 800 0 800 c{\\p0} text beside it' },
    ]),
    script('transforms', [
      { text: '{\\an5\\pos(640,360)\\t(0,4000,1.5,\\fscx220\\fscy160\\1c&HFF00FF&\\bord8)}growing' },
      { text: '{\\an5\\move(100,100,1180,640,0,4000)\\fad(500,500)\\t(\\frz90\\blur3)}moving' },
    ]),
    script('rotations', [
      { text: '{\\an5\\pos(400,300)\\frz30}turned' },
      { text: '{\\an5\\pos(900,300)\\frx50\\fry30\\org(640,360)}in space' },
      { text: '{\\an5\\pos(640,600)\\fax0.4\\frz-15\\u1}sheared' },
    ]),
    script('clips', [
      { style: 'Bold', text: '{\\an5\\pos(640,200)\\clip(400,160,900,215)\\fs120}cut by a box' },
      { style: 'Bold', text: '{\\an5\\pos(640,500)\\fs120\\iclip(m 500 400 l 800 400 650 600)}holed by a form' },
    ]),
    script('right to left', [
      { text: 'مرحبا بالعالم، هذه ترجمة 123' },
      { text: '{\\an8}שלום עולם (כתוביות) abc' },
    ]),
    script('vertical', [
      { text: '{\\an5\\pos(400,360)\\fn@Noto Sans CJK JP\\frz-90}縦書きの字幕、「テスト」です。' },
      { text: '横書きの字幕と漢字。한국어 자막' },
    ], { family: 'Noto Sans CJK JP' }),
    script('missing font', [
      { text: 'The quick brown fox. Съешь ещё этих. Ξεσκεπάζω' },
      { style: 'Bold', text: '{\\an8\\i1}नमस्ते दुनिया · สวัสดีชาวโลก' },
    ], { family: 'Nowhere To Be Found' }),
    // Nothing slanted: the font has no such face, and a libass newer than Debian's spaces one that it makes up otherwise.
    script('font in the script', [{ text: 'iiii WWWW the same\\N{\\b1}bold and wide' }], renamedFont()),
    script(
      'five hundred at once',
      Array.from({ length: 500 }, (_, n) => ({
        layer: n % 3,
        text: `{\\an7\\pos(${(n % 25) * 50 + 10},${Math.floor(n / 25) * 35 + 5})\\fs22\\bord1\\frz${(n * 7) % 20}}n${n}`,
      })),
    ),
  ];
}
