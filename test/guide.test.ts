import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { profileSchema } from '../src/profiles/profile-schema.ts';
import { REPEATED as REPEATED_BY_IMAGES } from '../src/endpoints/images.ts';
import { REPEATED as REPEATED_BY_RESPONSES } from '../src/endpoints/responses.ts';
import { LEFT_OUT } from '../src/endpoints/show.ts';
import { REPEATED as REPEATED_BY_SPEECH } from '../src/endpoints/speech.ts';
import { jobRequestSchema } from '../src/requests/job-request.ts';
import { openWorld } from './workflow/world.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const GUIDE = read('docs/guide.md');

/** The text below a heading, up to the next heading. */
function section(heading: string): string {
  const [, after = ''] = GUIDE.split(`\n${heading}\n`);
  return after.split(/^#{2,3} /m)[0] ?? '';
}

/** The names in the first column of the section's table. */
function named(heading: string): string[] {
  const cells = [...section(heading).matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)).toSorted();
}

const DECLARATIONS = ['plan', 'result-line', 'summary']
  .map((name) => read(`src/checkpoints/${name}.ts`))
  .join('\n');

/** Names in the declaration in `src/checkpoints/` that starts with this text. */
function declared(start: string, pattern: RegExp): string[] {
  const [, after = ''] = DECLARATIONS.split(start);
  const body = after.split(/^}|;\n\n/m)[0] ?? '';
  return [...body.matchAll(pattern)].map(([, name = '']) => name).toSorted();
}

const FIELD = /^ {2}readonly (\w+)\??:/gm;

describe('the guide has', () => {
  test('exactly the fields of a profile', () => {
    expect(named('## Profiles')).toEqual(Object.keys(profileSchema.shape).toSorted());
  });

  test('exactly the fields of a job request', () => {
    const fields = named('## Starting a job');
    expect(fields).toEqual(Object.keys(jobRequestSchema.shape).toSorted());
  });

  test('exactly the codes of invalid rows', () => {
    const codes = declared('export type RowProblemCode =', /'([A-Z_\d]+)'/g);
    expect(codes).toContain('INVALID_JSON');
    expect(named('### Invalid rows')).toEqual(codes);
  });

  test('exactly the fields of a result line', () => {
    const fields = [
      ...declared('export interface OkLine {', FIELD),
      ...declared('export interface NotOkLine {', FIELD),
    ];
    expect(named('### A line of results.jsonl')).toEqual([...new Set(fields)].toSorted());
  });

  test('exactly the codes of bodies that are not answers', () => {
    const files = ['answer', 'choices', 'embeddings', 'rerank', 'responses'];
    const sources = files.map((file) => read(`src/endpoints/${file}.ts`)).join('');
    const codes = new Set([...sources.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)].map(([, code = '']) => code));
    // Codes of rows without a readable answer. They have no file in `src/endpoints/`.
    const others = 'ANSWER_TOO_DEEP,MISSING_RESULT,NO_ANSWER,NOT_SENT,UNKNOWN,UNREADABLE_RESULT'.split(',');
    const inTable = named('### What an answer is').filter((name) => /^[A-Z_]+$/.test(name));
    expect(inTable).toEqual([...codes, ...others].toSorted());
  });

  test('the fields that a compact result leaves out', () => {
    const text = section('### What compact results leave out');
    const fields = [...LEFT_OUT, ...REPEATED_BY_RESPONSES, ...REPEATED_BY_IMAGES, ...REPEATED_BY_SPEECH];
    expect(fields.filter((field) => !text.includes(`\`${field}\``))).toEqual([]);
  });

  test('exactly the fields of a summary', () => {
    expect(named('### summary.json')).toEqual(declared('export interface Summary {', FIELD));
  });
});

test('the rows in the guide are answered', async () => {
  const rows = /```jsonl\n([^]*?)```/.exec(section('### JSON rows'))?.[1] ?? '';
  const world = await openWorld();

  const { results } = await world.run(rows, { model: 'glm-4.7:batch' });

  expect(results.map(({ custom_id, ok }) => [custom_id, ok])).toEqual([
    ['prompt', true],
    ['17', true],
    ['body', true],
    ['whole', true],
    ['row-00000005', true],
  ]);
});
