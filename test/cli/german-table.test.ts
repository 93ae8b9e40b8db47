import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTempFolder } from '../support/temp-folder.ts';
import { runCli } from './run-cli.ts';

/** A table as Excel writes it in Germany: semicolons, Windows-1252, CRLF. */
const TABLE = Buffer.from(
  'Nr;Produkt;Bewertung\r\n1;Lampe;"Hell; summt."\r\n2;Tasse;Hält Kaffee.\r\n',
  'latin1',
);

describe('a table that Excel wrote in Germany', () => {
  test('is written with its answers in a form that the German Excel opens', async () => {
    const folder = await openTempFolder();
    await writeFile(join(folder, 'bewertungen.csv'), TABLE);

    const asked = ['--encoding', 'windows-1252', '--prompt', 'echo:{{Bewertung}}', '--id', 'Nr'];
    const ran = await runCli(folder, [
      'run',
      'bewertungen.csv',
      ...asked,
      '--simulate',
      '--out',
      'antworten.csv',
    ]);

    expect(ran.status).toBe(0);
    expect(await readFile(join(folder, 'antworten.csv'), 'utf8')).toBe(
      '\ufeffNr;Produkt;Bewertung;ok;answer;error\r\n' +
        '1;Lampe;"Hell; summt.";true;"Hell; summt.";\r\n' +
        '2;Tasse;Hält Kaffee.;true;Hält Kaffee.;\r\n',
    );
    const [, jobId = ''] = /^job (\S+)/m.exec(ran.stdout) ?? [];
    const results = (...flags: string[]) =>
      runCli(folder, ['results', jobId, '--format', 'csv', '--with-input', ...flags]);
    expect((await results()).stdout).toContain('\n2;Tasse;Hält Kaffee.;true;');
    expect((await results('--delimiter', 'comma')).stdout).toContain('\n2,Tasse,Hält Kaffee.,true,');
  });

  test('is refused without a prompt; the error has its columns and an example', async () => {
    const folder = await openTempFolder();
    await writeFile(join(folder, 'bewertungen.csv'), TABLE);

    const args = ['run', 'bewertungen.csv', '--encoding', 'windows-1252', '--simulate'];
    const { status, stderr } = await runCli(folder, args);

    expect(status).toBe(1);
    expect(stderr).toContain(
      'Its columns: "Nr", "Produkt", "Bewertung". Ask with a prompt that names them, such as "Summarise: {{Bewertung}}": --prompt',
    );
    const told = await runCli(folder, ['status']);
    expect(told.stdout).toContain('start a new job. Nothing was sent.');
    expect(told.stdout).not.toContain('nightshift resume');
  });
});
