import { parseExact } from '../exact-json.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import { frameLines } from '../jsonl/lines.ts';

/** The lines of a `results.jsonl`, in batches that arrive together. Numbers keep their digits. */
export async function* readResultLines(results: AsyncIterable<Uint8Array>): AsyncGenerator<ResultLine[]> {
  for await (const lines of frameLines(results, Number.MAX_SAFE_INTEGER)) {
    yield lines.flatMap(({ bytes }) =>
      bytes === undefined ? [] : [parseExact(bytes.toString('utf8')) as ResultLine],
    );
  }
}
