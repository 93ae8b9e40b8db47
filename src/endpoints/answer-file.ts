import type { AnswerFile } from './endpoint.ts';

/** Beginnings of files by which they are known, as Latin-1; dots are any bytes. */
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
  // MPEG: a tag, or a frame of layer III; ADTS: layer 0, which is AAC.
  ['mp3', /^(?:ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb])/],
  ['aac', /^\xff[\xf0\xf1\xf8\xf9]/],
];

const DATA_URI = /^data:[\w.+-]+\/[\w.+-]+(?:;[\w=.+-]+)*;base64,/;
/** Shorter texts are words, not files. */
const LEAST = 32;

/** The file that a text of base64 is, bare or as a data URI; `undefined` when it is none. */
export function fileOf(text: unknown): AnswerFile | undefined {
  if (typeof text !== 'string') return undefined;
  const base64 = text.startsWith('data:') ? text.replace(DATA_URI, '') : text;
  if (base64.length < LEAST) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  // Characters that are no base64 are passed over. A pattern would need memory for each of millions of characters.
  const padding = /={0,2}$/.exec(base64.slice(-2))?.[0].length ?? 0;
  if (bytes.length !== Math.floor(((base64.length - padding) * 3) / 4)) return undefined;
  return { bytes, extension: extensionOf(bytes) };
}

/** `bin` for bytes that are not known, such as raw samples. */
function extensionOf(bytes: Buffer): string {
  const head = bytes.toString('latin1', 0, 64);
  return BEGINNINGS.find(([, pattern]) => pattern.test(head))?.[0] ?? 'bin';
}
