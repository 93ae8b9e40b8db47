import type { Context } from 'hono';
import { z } from 'zod';
import { isListed } from '../src/provider/dialects/known.ts';
import { answerBody, isUnknownModel, markedFailure, type SimulatedRequest } from './answers.ts';
import { codeOf } from './codes.ts';
import { errorBody, type Spoken } from './dialects.ts';
import { asksForStream, streamAnswer } from './streaming.ts';

/** Limit of realtime calls of an account. */
export interface RealtimeLimit {
  readonly requests: number;
  readonly perSeconds: number;
}

export interface RealtimeOptions {
  readonly limit: RealtimeLimit;
  readonly spoken: Spoken;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The differences of an endpoint's requests and answers from OpenAI's. */
export interface RealtimeShape {
  /** The equivalent endpoint of OpenAI. */
  readonly url: string;
  readonly request: z.ZodType<Readonly<Record<string, unknown>>>;
  readonly answer: (body: Readonly<Record<string, unknown>>) => object;
}

const anyRequest = z.record(z.string(), z.unknown());

/** The realtime endpoints: one call, one answer, and headers with the remaining calls of the window. */
export class Realtime {
  readonly #options: RealtimeOptions;
  readonly #seen = new Map<string, number>();
  #windowEnds = 0;
  #used = 0;

  constructor(options: RealtimeOptions) {
    this.#options = options;
  }

  async answer(c: Context, shape?: RealtimeShape): Promise<Response> {
    const { spoken, seed } = this.#options;
    const headers = this.#count();
    if (headers['retry-after'] !== undefined)
      return Response.json(errorBody(spoken, codeOf('throttled', spoken), 'Too many requests.'), {
        status: 429,
        headers,
      });
    const body = (shape?.request ?? anyRequest).safeParse(await c.req.json().catch(() => undefined));
    if (!body.success)
      return Response.json(
        errorBody(spoken, codeOf('invalid request', spoken), 'The body is not an object.'),
        {
          status: 400,
          headers,
        },
      );
    const request: SimulatedRequest = { custom_id: '', url: shape?.url ?? c.req.path, body: body.data };
    const text = JSON.stringify(body.data);
    const nth = (this.#seen.get(text) ?? 0) + 1;
    this.#seen.set(text, nth);
    const failure = markedFailure(request, nth);
    if (failure !== undefined)
      return Response.json(
        errorBody(spoken, failure, `The simulator was told to fail this row with ${failure}.`),
        // As in a batch: an unknown code is permanent.
        { status: isListed(failure, spoken.dialect.codes.retriable) ? 503 : 400, headers },
      );
    if (isUnknownModel(request.body['model']))
      return Response.json(errorBody(spoken, codeOf('unknown model', spoken), 'No such model.'), {
        status: 404,
        headers,
      });
    const answered = answerBody(request, { seed, nth, tellsCosts: spoken.dialect.name === 'melious' });
    if (shape !== undefined && !asksForStream(body.data))
      return Response.json(shape.answer(answered), { headers });
    if (!asksForStream(body.data)) return Response.json(answered, { headers });
    const stream = shape === undefined ? streamAnswer(request.url, request.body, answered) : undefined;
    if (stream !== undefined)
      return new Response(stream, {
        headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8' },
      });
    const rejection = errorBody(
      spoken,
      'unsupported_value',
      'stream: the simulator answers this endpoint whole.',
    );
    return Response.json(rejection, { status: 400, headers });
  }

  /** Counts a call. The result contains `retry-after` if the call exceeds the limit. */
  #count(): Record<string, string> {
    const { limit, now } = this.#options;
    if (now() >= this.#windowEnds) {
      this.#windowEnds = now() + limit.perSeconds * 1_000;
      this.#used = 0;
    }
    const isTaken = this.#used < limit.requests;
    if (isTaken) this.#used += 1;
    const seconds = String(Math.ceil((this.#windowEnds - now()) / 1_000));
    return {
      'x-ratelimit-limit-requests': String(limit.requests),
      'x-ratelimit-remaining-requests': String(limit.requests - this.#used),
      'x-ratelimit-reset-requests': seconds,
      ...(!isTaken && { 'retry-after': seconds }),
    };
  }
}
