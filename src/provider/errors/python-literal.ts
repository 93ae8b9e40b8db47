/** Tokens of a Python literal: strings, names, punctuation, numbers, white space. Any other token ends the parsing. */
const TOKEN = /([bu]?)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(\w[\w.+-]*|-[\w.+-]+)|([{}[\]():,])|(\s+)/gsy;

const NAMES: ReadonlyMap<string, string> = new Map([
  ['None', 'null'],
  ['True', 'true'],
  ['False', 'false'],
  ['nan', 'null'],
  ['inf', 'null'],
  ['-inf', 'null'],
]);

const BRACKETS: Readonly<Record<string, string>> = { '(': '[', ')': ']' };

/** The value of a dict or list as Python prints it (`{'code': None}`); `undefined` for any other text. */
export function readPythonLiteral(text: string): unknown {
  const json = pythonAsJson(text);
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Converts a dict or list in Python's notation to JSON; `undefined` if it has other tokens. Does not check its brackets. */
export function pythonAsJson(text: string): string | undefined {
  let json = '';
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text);
    if (token === null) return undefined;
    const [, , quoted, word, mark] = token;
    if (quoted !== undefined) json += JSON.stringify(unquote(quoted));
    else if (word !== undefined) json += NAMES.get(word) ?? word;
    // Python allows a comma after the last value, and a tuple of one value has it.
    else if (mark !== undefined)
      json = `${/[\]})]/.test(mark) && json.endsWith(',') ? json.slice(0, -1) : json}${BRACKETS[mark] ?? mark}`;
  }
  return json;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0' };

function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replaceAll(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([^]))/g, (_, hex, unicode, character: string) => {
      const code = (hex ?? unicode) as string | undefined;
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      return ESCAPES[character] ?? character;
    });
}
