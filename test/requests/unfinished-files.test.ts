import { expect, test } from 'vitest';
import { isUnfinished } from '../../src/requests/unfinished-files.ts';

test.each([
  '~$reviews.xlsx',
  'a/b/~$x.csv',
  '.~lock.a.ods#',
  'a.csv.part',
  'a.CRDOWNLOAD',
  'a.jsonl~',
  '#a.txt#',
  'a.csv.tmp',
])('%s is a lock file or an unfinished file', (name) => {
  expect(isUnfinished(name)).toBe(true);
});

test.each(['a.csv', 'part.csv', 'my.parts.csv', 'download.jsonl', 'tmp/a.csv', 'a~b.txt', '~a.csv'])(
  '%s is a file',
  (name) => {
    expect(isUnfinished(name)).toBe(false);
  },
);
