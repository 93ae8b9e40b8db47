/**
 * Finds the lines of a file that an error names only in its text. Lines, rows and requests count from 1, unless one of the texts
 * names line 0. An index in brackets, after a dot, or called an index counts from 0.
 * @returns for each text the lines it names, counted from 1
 */
export function linesInTexts(texts: readonly string[]): readonly (readonly number[])[] {
  const read = texts.map((text) => ({ counted: countedLines(text), indexed: indexedLines(text) }));
  const first = read.some(({ counted }) => counted.includes(0)) ? 0 : 1;
  return read.map(({ counted, indexed }) => {
    const lines = [...counted.map((line) => line + 1 - first), ...indexed.map((index) => index + 1)];
    return [...new Set(lines)].toSorted((a, b) => a - b);
  });
}

const NAMES = String.raw`lines?|rows?|records?|entry|entries`;
const NUMBERS = String.raw`\d+(?:,\d{3}(?!\d))*(?:\s*(?:,\s*and|,|and|&|-|–|to)\s*\d+)*`;
/** Words after a number that show that it is not a line: `line 3 of your plan`, `row 40 tokens`, `line 3.5`. */
const NOT_A_LINE = String.raw`(?![\d.]*\d|\s*(?:bytes|characters|tokens|%)|\s+of\s+(?!(?:the\s+|this\s+)?(?:uploaded\s+|input\s+|batch\s+)*(?:file|input|batch|jsonl|\d)))`;

/** Matches `Line 4:`, `row #4`, `line no. 4`, `line_number=4`, `lines 3, 5 and 7`, `lines 3-5`, `at line 4 column 2`. */
const COUNTED = new RegExp(
  String.raw`(?<!(?:number|count|total|maximum|max|most|than)(?: of)? )\b(?:${NAMES})(?:[\s_-]*(?:number|no\.?|num\.?))?["']?\s*[:=#(]*\s*(${NUMBERS})${NOT_A_LINE}`,
  'gi',
);

/**
 * Matches `request #4`, `item number 4`, `request 4 is invalid`. Without `number` or `#`, a number that may be an HTTP status
 * does not count.
 */
const MARKED =
  /(?<!\b(?:bad|http|per|max|most|than) )\b(?:requests?|items?)\s*(?:(?:number|no\.?|#)\s*[:=]?\s*(\d+)|(?![45]\d\d\b)(\d+)(?=\s*(?:[:,;)]|\.(?!\d)|$|is\b|has\b|was\b|failed\b|must\b|does\b|could\b)))/gi;

/** Position in a JSON text at which a parser stopped. Most parsers read one line at a time and call it line 1. */
const PARSER_POSITION = /\bline 1,? column \d+(?: \(char \d+\))?/gi;

function countedLines(text: string): number[] {
  const without = text.replaceAll(PARSER_POSITION, ' ');
  return [...without.matchAll(COUNTED), ...without.matchAll(MARKED)].flatMap(([, numbers, single]) =>
    readNumbers(numbers ?? single ?? ''),
  );
}

const MAX_RANGE = 50_000;

/** Reads line numbers such as `3, 5 and 7` or `3-5`; `1,234` is one number. */
function readNumbers(text: string): number[] {
  const plain = text.replaceAll(/(?<=\d),(?=\d{3}(?!\d))/g, '');
  const range = /^(\d+)\s*(?:-|–|to)\s*(\d+)$/.exec(plain.trim());
  if (range === null)
    return [...plain.matchAll(/\d+/g)].map(([digits]) => Number(digits)).filter(isLineNumber);
  const [from, to] = [Number(range[1]), Number(range[2])];
  if (to < from || to - from > MAX_RANGE) return [];
  return Array.from({ length: to - from + 1 }, (_, n) => from + n).filter(isLineNumber);
}

const isLineNumber = (number: number): boolean => Number.isSafeInteger(number);

/** Matches `lines[3]`, `requests.3.body`, `/requests/3`, `at index 3`. */
const INDEXED = [
  /\b(?:lines|rows|records|requests|entries|items)\s*\[(\d+)\]/gi,
  /\b(?:lines|rows|records|requests|entries|items)[./](\d+)\b/gi,
  /\bindex(?:ed)?\s*[:=#]?\s*(\d+)\b/gi,
];

function indexedLines(text: string): number[] {
  return INDEXED.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, digits]) => Number(digits)).filter(isLineNumber),
  );
}

/**
 * Ids by which a text may name a row: `custom_id 'a 1'`, `custom_id=a1`, `request "a1"`. The caller must compare them with the
 * rows.
 */
export function idsInText(text: string): readonly string[] {
  return [
    ...[...text.matchAll(QUOTED_ID)].map(([, , id = '']) => id),
    ...[...text.matchAll(BARE_ID)].flatMap(([, id = '']) => [id, id.replace(/[.:)\]]+$/, '')]),
  ];
}

const QUOTED_ID =
  /\b(?:custom[ _-]?id|(?:request|row|line|record)(?:[ _-]?id)?|id)\b["']?\s*[:=(]?\s*(["'`])(.{1,512}?)\1/gi;
const BARE_ID = /\bcustom[ _-]?id\b\s*[:=(]?\s*([^\s"'`,;]{1,512})/gi;
