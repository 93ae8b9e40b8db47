import type { AnswerFile } from './endpoint.ts';

/** First bytes by which file types are recognised, as Latin-1; a dot is any byte. */
const BEGINNINGS: readonly (readonly [extension: string, pattern: RegExp])[] = [
  ['png', /^\x89PNG\r\n/],
  ['jpg', /^\xff\xd8\xff/],
  ['gif', /^GIF8/],
  ['webp', /^RIFF[^]{4}WEBP/],
  ['svg', /^(?:<\?xml[^>]*>\s*)?<svg/],
  ['wav', /^RIFF[^]{4}WAVE/],
  ['flac', /^fLaC/],
  ['ogg', /^OggS/],
  ['webm', /^[^]E\xdf\xa3/],
  ['mp4', /^[^]{4}ftyp/],
  // MPEG: an ID3 tag, or a frame of layer III. ADTS, which is AAC, has layer 0.
  ['mp3', /^(?:ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb])/],
  ['aac', /^\xff[\xf0\xf1\xf8\xf9]/],
];

const DATA_URI = /^data:[\w.+-]+\/[\w.+-]+(?:;[\w=.+-]+)*;base64,/;
/** Shorter texts count as words, not as base64. */
const LEAST = 32;

/** Decodes base64, bare or in a data URI, to a file; `undefined` if the text is not one. */
export function fileOf(text: unknown): AnswerFile | undefined {
  if (typeof text !== 'string') return undefined;
  const base64 = text.startsWith('data:') ? text.replace(DATA_URI, '') : text;
  if (base64.length < LEAST) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  // `Buffer.from` skips characters that are not base64, so the length reveals them. A regular expression would need memory for
  // each of millions of characters.
  const padding = /={0,2}$/.exec(base64.slice(-2))?.[0].length ?? 0;
  if (bytes.length !== Math.floor(((base64.length - padding) * 3) / 4)) return undefined;
  return { bytes, extension: extensionOf(bytes) };
}

/** `bin` for unknown bytes, such as raw samples. */
function extensionOf(bytes: Buffer): string {
  const head = bytes.toString('latin1', 0, 64);
  return BEGINNINGS.find(([, pattern]) => pattern.test(head))?.[0] ?? 'bin';
}
