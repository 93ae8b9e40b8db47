import type { Shape } from './shapes/shape.ts';
import {
  commonSlot,
  createEscapedProbe,
  createProbes,
  learnSplice,
  spliceProbe,
  type Probe,
  type Splice,
} from './shapes/splice.ts';
import { readJsonText } from '../rows/formats/json-lines.ts';
import { toRequestLine, type RequestRules } from '../rows/request-line.ts';

/** Position of a generated id in its request line: after `{"custom_id":"`. */
export const ID_AT = 14;
/** The largest ordinal with as many digits as the first one. */
export const MAX_ORDINAL = 99_999_999;

export interface RequestSplice {
  readonly splice: Splice;
  /** The slot that is the custom_id; `undefined` if the id is generated. */
  readonly idSlot: number | undefined;
  readonly model: string;
  /** Number of texts to embed. */
  readonly inputs: number;
  /** Slots of texts that must not be blank. */
  readonly texts: readonly number[];
}

/** Learns how rows of a shape become request lines; `undefined` if they must go through the rules. */
export function learnRequest(shape: Shape, rules: RequestRules, isData: boolean): RequestSplice | undefined {
  const probes = createProbes(shape);
  const first = toRequest(probes[0], rules, isData);
  const second = toRequest(probes[1], rules, isData);
  if (first === undefined || second === undefined) return undefined;
  const splice = learnSplice(probes, [first.text, second.text]);
  const idSlot = commonSlot(probes, [first.customId, second.customId]);
  if (splice === undefined || (idSlot === undefined && !first.hasGeneratedId)) return undefined;
  // A template may embed an object as JSON, in which escapes are escaped twice.
  const escaped = createEscapedProbe(shape, idSlot);
  if (toRequest(escaped, rules, isData)?.text !== spliceProbe(splice, escaped)) return undefined;
  const { model, inputs } = first;
  // If the model differs between rows, each row must go through the rules.
  if (model !== second.model) return undefined;
  return {
    splice,
    idSlot,
    model,
    inputs,
    texts: shape.slots.flatMap((kind, n) => (kind === 'text' ? [n] : [])),
  };
}

interface MadeRequest {
  readonly customId: string;
  readonly text: string;
  readonly model: string;
  readonly inputs: number;
  readonly hasGeneratedId: boolean;
}

function toRequest({ line }: Probe, rules: RequestRules, data: boolean): MadeRequest | undefined {
  const read = readJsonText(line);
  if (!('value' in read)) return undefined;
  const { value } = read;
  const request = toRequestLine({ value, ordinal: 0, data }, rules);
  if ('problem' in request) return undefined;
  const elsewhere = toRequestLine({ value, ordinal: 1, data }, rules);
  return { ...request, hasGeneratedId: elsewhere.customId !== request.customId };
}

/**
 * True if a text may consist of white space only. It may also be true for a text that begins with a byte of Unicode white space:
 * C2, E1, E2, E3 or EF.
 */
export function isBlankText(row: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = row[at] as number;
    if (byte === 0x5c) at += 1;
    else if (byte > 0x20 && byte < 0x80) return false;
    else if (byte >= 0xc3 && byte !== 0xe1 && byte !== 0xe2 && byte !== 0xe3 && byte !== 0xef) return false;
  }
  return true;
}
