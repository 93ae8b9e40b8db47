import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { DIALECTS } from '../../src/provider/dialects/dialects.ts';
import { OPENAI_CODES, OPENAI_STATUSES } from '../../src/provider/dialects/openai-like.ts';
import type { DialectFacts } from '../../src/provider/dialects/schema.ts';

const PAGE = '../../docs/providers.md';
const MARK = '<!-- From here on';

const ID_CHARACTERS = { any: '', unknown: '', ascii: ', ASCII', word: ', letters, digits, `_`, `-`' };

type Cell = (facts: DialectFacts) => string;
const dialects: readonly (readonly [string, DialectFacts])[] = Object.entries(DIALECTS);

test('docs/providers.md shows the dialects as they are', async () => {
  const page = await readFile(new URL(PAGE, import.meta.url), 'utf8');
  const written = page.slice(0, page.indexOf('\n', page.indexOf(MARK)) + 1);

  await expect(`${written}\n${tables()}`).toMatchFileSnapshot(PAGE);
});

/** How `src/batches/` finds the batch of a lost create. */
function lostCreate({ adapter, honours }: DialectFacts): string {
  if (adapter === 'anthropic') return 'the ids in its results';
  return honours.metadata === true ? 'metadata' : 'its input file';
}

function tables(): string {
  return [
    '## URLs and endpoints\n',
    table({
      provider: ({ title }) => title,
      adapter: ({ adapter = 'openai' }) => code(adapter),
      'base URL': ({ baseUrl }) => baseUrl ?? 'your own',
      'key in': ({ auth }) => `\`${auth}\``,
      endpoints: ({ endpoints }) => fact(endpoints, (paths) => paths.map(code).join(', ')),
      windows: ({ windows }) =>
        fact(windows, (some) => ('from' in some ? `${some.from} to ${some.to}` : some.join(', '))),
    }),
    '## What a file may hold\n',
    table({
      bytes: ({ limits }) => fact(limits.fileBytes, grouped),
      requests: ({ limits }) => fact(limits.requests, grouped),
      'texts to embed': ({ limits }) => fact(limits.embeddingInputs, grouped),
      'characters of an id': ({ limits }) =>
        `${fact(limits.customIdLength, grouped)}${ID_CHARACTERS[limits.customIdCharacters]}`,
      'one model': ({ limits }) => fact(limits.oneModel, yesNo),
      'enqueued tokens of a model': ({ limits }) => fact(limits.enqueuedTokens, grouped),
    }),
    '## Supported features\n',
    table({
      'a lost create is found by': lostCreate,
      metadata: ({ honours }) => fact(honours.metadata, yesNo),
      'idempotency key': ({ honours }) => fact(honours.idempotencyKey, String),
      'expiry of files': ({ honours }) => fact(honours.fileExpiry, String),
      cancel: ({ honours }) => fact(honours.cancel, yesNo),
      'deleting files': ({ honours }) => fact(honours.deletion, yesNo),
      'wait between polls': ({ pollSeconds }) => fact(pollSeconds, (seconds) => `${seconds} s`),
    }),
    '## Names and formats\n',
    `OpenAI’s statuses are ${Object.keys(OPENAI_STATUSES).map(code).join(', ')}.\n`,
    table({
      statuses: ({ statuses }) => beside(Object.keys(statuses), Object.keys(OPENAI_STATUSES)),
      counters: ({ counters }) =>
        typeof counters === 'string' ? fact(counters, String) : namesOf(counters).map(code).join(', '),
      times: ({ fields }) => fact(fields.times, String),
      'no value yet': ({ fields }) => fact(fields.absent, String),
      'why a batch failed': ({ fields }) => fact(fields.errors, String),
      'errors of calls': ({ errors }) => fact(errors, (envelopes) => envelopes.map(code).join(', ')),
    }),
    '## Files\n',
    table({
      'rows that failed': ({ files }) => fact(files.failedRows, String),
      'unprocessed rows': ({ files }) => fact(files.unfinishedRows, String),
      'empty files': ({ files }) => fact(files.emptyFiles, String),
      '`response.body`': ({ fields }) => fact(fields.body, String),
      'a failed row has': ({ fields }) => fact(fields.rowError, String),
      'wait until processed': ({ files }) => fact(files.processedFirst, yesNo),
      'input holds its batch': ({ files }) => fact(files.inputHoldsBatch, yesNo),
    }),
    '## Codes\n',
    'The meaning of error codes, with any HTTP status. `*` matches any rest.\n',
    `OpenAI’s are: another round ${OPENAI_CODES.retriable.map(code).join(', ')}; stops the job ${OPENAI_CODES.halting.map(code).join(', ')}; slow down ${OPENAI_CODES.throttled.map(code).join(', ')}; no room for now ${OPENAI_CODES.busy.map(code).join(', ')}; too large ${OPENAI_CODES.tooLarge.map(code).join(', ')}.\n`,
    table({
      'another round': ({ codes }) => beside(codes.retriable, OPENAI_CODES.retriable),
      never: ({ codes }) => codes.permanent.map(code).join(', '),
      'stops the job': ({ codes }) => beside(codes.halting, OPENAI_CODES.halting),
      'slow down': ({ codes }) => beside(codes.throttled, OPENAI_CODES.throttled),
      'no room for now': ({ codes }) => beside(codes.busy, OPENAI_CODES.busy),
      'too large': ({ codes }) => beside(codes.tooLarge, OPENAI_CODES.tooLarge),
    }),
    '## Sources\n',
    'Read in November 2026.\n',
    ...dialects.flatMap(([name, { sources }]) =>
      sources.length === 0 ? [] : [`- \`${name}\`: ${sources.map((url) => `<${url}>`).join(', ')}`],
    ),
    '',
  ].join('\n');
}

const namesOf = ({ total, succeeded, failed }: Exclude<DialectFacts['counters'], string>): string[] =>
  total === undefined ? [succeeded, failed] : [total, succeeded, failed];

/** A list of codes, shortened to the ones that OpenAI does not have if it contains all of OpenAI's. */
function beside(list: readonly string[], openai: readonly string[]): string {
  if (!openai.every((each) => list.includes(each))) return list.map(code).join(', ');
  const own = list.filter((each) => !openai.includes(each)).map(code);
  return ['OpenAI’s', ...own].join(', ');
}

function table(columns: Readonly<Record<string, Cell>>): string {
  const titles = Object.keys(columns);
  const rows = dialects.map(
    ([name, facts]) => `| \`${name}\` | ${titles.map((title) => columns[title]?.(facts)).join(' | ')} |`,
  );
  return `${[`| dialect | ${titles.join(' | ')} |`, `|---${'|---'.repeat(titles.length)}|`, ...rows].join('\n')}\n`;
}

function fact<Fact>(known: Fact | 'unknown', show: (fact: Exclude<Fact, 'unknown'>) => string): string {
  return known === 'unknown' ? '?' : show(known as Exclude<Fact, 'unknown'>);
}

const yesNo = (fact: boolean): string => (fact ? 'yes' : 'no');
const grouped = (fact: number): string => fact.toLocaleString('en-US');
const code = (text: string): string => `\`${text}\``;
