import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Usage } from '../job.ts';
import { asWire } from '../provider/wire.ts';
import { plainText } from './shapes/plain-text.ts';
import type { Shape, SlotKind } from './shapes/shape.ts';
import { Shapes } from './shapes/shapes.ts';
import {
  commonSlot,
  createProbes,
  learnSplice,
  splicedBytes,
  writeSpliced,
  type Probe,
  type Splice,
} from './shapes/splice.ts';
import { endOf, type AnswerEnd } from '../collect/lines/answer-end.ts';
import type { OutputCheck } from '../collect/lines/check-output.ts';
import { classifyLine, type RowCodes } from '../collect/lines/classify-line.ts';
import { countEnds, modelOf, ModelTally } from '../collect/counts/model-usage.ts';
import { renderResult } from '../collect/lines/render-result.ts';
import { readAmount, USAGE_KEYS, USAGE_PARTS, usageOf, UsageSum } from '../collect/counts/usage.ts';
import { tryJsonLine } from '../jsonl/json-line.ts';

/** Values that decide whether a line is an answer, and how it is shown. */
const FIXED = new Set([
  'status_code',
  'error',
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
]);
const KINDS: ReadonlySet<SlotKind> = new Set(['text', 'number', 'quotedNumber', 'vector']);

/** The job's part of every result line. */
export interface ResultRules {
  readonly round: number;
  readonly endpoint: Endpoint;
  readonly resultShape: 'compact' | 'body';
  readonly codes: RowCodes;
  /** What answers must match. */
  readonly output?: OutputCheck | undefined;
}

/** Whether files are taken out of the answers; in the provider's whole body they stay where they are. */
export function takesFiles({ endpoint, resultShape }: ResultRules): boolean {
  return endpoint.takeFiles !== undefined && resultShape === 'compact';
}

interface ResultSplice {
  readonly one: Splice;
  /** For a request with many inputs. */
  readonly many: Splice;
  readonly idSlot: number;
  /** Where each part of the usage is; a number is the same for every line of the shape. */
  readonly usage: readonly (readonly [keyof Usage, { readonly slot: number } | number])[];
  readonly model: string | undefined;
  readonly end: AnswerEnd | undefined;
  /** What the answers of this shape have used. */
  readonly used: UsageSum;
}

/**
 * Makes result lines of a provider's lines by copying bytes: the same lines as `classifyLine` and `renderResult`, which
 * it learns from, at several times their speed. Only answers; all else is left to those.
 */
export class ResultSplicer {
  readonly #shapes: Shapes<ResultSplice>;
  /** The result line made last, newline included, up to the length that `make` told. */
  line = Buffer.allocUnsafeSlow(65_536);
  #answered: ResultSplice | undefined;
  readonly #learned: ResultSplice[] = [];
  readonly #endpoint: Endpoint;
  /** What answers have used that went the long way. */
  readonly #read = new ModelTally();

  constructor(rules: ResultRules) {
    this.#endpoint = rules.endpoint;
    this.#shapes = new Shapes({ fixed: FIXED, kinds: KINDS, counted: USAGE_KEYS }, (shape) => {
      // Answers that are files, or have to match, are looked into, and that is no copying of bytes.
      if (takesFiles(rules) || rules.output !== undefined) return undefined;
      const learned = learnResult(shape, rules);
      if (learned !== undefined) this.#learned.push(learned);
      return learned;
    });
  }

  /** The custom_id of a line in valid UTF-8 that is an answer; `undefined` when that must be found out the long way. */
  answered(line: Buffer): string | undefined {
    this.#answered = this.#shapes.find(line);
    return this.#answered && plainText(line, this.#shapes.spans, this.#answered.idSlot);
  }

  /** {@link make} for the line that `answered` has just recognized. */
  makeAnswered(line: Buffer, hasManyInputs: boolean): number {
    return this.#make(this.#answered, line, hasManyInputs);
  }

  /** Makes the result line of an answer, and adds its usage. @returns its length in `line`; 0 when it goes the long way */
  make(line: Buffer, hasManyInputs: boolean): number {
    return this.#make(this.#shapes.find(line), line, hasManyInputs);
  }

  #make(found: ResultSplice | undefined, line: Buffer, hasManyInputs: boolean): number {
    if (found === undefined) return 0;
    const { spans } = this.#shapes;
    const splice = hasManyInputs ? found.many : found.one;
    const length = splicedBytes(splice, spans);
    if (length > this.line.length) this.line = Buffer.allocUnsafeSlow(2 * length);
    writeSpliced(splice, line, spans, this.line, 0);
    const { used } = found;
    used.answers += 1;
    for (const [part, at] of found.usage) {
      if (typeof at === 'number') used.add(part, at);
      else used.add(part, readAmount(line.toString('latin1', spans[2 * at.slot], spans[2 * at.slot + 1])));
    }
    return length;
  }

  /** Counts an answer that went the long way. */
  countAnswer(body: unknown): void {
    this.#read.addAnswer(body, endOf(body, this.#endpoint));
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

function learnResult(shape: Shape, rules: ResultRules): ResultSplice | undefined {
  const probes = createProbes(shape);
  const first = toAnswer(probes[0], rules);
  const second = toAnswer(probes[1], rules);
  if (first === undefined || second === undefined) return undefined;
  const one = learnSplice(probes, [first.one, second.one]);
  const many = learnSplice(probes, [first.many, second.many]);
  const idSlot = commonSlot(probes, [first.customId, second.customId]);
  if (one === undefined || many === undefined || idSlot === undefined) return undefined;
  const usage = USAGE_PARTS.map((part): ResultSplice['usage'][number] => {
    const slot = commonSlot(probes, [String(first.usage[part]), String(second.usage[part])]);
    return [part, slot === undefined ? first.usage[part] : { slot }];
  });
  const { model, end } = first;
  if (end !== second.end) return undefined;
  return { one, many, idSlot, usage: usage.filter(([, at]) => at !== 0), model, end, used: new UsageSum() };
}

interface MadeAnswer {
  readonly customId: string;
  readonly one: string;
  readonly many: string;
  readonly usage: Usage;
  readonly model: string | undefined;
  readonly end: AnswerEnd | undefined;
}

function toAnswer({ line }: Probe, rules: ResultRules): MadeAnswer | undefined {
  const wire = asWire(JSON.parse(line));
  const customId = wire?.['custom_id'];
  if (wire === undefined || typeof customId !== 'string') return undefined;
  const verdict = classifyLine(wire, rules.codes);
  if (verdict.kind !== 'ok') return undefined;
  const { body } = verdict;
  const render = (manyInputs: boolean): string | undefined =>
    tryJsonLine(renderResult({ ...rules, customId, body, manyInputs }));
  const [one, many] = [render(false), render(true)];
  if (one === undefined || many === undefined) return undefined;
  const end = endOf(body, rules.endpoint);
  return { customId, one, many, usage: usageOf(body), model: modelOf(body), end };
}
