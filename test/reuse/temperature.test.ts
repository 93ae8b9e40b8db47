import { expect, test } from 'vitest';
import { setsTemperature } from '../../src/reuse/temperature.ts';

test.each([
  ['{"temperature":0.7}', true],
  ['{"temperature":1e-3}', true],
  ['{"temperature":"0"}', true],
  ['{"t\\u0065mperature":1}', true],
  ['{"temperature":0}', false],
  ['{"temperature":0.0}', false],
  ['{"temperature":null}', false],
  ['{"input":"\\"temperature\\":1"}', false],
  ['{"metadata":{"temperature":1}}', false],
  ['{"input":"caf\\u00e9"}', false],
  ['{}', false],
])('a request with the body %s needs a separate answer: %s', (body, expected) => {
  const line = Buffer.from(`{"custom_id":"q","method":"POST","url":"/v1/x","body":${body}}\n`);
  expect(setsTemperature(line)).toBe(expected);
});
