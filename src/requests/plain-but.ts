import { toPlain } from '../exact-json.ts';
import { asWire } from '../provider/wire.ts';

/**
 * A copy of what `parseExact` has read, with plain numbers for checks and arithmetic but for the values at these paths, which
 * are handed on and keep the text of their numbers.
 * @param paths keys one below the other; `*` stands for every key
 */
export function plainBut(value: unknown, paths: readonly (readonly string[])[]): unknown {
  const plain = toPlain(value);
  for (const path of paths) putBack(plain, value, path);
  return plain;
}

/** Gives a copy the very value that the original has at a path, if there is one. */
function putBack(copy: unknown, original: unknown, [key = '', ...rest]: readonly string[]): void {
  const [into, from] = [asWire(copy), asWire(original)];
  if (into === undefined || from === undefined) return;
  const keys = key === '*' ? Object.keys(from) : [key].filter((each) => Object.hasOwn(from, each));
  for (const each of keys) {
    if (rest.length > 0) putBack(into[each], from[each], rest);
    else Object.assign(into, { [each]: from[each] });
  }
}
