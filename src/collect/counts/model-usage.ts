import type { ModelUsage, Usage } from '../../checkpoints/counts.ts';
import { asWire } from '../../provider/wire.ts';
import type { AnswerEnd } from '../lines/answer-end.ts';
import { Tally } from './tally.ts';
import { addUsage, NO_USAGE, plusUsage, usageOf } from '../../spending/usage.ts';

interface Answers {
  readonly answers: number;
  readonly truncated: number;
  readonly refused: number;
  readonly usage: Usage;
}

/** The counts of one answer. */
export interface CountedAnswer {
  readonly model: string | undefined;
  readonly end: AnswerEnd | undefined;
  readonly usage: Usage;
}

/** The model that an answer names. */
export function modelOf(body: unknown): string | undefined {
  const model = asWire(body)?.['model'];
  return typeof model === 'string' ? model : undefined;
}

/** Tokens and cost by the model that answered. */
export class ModelTally {
  /** Rounds only when the totals are read: rounding each answer is slow. */
  readonly #tally = new Tally<Answers>((a, b) => ({
    answers: a.answers + b.answers,
    truncated: a.truncated + b.truncated,
    refused: a.refused + b.refused,
    usage: plusUsage(a.usage, b.usage),
  }));

  /** Counts one answer. */
  add({ model, end, usage }: CountedAnswer): void {
    this.#tally.add(model, { ...countEnds(end), usage });
  }

  /** Counts an answer, given its body. */
  addAnswer(body: unknown, end: AnswerEnd | undefined): void {
    this.add({ model: modelOf(body), end, usage: usageOf(body) });
  }

  addAll(models: readonly ModelUsage[]): void {
    for (const { model, answers, truncated = 0, refused = 0, ...usage } of models)
      this.#tally.add(model, { answers, truncated, refused, usage });
  }

  list(): ModelUsage[] {
    return this.#tally.entries().map(([model, { usage, ...counts }]) => ({
      ...(model === undefined ? {} : { model }),
      ...counts,
      ...addUsage(usage, NO_USAGE),
    }));
  }

  /** Sum over all models. */
  total(): Usage {
    return this.#tally
      .entries()
      .map(([, { usage }]) => usage)
      .reduce(addUsage, NO_USAGE);
  }
}

function countEnds(end: AnswerEnd | undefined): Omit<Answers, 'usage'> {
  return { answers: 1, truncated: end === 'truncated' ? 1 : 0, refused: end === 'refused' ? 1 : 0 };
}

export function sumModels(lists: Iterable<readonly ModelUsage[]>): ModelUsage[] {
  const tally = new ModelTally();
  for (const models of lists) tally.addAll(models);
  return tally.list();
}
