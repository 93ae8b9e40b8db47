import { ONE_INPUT } from '../../../endpoints/asked.ts';
import type { Asked } from '../../../endpoints/endpoint.ts';

/** The requests of a round, in order. */
export interface RoundRequests {
  readonly customIds: readonly string[];
  /** Number of inputs by ordinal, for requests whose input is a list. */
  readonly inputs: ReadonlyMap<number, number>;
}

/** Finds the requests of a round by their custom_id. */
export class RequestIds {
  /** Ordinals of the requests by their custom_id. */
  readonly ordinals: ReadonlyMap<string, number>;
  readonly #inputs: ReadonlyMap<number, number>;
  /** The last id that was looked up, and its ordinal. */
  #lastId: string | undefined;
  #lastOrdinal: number | undefined;

  constructor({ customIds, inputs }: RoundRequests) {
    const ordinals = new Map<string, number>();
    for (const [ordinal, customId] of customIds.entries()) ordinals.set(customId, ordinal);
    this.ordinals = ordinals;
    this.#inputs = inputs;
  }

  get size(): number {
    return this.ordinals.size;
  }

  /** The ordinal of the request with the id of a line. Each line is looked up twice, so the last result is kept. */
  lookUp(id: string): number | undefined {
    if (id !== this.#lastId) {
      this.#lastOrdinal = this.ordinals.get(id);
      this.#lastId = id;
    }
    return this.#lastOrdinal;
  }

  /** How many of these ids belong to requests of the round. */
  countOf(customIds: ReadonlySet<string>): number {
    return [...customIds].filter((customId) => this.ordinals.has(customId)).length;
  }

  /** The parts of a request that its answer must match. */
  asked(ordinal: number): Asked {
    const inputs = this.#inputs.get(ordinal);
    return inputs === undefined ? ONE_INPUT : { inputs };
  }

  /** {@link asked} by the id of a line; undefined if no request has the id. */
  readonly askedOf = (id: string): Asked | undefined => {
    const ordinal = this.lookUp(id);
    return ordinal === undefined ? undefined : this.asked(ordinal);
  };
}
