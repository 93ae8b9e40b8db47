import { takesFiles, type ResultRules } from '../collect/lines/result-rules.ts';
import {
  RuleLines,
  type CountedLine,
  type LineReader,
  type LineVerdict,
  type ProviderLine,
  type ReadLine,
  type RenderableAnswer,
} from '../collect/lines/line-reader.ts';
import { ONE_INPUT } from '../endpoints/asked.ts';
import type { Asked } from '../endpoints/endpoint.ts';
import type { Usage } from '../checkpoints/counts.ts';
import { readAnswer, tryReadAnswer } from '../jsonl/answer-json.ts';
import { asWire } from '../provider/wire.ts';
import { ReusedLine } from './reused-line.ts';
import { SpanNotes } from './span-notes.ts';
import { plainText } from './shapes/plain-text.ts';
import type { Shape, SlotKind } from './shapes/shape.ts';
import { Shapes, type ShapeMatch } from './shapes/shapes.ts';
import {
  commonSlot,
  createEmptyProbe,
  createProbes,
  learnSplice,
  spliceProbe,
  type Probe,
  type Spans,
  type Splice,
} from './shapes/splice.ts';
import { endOf, type AnswerEnd } from '../collect/lines/answer-end.ts';
import { classifyLine } from '../collect/lines/classify-line.ts';
import { modelOf } from '../collect/counts/model-usage.ts';
import { renderResult } from '../collect/lines/render-result.ts';
import { NO_USAGE, readAmount, USAGE_KEYS, USAGE_PARTS, usageOf } from '../spending/usage.ts';
import { tryJsonLine } from '../jsonl/json-line.ts';

/** Keys whose values decide whether a line is an answer, and how it is shown. */
const FIXED = new Set([
  'status_code',
  'statusCode',
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

/** The transformation of one shape's lines, which answer one kind of request, into result lines. */
interface ResultSplice {
  readonly slotCount: number;
  readonly splice: Splice;
  /** Slots that must not be empty, because an empty text there changes the outcome. */
  readonly filled: readonly number[];
  /** Position of each part of the usage. A plain number is the same for every line of the shape. */
  readonly usage: readonly (readonly [keyof Usage, { readonly slot: number } | number])[];
  readonly model: string | undefined;
  readonly end: AnswerEnd | undefined;
}

interface KnownShape {
  readonly shape: Shape;
  readonly idSlot: number;
  /**
   * Splices by the number of inputs that a request lists, 0 for none; `undefined` if the line is not an answer to such a request.
   */
  readonly splices: Map<number, ResultSplice | undefined>;
}

/** Most numbers of inputs that are distinguished for one shape. */
const MAX_SPLICES = 64;

/**
 * Reads answers of a known shape by copying bytes, at several times the speed of the rules, and all other lines by the rules. It
 * learns from the rules how result lines look, so both give the same lines.
 */
export class FastLines implements LineReader {
  readonly #byRules: LineReader;
  readonly #rules: ResultRules;
  readonly #shapes: Shapes<KnownShape>;
  readonly #notes = new SpanNotes<ResultSplice>();
  readonly #answer = new SplicedAnswer(this.#notes);

  constructor(rules: ResultRules) {
    this.#byRules = new RuleLines(rules);
    this.#rules = rules;
    // Answers that contain files or must match a schema are always parsed.
    const isParsed = takesFiles(rules) || rules.output !== undefined;
    this.#shapes = new Shapes({ fixed: FIXED, kinds: KINDS, counted: USAGE_KEYS }, (shape) =>
      isParsed ? undefined : knownShape(shape),
    );
  }

  read(line: ProviderLine, askedOf: (id: string) => Asked | undefined): ReadLine {
    const { bytes, isUtf8 } = line;
    const match = isUtf8 ? this.#shapes.find(bytes) : undefined;
    const id = match && plainText(bytes, match.spans, match.use.idSlot);
    if (match !== undefined && id !== undefined) {
      const asked = askedOf(id);
      const verdict = asked && this.#splice(bytes, match, asked);
      if (asked === undefined || verdict !== undefined) return { id, verdict };
    }
    const read = this.#byRules.read(line, askedOf);
    if (isUtf8 && read.verdict?.kind === 'ok') this.#shapes.learn(bytes);
    return read;
  }

  readOf(line: ProviderLine, asked: Asked, note?: number): LineVerdict | undefined {
    if (note !== undefined) {
      const { use, spans } = this.#notes.read(note);
      return this.#answer.set(line.bytes, use, spans);
    }
    const match = line.isUtf8 ? this.#shapes.find(line.bytes) : undefined;
    const spliced = match && this.#splice(line.bytes, match, asked);
    return spliced ?? this.#byRules.readOf(line, asked);
  }

  #splice(
    bytes: Buffer,
    { use, spans }: ShapeMatch<KnownShape>,
    { inputs = 0 }: Asked,
  ): RenderableAnswer | undefined {
    const { splices, shape } = use;
    let found = splices.get(inputs);
    if (found === undefined && !splices.has(inputs) && splices.size < MAX_SPLICES) {
      found = learnResult(shape, this.#rules, inputs === 0 ? ONE_INPUT : { inputs });
      splices.set(inputs, found);
    }
    if (found === undefined || !areFilled(found.filled, spans)) return undefined;
    return this.#answer.set(bytes, found, spans);
  }
}

const NOTHING = Buffer.alloc(0);

/** The answer of the line that was read last. All answers share one object and one result line, to save garbage collection. */
class SplicedAnswer implements RenderableAnswer {
  readonly kind = 'ok';
  readonly #notes: SpanNotes<ResultSplice>;
  readonly #line = new ReusedLine();
  #bytes: Buffer = NOTHING;
  #splice: ResultSplice | undefined;
  #spans: Spans = [];

  constructor(notes: SpanNotes<ResultSplice>) {
    this.#notes = notes;
  }

  set(bytes: Buffer, splice: ResultSplice, spans: Spans): this {
    this.#bytes = bytes;
    this.#splice = splice;
    this.#spans = spans;
    return this;
  }

  note(): number | undefined {
    return this.#notes.keep(this.#read, this.#spans);
  }

  render(): CountedLine {
    const bytes = this.#bytes;
    const spans = this.#spans;
    const { splice, usage, model, end } = this.#read;
    const length = this.#line.splice(splice, bytes, spans);
    const used: Record<keyof Usage, number> = { ...NO_USAGE };
    for (const [part, at] of usage) {
      used[part] =
        typeof at === 'number'
          ? at
          : readAmount(bytes.toString('latin1', spans[2 * at.slot], spans[2 * at.slot + 1]));
    }
    return { line: this.#line.view(length), model, end, usage: used };
  }

  get #read(): ResultSplice {
    if (this.#splice === undefined) throw new Error('No answer was read yet.');
    return this.#splice;
  }
}

function areFilled(slots: readonly number[], spans: Spans): boolean {
  for (const slot of slots) if (spans[2 * slot] === spans[2 * slot + 1]) return false;
  return true;
}

function knownShape(shape: Shape): KnownShape | undefined {
  const probes = createProbes(shape);
  // The rules also read lines with marks of other formats around their JSON, such as the elements of a list.
  const [first, second] = probes.map(({ line }) => asWire(tryReadAnswer(line))?.['custom_id']);
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
  const slotCount = shape.slots.length;
  return { slotCount, splice, filled, usage: usage.filter(([, at]) => at !== 0), model, end };
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
