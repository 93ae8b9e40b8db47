import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { parseExact } from '../src/exact-json.ts';
import { asWire } from '../src/provider/wire.ts';

/**
 * Reads the JSON Schema in a file.
 * @throws InvalidArgumentError, which commander reports with the option's name.
 */
export function readSchemaFile(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new InvalidArgumentError(`There is no file ${path} that can be read.`);
  }
  let schema: unknown;
  try {
    schema = parseExact(text);
  } catch {
    throw new InvalidArgumentError(`${path} is not JSON.`);
  }
  const object = asWire(schema);
  if (object === undefined)
    throw new InvalidArgumentError(`${path} is not a JSON Schema: it is not an object.`);
  return object;
}
