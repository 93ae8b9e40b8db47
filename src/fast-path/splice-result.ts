import { ONE_INPUT } from '../endpoints/asked.ts';
import type { Asked } from '../endpoints/endpoint.ts';
import type { Usage } from '../checkpoints/counts.ts';
import { readAnswer } from '../jsonl/answer-json.ts';
import { asWire } from '../provider/wire.ts';
import { plainText } from './shapes/plain-text.ts';
import type { Shape, SlotKind } from './shapes/shape.ts';
import { Shapes } from './shapes/shapes.ts';
import {
  commonSlot,
  createEmptyProbe,
  createProbes,
  learnSplice,
  splicedBytes,
  spliceProbe,
  writeSpliced,
  type Probe,
  type Splice,
} from './shapes/splice.ts';
import { endOf, type AnswerEnd } from '../collect/lines/answer-end.ts';
import type { OutputCheck } from '../collect/lines/check-output.ts';
import { classifyLine, type LineRules } from '../collect/lines/classify-line.ts';
import { countEnds, modelOf, ModelTally } from '../collect/counts/model-usage.ts';
import { renderResult } from '../collect/lines/render-result.ts';
import { readAmount, USAGE_KEYS, USAGE_PARTS, usageOf, UsageSum } from '../collect/counts/usage.ts';
import { tryJsonLine } from '../jsonl/json-line.ts';

/** Values that decide whether a line is an answer, and how it is shown. */
const FIXED = new Set([
  'status_code',
  'error',
  'errors',
  'detail',
  'body',
  'index',
  'status',
  'reason',
  'code',
  'type',
  'object',
  'role',
  'model',
  'finish_reason',
  'phase',
]);
const KINDS: ReadonlySet<SlotKind> = new Set(['text', 'number', 'quotedNumber', 'vector']);

/** The job's part of every result line. */
export interface ResultRules extends LineRules {
  readonly round: number;
  readonly resultShape: 'compact' | 'body';
  /** What answers must match. */
  readonly output?: OutputCheck | undefined;
}

/** Whether files are taken out of the answers; in the provider's whole body they stay where they are. */
export function takesFiles({ endpoint, resultShape }: ResultRules): boolean {
  return endpoint.takeFiles !== undefined && resultShape === 'compact';
}

/** Lines of one shape that answer requests of one kind. */
interface ResultSplice {
  readonly splice: Splice;
  /** Slots that must not be empty: an empty text there is another answer, or none. */
  readonly filled: readonly number[];
  /** Where each part of the usage is; a number is the same for every line of the shape. */
  readonly usage: readonly (readonly [keyof Usage, { readonly slot: number } | number])[];
  readonly model: string | undefined;
  readonly end: AnswerEnd | undefined;
  /** What the answers of this shape have used. */
  readonly used: UsageSum;
}

interface KnownShape {
  readonly shape: Shape;
  readonly idSlot: number;
  /** By how many inputs a request lists, 0 for one without a list; `undefined` where the line is no answer to it. */
  readonly splices: Map<number, ResultSplice | undefined>;
}

/** Numbers of inputs that are told apart for one shape. */
const MAX_SPLICES = 64;

/**
 * Makes result lines of a provider's lines by copying bytes: the same lines as `classifyLine` and `renderResult`, which
 * it learns from, at several times their speed. Only answers; all else is left to those.
 */
export class ResultSplicer {
  readonly #shapes: Shapes<KnownShape>;
  /** The result line made last, newline included, up to the length that `make` told. */
  line = Buffer.allocUnsafeSlow(65_536);
  #known: KnownShape | undefined;
  #found: ResultSplice | undefined;
  readonly #learned: ResultSplice[] = [];
  readonly #rules: ResultRules;
  /** What answers have used that went the long way. */
  readonly #read = new ModelTally();

  constructor(rules: ResultRules) {
    this.#rules = rules;
    this.#shapes = new Shapes({ fixed: FIXED, kinds: KINDS, counted: USAGE_KEYS }, (shape) =>
      // Answers that are files, or have to match, are looked into, and that is no copying of bytes.
      takesFiles(rules) || rules.output !== undefined ? undefined : knownShape(shape),
    );
  }

  /** The custom_id of a line in valid UTF-8 whose shape is known; `undefined` when it must be read the long way. */
  recognize(line: Buffer): string | undefined {
    this.#known = this.#shapes.find(line);
    return this.#known && plainText(line, this.#shapes.spans, this.#known.idSlot);
  }

  /** Whether the line that `recognize` has just found answers such a request. */
  answers(asked: Asked): boolean {
    this.#found = this.#spliceFor(asked);
    return this.#found !== undefined;
  }

  /** {@link make} for the line that `answers` has just said yes to. */
  makeRecognized(line: Buffer): number {
    const found = this.#found;
    if (found === undefined) return 0;
    const { splice, used, usage } = found;
    const { spans } = this.#shapes;
    const length = splicedBytes(splice, spans);
    if (length > this.line.length) this.line = Buffer.allocUnsafeSlow(2 * length);
    writeSpliced(splice, line, spans, this.line, 0);
    used.answers += 1;
    for (const [part, at] of usage) {
      if (typeof at === 'number') used.add(part, at);
      else used.add(part, readAmount(line.toString('latin1', spans[2 * at.slot], spans[2 * at.slot + 1])));
    }
    return length;
  }

  /** Makes the result line of an answer, and adds its usage. @returns its length in `line`; 0 when it goes the long way */
  make(line: Buffer, asked: Asked): number {
    this.#known = this.#shapes.find(line);
    return this.answers(asked) ? this.makeRecognized(line) : 0;
  }

  #spliceFor({ inputs = 0 }: Asked): ResultSplice | undefined {
    const known = this.#known;
    if (known === undefined) return undefined;
    const { splices } = known;
    let found = splices.get(inputs);
    if (found === undefined && !splices.has(inputs) && splices.size < MAX_SPLICES) {
      found = learnResult(known.shape, this.#rules, inputs === 0 ? ONE_INPUT : { inputs });
      splices.set(inputs, found);
      if (found !== undefined) this.#learned.push(found);
    }
    return found !== undefined && areFilled(found.filled, this.#shapes.spans) ? found : undefined;
  }

  /** Counts an answer that went the long way, or a body that is no answer and has its price all the same. */
  countAnswer(body: unknown, end: AnswerEnd | undefined): void {
    this.#read.addAnswer(body, end);
  }

  /** What all answers have used, by the model that gave them. */
  models(): ModelTally {
    const models = this.#learned.map(({ model, end, used }) => ({
      ...(model === undefined ? {} : { model }),
      ...countEnds(used.answers, end),
      ...used.total,
    }));
    const tally = new ModelTally();
    tally.addAll(models.filter(({ answers }) => answers > 0));
    tally.addAll(this.#read.list());
    return tally;
  }

  /** Learns from a line in valid UTF-8 that went the long way and is an answer. */
  learn(line: Buffer): void {
    this.#shapes.learn(line);
  }
}

function areFilled(slots: readonly number[], spans: Int32Array): boolean {
  for (const slot of slots) if (spans[2 * slot] === spans[2 * slot + 1]) return false;
  return true;
}

function knownShape(shape: Shape): KnownShape | undefined {
  const probes = createProbes(shape);
  const [first, second] = probes.map(({ line }) => asWire(readAnswer(line))?.['custom_id']);
  if (typeof first !== 'string' || typeof second !== 'string') return undefined;
  const idSlot = commonSlot(probes, [first, second]);
  return idSlot === undefined ? undefined : { shape, idSlot, splices: new Map() };
}

function learnResult(shape: Shape, rules: ResultRules, asked: Asked): ResultSplice | undefined {
  const probes = createProbes(shape);
  const first = toAnswer(probes[0], rules, asked);
  const second = toAnswer(probes[1], rules, asked);
  if (first === undefined || second === undefined) return undefined;
  const splice = learnSplice(probes, [first.line, second.line]);
  const { model, end } = first;
  if (splice === undefined || end !== second.end) return undefined;
  const usage = USAGE_PARTS.map((part): ResultSplice['usage'][number] => {
    const slot = commonSlot(probes, [String(first.usage[part]), String(second.usage[part])]);
    return [part, slot === undefined ? first.usage[part] : { slot }];
  });
  const empty = createEmptyProbe(shape);
  const fromEmpty = toAnswer(empty, rules, asked);
  const isSame = fromEmpty?.line === spliceProbe(splice, empty) && fromEmpty.end === end;
  const filled = isSame ? [] : shape.slots.flatMap((kind, slot) => (kind === 'text' ? slot : []));
  return { splice, filled, usage: usage.filter(([, at]) => at !== 0), model, end, used: new UsageSum() };
}

interface MadeAnswer {
  readonly line: string;
  readonly usage: Usage;
  readonly model: string | undefined;
  readonly end: AnswerEnd | undefined;
}

function toAnswer({ line }: Probe, rules: ResultRules, asked: Asked): MadeAnswer | undefined {
  const wire = asWire(readAnswer(line));
  const customId = wire?.['custom_id'];
  if (wire === undefined || typeof customId !== 'string') return undefined;
  const verdict = classifyLine(wire, rules, asked);
  if (verdict.kind !== 'ok') return undefined;
  const { body, shown } = verdict;
  const made = tryJsonLine(renderResult({ ...rules, customId, body, shown }));
  return made === undefined
    ? undefined
    : { line: made, usage: usageOf(body), model: modelOf(body), end: endOf(shown) };
}
