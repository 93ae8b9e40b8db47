import { request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../simulator/index.ts';
import { openHost } from './open-host.ts';

/**
 * Sends one request as any client may.
 * @returns its status
 */
function ask(url: string, method: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('error', reject).end();
  });
}

const FOREIGN: readonly Readonly<Record<string, string>>[] = [
  { host: 'attacker.example' },
  { host: 'attacker.example:8080' },
  { host: '127.0.0.1.attacker.example' },
  { host: 'localhost.attacker.example' },
  { origin: 'http://attacker.example' },
  { origin: 'null' },
  { origin: 'http://localhost:3000' },
  { origin: 'https://127.0.0.1' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
];

describe('a website in a browser of this machine', () => {
  test('gets nothing of the local API, its files and its pages, whatever it sends', async () => {
    const host = await openHost();
    const { url } = await host.start();
    const { port } = new URL(url);

    for (const headers of FOREIGN)
      for (const [method, path] of [
        ['GET', '/'],
        ['GET', '/ui/x'],
        ['GET', '/jobs'],
        ['POST', '/jobs'],
        ['POST', '/jobs/x/cancel'],
        ['GET', '/openapi.json'],
        ['GET', '/files/output/x/results.jsonl'],
        ['PUT', '/files/input/x.jsonl'],
      ] as const)
        expect(await ask(`${url}${path}`, method, headers)).toBe(404);
    for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST']) {
      const headers = { host: `${name}:${port}`, origin: `http://${name.toLowerCase()}:${port}` };
      expect(await ask(`${url}/jobs`, 'GET', { ...headers, 'sec-fetch-site': 'same-origin' })).toBe(200);
    }
  });

  test('gets nothing of the simulator', async () => {
    const simulator = await startSimulator();
    onTestFinished(() => simulator.close());
    const key = { authorization: 'Bearer any' };

    for (const headers of FOREIGN)
      for (const [method, path] of [
        ['GET', '/files'],
        ['POST', '/files'],
        ['GET', '/batches'],
        ['POST', '/chat/completions'],
        ['GET', '/signed/x'],
      ] as const)
        expect(await ask(`${simulator.url}${path}`, method, { ...key, ...headers })).toBe(403);
    expect(await ask(`${simulator.url}/files`, 'GET', key)).toBe(200);
  });
});
