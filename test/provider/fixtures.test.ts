import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { classifyLine } from '../../src/collect/lines/classify-line.ts';
import { ONE_INPUT } from '../../src/endpoints/asked.ts';
import { CHAT } from '../../src/endpoints/chat.ts';
import { classifyError, isBusy, isTooLarge } from '../../src/provider/errors/classify-error.ts';
import {
  builtInDialect,
  DIALECTS,
  isBuiltIn,
  type DialectName,
} from '../../src/provider/dialects/dialects.ts';
import type { Dialect } from '../../src/provider/dialects/schema.ts';
import { readMessageBatch } from '../../src/provider/adapters/anthropic.ts';
import { toMessageRequest } from '../../src/provider/adapters/anthropic-request.ts';
import { toResultLine } from '../../src/provider/adapters/anthropic-result.ts';
import { bareLines } from '../../src/provider/adapters/bare-lines.ts';
import { MISTRAL } from '../../src/provider/adapters/mistral.ts';
import { TOGETHER } from '../../src/provider/adapters/together.ts';
import { asWire, readBatch, readFile, readListPage, type Wire } from '../../src/provider/wire.ts';

const FOLDER = join(import.meta.dirname, 'fixtures');

const fixtureSchema = z.strictObject({
  source: z.url(),
  kind: z.enum(['batch', 'file', 'page', 'error', 'busy', 'tooLarge', 'row', 'request']),
  ours: z.unknown().optional(),
  wire: z.unknown(),
  reads: z.unknown().optional(),
});
type Fixture = z.output<typeof fixtureSchema>;

const folders = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

/** Functions that read a batch, for dialects whose objects differ from OpenAI's. */
const READ_BATCH: Readonly<Record<string, typeof readBatch>> = {
  mistral: MISTRAL.readBatch,
  together: TOGETHER.readBatch,
  anthropic: readMessageBatch,
};

function translated(wire: unknown): Wire {
  return JSON.parse(String(toResultLine(Buffer.from(JSON.stringify(wire))))) as Wire;
}

async function requestOf(ours: unknown, { adapter }: Dialect): Promise<unknown> {
  const line = Buffer.from(`${JSON.stringify(ours)}\n`);
  if (adapter === 'anthropic') return toMessageRequest(line);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bareLines(Readable.from([line]))) chunks.push(chunk);
  expect(Buffer.concat(chunks)).toHaveLength(line.length);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function read({ kind, wire, ours }: Fixture, dialect: Dialect): unknown {
  const fields = asWire(wire) ?? {};
  const [code, message] = [String(fields['code']), String(fields['message'])];
  switch (kind) {
    case 'batch':
      return (READ_BATCH[dialect.name] ?? readBatch)(wire, dialect);
    case 'file':
      return readFile(wire);
    case 'page': {
      const page = readListPage(wire);
      return page && { items: page.items.length, more: page.more };
    }
    case 'error': {
      const answer = {
        action: 'call',
        status: Number(fields['status']),
        body: JSON.stringify(fields['body']),
      };
      const error = classifyError(answer, dialect.codes);
      return { name: error.name, code: / \[([\w.-]+)\]$/.exec(error.message)?.[1] };
    }
    case 'busy':
      return isBusy(code, message, dialect.codes);
    case 'tooLarge':
      return isTooLarge(code, message, dialect.codes);
    case 'row':
      return classifyLine(
        dialect.adapter === 'anthropic' ? translated(wire) : fields,
        { codes: dialect.codes, endpoint: CHAT },
        ONE_INPUT,
      );
    case 'request':
      return requestOf(ours, dialect);
  }
}

describe.each(folders)('%s', (folder) => {
  const files = readdirSync(join(FOLDER, folder));

  test.each(files)('%s is read or written as recorded', async (file) => {
    const fixture = fixtureSchema.parse(JSON.parse(readFileSync(join(FOLDER, folder, file), 'utf8')));

    const got = await read(fixture, builtInDialect(folder as DialectName));

    if (fixture.kind === 'request') expect(got).toEqual(fixture.wire);
    else if (typeof fixture.reads === 'object') expect(got).toMatchObject(fixture.reads as object);
    else expect(got).toBe(fixture.reads);
  });
});

test('exactly the dialects of providers have fixtures', () => {
  expect(folders.filter((folder) => !isBuiltIn(folder))).toEqual([]);
  const named = Object.keys(DIALECTS).filter((name) => name !== 'generic');
  expect(named.filter((name) => !folders.includes(name))).toEqual([]);
});
