import { toPlain } from '../exact-json.ts';
import { asWire } from '../provider/wire.ts';

/**
 * Copies a result of `parseExact` with plain numbers, for checks and arithmetic. The values at the given paths keep the text of
 * their numbers.
 * @param paths lists of nested keys; `*` matches every key
 */
export function plainBut(value: unknown, paths: readonly (readonly string[])[]): unknown {
  const plain = toPlain(value);
  for (const path of paths) putBack(plain, value, path);
  return plain;
}

/** Puts the original value at a path into the copy, if there is one. */
function putBack(copy: unknown, original: unknown, [key = '', ...rest]: readonly string[]): void {
  const [into, from] = [asWire(copy), asWire(original)];
  if (into === undefined || from === undefined) return;
  const keys = key === '*' ? Object.keys(from) : [key].filter((each) => Object.hasOwn(from, each));
  for (const each of keys) {
    if (rest.length > 0) putBack(into[each], from[each], rest);
    else Object.assign(into, { [each]: from[each] });
  }
}
