import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { classifyLine } from '../../src/collect/classify-line.ts';
import { classifyError, isBusy, isTooLarge } from '../../src/provider/classify-error.ts';
import {
  builtInDialect,
  DIALECTS,
  isBuiltIn,
  type DialectName,
} from '../../src/provider/dialects/dialects.ts';
import type { Dialect } from '../../src/provider/dialects/schema.ts';
import { asWire, readBatch, readFile, readPage } from '../../src/provider/wire.ts';

const FOLDER = join(import.meta.dirname, 'fixtures');

const fixtureSchema = z.strictObject({
  source: z.url(),
  kind: z.enum(['batch', 'file', 'page', 'error', 'busy', 'tooLarge', 'row']),
  wire: z.unknown(),
  reads: z.unknown(),
});
type Fixture = z.output<typeof fixtureSchema>;

const folders = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

function read({ kind, wire }: Fixture, dialect: Dialect): unknown {
  const fields = asWire(wire) ?? {};
  const [code, message] = [String(fields['code']), String(fields['message'])];
  switch (kind) {
    case 'batch':
      return readBatch(wire, dialect);
    case 'file':
      return readFile(wire);
    case 'page': {
      const page = readPage(wire);
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
      return classifyLine(fields, dialect.codes);
  }
}

describe.each(folders)('%s', (folder) => {
  const files = readdirSync(join(FOLDER, folder));

  test.each(files)('%s', (file) => {
    const fixture = fixtureSchema.parse(JSON.parse(readFileSync(join(FOLDER, folder, file), 'utf8')));

    const got = read(fixture, builtInDialect(folder as DialectName));

    if (typeof fixture.reads === 'object') expect(got).toMatchObject(fixture.reads as object);
    else expect(got).toBe(fixture.reads);
  });
});

test('every dialect of a provider has fixtures, and no other', () => {
  expect(folders.filter((folder) => !isBuiltIn(folder))).toEqual([]);
  const named = Object.keys(DIALECTS).filter((name) => name !== 'generic');
  expect(named.filter((name) => !folders.includes(name))).toEqual([]);
});
