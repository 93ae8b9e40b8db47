import { plainText } from './shapes/plain-text.ts';
import type { SlotKind } from './shapes/shape.ts';
import { splicedBytes, writeSpliced } from './shapes/splice.ts';
import { Shapes } from './shapes/shapes.ts';
import { ID_AT, isBlank, learnRequest, MAX_ORDINAL, type RequestSplice } from './learn-request.ts';
import { generatedId, hasCharacters, MAX_CUSTOM_ID, type RequestRules } from '../rows/request-line.ts';

/** A row's values that decide what becomes of it. */
const FIXED = new Set(['method', 'url', 'role', 'model', 'type', 'body']);
const KINDS: ReadonlySet<SlotKind> = new Set(['text', 'number']);

/**
 * Makes request lines of JSON rows by copying bytes: the same lines as `toRequestLine`, which it learns from, at three
 * times its speed. Rows that it does not know are left to that.
 */
export class JsonSplicer {
  readonly #shapes: Shapes<RequestSplice>;
  readonly #longestId: number;
  readonly #ids: RequestRules['customIds'];
  /** The request line made last, newline included, up to the length that `make` told. */
  line = Buffer.allocUnsafeSlow(65_536);
  /** Its custom_id, its model, and the texts it asks to embed. */
  customId = '';
  model = '';
  inputs = 1;

  constructor(rules: RequestRules) {
    this.#longestId = rules.customIds?.length ?? MAX_CUSTOM_ID;
    this.#ids = rules.customIds;
    this.#shapes = new Shapes({ fixed: FIXED, kinds: KINDS }, (shape) => learnRequest(shape, rules, false));
  }

  /** Makes the request line of a row in valid UTF-8. @returns its length in `line`; 0 when the row must go the long way */
  make(row: Buffer, ordinal: number): number {
    const found = this.#shapes.find(row);
    if (found === undefined) return 0;
    const { spans } = this.#shapes;
    const { splice, idSlot, texts } = found;
    for (const slot of texts)
      if (isBlank(row, spans[2 * slot] as number, spans[2 * slot + 1] as number)) return 0;
    const customId = idSlot === undefined ? generatedId(ordinal) : plainText(row, spans, idSlot);
    if (customId === undefined || customId.length > this.#longestId || ordinal > MAX_ORDINAL) return 0;
    if (!hasCharacters(customId, this.#ids)) return 0;
    const length = splicedBytes(splice, spans);
    if (length > this.line.length) this.line = Buffer.allocUnsafeSlow(2 * length);
    writeSpliced(splice, row, spans, this.line, 0);
    if (idSlot === undefined) this.line.write(customId, ID_AT, 'latin1');
    this.customId = customId;
    this.model = found.model;
    this.inputs = found.inputs;
    return length;
  }

  /** Learns from a row that went the long way and became a request. */
  learn(row: Buffer): void {
    this.#shapes.learn(row);
  }
}
