import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as errors from '../src/errors.ts';

const { bounded, failureFromCatch, MAX_PROVIDER_TEXT, withCode } = errors;

test('every error keeps its literal name when its class is renamed', () => {
  const classes = Object.entries(errors).filter(
    ([, value]) => typeof value === 'function' && /^[A-Z]/.test(value.name),
  );

  expect(classes.length).toBeGreaterThan(8);
  for (const [name, value] of classes) {
    const Renamed = class extends (value as new (message: string) => Error) {};
    expect(new Renamed('x').name).toBe(name);
  }
});

describe('a failure that crossed the state machine', () => {
  const asLambda = (name: string, message: string) => ({
    Error: name,
    Cause: JSON.stringify({
      errorType: name,
      errorMessage: message,
      trace: [`${name}: ${message}`, '    at x'],
    }),
  });

  test('keeps its name, code and message, from Lambda and from the local engine', () => {
    const message = withCode('create batch: 404 no such model', 'INFERENCE_3001');
    const expected = {
      name: 'ProviderRejected',
      code: 'INFERENCE_3001',
      message: 'create batch: 404 no such model',
    };

    expect(failureFromCatch(asLambda('ProviderRejected', message))).toEqual(expected);
    expect(failureFromCatch({ Error: 'ProviderRejected', Cause: message })).toEqual(expected);
  });

  test('has its name as its code if it had no code', () => {
    expect(failureFromCatch({ Error: 'States.Timeout' })).toEqual({
      name: 'States.Timeout',
      code: 'States.Timeout',
      message: 'States.Timeout',
    });
  });

  test.each(['Incorrect API key provided: [secret]', 'no such model [glm-4]', 'not found [a.b] [c-d]'])(
    'takes no words of the message "%s" for its code',
    (said) => {
      const failure = failureFromCatch(asLambda('ProviderDenied', withCode(`poll: 401 ${said}`, undefined)));

      expect(failure.code).toBe('ProviderDenied');
      expect(failure.message).toContain(said);
    },
  );

  test('has a bounded length, with any message of a provider', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), (text) => {
        const { message } = failureFromCatch({ Error: 'X', Cause: text });
        expect(message.length).toBeLessThanOrEqual(MAX_PROVIDER_TEXT + 1);
        expect(bounded(text).startsWith(text.slice(0, MAX_PROVIDER_TEXT))).toBe(true);
      }),
    );
  });
});
