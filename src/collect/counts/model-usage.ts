import type { ModelUsage, Usage } from '../../checkpoints/counts.ts';
import { asWire } from '../../provider/wire.ts';
import type { AnswerEnd } from '../lines/answer-end.ts';
import { Tally } from './tally.ts';
import { addUsage, NO_USAGE, usageOf } from './usage.ts';

interface Answers {
  readonly answers: number;
  readonly truncated: number;
  readonly refused: number;
  readonly usage: Usage;
}

/** The model that an answer names. */
export function modelOf(body: unknown): string | undefined {
  const model = asWire(body)?.['model'];
  return typeof model === 'string' ? model : undefined;
}

/** Tokens and cost by the model that answered. */
export class ModelTally {
  readonly #tally = new Tally<Answers>((a, b) => ({
    answers: a.answers + b.answers,
    truncated: a.truncated + b.truncated,
    refused: a.refused + b.refused,
    usage: addUsage(a.usage, b.usage),
  }));

  /** Counts one answer. */
  addAnswer(body: unknown, end: AnswerEnd | undefined): void {
    this.#tally.add(modelOf(body), { ...countEnds(1, end), usage: usageOf(body) });
  }

  addAll(models: readonly ModelUsage[]): void {
    for (const { model, answers, truncated = 0, refused = 0, ...usage } of models)
      this.#tally.add(model, { answers, truncated, refused, usage });
  }

  list(): ModelUsage[] {
    return this.#tally.entries().map(([model, { usage, ...counts }]) => ({
      ...(model === undefined ? {} : { model }),
      ...counts,
      ...usage,
    }));
  }

  /** Over all models. */
  total(): Usage {
    return this.#tally
      .entries()
      .map(([, { usage }]) => usage)
      .reduce(addUsage, NO_USAGE);
  }
}

/** Answers that all ended alike. */
export function countEnds(answers: number, end: AnswerEnd | undefined): Omit<Answers, 'usage'> {
  return {
    answers,
    truncated: end === 'truncated' ? answers : 0,
    refused: end === 'refused' ? answers : 0,
  };
}

export function sumModels(lists: Iterable<readonly ModelUsage[]>): ModelUsage[] {
  const tally = new ModelTally();
  for (const models of lists) tally.addAll(models);
  return tally.list();
}
