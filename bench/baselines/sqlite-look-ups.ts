import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { answerLine } from '../data/answers.ts';
import { MODEL } from '../data/inputs.ts';

/**
 * A cache of answers by request, as in simple scripts: one look-up in SQLite per row. `sqlite-look-ups fill <rows> <database>`
 * stores answers; `sqlite-look-ups build <rows> <database> <folder>` writes known answers and the requests of the other rows.
 */
const [what, rows = '', file = '', folder = ''] = process.argv.slice(2);
const database = new DatabaseSync(file);
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
database.exec('CREATE TABLE IF NOT EXISTS answers (request BLOB PRIMARY KEY, line TEXT) WITHOUT ROWID');

interface Row {
  readonly custom_id: string;
  readonly prompt: string;
}

async function* readRows(): AsyncGenerator<Row> {
  for await (const line of createInterface({ input: createReadStream(rows) })) yield JSON.parse(line) as Row;
}

const bodyOf = ({ prompt }: Row): object => ({ messages: [{ role: 'user', content: prompt }], model: MODEL });
const hashOf = (body: object): Buffer => createHash('sha256').update(JSON.stringify(body)).digest();

async function fill(): Promise<void> {
  const insert = database.prepare('INSERT OR REPLACE INTO answers VALUES (?, ?)');
  database.exec('BEGIN');
  for await (const row of readRows()) insert.run(hashOf(bodyOf(row)), answerLine(row.custom_id));
  database.exec('COMMIT');
}

async function build(): Promise<void> {
  const find = database.prepare('SELECT line FROM answers WHERE request = ?');
  const [requests, results] = ['requests', 'results'].map((name) =>
    createWriteStream(`${folder}/${name}.jsonl`),
  );
  if (requests === undefined || results === undefined) return;
  for await (const row of readRows()) {
    const body = bodyOf(row);
    const known = find.get(hashOf(body)) as { readonly line: string } | undefined;
    const line =
      known?.line ??
      `${JSON.stringify({ custom_id: row.custom_id, method: 'POST', url: '/v1/chat/completions', body })}\n`;
    const target = known === undefined ? requests : results;
    if (!target.write(line)) await once(target, 'drain');
  }
  for (const each of [requests, results]) {
    each.end();
    await once(each, 'finish');
  }
}

await (what === 'fill' ? fill() : build());
database.close();
