import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { RuleLines, type LineReader } from '../../src/collect/lines/line-reader.ts';
import { renderResult } from '../../src/collect/lines/render-result.ts';
import type { ResultRules } from '../../src/collect/lines/result-rules.ts';
import { Answers } from '../../src/direct/answers.ts';
import type { DirectRow } from '../../src/direct/held-rows.ts';
import { sendRows } from '../../src/direct/send-rows.ts';
import { askedIn, ONE_INPUT } from '../../src/endpoints/asked.ts';
import type { Asked, Endpoint } from '../../src/endpoints/endpoint.ts';
import { endpointAt } from '../../src/endpoints/endpoints.ts';
import { jsonLine } from '../../src/jsonl/json-line.ts';
import { eachOwnLine } from '../../src/jsonl/own-lines.ts';
import type { ProviderClient } from '../../src/provider/batch-provider.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { builtInDialect, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { createReader } from '../../src/steps/create-reader.ts';
import { createClock } from '../support/clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { ENDPOINTS, hasError, isAnswer, isObject } from './answer-definitions.ts';
import { useAnsweringServer } from './answering-server.ts';
import { bodiesOf, messageBodies, wordsOf } from './made-bodies.ts';
import { trials } from '../support/exhaustive.ts';

const server = useAnsweringServer();

const NO_CODES = { retriable: [], permanent: [], halting: [] };
const rulesOf = (endpoint: Endpoint): ResultRules => ({
  endpoint,
  codes: NO_CODES,
  round: 1,
  resultShape: 'compact',
});

/** A row: the number of its inputs, and the body that the provider returns. */
interface Row {
  readonly inputs: number | undefined;
  readonly body: unknown;
}

function useClient(dialect: DialectName): () => ProviderClient {
  let client: ProviderClient | undefined;
  beforeAll(() => {
    const settings = { name: 'test', baseUrl: server.url, dialect: builtInDialect(dialect) };
    client = createProviderClient({ settings, apiKey: () => Promise.resolve('sk-of-the-paths') });
  });
  afterAll(() => client?.close());
  return () => {
    if (client === undefined) throw new Error('There is no client outside of a test.');
    return client;
  };
}

const requestOf = ({ inputs }: Row, at: number, { lists }: Endpoint): Record<string, unknown> => ({
  user: `q${at}`,
  ...(lists !== undefined && inputs !== undefined && { [lists]: Array<string>(inputs).fill('a') }),
});

/** Sends the rows direct. Returns the stored lines of their answers. */
async function sendDirect(client: ProviderClient, path: string, rows: readonly Row[]): Promise<string[]> {
  const endpoint = endpointAt(path);
  server.bodies = new Map(rows.map(({ body }, at) => [`q${at}`, JSON.stringify(body)]));
  const store = createMemoryStore(65_536);
  const ref = { jobId: 'job', shard: 0 };
  const { answers } = await Answers.open(store, ref, 1);
  const clock = createClock();
  async function* each(): AsyncGenerator<DirectRow, undefined> {
    for (const [at, row] of rows.entries())
      yield await Promise.resolve({
        customId: `q${at}`,
        body: JSON.stringify(requestOf(row, at, endpoint)),
      });
    return undefined;
  }
  const edges = {
    clock,
    random: () => 0.5,
    wait: (ms: number) => Promise.resolve(clock.moveTo(new Date(clock.now() + ms).toISOString())),
  };
  const sent = await sendRows(edges, each(), {
    endpoint: path,
    provider: client,
    codes: NO_CODES,
    answers,
    hasAnswers: false,
    until: clock.now() + 3_600_000,
    isStopped: () => Promise.resolve(false),
  });
  expect(sent.end).toBe('all');
  const kept: string[] = [];
  for await (const { key } of store.list('')) {
    for await (const line of eachOwnLine(store, key)) kept.push(line.toString('utf8').trimEnd());
  }
  return kept;
}

async function download(client: ProviderClient, lines: readonly string[]): Promise<string[]> {
  server.file = lines.map((line) => `${line}\n`).join('');
  const chunks: Buffer[] = [];
  for await (const chunk of client.download('file')) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
}

/** Checks that a row is ok exactly if the definition says so, and that its result line contains every text of the body. So does a failure. */
function expectTruth(
  lines: readonly string[],
  rows: readonly Row[],
  rules: ResultRules,
  isOk: (row: Row) => boolean,
): void {
  for (const reader of [new RuleLines(rules), createReader(rules)]) {
    const seen = new Set<string>();
    for (const line of [...lines, ...lines]) {
      const { id, said, isRead } = readOne(reader, line, rows, rules);
      const row = rows[Number(id.slice(1))];
      seen.add(id);
      expect({ ok: said.ok, body: row?.body }).toEqual({
        ok: row !== undefined && isOk(row),
        body: row?.body,
      });
      // A body that is only an error keeps its message, but not the other texts of the body.
      const isWhole = said.ok || rules.endpoint.problem !== undefined;
      const lost = isWhole ? wordsOf(row?.body).filter((word) => !said.text.includes(word)) : [];
      expect({ lost, isRead, line: said.text }).toEqual({ lost: [], isRead: true, line: said.text });
    }
    expect(seen.size).toBe(rows.length);
  }
}

interface Told {
  readonly id: string;
  readonly isRead: boolean;
  readonly said: { readonly ok: boolean; readonly text: string };
}

function readOne(reader: LineReader, line: string, rows: readonly Row[], rules: ResultRules): Told {
  const askedOf = (id: string): Asked => {
    const at = Number(id.slice(1));
    const row = rows[at];
    return row === undefined ? ONE_INPUT : askedIn(requestOf(row, at, rules.endpoint), rules.endpoint);
  };
  const { id = '', verdict } = reader.read({ bytes: Buffer.from(line), isUtf8: true }, askedOf);
  if (verdict === undefined) return { id, isRead: false, said: { ok: false, text: '' } };
  if ('render' in verdict)
    return { id, isRead: true, said: { ok: true, text: verdict.render().line.toString('utf8') } };
  const ok = verdict.kind === 'ok';
  const text = ok
    ? jsonLine(renderResult({ ...rules, customId: id, body: verdict.body, shown: verdict.shown }))
    : JSON.stringify(verdict);
  return { id, isRead: true, said: { ok, text } };
}

const rowsOf = (bodies: fc.Arbitrary<unknown>, { lists }: Endpoint): fc.Arbitrary<Row[]> =>
  fc.array(
    fc.record({
      inputs: lists === undefined ? fc.constant(undefined) : fc.constantFrom(undefined, 1, 2, 3),
      body: bodies,
    }),
    { minLength: 1, maxLength: 12 },
  );

const FILE_DIALECTS = ['openai', 'mistral', 'together'] as const;

/** The result line in which each provider wraps a body. */
const NATIVE: Readonly<Record<(typeof FILE_DIALECTS)[number], (id: string, body: unknown) => object>> = {
  openai: (custom_id, body) => ({
    id: 'batch_req_1',
    custom_id,
    response: { status_code: 200, request_id: 'r', body },
    error: null,
  }),
  mistral: (custom_id, body) => ({
    id: 'batch-1',
    custom_id,
    response: { status_code: 200, body },
    error: null,
  }),
  together: (custom_id, body) => ({ custom_id, response: { status_code: 200, body } }),
};

describe.each(FILE_DIALECTS)('through the adapter %s', (dialect) => {
  const client = useClient(dialect);

  describe.each(ENDPOINTS)('a row of %s', (path) => {
    const endpoint = endpointAt(path);
    const isOk = ({ body, inputs }: Row): boolean => {
      const asked = endpoint.lists === undefined || inputs === undefined ? ONE_INPUT : { inputs };
      return isAnswer(path, body, asked);
    };
    trials(4, 12).test('is ok in a batch and direct exactly if its body is an answer', (numRuns) =>
      fc.assert(
        fc.asyncProperty(rowsOf(bodiesOf(path, 3), endpoint), async (rows) => {
          const native = rows.map(({ body }, at) => JSON.stringify(NATIVE[dialect](`q${at}`, body)));
          expectTruth(await download(client(), native), rows, rulesOf(endpoint), isOk);
          expectTruth(await sendDirect(client(), path, rows), rows, rulesOf(endpoint), isOk);
        }),
        { numRuns },
      ),
    );
  });
});

describe('through the adapter anthropic', () => {
  const client = useClient('anthropic');
  const path = '/v1/chat/completions';
  const endpoint = endpointAt(path);
  const isMessage = ({ body }: Row): boolean =>
    isObject(body) && Array.isArray(body['content']) && !hasError(body);

  trials(12, 60).test(
    'a row is ok in a batch and direct exactly if its message has content, and no text is lost',
    (numRuns) =>
      fc.assert(
        fc.asyncProperty(rowsOf(messageBodies(3), endpoint), async (rows) => {
          const native = rows.map(({ body }, at) =>
            JSON.stringify({ custom_id: `q${at}`, result: { type: 'succeeded', message: body } }),
          );
          expectTruth(await download(client(), native), rows, rulesOf(endpoint), isMessage);
          expectTruth(await sendDirect(client(), path, rows), rows, rulesOf(endpoint), isMessage);
        }),
        { numRuns },
      ),
  );
});
