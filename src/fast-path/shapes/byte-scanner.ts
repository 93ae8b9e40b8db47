import { SCANNER_CODE } from './scanner-code.ts';

/*
 * Finds the ends of long texts and of lists of numbers by vector instructions, which JavaScript does not have. Loops over their
 * bytes took a large part of a collect's time.
 */

/** The functions of `scanner.wat`. */
interface Scanner {
  readonly memory: { readonly buffer: ArrayBuffer };
  textEnd(at: number, end: number): number;
  startList(): void;
  listEnd(at: number, end: number): number;
}

/** Types of the parts of the global that are used; Node's types do not contain it. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const WRONG = -1;
/** What `textEnd` returns to continue at 0, and `listEnd` to continue after the piece. */
const GOES_ON = -2;

/** Bytes that are copied at a time: most texts are shorter, most lists longer. A piece of a list is a multiple of 64. */
const TEXT_BYTES = 2_048;
const LIST_BYTES = 32_768;

const code = new WebAssembly.Module(Buffer.from(SCANNER_CODE, 'base64'));
const scanner = new WebAssembly.Instance(code).exports as Scanner;
const memory = new Uint8Array(scanner.memory.buffer);

/** The position of a text's closing quote at or after `from`; -1 if `JSON.stringify` would write the text differently. */
export function longTextEnd(line: Buffer, from: number): number {
  for (let at = from; at < line.length;) {
    const length = line.copy(memory, 0, at, Math.min(at + TEXT_BYTES, line.length));
    const end = scanner.textEnd(0, length);
    if (end >= 0) return at + end;
    if (end === WRONG || at + length === line.length) return -1;
    at += GOES_ON - end;
  }
  return -1;
}

/** Position of the bracket that closes the list beginning at `from`; -1 if it is not a list of JSON numbers. */
export function numberListEnd(line: Buffer, from: number): number {
  scanner.startList();
  for (let at = from; at < line.length; at += LIST_BYTES) {
    const length = line.copy(memory, 0, at, Math.min(at + LIST_BYTES, line.length));
    const end = scanner.listEnd(0, length);
    if (end !== GOES_ON) return end === WRONG || end >= length ? -1 : at + end;
  }
  return -1;
}
