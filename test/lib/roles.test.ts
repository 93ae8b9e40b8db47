/** @module-tag exhaustive */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { READ_ITEMS } from '../../host/distributed-map.ts';
import { STEPS } from '../../lib/step-table.ts';
import { callSites } from './call-sites.ts';
import { STORIES } from './role-stories/stories.ts';
import type { Story } from './role-stories/story.ts';
import { openRoleWorld } from './role-world.ts';
import { Roles } from './roles.ts';

const roles = new Roles();
const ends = new Map<string, unknown>();
const stories = Object.entries(STORIES);
const withoutVersions = stories.filter(([, story]) => story.alsoWithoutVersions);

async function runStory(name: string, { run, world: options }: Story, versioned: boolean): Promise<void> {
  await using world = await openRoleWorld(roles, { ...options, versioned });
  ends.set(`${name}, ${versioned}`, await run(world).catch((error: unknown) => error));
}

/** Publishes the configuration, as a deploy does. */
async function deploy(): Promise<void> {
  const answered: string[] = [];
  const server = createServer((request, response) => {
    answered.push(String(request.method));
    request.resume();
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await using world = await openRoleWorld(roles, { versioned: true });
  await world.publish(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  server.close();
  server.closeAllConnections();
  ends.set('a deploy', answered);
}

const HOOK_MS = 600_000;

beforeAll(async () => {
  for (const [name, story] of stories) await runStory(name, story, true);
  for (const [name, story] of withoutVersions) await runStory(name, story, false);
  await deploy();
}, HOOK_MS);

test('the stories reach every place that calls the store or an execution', () => {
  expect(callSites().filter((site) => !roles.sites.has(site))).toEqual([]);
});

test('every call comes from a place in the list of places', () => {
  const known = new Set(callSites());
  expect([...roles.sites].filter((site) => !known.has(site))).toEqual([]);
});

describe.each([...Object.keys(STEPS), READ_ITEMS])('%s', (step) => {
  test('has every permission that it uses', () => {
    expect(roles.denied(step)).toEqual([]);
  });

  test('has no permission for objects and executions that it does not use', () => {
    expect(roles.unused(step)).toEqual([]);
  });
});

test.each(stories)('%s, and the jobs end as expected', (name, story) => {
  expect(ends.get(`${name}, true`)).toEqual(story.ends);
});

test.each(withoutVersions)(
  'on a bucket without versions, %s, and the jobs end as expected',
  (name, story) => {
    expect(ends.get(`${name}, false`)).toEqual(story.ends);
  },
);

test('a deploy is answered once its configuration is published', () => {
  expect(ends.get('a deploy')).toEqual(['PUT']);
});
