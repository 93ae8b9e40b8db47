import { expect, test } from 'vitest';
import { configLiteral, MAX_CONFIG_BYTES } from '../../lib/config-literal.ts';
import { CONFIG } from './synthesized-stack.ts';

test('the literal is a JavaScript string of base64, and decodes to the configuration', () => {
  const literal = configLiteral(CONFIG);
  expect(literal).toMatch(/^"[A-Za-z0-9+/]+=*"$/);
  const encoded = String(JSON.parse(literal));
  expect(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))).toEqual(CONFIG);
});

test('a configuration that does not fit on a command line is refused, with both sizes', () => {
  const config = { profiles: { default: { provider: 'melious', model: 'm'.repeat(MAX_CONFIG_BYTES) } } };
  expect(() => configLiteral(config)).toThrow(/is 900\d\d bytes as JSON; at most 90000/);
});
