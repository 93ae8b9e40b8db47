import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';

test.each([
  { url: 's3://data-1.example', named: 's3://data-1.example' },
  { url: 's3://data/', named: 's3://data' },
  { url: 'file:///tmp/some%20folder', named: 'file:///tmp/some%20folder' },
])('$url opens its store', ({ url, named }) => {
  expect(openStore(url).url).toBe(named);
});

test('a folder may have spaces in its name', () => {
  expect(openStore('file:///tmp/some%20folder').locate('input/a b')).toBe('/tmp/some folder/input/a b');
});

test.each([
  '',
  'data',
  './folder',
  's3://',
  's3://Data',
  's3://data/prefix',
  'file://',
  'file:///',
  'file://host/x',
])('STORE=%j is refused with the valid forms', (url) => {
  expect(() => openStore(url)).toThrow(
    expect.objectContaining({
      name: 'InvalidRequest',
      message: `STORE is "${url}"; it must be s3://<bucket> or file:///<folder>.`,
    }),
  );
});
