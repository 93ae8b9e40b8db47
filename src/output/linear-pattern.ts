import { RE2JS } from 're2js';

/** The interface that a validator expects of a compiled pattern. */
export interface Pattern {
  test(text: string): boolean;
  toString(): string;
}

/**
 * Compiles a schema's pattern for an engine with linear time, with the meaning of ECMA-262.
 * @returns undefined for a pattern that the engine does not support: lookaround, back-references, some Unicode properties
 */
export function compileLinear(pattern: string): Pattern | undefined {
  const translated = toRe2(pattern);
  if (translated === undefined) return undefined;
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(translated));
    // Ajv distinguishes patterns by their text.
    return { test: (text) => compiled.test(text), toString: () => `/${pattern}/u` };
  } catch {
    return undefined;
  }
}

/** The characters of `\s` in JavaScript; RE2's `\s` is ASCII only. */
const SPACES = String.raw`\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff`;
const NOT_LINE_END = String.raw`[^\n\r\u2028\u2029]`;

/** The parts of a pattern: an escape, the beginning or the end of a class, or any other character. */
const PARTS = /\\[\s\S]|\[\^?\]?|[\s\S]/g;

/** Escapes that RE2 supports with the same meaning, or that are translated. They do not include back-references. */
const SAME_ESCAPES = /^\\[dDwWsSbBtnrfvcxupP^$\\.*+?()[\]{}|/-]$/;
/** Escapes that cannot be translated inside a class, or have another meaning there. */
const NOT_IN_CLASS: ReadonlySet<string> = new Set([String.raw`\S`, String.raw`\b`]);

/** The pattern in RE2's syntax; undefined if RE2 would give it another meaning. */
function toRe2(pattern: string): string | undefined {
  let inClass = false;
  let translated = '';
  for (const [part] of pattern.matchAll(PARTS)) {
    if (!inClass && part.startsWith('[')) {
      // An empty class matches nothing, or with ^ everything; in RE2 the bracket would be a member of the class.
      if (part.endsWith(']')) return undefined;
      inClass = true;
      translated += part;
      continue;
    }
    // In RE2 a bracket inside a class may begin a name such as [:alpha:].
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
