import type { ModelUsage, Usage } from '../job.ts';
import { asWire } from '../provider/wire.ts';
import { Tally } from './tally.ts';
import { addUsage, NO_USAGE, usageOf } from './usage.ts';

interface Answers {
  readonly answers: number;
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
    usage: addUsage(a.usage, b.usage),
  }));

  /** Counts one answer. */
  addAnswer(body: unknown): void {
    this.#tally.add(modelOf(body), { answers: 1, usage: usageOf(body) });
  }

  addAll(models: readonly ModelUsage[]): void {
    for (const { model, answers, ...usage } of models) this.#tally.add(model, { answers, usage });
  }

  list(): ModelUsage[] {
    return this.#tally.entries().map(([model, { answers, usage }]) => ({
      ...(model === undefined ? {} : { model }),
      answers,
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

export function sumModels(lists: Iterable<readonly ModelUsage[]>): ModelUsage[] {
  const tally = new ModelTally();
  for (const models of lists) tally.addAll(models);
  return tally.list();
}
