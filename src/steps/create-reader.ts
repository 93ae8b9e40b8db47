import type { LineReader } from '../collect/lines/line-reader.ts';
import type { ResultRules } from '../collect/lines/result-rules.ts';
import { FastLines } from '../fast-path/fast-lines.ts';

/** Reads result lines on the fast path. `new RuleLines(rules)` reads the same without it. */
export const createReader = (rules: ResultRules): LineReader => new FastLines(rules);
