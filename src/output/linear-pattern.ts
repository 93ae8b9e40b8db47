import { RE2JS } from 're2js';

/** What a validator asks of a compiled pattern. */
export interface Pattern {
  test(text: string): boolean;
  toString(): string;
}

/**
 * Compiles a pattern of a schema for an engine whose time is linear in the text, with the meaning that ECMA-262 gives it.
 * @returns undefined for a pattern that the engine has no means for: lookaround, a reference to a group, some properties of Unicode
 */
export function compileLinear(pattern: string): Pattern | undefined {
  const translated = toRe2(pattern);
  if (translated === undefined) return undefined;
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(translated));
    // Ajv tells patterns apart by their text.
    return { test: (text) => compiled.test(text), toString: () => `/${pattern}/u` };
  } catch {
    return undefined;
  }
}

/** What `\s` means in JavaScript; RE2 knows ASCII's only. */
const SPACES = String.raw`\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff`;
const NOT_LINE_END = String.raw`[^\n\r\u2028\u2029]`;

/** The parts of a pattern: an escape, the beginning and the end of a class, any other character. */
const PARTS = /\\[\s\S]|\[\^?\]?|[\s\S]/g;

/** Escapes that have the same meaning in RE2, or are translated: no references to groups among them. */
const SAME_ESCAPES = /^\\[dDwWsSbBtnrfvcxupP^$\\.*+?()[\]{}|/-]$/;
/** Escapes that cannot be translated in a class, or mean something else there. */
const NOT_IN_CLASS: ReadonlySet<string> = new Set([String.raw`\S`, String.raw`\b`]);

/** The same pattern as RE2 reads it; undefined where it would read it otherwise. */
function toRe2(pattern: string): string | undefined {
  let inClass = false;
  let translated = '';
  for (const [part] of pattern.matchAll(PARTS)) {
    if (!inClass && part.startsWith('[')) {
      // An empty class matches nothing, or everything; in RE2 the bracket would be one of its characters.
      if (part.endsWith(']')) return undefined;
      inClass = true;
      translated += part;
      continue;
    }
    // A bracket in a class may begin a name, such as [:alpha:].
    if (inClass && (part.startsWith('[') || NOT_IN_CLASS.has(part))) return undefined;
    if (part.length > 1 && !SAME_ESCAPES.test(part)) return undefined;
    if (part === ']') inClass = false;
    translated += translatePart(part, inClass);
  }
  return translated;
}

function translatePart(part: string, inClass: boolean): string {
  if (part === String.raw`\s`) return inClass ? SPACES : `[${SPACES}]`;
  if (part === String.raw`\S`) return `[^${SPACES}]`;
  return part === '.' && !inClass ? NOT_LINE_END : part;
}
